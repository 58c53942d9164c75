"""A solved frame: what is kept of a span once it is done."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from roto.image import Box
from roto.track.blend import likely_good
from roto.track.state import BAND_PX, STEPS_PER_PX

ORIGINS = ("forward", "backward", "both", "absent", "cut")
_MAGIC = b"rs1"
_HEADER = struct.Struct("<3sBi4i4d")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SolvedFrame:
    """One frame of a layer between keyframes.

    number: the source's frame number. box: where the subject is, with a band around it; empty where it is absent.
    patch: int16 signed distance of the box in 1/64 px, positive inside; see :attr:`distance`.
    confidence: a rough estimate of how right the frame is (intersection over union with the truth), 0 to 1.
    origin: the passes that it comes from, "forward", "backward" or "both"; "absent" where the subject is not in the
        picture; "cut" where scene cuts lie between the frame and every key, so that nothing is known.
    disagreement: 1 - intersection over union of the two passes; 0 where there is one.
    flicker_before, flicker_after: how much the edge jumps against the frame before, in pixels, once motion is taken
        out, before and after smoothing; None where there is nothing to compare with.
    """

    number: int
    box: Box
    patch: NDArray[np.int16]
    confidence: float
    origin: str
    disagreement: float
    flicker_before: float | None
    flicker_after: float | None

    @property
    def likely_good(self) -> float:
        """Probability that the intersection over union with the truth is at least
        :data:`~roto.track.blend.GOOD_IOU`, 0 to 1."""
        if self.origin == "absent":  # that is right or wrong, with nothing in between
            return self.confidence
        return likely_good(self.confidence)

    @property
    def distance(self) -> NDArray[np.float32]:
        """Signed distance of the box in pixels, float32, positive inside."""
        return np.asarray(self.patch * np.float32(1 / STEPS_PER_PX), np.float32)

    def signed_distance(self, width: int, height: int) -> NDArray[np.float32]:
        """Signed distance of the whole ``width x height`` frame, float32 ``H x W`` in pixels."""
        whole = np.full((height, width), -BAND_PX, np.float32)
        if not self.box.empty:
            whole[self.box.slices] = self.distance
        return whole

    def encode(self) -> bytes:
        """As bytes; the same frame always gives the same ones."""
        numbers = (self.confidence, self.disagreement, _or_nan(self.flicker_before), _or_nan(self.flicker_after))
        header = _HEADER.pack(_MAGIC, ORIGINS.index(self.origin), self.number, *self.box, *numbers)
        return header + isal_zlib.compress(self.patch.tobytes(), 1)

    @classmethod
    def decode(cls, data: bytes) -> SolvedFrame:
        """The inverse of :meth:`encode`. ValueError when the bytes are not a solved frame's."""
        if len(data) < _HEADER.size or data[:3] != _MAGIC:
            raise ValueError("not a solved frame")
        _, origin, number, *rest = _HEADER.unpack_from(data)
        box = Box(*rest[:4])
        patch = np.frombuffer(isal_zlib.decompress(data[_HEADER.size :]), np.int16).reshape(box.height, box.width)
        confidence, disagreement, before, after = rest[4:]
        return cls(
            number=number,
            box=box,
            patch=patch,
            confidence=confidence,
            origin=ORIGINS[origin],
            disagreement=disagreement,
            flicker_before=_none_if_nan(before),
            flicker_after=_none_if_nan(after),
        )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else value
