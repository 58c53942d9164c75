from __future__ import annotations

import os
import pickle
import shutil
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.errors import SourceError
from roto.frames.open import open_source
from roto.frames.pattern import listed, parse_pattern


def write_frames(folder: Path, numbers: Any, name: str = "shot.{:04d}.png", size: tuple[int, int] = (6, 4)) -> Path:
    """Flat pictures whose grey level is the frame number modulo 200."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / name.format(number)), np.full((size[1], size[0], 3), number % 200, np.uint8))
    return folder


def levels(frames: Any) -> list[int]:
    return [int(frame.pixels[0, 0, 0]) for frame in frames]


@pytest.mark.parametrize("pattern", ["shot.%04d.png", "shot.####.png", "shot.@@@@.png", "."])
def test_a_sequence_keeps_its_numbers(pattern: str, tmp_path: Path) -> None:
    write_frames(tmp_path / "s", range(1001, 1011))
    source = open_source(tmp_path / "s" / pattern)
    assert (source.info.kind, source.info.codec, str(source.info.range)) == ("sequence", "png", "1001-1010")
    forward = list(source.frames(1001, 1010))
    assert [frame.number for frame in forward] == list(range(1001, 1011))
    assert levels(forward) == [number % 200 for number in range(1001, 1011)]
    backward = list(source.frames(1008, 1003))
    assert [frame.number for frame in backward] == list(range(1008, 1002, -1))
    for frame in forward:
        assert np.array_equal(source.frame(frame.number).pixels, frame.pixels)
        assert frame.time == source.time(frame.number) == Fraction(frame.number - 1001, 24)
    for outside in (1000, 1011):
        with pytest.raises(SourceError, match=f"there is no frame {outside}; it has frames 1001-1010"):
            source.frame(outside)


def test_numbers_may_outgrow_their_padding(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(98, 103), "a{:02d}.png")
    assert str(open_source(folder / "a##.png").info.range) == "98-102"


def test_unpadded_and_negative_numbers(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(-2, 3), "a.{}.png")
    assert str(open_source(folder / "a.%d.png").info.range) == "-2-2"
    assert str(open_source(folder).info.range) == "-2-2"


def test_a_hyphen_is_not_a_minus(tmp_path: Path) -> None:
    assert str(open_source(write_frames(tmp_path / "s", range(1, 4), "shot-{:04d}.png")).info.range) == "1-3"


def test_padding_is_part_of_the_name(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4), "a.{:03d}.png")
    with pytest.raises(SourceError, match="no file has such a name; check it and the number of digits"):
        open_source(folder / "a.####.png")


def test_missing_frames_are_listed(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1001, 1002, 1003, 1005, *range(1009, 1012)])
    with pytest.raises(SourceError, match=r"shot\.####\.png: 4 missing of 1001-1011: 1004, 1006-1008; "):
        open_source(folder / "shot.####.png")


def test_numbers_that_are_no_frame_numbers(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [20200101, 30991231], "IMG_{}.png")
    with pytest.raises(SourceError, match="2 files with numbers from 20200101 to 30991231 are no sequence"):
        open_source(folder, missing="hold")


def test_keep_going_passes_over_missing_frames(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2, 5, 6])
    (folder / "shot.0005.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    source = open_source(folder, keep_going=True)
    assert source.info.missing == (3, 4, 5)
    assert [frame.number for frame in source.frames(1, 6)] == [1, 2, 6]
    assert [frame.number for frame in source.frames(6, 1)] == [6, 2, 1]
    with pytest.raises(SourceError, match="frame 4 is missing"):
        source.frame(4)


@pytest.mark.parametrize(
    ("policy", "filled"), [("hold", [1, 2, 2, 2, 5, 6, 6, 8]), ("black", [1, 2, 0, 0, 5, 6, 0, 8])]
)
def test_policies_for_missing_frames(policy: str, filled: list[int], tmp_path: Path) -> None:
    source = open_source(write_frames(tmp_path / "s", [1, 2, 5, 6, 8]), missing=policy)
    assert source.info.missing == (3, 4, 7)
    assert levels(source.frames(1, 8)) == filled
    assert levels(source.frames(8, 1)) == filled[::-1]
    assert levels(source.frames(3, 4)) == filled[2:4]
    assert levels(source.frame(number) for number in range(1, 9)) == filled
    for frame in source.frames(7, 2):
        assert frame.time == source.time(frame.number)
    with pytest.raises(SourceError, match="no frame 9"):
        source.frames(1, 9)


def test_an_unknown_policy(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="missing frames can be error, hold, black, not 'skip'"):
        open_source(write_frames(tmp_path / "s", [1, 2]), missing="skip")


def test_several_sequences_in_a_folder_are_listed(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4), "beauty.{:04d}.png")
    write_frames(folder, range(1, 3), "depth.{:04d}.png")
    with pytest.raises(
        SourceError, match=r"several sequences, name one of them: beauty\.%04d\.png \(3 frames\), depth\.%04d\.png"
    ):
        open_source(folder)


def test_shots_that_differ_in_two_numbers_are_several_sequences(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4), "sh010_v2.{:04d}.png")
    write_frames(folder, range(1, 4), "sh020_v2.{:04d}.png")
    with pytest.raises(SourceError, match=r"sh010_v2\.%04d\.png \(3 frames\), sh020_v2\.%04d\.png \(3 frames\)"):
        open_source(folder)


def test_single_images_beside_a_sequence_are_left_out(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4))
    cv2.imwrite(str(folder / "contact_sheet.png"), np.zeros((4, 6, 3), np.uint8))
    (folder / "notes.txt").write_text("x")
    (folder / ".shot.0009.png").write_bytes(b"")
    source = open_source(folder)
    assert str(source.info.range) == "1-3"
    assert "1 other images in the folder are not part of the sequence" in source.info.notes


def test_images_without_numbers_go_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    for level, name in enumerate(("apple", "birch", "cedar")):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((4, 6, 3), level, np.uint8))
    source = open_source(folder)
    assert levels(source.frames(0, 2)) == [0, 1, 2]
    assert any("no frame numbers" in note for note in source.info.notes)


def test_the_same_number_twice(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2], "a.{:04d}.png")
    write_frames(folder, [2], "a.{}.png")
    with pytest.raises(SourceError, match=r"frame 2 is there twice, a\.0002\.png and a\.2\.png"):
        open_source(folder)


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no images in this folder"):
        open_source(tmp_path)


def test_two_placeholders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds one frame number, this one 2"):
        open_source(tmp_path / "a.%04d.##.png")


def test_one_file_of_a_sequence_is_a_still(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4))
    source = open_source(folder / "shot.0002.png")
    assert (source.info.kind, str(source.info.range)) == ("still", "0-0")
    assert levels(source.frames(0, 0)) == [2]
    assert str(open_source(folder / "shot.0002.png", start=1001).info.range) == "1001-1001"


@pytest.mark.parametrize("name", ["a%04d.png", "b####.png", "te[s]t ' _ .png", "-x-.png"])
def test_hostile_names_are_taken_literally(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_frames(tmp_path, [7], "plain.{}.png")
    (tmp_path / "plain.7.png").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert levels(open_source(name).frames(0, 0)) == [7]


def test_start_and_rate(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", range(1, 4))
    source = open_source(folder, start=1001, rate=Fraction(30000, 1001))
    assert str(source.info.range) == "1001-1003"
    assert levels(source.frames(1003, 1001)) == [3, 2, 1]
    assert source.time(1003) == Fraction(2002, 30000)


def test_images_of_another_size(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2])
    write_frames(folder, [3], size=(8, 4))
    with pytest.raises(SourceError, match=r"shot\.0003\.png: 8 x 4, the sequence is 6 x 4; all its images"):
        list(open_source(folder).frames(1, 3))


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2, 3])
    path = folder / "shot.0002.png"
    path.write_bytes(path.read_bytes()[:-20])
    frames = open_source(folder).frames(1, 3)
    assert next(frames).number == 1
    with pytest.raises(SourceError, match=r"shot\.0002\.png: damaged or cut short"):
        next(frames)


def test_a_pass_can_be_left_early(tmp_path: Path) -> None:
    frames = open_source(write_frames(tmp_path / "s", range(50))).frames(0, 49)
    assert next(frames).number == 0
    frames.close()  # type: ignore[attr-defined]


def test_who_leaves_a_pass_early_does_not_wait_for_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass that is left may be collected within any thread's start, where waiting for another thread never ends."""
    source = open_source(write_frames(tmp_path, range(1, 7)))
    read, goes_on, waiting = type(source)._read, threading.Event(), threading.Event()  # type: ignore[attr-defined]

    def slow(self: Any, number: int) -> Any:
        if number > 1:
            waiting.set()
            assert goes_on.wait(60)
        return read(self, number)

    monkeypatch.setattr(type(source), "_read", slow)
    frames = source.frames(1, 6)
    assert next(frames).number == 1
    assert waiting.wait(60)
    leaving = threading.Thread(target=frames.close, daemon=True)  # type: ignore[attr-defined]
    leaving.start()
    leaving.join(20)
    left = not leaving.is_alive()
    goes_on.set()
    assert left


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2])
    folder.chmod(0)
    try:
        with pytest.raises(SourceError, match="no permission to read it"):
            open_source(folder)
    finally:
        folder.chmod(0o700)


