"""What is known of one frame, as it is kept in the journal: exactly what the next frame is computed from."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from roto.image import EMPTY_BOX, Box, bounding_box
from roto.signed_distance import REACH_PX

STEPS_PER_PX = 64  # distances are kept as int16 in 1/64 pixel
BAND_PX = 32.0  # a patch reaches this far outside the subject
VERDICTS = ("unasked", "accepted", "partly", "refused")
_MAGIC = b"rt3"
_HEADER = struct.Struct("<3sBi4iIB??4f")
_UNTOLD = np.zeros((0, 0), bool)
_UNSAID = np.zeros((0, 0), np.int8)
ODDS_STEPS = 16  # log-odds are kept as int8 in 1/16
_MOST_ODDS = 127 / ODDS_STEPS


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A subject's edge at one frame.

    number: the frame. box: where the subject is, with a band around it; empty where it is absent.
    patch: int16 signed distance in 1/64 px, of the box's size, clamped to ``-BAND_PX`` outside and ``REACH_PX`` inside;
        outside the box it is ``-BAND_PX``.
    chain: the same for the key's edge as flow alone carries it, without re-segmentation.
    cut: a scene cut lies between this frame and the key, so nothing is known.
    age: frames since the key. motion_px: how far the subject moves a frame.
    drift_px: forward-backward error at the edge, added up since the key.
    support: share of the subject's pixels that look like it rather than like the background, 0 to 1.
    verdict: what became of a segmenter's answer on this frame: "accepted", "partly", "refused", or "unasked".
    agreement: intersection over union of the last answer since the key with the edge that was made of it; 1 without.
    told: the last answer since the key as it came, carried by flow, boolean of the box's size; empty without one.
    odds: log-odds that a pixel is inside, int8 in 1/16 of the box's size; empty where nobody gave any.
    """

    number: int
    box: Box
    patch: NDArray[np.int16]
    chain: NDArray[np.int16]
    cut: bool = False
    age: int = 0
    motion_px: float = 0.0
    drift_px: float = 0.0
    support: float = 0.0
    verdict: str = "unasked"
    agreement: float = 1.0
    told: NDArray[np.bool_] = field(default_factory=lambda: _UNTOLD)
    odds: NDArray[np.int8] = field(default_factory=lambda: _UNSAID)

    @property
    def empty(self) -> bool:
        return self.box.empty

    def distance(self, window: Box) -> NDArray[np.float32]:
        """Signed distance in the pixels of ``window``, float32 of its size."""
        return self._within(self.patch, window)

    def chained(self, window: Box) -> NDArray[np.float32]:
        """The key's signed distance carried by flow alone, likewise."""
        return self._within(self.chain, window)

    def answer(self, window: Box) -> NDArray[np.float32] | None:
        """The last answer in the pixels of ``window``, float32 of its size, 0 or 1; None without one."""
        if not self.told.size:
            return None
        out = np.zeros((window.height, window.width), np.float32)
        both = window.shared(self.box)
        if not both.empty:
            out[both.within(window).slices] = self.told[both.within(self.box).slices]
        return out

    def log_odds(self, window: Box) -> NDArray[np.float32]:
        """Log-odds that a pixel of ``window`` is inside, float32 of its size in about [-8, 8]. Where nobody gave any
        they follow from the distance, as they do for a keyframe."""
        if not self.odds.size:
            return np.asarray(np.clip(self.distance(window), -_MOST_ODDS, _MOST_ODDS), np.float32)
        out = np.full((window.height, window.width), -_MOST_ODDS, np.float32)
        both = window.shared(self.box)
        if not both.empty:
            inner = self.odds[both.within(self.box).slices]
            out[both.within(window).slices] = inner * np.float32(1 / ODDS_STEPS)
        return out

    def _within(self, patch: NDArray[np.int16], window: Box) -> NDArray[np.float32]:
        if window == self.box:
            return patch * np.float32(1 / STEPS_PER_PX)
        out = np.full((window.height, window.width), -BAND_PX, np.float32)
        both = window.shared(self.box)
        if not both.empty:
            inner = patch[both.within(self.box).slices]
            out[both.within(window).slices] = inner * np.float32(1 / STEPS_PER_PX)
        return out

    def encode(self) -> bytes:
        header = _HEADER.pack(
            _MAGIC,
            self.cut,
            self.number,
            *self.box,
            self.age,
            VERDICTS.index(self.verdict),
            bool(self.told.size),
            bool(self.odds.size),
            self.motion_px,
            self.drift_px,
            self.support,
            self.agreement,
        )
        told = np.packbits(self.told).tobytes()
        values = self.patch.tobytes() + self.chain.tobytes() + self.odds.tobytes() + told
        return header + isal_zlib.compress(values, 1)

    @classmethod
    def decode(cls, data: bytes) -> State:
        """The inverse of :meth:`encode`. ValueError when the bytes are not a state's."""
        if len(data) < _HEADER.size or data[:3] != _MAGIC:
            raise ValueError("not the journal of a pass")
        _, cut, number, x0, y0, x1, y1, age, verdict, is_told, is_said, *numbers = _HEADER.unpack_from(data)
        box, values = Box(x0, y0, x1, y1), isal_zlib.decompress(data[_HEADER.size :])
        area = box.width * box.height
        if verdict >= len(VERDICTS) or len(values) != (4 + is_said) * area + is_told * ((area + 7) // 8):
            raise ValueError("not the journal of a pass")
        patch, chain = np.frombuffer(values, np.int16, 2 * area).reshape(2, box.height, box.width)
        told, odds = _UNTOLD, _UNSAID
        if is_said:
            odds = np.frombuffer(values, np.int8, area, offset=4 * area).reshape(box.height, box.width)
        if is_told:
            bits = np.unpackbits(np.frombuffer(values, np.uint8, offset=(4 + is_said) * area), count=area)
            told = bits.astype(bool).reshape(box.height, box.width)
        motion, drift, support, agreement = numbers
        said = VERDICTS[verdict]
        return cls(number, box, patch, chain, bool(cut), age, motion, drift, support, said, agreement, told, odds)


def absent_state(number: int, cut: bool = False, age: int = 0) -> State:
    """A frame without the subject."""
    nothing = np.zeros((0, 0), np.int16)
    return State(number, EMPTY_BOX, nothing, nothing, cut=cut, age=age)


def crop_state(
    number: int,
    distance: NDArray[np.float32],
    window: Box,
    *,
    chained: NDArray[np.float32] | None = None,
    age: int = 0,
    motion_px: float = 0.0,
    drift_px: float = 0.0,
    support: float = 1.0,
    verdict: str = "unasked",
    agreement: float = 1.0,
    told: NDArray[np.bool_] | None = None,
    odds: NDArray[np.float32] | None = None,
) -> State:
    """The state of a frame from the signed distance in ``window``, cut down to the subject and its band."""
    chained = distance if chained is None else chained
    found = bounding_box((distance > 0) | (chained > 0))
    if found.empty:
        return absent_state(number, age=age)
    found = found.padded(round(BAND_PX), window.width, window.height)
    patch, chain = (
        np.rint(np.clip(x[found.slices], -BAND_PX, REACH_PX) * STEPS_PER_PX).astype(np.int16)
        for x in (distance, chained)
    )
    answer = _UNTOLD if told is None else np.ascontiguousarray(told[found.slices])
    said = _UNSAID
    if odds is not None:
        said = np.rint(np.clip(odds[found.slices], -_MOST_ODDS, _MOST_ODDS) * ODDS_STEPS).astype(np.int8)
    box = Box(found.x0 + window.x0, found.y0 + window.y0, found.x1 + window.x0, found.y1 + window.y0)
    # header floats are 32 bits wide: rounded here, so that a state is what its bytes decode to
    motion, drift, support, agreement = (float(np.float32(x)) for x in (motion_px, drift_px, support, agreement))
    return State(number, box, patch, chain, False, age, motion, drift, support, verdict, agreement, answer, said)
