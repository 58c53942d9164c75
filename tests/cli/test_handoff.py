"""roto prepare and roto merge as they are typed: what they say, and mistakes in one line each."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.cli.main import main


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def document(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The rendered clip with its disc keyed on three of four frames."""
    path = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--layer", "disc", "--range", "1001-1004") == 0
    for number in (1001, 1002, 1004):
        assert roto("key", "add", path, "--mask", f"{number}={disc_clip.mask(number)}") == 0
    capsys.readouterr()
    return path


def error_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a mistake is told in."""
    assert roto(*arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("roto: error: ")
    assert said.count("\n") == 1
    return said


def test_there_and_back_by_hand(document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand, answer, out = tmp_path / "hand", tmp_path / "answer", tmp_path / "out"
    assert roto("prepare", "inpaint", document, "-o", hand, "--margin", 4, "--workers", 1, "--multiple", 64) == 0
    said = capsys.readouterr().out
    assert "1001-1004 (4), 4 with something to change" in said
    assert "128 x 128" in said
    assert "white is changed" in said
    answer.mkdir()
    for file in sorted((hand / "plates").iterdir()):
        mask = cv2.imread(str(hand / "masks" / file.name), cv2.IMREAD_GRAYSCALE)
        painted = cv2.inpaint(cv2.imread(str(file)), mask, 5, cv2.INPAINT_TELEA)
        cv2.imwrite(str(answer / file.name), painted)
    assert roto("merge", hand, answer, "-o", out, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["answered"] == [1001, 1002, 1003, 1004]
    assert [Path(file).name for file in result["files"]] == [f"merged.{n}.png" for n in range(1001, 1005)]
    for file in result["files"]:
        number = int(Path(file).suffixes[0][1:])
        merged, source = cv2.imread(file), cv2.imread(str(tmp_path / f"clip/shot.{number}.png"))
        blend = cv2.imread(str(hand / f"blends/frame.{number}.png"), cv2.IMREAD_UNCHANGED)[:96]
        given = cv2.imread(str(answer / f"frame.{number}.png"))[:96]
        assert (merged[blend == 0] == source[blend == 0]).all()
        assert (merged[blend == 65535] == given[blend == 65535]).all()
        assert (merged != source).any()


def test_outpaint_works_on_a_clip_and_on_a_document(
    document: Path, disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = []
    for name, source in (("a", disc_clip.pattern), ("b", document)):
        command = ["prepare", "outpaint", source, "-o", tmp_path / name, "--aspect", "16:9", "--multiple", 8, "--json"]
        assert roto(*command, "--range", "1002-1003", "--fill", "edge") == 0
        facts.append(json.loads(capsys.readouterr().out))
    for each in facts:
        assert each["size"] == [128, 96]
        assert each["canvas"] == [-23, 0, 153, 96]
        assert each["changed"] == [1002, 1003]
    assert facts[0]["source"] == facts[1]["source"] == {"path": "../clip/shot.####.png"}


def test_a_hand_off_can_be_moved_with_its_plates(document: Path, tmp_path: Path) -> None:
    assert roto("prepare", "inpaint", document, "-o", tmp_path / "hand", "--workers", 1, "--quiet") == 0
    away = tmp_path / "away"
    away.mkdir()
    for name in ("hand", "clip"):
        shutil.move(tmp_path / name, away / name)
    assert roto("merge", away / "hand", away / "hand/plates", "-o", tmp_path / "out", "--quiet") == 0
    before = cv2.imread(str(away / "clip/shot.1003.png"))
    assert (cv2.imread(str(tmp_path / "out/merged/merged.1003.png")) == before).all()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--margin", "-1"], "--margin: the number -1.0 is too small"),
        (["--margin", "wide"], "--margin: the text 'wide'"),
        (["--blend", "9999"], "--blend: the number 9999.0 is too large"),
        (["--over-time", "all"], "say --union still"),
        (["--over-time", "-3"], "--over-time -3: a number of frames, or all"),
        (["--over-time", "500"], "--over-time: the number 500 is too large"),
        (["--union", "both"], "--union: 'both' is not one of motion, still"),
        (["--crop", "x"], "--crop: the text 'x'"),
        (["--layer", "nobody"], "there is no layer 'nobody'"),
        (["--layout", "zip"], "--layout: 'zip' is not one of pairs, rgba, beside, video"),
        (["--depth", "12"], "--depth: '12' is not one of 8, 16, float"),
        (["--depth", "float", "--layout", "rgba"], "the layout rgba holds no float"),
        (["--layout", "video", "--codec", "h264", "--depth", "16"], "H.264 holds 8 bits here"),
        (["--multiple", "7"], "a multiple of 7 pixels: 1, 2, 4, 8, 16, 32, 64 or 128 is needed"),
        (["--fill", "blur"], "--fill: 'blur' is not one of keep, grey, black, smooth"),
        (["--range", "1-5"], "range 1-5 is not within the document's frames, 1001-1004"),
    ],
)
def test_inpaint_refuses_in_one_line(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    assert said in error_of(capsys, "prepare", "inpaint", document, "-o", tmp_path / "hand", "--workers", 1, *flags)
    assert not (tmp_path / "hand").exists()


def test_inpaint_needs_layers_that_mask_something(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.roto.json"
    bare.write_text(json.dumps({"version": 2, "source": {"path": "clip/shot.####.png"}, "layers": []}))
    assert "has no layers" in error_of(capsys, "prepare", "inpaint", bare, "-o", tmp_path / "hand")
    two = [{"name": name, "keyframes": [{"frame": 1001, "absent": True}]} for name in ("a", "b")]
    bare.write_text(json.dumps({"version": 2, "source": {"path": "clip/shot.####.png"}, "layers": two}))
    assert "say --layer NAME, once for each; there are a, b" in error_of(
        capsys, "prepare", "inpaint", bare, "-o", tmp_path / "hand"
    )
    command = ["prepare", "inpaint", bare, "-o", tmp_path / "hand", "--layer", "a", "--workers", 1]
    assert "layer 'a' is empty on every frame of 1001-1012; there is nothing to inpaint" in error_of(capsys, *command)
    two[0]["stack"] = [{"type": "colour-key", "colours": "#ff00ff"}]
    bare.write_text(json.dumps({"version": 2, "source": {"path": "clip/shot.####.png"}, "layers": two}))
    why = "nothing to inpaint (layer 'a': colour-key found nothing on any frame: #ff00ff is not seen)"
    assert why in error_of(capsys, *command)
    assert not (tmp_path / "hand").exists() or not any((tmp_path / "hand").iterdir())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "the canvas does not grow"),
        (["--aspect", "4:3"], "128 x 96 is 4:3 already"),
        (["--aspect", "wide"], "--aspect wide: width and height of a picture are needed"),
        (["--aspect", "0:9"], "--aspect 0:9"),
        (["--aspect", "16:0"], "--aspect 16:0"),
        (["--aspect", "16:9", "--left", "8"], "an aspect, or pixels per side"),
        (["--aspect", "16:9", "--anchor", "top"], "anchor top: this canvas grows in width"),
        (["--left", "8", "--anchor", "left"], "--anchor left goes with --aspect"),
        (["--left", "-8"], "--left: the number -8 is too small"),
        (["--left", "60000", "--top", "60000"], "a canvas of 60128 x 60096 pixels; at most 16384 x 16384 are written"),
        (["--left", "8", "--overlap", "200"], "an overlap of 200 px leaves nothing of a picture of 128 x 96"),
        (["--left", "8", "--fill", "keep"], "--fill: 'keep' is not one of grey, black, edge, blur"),
        (["--left", "8", "--range", "1-5"], "range 1-5 is not within the clip's frames, 1001-1012"),
    ],
)
def test_outpaint_refuses_in_one_line(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    command = ["prepare", "outpaint", disc_clip.pattern, "-o", tmp_path / "hand", *flags]
    assert said in error_of(capsys, *command)
    assert not (tmp_path / "hand").exists()


def test_a_view_that_cannot_be_undone_is_refused(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = ["--colour-space", "ACEScg", "--view", "ACES 1.0 - SDR Video (D60 sim on D65)"]
    command = ["prepare", "outpaint", disc_clip.pattern, "-o", tmp_path / "hand", "--left", 8, *view]
    assert "cannot be undone" in error_of(capsys, *command)
    assert roto(*command, "--depth", "float", "--quiet") == 0


def test_a_document_says_itself_what_its_clip_is(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prepare", "outpaint", document, "-o", tmp_path / "hand", "--left", 8, "--rate", 25]
    assert "--rate: " in error_of(capsys, *command)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--fit", "stretch"], "--fit: 'stretch' is not one of scale, centre, corner"),
        (["--missing", "hold"], "--missing: 'hold' is not one of error, keep"),
        (["--start", "x"], "'x' is not a frame number"),
        (["--start", "7"], "frame 7 was not handed over; those were 1001-1004"),
        (["--kind", "gif"], "'gif' is not a kind of pictures"),
        (["--source", "nowhere.mov"], "nowhere.mov"),
    ],
)
def test_merge_refuses_in_one_line(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    hand, out = tmp_path / "hand", tmp_path / "out"
    assert roto("prepare", "inpaint", document, "-o", hand, "--workers", 1, "--quiet") == 0
    assert said in error_of(capsys, "merge", hand, hand / "plates", "-o", out, *flags)
    assert not out.exists()


def test_an_answer_that_is_not_there_is_told(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand = tmp_path / "hand"
    assert roto("prepare", "inpaint", document, "-o", hand, "--workers", 1, "--quiet") == 0
    assert "no such file" in error_of(capsys, "merge", hand, tmp_path / "none", "-o", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert "no images in this folder" in error_of(capsys, "merge", hand, tmp_path / "empty", "-o", tmp_path / "out")
    assert "is not empty" in error_of(capsys, "prepare", "inpaint", document, "-o", hand)
    damaged = tmp_path / "damaged"
    shutil.copytree(hand / "plates", damaged)
    file = damaged / "frame.1003.png"
    file.write_bytes(file.read_bytes()[:100])
    assert "frame.1003.png: damaged" in error_of(capsys, "merge", hand, damaged, "-o", tmp_path / "out")
    assert not any(tmp_path.glob("out/**/*.png"))


def test_some_frames_are_enough_when_the_rest_is_kept(
    document: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand, answer = tmp_path / "hand", tmp_path / "answer"
    assert roto("prepare", "inpaint", document, "-o", hand, "--workers", 1, "--quiet") == 0
    answer.mkdir()
    cv2.imwrite(str(answer / "frame.1003.png"), np.zeros((96, 128, 3), np.uint8))
    assert "1001-1002, 1004" in error_of(capsys, "merge", hand, answer, "-o", tmp_path / "out")
    assert roto("merge", hand, answer, "-o", tmp_path / "clean.####.png", "--missing", "keep") == 0
    assert "kept       1001-1002, 1004" in capsys.readouterr().out
    for number in (1001, 1002, 1004):
        merged, source = (
            cv2.imread(str(tmp_path / name)) for name in (f"clean.{number}.png", f"clip/shot.{number}.png")
        )
        assert (merged == source).all()


def test_what_a_layers_stack_reads_is_solved_with_it(
    document: Path, disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads(document.read_text())
    data["layers"] += [
        {"name": "hole", "stack": [{"type": "file", "file": str(disc_clip.mask(1001)), "outside": "hold"}]},
        {"name": "rest", "stack": [{"type": "layer", "name": "disc"}, {"type": "layer", "name": "hole"}]},
        {"name": "bare", "keyframes": []},
    ]
    document.write_text(json.dumps(data))
    command = ["prepare", "inpaint", document, "--margin", 0, "--blend", 0, "--workers", 1, "--quiet"]
    for layers in (["rest"], ["disc", "hole"]):
        flags = [flag for name in layers for flag in ("--layer", name)]
        assert roto(*command, "-o", tmp_path / layers[0], *flags) == 0
    for number in range(1001, 1005):
        rest, both = (cv2.imread(str(tmp_path / name / f"masks/frame.{number}.png")) for name in ("rest", "disc"))
        assert (rest == both).all()
        assert rest.any()


@pytest.mark.parametrize("layout", ["pairs", "video"])
@pytest.mark.parametrize("limit", [60, 4000])
def test_a_full_disk_is_one_line_and_nothing_half_written(
    disc_clip: Any, tmp_path: Path, layout: str, limit: int
) -> None:
    hand, out = tmp_path / "hand", tmp_path / "out"
    prepare = ["prepare", "outpaint", disc_clip.pattern, "-o", str(hand), "--left", "64", "--fill", "blur"]
    merge = ["merge", str(hand), str(hand / "plates"), "-o", str(out)]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "roto", *arguments, "--quiet"],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        return done.stderr

    assert run(*prepare, "--layout", layout).startswith(f"roto: error: cannot write to {hand}: File too large")
    assert not hand.exists() or not any(hand.iterdir())
    if layout == "pairs":
        assert roto(*prepare, "--quiet") == 0
        assert f"cannot write to {out}: File too large" in run(*merge)
        assert not any(out.iterdir())