def test_fingerprint_follows_the_content_not_the_place(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "s", [1, 2, 3])
    moved = Path(shutil.copytree(folder, tmp_path / "elsewhere"))
    before = open_source(folder).fingerprint()
    assert open_source(moved).fingerprint() == before
    write_frames(moved, [2], "shot.{:04d}.png")
    assert open_source(moved).fingerprint() == before
    cv2.imwrite(str(moved / "shot.0002.png"), np.full((4, 6, 3), 99, np.uint8))
    assert open_source(moved).fingerprint() != before


def test_travels_to_another_process(tmp_path: Path) -> None:
    source = pickle.loads(pickle.dumps(open_source(write_frames(tmp_path / "s", [1, 3]), missing="hold")))
    assert levels(source.frames(1, 3)) == [1, 1, 3]


def test_one_clip_as_jpeg_and_as_png(test_data: Path) -> None:
    folder = test_data / "seq" / "tlrender" / "Seq"
    jpegs = open_source(folder / "BART_2021-02-07.####.jpg")
    pngs = open_source(folder / "BART_2021-02-07.%04d.png")
    assert (str(jpegs.info.range), str(pngs.info.range)) == ("1-90", "1-12")
    for one, other in zip(jpegs.frames(3, 5), pngs.frames(3, 5), strict=True):
        assert np.abs(one.pixels.astype(int) - other.pixels).mean() < 8
    with pytest.raises(SourceError, match="several sequences"):
        open_source(folder)


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([7], "7"), ([4, 10, 11, 12, 15], "4, 10-12, 15"), ([-2, -1, 3], "-2--1, 3")]
)
def test_listed(numbers: list[int], text: str) -> None:
    assert listed(numbers) == text


def test_parse_pattern() -> None:
    pattern = parse_pattern(Path("a/b.%04d.exr"))
    assert pattern is not None
    assert (pattern.head, pattern.digits, pattern.tail) == ("b.", 4, ".exr")
    assert [pattern.number(f"b.{text}.exr") for text in ("0001", "12345", "001", "01234", "-005", "x")] == [
        1,
        12345,
        None,
        None,
        -5,
        None,
    ]
    assert parse_pattern(Path("plain.exr")) is None
