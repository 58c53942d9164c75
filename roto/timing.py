"""Exact time: rates and times are ``Fraction``, frame numbers are the source's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from roto.errors import RotoError

_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames ``first`` to ``last``, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise RotoError(f"range {self.first}-{self.last} ends before it starts; write FIRST-LAST")

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def numbers(self) -> range:
        return range(self.first, self.last + 1)


def evenly(numbers: Sequence[int], most: int) -> list[int]:
    """At most so many of them, evenly."""
    count = min(len(numbers), most)
    return [numbers[(2 * i + 1) * len(numbers) // (2 * count)] for i in range(count)]


def parse_range(text: str) -> FrameRange:
    """``"1001-1090"`` or ``"1001"`` (a single frame); negative numbers are allowed."""
    match = re.fullmatch(r"\s*(-?\d+)(?:\s*-\s*(-?\d+))?\s*", text)
    if not match:
        raise RotoError(f"{text!r} is not a frame range; write FIRST-LAST, for example 1001-1090")
    first = int(match[1])
    return FrameRange(first, int(match[2]) if match[2] is not None else first)


def padded(number: int, digits: int = 4) -> str:
    """The frame number as it stands in a file name: at least ``digits`` digits, a minus sign kept in front."""
    return f"-{-number:0{digits}d}" if number < 0 else f"{number:0{digits}d}"


def timecode_to_frame(timecode: str, rate: Fraction) -> int:
    """Frames since 00:00:00:00 (SMPTE ST 12-1). ``;`` or ``.`` before the frames means drop frame."""
    match = _TIMECODE.fullmatch(timecode)
    if not match:
        raise RotoError(f"{timecode!r} is not a time code; it is written HH:MM:SS:FF")
    hours, minutes, seconds, frames = int(match[1]), int(match[2]), int(match[3]), int(match[5])
    base = nominal_rate(rate)
    if frames >= base or seconds > 59 or minutes > 59:
        raise RotoError(f"time code {timecode} does not exist at {base} frames a second")
    count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if match[4] != ":" and base % 30 == 0:
        dropped = base // 15  # two numbers a minute at 30, four at 60, but for every tenth minute
        total_minutes = hours * 60 + minutes
        count -= dropped * (total_minutes - total_minutes // 10)
    return count


def frame_to_timecode(count: int, rate: Fraction, drop: bool = False) -> str:
    """The inverse of :func:`timecode_to_frame`, wrapping at 24 hours."""
    base = nominal_rate(rate)
    separator = ":"
    if drop and base % 30 == 0:
        separator = ";"
        dropped = base // 15
        per_minute, per_ten = base * 60 - dropped, base * 600 - 9 * dropped
        count %= per_ten * 144
        tens, rest = divmod(count, per_ten)
        count += 9 * dropped * tens + (dropped * ((rest - dropped) // per_minute) if rest >= base * 60 else 0)
    count %= base * 86400
    seconds, frames = divmod(count, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{separator}{frames:02d}"


def nominal_rate(rate: Fraction) -> int:
    """The whole number of frames that a time code counts in a second: 30 for 30000/1001."""
    return max(int(rate + Fraction(1, 2)), 1)
