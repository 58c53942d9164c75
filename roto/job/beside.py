"""Another clip beside the shot's: which of its frames belongs to which of the shot's, and that as a picture of it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from roto.composite.blend import stored, unit
from roto.composite.fit import Size
from roto.composite.light import linear_to_srgb, srgb_to_linear
from roto.errors import RotoError, SourceError
from roto.frames.open import open_source
from roto.frames.source import ClipInfo, FrameSource
from roto.image import Frame, Matte, Pixels, finite
from roto.pipeline import Shot

ERROR = "error"
TIMES = (ERROR, "hold", "loop")


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """Pixels in the shot's type and encoding, straight, and the coverage that the clip itself has, or None."""

    pixels: Pixels
    coverage: Matte | None


class BesideClip:
    """A clip whose first frame goes with the shot's first delivered one.

    From there on it is taken frame by frame, or by time where either rate differs or varies; a single picture stands
    still. ``beyond`` its end: error, hold (its last frame) or loop. ``flag`` is how the user sets that.
    """

    def __init__(self, path: Path, shot: Shot, *, beyond: str, flag: str) -> None:
        if beyond not in TIMES:
            raise RotoError(f"{flag} {beyond}: it is one of {', '.join(TIMES)}")
        self.source: FrameSource = open_source(path)
        try:
            self._shot, self._beyond = shot, beyond
            self._start = shot.source.time(shot.range.first)
            self._last: tuple[int, Beside] | None = None
            self._check_length(flag)
        except BaseException:
            self.source.close()
            raise

    @property
    def info(self) -> ClipInfo:
        return self.source.info

    @property
    def by_time(self) -> bool:
        own, other = self.info, self._shot.source.info
        return len(own.range) > 1 and (own.rate != other.rate or own.variable_rate or other.variable_rate)

    @property
    def notes(self) -> tuple[str, ...]:
        lines = []
        if self.by_time:
            own, other = self.info, self._shot.source.info
            rates = "varies" if own.variable_rate else f"has {told(own.rate)} frames a second"
            clip = "varies" if other.variable_rate else f"{told(other.rate)}"
            lines.append(f"{self.info.path} {rates}, the clip {clip}: taken by time")
        if self.info.has_alpha:
            lines.append(f"{self.info.path} has an alpha channel: where it is transparent the plate is seen")
        if self.info.linear != self._shot.source.info.linear:
            turned = "from linear light to sRGB" if self.info.linear else "from sRGB to linear light"
            lines.append(f"{self.info.path} is turned {turned}, as the clip is")
        return tuple(lines)

    def number(self, number: int) -> int | None:
        """Its frame for one of the shot's; None beyond its end, where that is an error."""
        own = self.info.range
        if len(own) == 1:
            return own.first
        index = self._index_by_time(number) if self.by_time else number - self._shot.range.first
        if index < len(own):
            return own.first + index
        if self._beyond == "loop":
            return own.first + index % len(own)
        return own.last if self._beyond == "hold" else None

    def frame(self, number: int) -> Beside:
        """The picture that goes with frame ``number`` of the shot, at its own size."""
        own = self.number(number)
        if own is None:
            raise SourceError(f"{self.info.path}: no frame of it goes with frame {number}")
        if self._last is None or self._last[0] != own:
            self._last = own, self._as_the_shot(self.source.frame(own))
        return self._last[1]

    def close(self) -> None:
        self.source.close()

    def _index_by_time(self, number: int) -> int:
        own = self.info.range
        time = self._shot.source.time(number) - self._start
        duration = self.source.time(own.last) + 1 / self.info.rate
        if time >= duration:
            if self._beyond != "loop":
                return len(own)
            time %= duration
        return bisect_right(own.numbers(), time, key=self.source.time) - 1

    def _check_length(self, flag: str) -> None:
        shot = self._shot
        for number in (shot.range.last, shot.range.first):
            if self.number(number) is None:
                raise RotoError(
                    f"{self.info.path}: it has {len(self.info.range)} frames and ends before frame {number} of the "
                    f"clip; say {flag} hold or loop, or give a longer one"
                )

    def _as_the_shot(self, frame: Frame) -> Beside:
        linear, dtype = self._shot.source.info.linear, shot_dtype(self._shot.source.info)
        if frame.pixels.dtype == dtype and frame.linear == linear and frame.alpha is None:
            return Beside(frame.pixels, None)
        values = finite(unit(frame.pixels))
        if frame.alpha is not None and frame.premultiplied:
            values = np.divide(values, np.maximum(frame.alpha, np.float32(1e-6))[..., None], dtype=np.float32)
        if frame.linear and not linear:
            values = linear_to_srgb(values)
        elif linear and not frame.linear:
            values = srgb_to_linear(values)
        return Beside(stored(values, dtype), frame.alpha)


def shot_dtype(info: ClipInfo) -> np.dtype[np.generic]:
    """The type of a clip's pixels."""
    return np.dtype(np.uint8 if info.bits <= 8 else np.uint16 if info.bits <= 16 else np.float32)


def told(rate: Fraction) -> str:
    return f"{float(rate):.5g}"


def size_of(info: ClipInfo) -> Size:
    return Size(info.width, info.height, info.pixel_aspect)
