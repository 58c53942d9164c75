"""Exact time: ranges, padding, SMPTE time code with and without dropped frames."""

from __future__ import annotations

from fractions import Fraction

import pytest

from roto.errors import RotoError
from roto.timing import FrameRange, frame_to_timecode, padded, parse_range, timecode_to_frame

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1001-1090", FrameRange(1001, 1090)),
        ("7", FrameRange(7, 7)),
        ("-5--2", FrameRange(-5, -2)),
        ("0 - 3", FrameRange(0, 3)),
    ],
)
def test_parse_range(text: str, expected: FrameRange) -> None:
    assert parse_range(text) == expected


@pytest.mark.parametrize("text", ["", "a-b", "1-", "1..4", "9-3"])
def test_parse_range_says_what_is_wrong(text: str) -> None:
    with pytest.raises(RotoError, match=r"FIRST-LAST"):
        parse_range(text)


def test_padding_is_at_least_four_digits() -> None:
    assert [padded(n) for n in (7, 1001, 123456, -3)] == ["0007", "1001", "123456", "-0003"]


def test_drop_frame_skips_two_numbers_a_minute_but_every_tenth() -> None:
    assert frame_to_timecode(1799, NTSC, drop=True) == "00:00:59;29"
    assert frame_to_timecode(1800, NTSC, drop=True) == "00:01:00;02"
    assert frame_to_timecode(17982, NTSC, drop=True) == "00:10:00;00"
    assert timecode_to_frame("01:00:00;00", NTSC) == 107892


@pytest.mark.parametrize(("rate", "drop"), [(Fraction(24), False), (NTSC, True), (Fraction(60000, 1001), True)])
def test_timecode_round_trip(rate: Fraction, drop: bool) -> None:
    for count in [*range(0, 4000, 7), *range(17900, 18100), 107891, 107892, 215783]:
        assert timecode_to_frame(frame_to_timecode(count, rate, drop), rate) == count


def test_impossible_timecode() -> None:
    with pytest.raises(RotoError, match="does not exist at 24"):
        timecode_to_frame("00:00:00:24", Fraction(24))
    with pytest.raises(RotoError, match="HH:MM:SS:FF"):
        timecode_to_frame("twelve", Fraction(24))
