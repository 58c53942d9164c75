"""Prompt keyframes on the command line: points and boxes in, keyframes out, without any weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.cli.main import main


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has, these tests see none."""
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("ROTO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def box(clip: Any, number: int) -> str:
    rows, columns = np.nonzero(clip.mattes[number - clip.first] >= 0.5)
    return f"{number}={columns.min()},{rows.min()},{columns.max() + 1},{rows.max() + 1}"


def track(clip: Any, out: Path, *more: object) -> int:
    return roto("track", clip.pattern, "-o", out, "--layer", "disc", *more, "--workers", 1, "--quiet")


def shapes(document: Path) -> dict[int, Any]:
    (layer,) = json.loads(document.read_text())["layers"]
    return {key["frame"]: key["shapes"] for key in layer["keyframes"]}


def overlap(clip: Any, out: Path, number: int) -> float:
    found = cv2.imread(str(out / "disc" / f"disc.{number}.png"), cv2.IMREAD_UNCHANGED) >= 32768
    true = clip.mattes[number - clip.first] >= 0.5
    return float((found & true).sum() / (found | true).sum())


def test_a_box_is_enough_on_a_fresh_machine(disc_clip: Any, tmp_path: Path) -> None:
    assert track(disc_clip, tmp_path / "out", "--box", box(disc_clip, 1001), "--box", box(disc_clip, 1012)) == 0
    assert min(overlap(disc_clip, tmp_path / "out", number) for number in range(1001, 1013)) > 0.85


def test_the_document_keeps_the_question(disc_clip: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    points = ["--point", "1001=40,48", "--point", "1001=4,5,0", "--point", "1012=73,48,1"]
    assert track(disc_clip, out, *points, "--candidate", "1001=1") == 0
    assert shapes(out / "shot.roto.json") == {
        1001: [{"type": "prompt", "points": [[40, 48, 1], [4, 5, 0]]}],
        1012: [{"type": "prompt", "points": [[73, 48, 1]]}],
    }


def test_a_prompt_is_answered_once_and_for_all(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    roto("track", disc_clip.pattern, "-o", out, "--layer", "disc", "--box", box(disc_clip, 1001), "--workers", 2)
    first = capsys.readouterr()
    assert first.err.count("answering the prompt on frame 1001") == 1
    assert "segmenter local, 'roto weights get vit_b' brings" in first.out
    before = (out / "disc" / "disc.1001.png").read_bytes()
    roto("key", "add", out / "shot.roto.json", "--absent", 1012)
    roto("run", out / "shot.roto.json", "--workers", 1)
    assert "answering" not in capsys.readouterr().err
    assert (out / "disc" / "disc.1001.png").read_bytes() == before


def test_points_join_the_prompt_that_is_there(disc_clip: Any, tmp_path: Path) -> None:
    document = tmp_path / "shot.roto.json"
    roto("new", disc_clip.pattern, "-o", document, "--layer", "disc")
    assert roto("key", "add", document, "--box", "1001=20,28,60,68", "--candidate", 2) == 0
    assert roto("key", "add", document, "--point", "1001=4,5,0") == 0
    (joined,) = shapes(document)[1001]
    assert joined == {"type": "prompt", "points": [[4, 5, 0]], "box": [20, 28, 60, 68]}
    assert roto("key", "add", document, "--candidate", 2) == 0
    assert shapes(document)[1001][0]["candidate"] == 2
    assert roto("key", "add", document, "--point", "1001=40,48", "--replace") == 0
    assert shapes(document)[1001] == [{"type": "prompt", "points": [[40, 48, 1]]}]


def test_a_shape_is_not_replaced_by_a_prompt_unasked(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "shot.roto.json"
    roto("new", disc_clip.pattern, "-o", document, "--layer", "disc")
    roto("key", "add", document, "--absent", 1001)
    assert roto("key", "add", document, "--point", "1001=40,48") == 1
    assert "keyed on frame 1001 already" in capsys.readouterr().err


def test_a_preview_shows_the_answers_and_changes_nothing(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, picture = tmp_path / "shot.roto.json", tmp_path / "answers.png"
    roto("new", disc_clip.pattern, "-o", document, "--layer", "disc")
    before = document.read_bytes()
    assert roto("key", "add", document, "--box", box(disc_clip, 1003), "--preview", picture) == 0
    assert "1*  estimate" in capsys.readouterr().out
    assert cv2.imread(str(picture)).shape[1] >= 128
    assert document.read_bytes() == before
    roto("key", "add", document, "--box", box(disc_clip, 1003))
    picture.unlink()
    assert roto("key", "preview", document, 1003, "-o", picture) == 0
    assert picture.is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--point", "1001=400,48"], "points[0]: 400, 48 is outside the 128 x 96 picture"),
        (["--box", "1001=200,10,220,20"], "box: 200, 10, 220, 20 is outside the 128 x 96 picture"),
        (["--point", "1001=40,48", "--point", "1001=40,48,0"], "40, 48 is both on the subject and off it"),
        (["--point", "1001=40,48,0"], "nothing says where the subject is"),
        (["--point", "40,48"], "--point '40,48' is not FRAME=X,Y[,0|1], for example 12=330,80"),
        (["--box", "1001=1,2,3"], "--box '1001=1,2,3' is not FRAME=X0,Y0,X1,Y1"),
        (["--box", "1001=1,2,3,x"], "is not FRAME=X0,Y0,X1,Y1"),
        (["--box", "1001=1,2,9,9", "--box", "1001=1,2,9,8"], "--box stands twice for frame 1001"),
        (["--point", "1001=40,48", "--candidate", "0"], "--candidate '0' is not [FRAME=]N"),
        (["--point", "1001=40,48", "--candidate", "1002=1"], "frame 1002 has no prompt; prompts: 1001"),
        (["--point", "1001=40,48", "--candidate", "90"], "candidate: 90, but the prompt has"),
        (["--point", "1001=40,48", "--point", "1002=40,48", "--candidate", "1"], "--candidate of which frame?"),
        (["--point", "999=40,48"], "999 is outside the clip's frames, 1001-1012"),
        (["--point", "1001=40,48", "--segmenter", "sam"], "'roto weights get vit_b' brings them"),
        (["--point", "1001=40,48", "--sam-model", "vit_x"], "vit_x"),
        (["--point", "1001=40,48", "--device", "tpu"], "tpu"),
    ],
)
def test_a_mistake_is_one_line_and_the_folder_stays_usable(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    out = tmp_path / "out"
    assert track(disc_clip, out, *flags) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("roto: error: ")
    assert error.count("\n") == 1
    assert not (out / "shot.roto.json").exists()
    assert track(disc_clip, out, "--mask", f"1001={disc_clip.mask(1001)}") == 0


def test_a_checkpoint_that_is_none_leaves_nothing(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.pth").write_bytes(b"<html>not found</html>")
    out = tmp_path / "out"
    assert track(disc_clip, out, "--point", "1001=40,48", "--sam-model", tmp_path / "mine.pth") == 1
    assert "mine.pth" in capsys.readouterr().err
    assert not out.exists()
