"""What stands in for a frame that the source cannot deliver, when the user asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from roto.frames.source import ClipInfo, FrameSource
from roto.image import Frame

POLICIES = ("error", "hold", "black")


class FilledSource:
    """A source whose missing frames are filled: ``hold`` repeats the frame before (the one after where there is
    none before), ``black`` is an empty picture. ``info.missing`` goes on listing them."""

    def __init__(self, source: FrameSource, policy: str) -> None:
        self._source, self._policy = source, policy
        info = source.info
        filled = "the frame before is held" if policy == "hold" else "black is used"
        self._info = replace(info, notes=(*info.notes, f"for missing frames {filled}"))
        absent = set(info.missing)
        self._stand_in: dict[int, int] = {}
        held = next(number for number in info.range.numbers() if number not in absent)
        for number in info.range.numbers():
            held = held if number in absent else number
            self._stand_in[number] = held

    @property
    def info(self) -> ClipInfo:
        return self._info

    def frame(self, number: int) -> Frame:
        there = self._stand_in.get(number, number)
        return self._as(number, self._source.frame(there))

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        self._source.time(first), self._source.time(last)  # the errors for numbers outside the range
        return self._fill(first, last)

    def time(self, number: int) -> Fraction:
        return self._source.time(number)

    def fingerprint(self) -> str:
        return f"{self._source.fingerprint()}-{self._policy}"

    def close(self) -> None:
        self._source.close()

    def _fill(self, first: int, last: int) -> Iterator[Frame]:
        step = 1 if last >= first else -1
        ends = sorted((self._stand_in[first], self._stand_in[last]))
        there = self._source.frames(*(ends if step > 0 else reversed(ends)))
        held: Frame | None = None
        for number in range(first, last + step, step):
            wanted = self._stand_in[number]
            while held is None or held.number != wanted:
                held = next(there)
            yield self._as(number, held)

    def _as(self, number: int, frame: Frame) -> Frame:
        if frame.number == number:
            return frame
        if self._policy == "black":
            alpha = None if frame.alpha is None else np.zeros_like(frame.alpha)
            frame = replace(frame, pixels=np.zeros_like(frame.pixels), alpha=alpha)
        return replace(frame, number=number, time=self._source.time(number))
