"""Real files that break readers: each is delivered whole and right, or refused in one clear line."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roto.errors import SourceError
from roto.frames.open import open_source

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
_FOLDER = Path(os.environ.get("ROTO_TEST_DATA", _BESIDE)) / "odd_inputs"
_MANIFEST = _FOLDER / "MANIFEST.json"
_ENTRIES = [
    pytest.param(entry, id=entry["file"])
    for entry in (json.loads(_MANIFEST.read_text()) if _MANIFEST.is_file() else [])
    if (_FOLDER / entry["file"]).is_file()
]
_COUNTED_UP_TO = (300, 400)  # whoever wrote the manifest stopped there


def test_the_files_are_there(test_data: Path) -> None:
    assert len(_ENTRIES) > 80


@pytest.mark.parametrize("entry", _ENTRIES)
def test_every_file(entry: dict[str, Any], test_data: Path, capfd: Any) -> None:
    path = test_data / "odd_inputs" / entry["file"]
    if "open_error" in entry or entry["decoded"] == 0:
        for keep_going in (False, True):
            with pytest.raises(SourceError) as refused:
                open_source(path, keep_going=keep_going)
            assert_one_line(refused.value, path)
    elif "decode_error" in entry:
        check_damaged(path, entry)
    else:
        check_whole(path, entry)
    assert capfd.readouterr() == ("", "")


def check_whole(path: Path, entry: dict[str, Any]) -> None:
    source = open_source(path)
    info = source.info
    count = len(info.range)
    if entry["decoded"] in _COUNTED_UP_TO:
        assert count >= max(entry["decoded"], entry["declared_frames"] - 2)
    else:
        assert count == entry["decoded"]
    turned = entry["rotation"] % 180 == 90
    assert (info.width, info.height) == tuple(entry["size"][::-1] if turned else entry["size"])
    assert info.rotation == -entry["rotation"] % 360
    aspect = Fraction(entry["sar"]) if entry["sar"] not in (None, "None") else Fraction(1)
    assert info.pixel_aspect == (1 / aspect if turned else aspect)
    assert info.timecode == entry["timecode"]
    assert (info.field_order != "progressive") == (entry["interlaced"] > 0)
    assert (info.bits > 8) == ("10le" in entry["pix_fmt"])
    assert info.has_alpha == (path.parent.name == "alpha" or entry["pix_fmt"] in ("rgba", "argb", "bgra"))
    check_times(source, entry)
    check_pictures(source)


def check_times(source: Any, entry: dict[str, Any]) -> None:
    numbers = source.info.range.numbers()
    times = [source.time(number) for number in numbers]
    assert times[0] == 0
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert all(step > 0 for step in steps)
    assumed = any("no usable timestamps" in note for note in source.info.notes)
    if not assumed and entry["decoded"] == len(numbers):
        assert len(steps) == entry["distinct_pts_steps"]
    if not source.info.variable_rate:
        for number, time in zip(numbers, times, strict=True):
            assert abs(time - number / source.info.rate) <= Fraction(1, 4) / source.info.rate


def check_pictures(source: Any) -> None:
    info = source.info
    small = info.width * info.height < 1_000_000
    last, middle = info.range.last, min(len(info.range) // 2, 40 if small else 5)
    picture = source.frame(middle)
    assert picture.pixels.shape == (info.height, info.width, 3)
    assert (picture.alpha is not None) == info.has_alpha
    span = max(middle - 1, 0), min(middle + 1, last)
    for frame in (*source.frames(*span), *source.frames(*reversed(span))):
        if frame.number == middle:
            assert np.array_equal(frame.pixels, picture.pixels)
    if small or last < 20:
        assert source.frame(last).number == last
    source.close()


def check_damaged(path: Path, entry: dict[str, Any]) -> None:
    """Strictly, an error once damage is met (or every frame there is); keeping going, all that can be had."""
    source = open_source(path)
    whole = source.frames(source.info.range.first, source.info.range.last)
    if path.name == "h264-sample_ends_badly.h264":  # its last picture is a stump; those before it are whole
        assert sum(1 for _ in whole) == entry["decoded"]
    else:
        with pytest.raises(SourceError, match="keep-going uses the frames that can be had") as refused:
            list(whole)
        assert_one_line(refused.value, path)
    source = open_source(path, keep_going=True)
    numbers = source.info.range
    delivered = [frame.number for frame in source.frames(numbers.first, numbers.last)]
    assert len(delivered) >= entry["decoded"]
    assert sorted([*delivered, *source.info.missing]) == list(numbers.numbers())
    backwards = [frame.number for frame in source.frames(numbers.last, numbers.first)]
    assert backwards == delivered[::-1]
    for number in source.info.missing:
        with pytest.raises(SourceError, match=f"frame {number} is damaged"):
            source.frame(number)


def assert_one_line(error: SourceError, path: Path) -> None:
    assert str(error).startswith(f"{path}: ")
    assert "\n" not in str(error)
    assert "Errno" not in str(error)


#: Mean grey level of the four quarters of frame 0 (top left, top right, bottom left, bottom right), from pictures
#: that a person has looked at and found upright. No turn or mirror of them has the same four.
UPRIGHT = {
    "decord_rot0.mov": (101, 111, 93, 100),
    "decord_rot90.mov": (108, 109, 76, 90),
    "decord_rot180.mov": (119, 125, 97, 107),
    "decord_rot270.mov": (151, 149, 100, 90),
    "iphone_ios9.mov": (162, 168, 199, 217),
    "portrait.MOV": (83, 81, 65, 48),
    "iphone_with-gps.mov": (102, 150, 93, 97),
    "android_rot90_vfr.mp4": (147, 170, 160, 165),
    "fire2_rot180_vfr.mp4": (140, 142, 84, 110),
    "rotate_and_reflect.mp4": (163, 132, 208, 95),
    "portrait_4k60.mp4": (168, 161, 168, 167),
}


@pytest.mark.parametrize("name", UPRIGHT)
def test_the_picture_is_upright(name: str, test_data: Path) -> None:
    grey = open_source(test_data / "odd_inputs" / "rotation" / name).frame(0).rgb8().mean(axis=2)
    height, width = grey.shape
    top, bottom = grey[: height // 2], grey[height // 2 :]
    quarters = [part.mean() for half in (top, bottom) for part in (half[:, : width // 2], half[:, width // 2 :])]
    assert np.abs(np.array(quarters) - UPRIGHT[name]).max() < 2


def test_the_first_video_stream_is_used_unless_another_is_asked_for(test_data: Path) -> None:
    path = test_data / "odd_inputs" / "timestamps" / "nasa_two_video_streams.mp4"
    first, second = open_source(path), open_source(path, stream=1)
    assert "2 video streams; stream 0 is used" in first.info.notes
    assert (first.info.width, len(first.info.range)) == (320, 325)
    assert (second.info.width, len(second.info.range)) == (480, 390)
    with pytest.raises(SourceError, match="there is no video stream 2; it has 0, 1"):
        open_source(path, stream=2)


def test_a_long_clip_is_indexed_whole(test_data: Path) -> None:
    source = open_source(test_data / "odd_inputs" / "long" / "av1_180p_21766frames.mp4")
    assert str(source.info.range) == "0-21765"
    assert source.time(21765) == Fraction(21765, 60)
    near_end = [frame.number for frame in source.frames(21765, 21760)]
    assert near_end == list(range(21765, 21759, -1))
