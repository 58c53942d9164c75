"""``roto apply``: from the command line to pictures, and every mistake in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.cli.main import main
from roto.frames.open import open_source
from roto.image import Frame


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def document(disc_clip: Any, tmp_path: Path) -> Path:
    """The rendered disc, keyed on three frames: the rest is tracked when something is applied."""
    path = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--layer", "disc") == 0
    masks = [item for number in (1001, 1007, 1012) for item in ("--mask", f"{number}={disc_clip.mask(number)}")]
    assert roto("key", "add", path, *masks) == 0
    return path


def frames_of(path: Path) -> list[Frame]:
    source = open_source(path)
    try:
        return list(source.frames(source.info.range.first, source.info.range.last))
    finally:
        source.close()


def test_a_shot_is_solved_and_treated_in_one_line(document: Path, disc_clip: Any, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out" / "disc.####.png"
    capsys.readouterr()
    assert roto("apply", document, "--grade", "exposure=1,saturation=0", "-o", out, "--workers", 1, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["document"] == str(document)
    assert (told["kind"], told["layers"], told["frames"], told["empty_frames"]) == ("png", ["disc"], 12, 0)
    assert told["files"][0] == str(tmp_path / "out" / "disc.1001.png")
    assert len(told["files"]) == 12
    for before, after, matte in zip(frames_of(Path(disc_clip.pattern)), frames_of(out), disc_clip.mattes, strict=True):
        far = cv2.dilate(matte, np.ones((15, 15))) == 0
        assert np.array_equal(before.pixels[far], after.pixels[far])
        near = cv2.erode(matte, np.ones((15, 15))) == 1
        assert np.ptp(after.pixels[near].astype(int), axis=1).max() <= 1


def test_what_is_solved_is_not_solved_again(document: Path, tmp_path: Path, capsys) -> None:
    assert roto("apply", document, "--effect", "blur", "-o", tmp_path / "a.mkv", "--workers", 1, "--quiet") == 0
    spans = {path: path.stat().st_mtime_ns for path in (tmp_path / ".roto" / "spans").rglob("*") if path.is_file()}
    assert roto("apply", document, "--effect", "pixelate", "-o", tmp_path / "b.mkv", "--workers", 1, "--quiet") == 0
    assert {path: path.stat().st_mtime_ns for path in spans} == spans


def test_flags_are_done_in_their_order(document: Path, tmp_path: Path) -> None:
    table = tmp_path / "invert.cube"
    table.write_text("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")
    grade, lut = ("--grade", "gain=0.5"), ("--lut", table)
    for name, steps in (("one", (*grade, *lut)), ("other", (*lut, *grade))):
        assert roto("apply", document, *steps, "-o", tmp_path / f"{name}.mkv", "--workers", 1, "--quiet") == 0
    source = frames_of(tmp_path / "clip")[0].pixels[48, 40].astype(float)
    one, other = (frames_of(tmp_path / f"{name}.mkv")[0].pixels[48, 40] for name in ("one", "other"))
    assert np.abs(one - (255 - source / 2)).max() <= 0.51
    assert np.abs(other - (255 - source) / 2).max() <= 0.51


def test_the_summary_says_where_and_what(document: Path, tmp_path: Path, capsys) -> None:
    capsys.readouterr()
    arguments = ("--background", "navy", "--light-wrap", "3,0.4", "--effect", "sharpen", "blur=1")
    assert roto("apply", document, *arguments, "-o", tmp_path / "out", "--as", "tiff", "--workers", 1) == 0
    said = capsys.readouterr().out
    assert "inside     1 layer: disc" in said
    assert f"wrote      {tmp_path / 'out' / 'shot' / 'shot.1001.tiff'} ... shot.1012.tiff (12 files)" in said


def test_a_list_of_what_there_is(capsys) -> None:
    assert roto("apply", "--list") == 0
    said = capsys.readouterr().out
    assert "pixelate      mosaic" in said
    assert "ffv1          lossless" in said


OUT = ("-o", "out.mkv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--effect", "blur"), "a document and an output, -o OUT, are needed; see 'roto apply --help'"),
        (OUT, "nothing to apply: give --grade, --lut, --effect, --background or --corner-pin"),
        (
            ("--effect", "vignette", *OUT),
            "vignette: the text 'vignette' is no effect; there are grade, lut, blur, pixelate, sharpen, denoise",
        ),
        (("--effect", "blur=3,sigma=1", *OUT), "blur=3,sigma=1: sigma: unknown key, known here: px, clean"),
        (("--grade", "expousure=1", *OUT), "grade=expousure=1: expousure: unknown key, did you mean 'exposure'?"),
        (("--lut", "no.cube", *OUT), "no.cube: there is no such file or folder"),
        (("--background", "no.mov", *OUT), "no.mov: there is no such file or folder"),
        (("--background", "reddish", *OUT), "reddish: there is no such file or folder, nor is that a colour's name"),
        (("--effect", "blur", "-o", "out.mvk"), "out.mvk: pictures are not written as .mvk, but as .png, .tif, .tiff"),
        (("--effect", "blur", "-o", "a.####.jpg"), "a.####.jpg: pictures are not written as .jpg, but as .png"),
        (("--effect", "blur", "-o", "a.####"), "a.####: pictures are not written as that, but as"),
        (("--background", "red", "--background-fit", "crop", *OUT), "--background-fit crop: it is one of error, fit,"),
        (("--background", "#12345", *OUT), "#12345: a colour is written #RRGGBB"),
        (("--light-wrap", "4", "--effect", "blur", *OUT), "--light-wrap is that of a --background; give one"),
        (("--background", "red", "--light-wrap", "1,2,3", *OUT), "--light-wrap 1,2,3: PX or PX,AMOUNT is needed"),
        (("--background", "red", "--light-wrap", "wide", *OUT), "--light-wrap.px: the text 'wide', but a number"),
        (("--effect", "blur", "--blend-in", "gamma", *OUT), "--blend-in gamma: it is one of source, linear"),
        (("--effect", "blur", "--layer", "cat", *OUT), "there is no layer 'cat'; layers: disc"),
        (("--effect", "blur", "--as", "gif", *OUT), "'gif' is not a kind of pictures; there are png, tiff, exr,"),
        (("--effect", "blur", "-o", "out.png"), "out.png: 12 frames need a number in their names; write out.####.png"),
        (("--corners", "1001=0,0,9,0,9,9,0,9", "--effect", "blur", *OUT), "--corners are those of a --corner-pin"),
        (
            ("--corner-pin", "a.png", "--corners", "1001=0,0,9,0", *OUT),
            "--corners 1001=0,0,9,0: FRAME and four corners are needed, as in 1001=80,40,300,52,296,210,78,190",
        ),
        (
            ("--corner-pin", "a.png", "--corners", "1001=0,0,9,9,9,0,0,9", *OUT),
            "corners on frame 1001: 0,0 9,9 9,0 0,9 cross or turn inwards; give them in the order top left, top right,",
        ),
        (("--corner-pin", "a.png", "--corners", "1001=0,0,5,5,9,9,0,9", *OUT), "span no area; four corners, no three"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    document: Path, tmp_path: Path, capsys, monkeypatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    given = arguments if "-o" not in arguments else ("shot.roto.json", *arguments)
    assert roto("apply", *given) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("roto: error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out.mkv").exists()


def test_an_output_that_is_there_stays(document: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "out.mkv").write_bytes(b"by hand")
    assert roto("apply", document, "--effect", "blur", "-o", tmp_path / "out.mkv", "--workers", 1) == 1
    assert "out.mkv exists already; pass --overwrite to replace it, or choose another -o" in capsys.readouterr().err
    assert (tmp_path / "out.mkv").read_bytes() == b"by hand"
    assert not (tmp_path / ".roto" / "spans").exists()


def test_corners_of_a_layer_that_has_no_keyframes(disc_clip, tmp_path: Path, capsys) -> None:
    path = tmp_path / "stack.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--layer", "all", "--stack", "solid") == 0
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    assert roto("apply", path, "--corner-pin", tmp_path / "a.png", "-o", tmp_path / "out.mkv") == 1
    assert "corners from layer 'all': it has no keyframes; give --corners" in capsys.readouterr().err
