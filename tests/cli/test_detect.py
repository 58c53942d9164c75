"""``roto detect``, as a user runs it: what is shown, what accepting makes of it, and every way to get it wrong."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import pytest
from numpy.typing import NDArray

from roto.cli.main import main
from roto.models import Chosen
from roto.segment.prompt import Candidate


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


def visible(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    text = capsys.readouterr().err
    assert text.startswith("roto: error: ")
    assert text.count("\n") == 1
    return text


@pytest.fixture
def shown(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An output folder with the proposals of frame 1006."""
    out = tmp_path / "out"
    assert roto("detect", disc_clip.pattern, "-o", out, "--frame", 1006) == 0
    assert "motion" in capsys.readouterr().out
    return out


@pytest.fixture(autouse=True)
def _no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever weights the machine has."""
    monkeypatch.delenv("ROTO_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("roto.weights.folders.search_folders", lambda: (tmp_path / "home",))


def flower(path: Path, *, scale: float = 1.0) -> Path:
    """A red blob on grey, as one image."""
    y, x = np.mgrid[0:96, 0:128]
    blob = np.clip(22.5 - np.hypot(x - 60, y - 50), 0, 1)[..., None]
    picture = np.array([0.35, 0.35, 0.35]) + (np.array([0.1, 0.1, 0.9]) - 0.35) * blob
    cv2.imwrite(str(path), np.rint(picture * scale).astype(np.uint16 if scale > 255 else np.uint8))
    return path


def test_shows_a_numbered_table_and_a_picture(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert roto("detect", disc_clip.pattern, "-o", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    frame, first = told["frame"], told["proposals"][0]
    true = disc_clip.mattes[frame - 1001] >= 0.5
    x0, y0, x1, y1 = first["box"]
    rows, columns = np.nonzero(true)
    assert abs(x0 - columns.min()) + abs(y0 - rows.min()) + abs(x1 - columns.max()) + abs(y1 - rows.max()) < 16
    assert first["number"] == 1
    assert first["how"] == "motion"
    assert first["share"] == pytest.approx(true.mean(), rel=0.15)
    assert told["picture"] == str(out / f"detect.{frame}.png")
    picture = cv2.imread(told["picture"])
    assert max(picture.shape[:2]) == 640
    matte = cv2.imread(str(out / f"detect.{frame}" / "1.png"), cv2.IMREAD_UNCHANGED)
    assert matte.dtype == np.uint16
    assert overlap(matte >= 32768, true) > 0.85


def test_writes_nothing_without_a_folder(disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = visible(disc_clip.folder)
    assert roto("detect", disc_clip.pattern, "--frame", 1006) == 0
    assert visible(disc_clip.folder) == before
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["number", "found", "by", "box", "share", "score"]
    assert lines[1].split()[:2] == ["1", "motion"]
    assert any(line.startswith("frame") and line.endswith("1006") for line in lines)


def test_the_same_bytes_each_time_with_any_number_of_threads(disc_clip: Any, shown: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    threads = {"OPENCV_FOR_THREADS_NUM": "3", "OMP_NUM_THREADS": "3"}
    line = [sys.executable, "-m", "roto", "detect", disc_clip.pattern, "-o", str(again), "--frame", "1006", "--quiet"]
    assert subprocess.run(line, check=False, env={**os.environ, **threads}).returncode == 0
    assert visible(again) == visible(shown)
    for name in visible(shown):
        if (shown / name).is_file():
            assert (again / name).read_bytes() == (shown / name).read_bytes(), name


def test_what_is_accepted_is_what_was_shown_and_runs(
    disc_clip: Any, shown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1, "--layer", "disc") == 0
    document = shown / "shot.roto.json"
    (layer,) = json.loads(document.read_text())["layers"]
    assert layer["name"] == "disc"
    (shape,) = layer["keyframes"][0]["shapes"]
    assert shape == {"type": "paint", "file": "keys/disc.1006.png", "channel": "luma"}
    assert (shown / "keys/disc.1006.png").read_bytes() == (shown / "detect.1006/1.png").read_bytes()
    assert "1 layer keyed on frame 1006: disc" in capsys.readouterr().out
    assert roto("run", document, "--quiet", "--workers", 1) == 0
    keyed = cv2.imread(str(shown / "disc/disc.1006.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(keyed, cv2.imread(str(shown / "detect.1006/1.png"), cv2.IMREAD_UNCHANGED))
    last = cv2.imread(str(shown / "disc/disc.1012.png"), cv2.IMREAD_UNCHANGED) >= 32768
    assert overlap(last, disc_clip.mattes[11] >= 0.5) > 0.8


def test_a_document_gets_layers_on_top_of_its_own(disc_clip: Any, tmp_path: Path) -> None:
    document = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", document, "--layer", "sky") == 0
    assert roto("key", "add", document, "--mask", f"1001={disc_clip.mask(1001)}") == 0
    assert roto("detect", document, "--frame", 1004, "--quiet") == 0
    assert (tmp_path / "detect.1004.png").is_file()
    assert roto("detect", document, "--accept", 1, "--as", "prompt", "--quiet") == 0
    sky, found = json.loads(document.read_text())["layers"]
    assert (sky["name"], found["name"]) == ("sky", "subject-1")
    assert found["keyframes"][0]["frame"] == 1004
    (shape,) = found["keyframes"][0]["shapes"]
    kept = json.loads((tmp_path / "detect.1004/proposals.json").read_text())["proposals"][0]
    assert shape == {"type": "prompt", "box": kept["box"]}
    assert not (tmp_path / "keys").exists()
    assert roto("run", document, "--quiet", "--workers", 1) == 0
    keyed = cv2.imread(str(tmp_path / "subject-1/subject-1.1004.png"), cv2.IMREAD_UNCHANGED)
    assert overlap(keyed >= 32768, disc_clip.mattes[3] >= 0.5) > 0.7


def test_only_the_frames_of_the_range_are_looked_at(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("detect", disc_clip.pattern, "--range", "1009-1011", "--json") == 0
    assert 1009 <= json.loads(capsys.readouterr().out)["frame"] <= 1011


MISTAKES = {
    "--accept 9": "--accept 9: no such proposal on frame 1006; there are 1",
    "--accept 1,9": "--accept 9: no such proposal",
    "--accept 0": "--accept 0: a whole number from 1 to 100 is needed",
    "--accept one": "--accept one: a whole number",
    "--accept 1,": "a whole number",
    "--accept 1 --layer a --layer b": "1 proposal accepted and 2 --layers given",
    "--accept 1,1 --layer a --layer b": "1 proposal accepted and 2 --layers given",
    "--accept 1 --layer a/b": "cannot be a layer's name",
    "--accept 1 --frame 1003": "no proposals of frame 1003, only of 1006",
    "--accept 1 --start 1": "the same clip with other frame numbers",
    "--layer a": "--layer names what --accept takes",
    "--frame 2000": "outside the clip's frames, 1001-1012",
    "--frame x": "'x' is not a frame number",
    "--most 0": "--most 0: a whole number",
    "--method magic": "invalid choice: 'magic'",
}


def test_mistakes_are_one_line_and_change_nothing(
    disc_clip: Any, shown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = visible(shown)
    for line, said in MISTAKES.items():
        assert roto("detect", disc_clip.pattern, "-o", shown, *line.split(" ")) == 1, line
        assert said in only_line(capsys)
        assert visible(shown) == before, line


def test_another_clip_or_one_that_changed_is_refused(
    disc_clip: Any, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = flower(tmp_path / "other.png", scale=255)
    assert roto("detect", other, "-o", shown, "--accept", 1) == 1
    assert "another clip or an earlier state of it" in only_line(capsys)
    flower(tmp_path / "clip" / "shot.1004.png", scale=255)
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "another clip or an earlier state of it" in only_line(capsys)
    assert not (shown / "shot.roto.json").exists()


def test_a_document_of_another_clip_is_left_alone(
    disc_clip: Any, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = shown / "shot.roto.json"
    assert roto("new", flower(tmp_path / "other.png", scale=255), "-o", document) == 0
    before = document.read_bytes()
    capsys.readouterr()
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "another clip" in only_line(capsys)
    assert document.read_bytes() == before


def test_names_that_are_there_already_are_refused(
    disc_clip: Any, shown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shown / "keys").mkdir()
    (shown / "keys/subject-1.1006.png").write_bytes(b"mine")
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "subject-1.1006.png is there already" in only_line(capsys)
    assert not (shown / "shot.roto.json").exists()
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1, "--layer", "disc", "--quiet") == 0
    before = (shown / "shot.roto.json").read_bytes()
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1, "--layer", "Disc") == 1
    assert "has a layer 'Disc' already" in only_line(capsys)
    assert (shown / "shot.roto.json").read_bytes() == before


def test_a_changed_or_lost_matte_is_not_taken_for_what_was_shown(
    disc_clip: Any, shown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matte = shown / "detect.1006/1.png"
    matte.write_bytes(matte.read_bytes() + b"\0")
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "is not what was proposed" in only_line(capsys)
    matte.unlink()
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "cannot be read" in only_line(capsys)
    (shown / "detect.1006/proposals.json").write_text('{"version": 1}')
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "is damaged or of another version" in only_line(capsys)


def test_proposals_come_before_accepting(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("detect", disc_clip.pattern, "-o", tmp_path / "out", "--accept", 1) == 1
    assert "has no proposals yet" in only_line(capsys)
    assert roto("detect", disc_clip.pattern, "--accept", 1) == 1
    assert "--accept needs the -o DIR" in only_line(capsys)


def test_of_two_frames_one_must_be_named(disc_clip: Any, shown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("detect", disc_clip.pattern, "-o", shown, "--frame", 1009, "--quiet") == 0
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1) == 1
    assert "proposals of the frames 1006, 1009; say --frame N" in only_line(capsys)
    assert roto("detect", disc_clip.pattern, "-o", shown, "--accept", 1, "--frame", 1009, "--quiet") == 0
    assert json.loads((shown / "shot.roto.json").read_text())["layers"][0]["keyframes"][0]["frame"] == 1009


def test_only_its_own_picture_is_replaced(
    disc_clip: Any, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("detect", disc_clip.pattern, "-o", shown, "--frame", 1006, "--most", 1, "--quiet") == 0
    theirs = tmp_path / "theirs" / "detect.1006.png"
    theirs.parent.mkdir()
    theirs.write_bytes(b"a photograph")
    assert roto("detect", disc_clip.pattern, "-o", theirs.parent, "--frame", 1006) == 1
    assert "is there already" in only_line(capsys)
    assert theirs.read_bytes() == b"a photograph"
    assert roto("detect", disc_clip.pattern, "-o", theirs.parent, "--frame", 1006, "--overwrite", "--quiet") == 0
    assert roto("detect", disc_clip.pattern, "-o", theirs, "--frame", 1006) == 1
    assert "is a file" in only_line(capsys)


@pytest.mark.parametrize("scale", [255.0, 65535.0], ids=["8 bit", "16 bit"])
def test_a_still_has_salient_subjects_only_and_says_so(
    tmp_path: Path, scale: float, capsys: pytest.CaptureFixture[str]
) -> None:
    still = flower(tmp_path / "still.png", scale=scale)
    assert roto("detect", still, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frame"] == 0
    assert {proposal["how"] for proposal in told["proposals"]} == {"salient"}
    assert sum("no neighbouring frame" in note for note in told["notes"]) == 1
    assert roto("detect", still, "--method", "motion") == 1
    assert "no subject found on frame 0: no neighbouring frame" in only_line(capsys)


def test_a_float_sequence_is_looked_at_as_it_is_displayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y, x = np.mgrid[0:96, 0:128]
    for number in range(5, 8):
        blob = np.clip(22.5 - np.hypot(x - 60, y - 50), 0, 1)[..., None]
        picture = (0.1 + (np.array([3.0, 0.02, 0.01]) - 0.1) * blob).astype(np.float32)
        channels = {"RGB": np.ascontiguousarray(picture)}
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(str(tmp_path / f"plate.{number:04d}.exr"))
    assert roto("detect", tmp_path / "plate.####.exr", "-o", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frame"] == 6
    assert told["proposals"][0]["how"] == "salient"
    assert "nothing moves by itself on this frame" in told["notes"]
    matte = cv2.imread(str(tmp_path / "out/detect.0006/1.png"), cv2.IMREAD_UNCHANGED) >= 32768
    assert overlap(matte, np.hypot(x - 60, y - 50) < 22) > 0.9
    assert roto("detect", tmp_path / "plate.####.exr", "-o", tmp_path / "out", "--accept", 1, "--quiet") == 0


def test_no_subject_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"flat.{number:04d}.png"), np.full((96, 128, 3), 90, np.uint8))
    assert roto("detect", tmp_path / "flat.####.png", "-o", tmp_path / "out") == 1
    line = only_line(capsys)
    assert "no subject found on frame" in line
    assert "nothing moves by itself and nothing stands out" in line
    assert not (tmp_path / "out").exists()


def test_sam_is_asked_for_in_vain_without_weights(disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("detect", disc_clip.pattern, "--method", "sam") == 1
    assert "roto weights get vit_b" in only_line(capsys)
    assert roto("detect", disc_clip.pattern, "--frame", 1006) == 0
    assert "without SAM" in capsys.readouterr().out


class FakeSam:
    """Takes the right half of the picture for a subject."""

    name, identity = "sam", "fake"

    def subjects(self, rgb: NDArray[np.uint8], *, points_per_side: int) -> tuple[Candidate, ...]:
        matte = np.zeros(rgb.shape[:2], np.float32)
        matte[4:-4, rgb.shape[1] // 2 : -4] = 1
        return (Candidate(matte, 0.9, 0.9),)


@pytest.mark.parametrize(("method", "methods"), [("sam", ["sam"]), ("auto", ["sam", "motion", "salient"])])
def test_sam_is_asked_where_its_weights_are(
    disc_clip: Any,
    method: str,
    methods: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = Chosen("auto", "sam vit_b", "its weights are here")
    monkeypatch.setattr("roto.models.Models.chosen_segmenter", lambda *_: chosen)
    monkeypatch.setattr("roto.models.Models.segmenter", lambda *_: FakeSam())
    assert roto("detect", disc_clip.pattern, "--frame", 1006, "--method", method, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["methods"] == methods
    (by_sam,) = [each for each in told["proposals"] if each["how"] == "sam"]
    assert by_sam["box"] == [64, 4, 124, 92]
    assert "with sam vit_b: its weights are here" in told["notes"]


def test_the_line_that_is_suggested_can_be_run(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "an output"
    assert roto("detect", disc_clip.pattern, "-o", out, "--start", 1, "--range", "3-8") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next")]
    assert roto(*shlex.split(line)[2:], "--quiet") == 0
    document = json.loads((out / "shot.roto.json").read_text())
    assert document["range"] == [3, 8]
    assert document["source"]["start"] == 1
    assert roto("run", out / "shot.roto.json", "--quiet", "--workers", 1) == 0


def test_a_damaged_source_can_be_looked_at(disc_clip: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (disc_clip.folder / "clip" / "shot.1005.png").unlink()
    assert roto("detect", disc_clip.pattern) == 1
    assert "missing" in only_line(capsys)
    assert roto("detect", disc_clip.pattern, "--keep-going", "--frame", 1008, "--quiet") == 0


def test_what_a_document_says_is_not_said_again(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", document) == 0
    capsys.readouterr()
    assert roto("detect", document, "--start", 1) == 1
    assert "is a document that says it already" in only_line(capsys)
