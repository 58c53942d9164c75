"""What an image is in roto: the conventions, stated once and checked at the border.

- A **frame** is ``H x W x 3`` RGB at its source's precision: uint8, uint16 (full range: 10- and 12-bit sources
  are scaled up so that white is 65535) or float32 (scene-linear or display-referred, unbounded, no NaN or Inf).
- A **matte** is float32 ``H x W`` in [0, 1], linear coverage, never colour-managed.
- **Points** are ``(x, y)`` in pixels of the displayed picture (rotation applied), x to the right, y down, with the
  origin at the top left corner of the picture: the centre of the first pixel is (0.5, 0.5).
- Anything premultiplied says so in its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matte: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[Any]  # uint8, uint16 or float32; Frame checks it

_LARGEST_HALF = 65504.0


class Box(NamedTuple):
    """A half-open rectangle of whole pixels: columns ``x0..x1-1``, rows ``y0..y1-1``."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return max(self.x1 - self.x0, 0)

    @property
    def height(self) -> int:
        return max(self.y1 - self.y0, 0)

    @property
    def empty(self) -> bool:
        return self.x1 <= self.x0 or self.y1 <= self.y0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices, to index an ``H x W`` array."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def padded(self, margin: int, width: int, height: int) -> Box:
        """Grown by ``margin`` pixels on every side, clipped to a ``width x height`` picture."""
        if self.empty:
            return EMPTY_BOX
        return Box(
            max(self.x0 - margin, 0),
            max(self.y0 - margin, 0),
            min(self.x1 + margin, width),
            min(self.y1 + margin, height),
        )

    def shared(self, other: Box) -> Box:
        """The pixels of both, which may be none."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    def within(self, window: Box) -> Box:
        """The same pixels, counted from the corner of ``window``."""
        return Box(self.x0 - window.x0, self.y0 - window.y0, self.x1 - window.x0, self.y1 - window.y0)

    def union(self, other: Box) -> Box:
        if self.empty:
            return other
        if other.empty:
            return self
        return Box(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))


EMPTY_BOX = Box(0, 0, 0, 0)


def bounding_box(inside: NDArray[np.bool_]) -> Box:
    """Smallest box that holds every True pixel of a boolean ``H x W`` array; empty when there is none."""
    rows = np.flatnonzero(inside.any(axis=1))
    if rows.size == 0:
        return EMPTY_BOX
    columns = np.flatnonzero(inside[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a clip.

    number: the source's own frame number.
    pixels: ``H x W x 3`` RGB, see the module's conventions. Straight unless ``premultiplied``.
    alpha: float32 ``H x W`` in [0, 1] where the source carries one.
    premultiplied: the pixels are multiplied by ``alpha``, as those of an EXR are.
    linear: the pixels are scene-linear (float EXR) and need an encoding before they are looked at.
    display: how the pixels are shown, from float32 ``H x W x 3`` in the source's encoding to [0, 1]; None: as they are,
        scene-linear ones encoded as sRGB.
    """

    number: int
    pixels: Pixels
    alpha: Matte | None = None
    time: Fraction | None = None
    linear: bool = False
    display: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
    premultiplied: bool = False

    def __post_init__(self) -> None:
        shape, dtype = self.pixels.shape, self.pixels.dtype
        if len(shape) != 3 or shape[2] != 3 or dtype not in (np.uint8, np.uint16, np.float32):
            raise TypeError(f"a frame is H x W x 3 of uint8, uint16 or float32, got {shape} of {dtype}")
        if self.alpha is not None:
            check_matte(self.alpha, shape[1], shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def rgb8(self) -> NDArray[np.uint8]:
        """Display-referred 8-bit RGB: what flow and colour models see, and what a person is shown."""
        if self.display is None and self.pixels.dtype == np.uint8:
            pixels: NDArray[np.uint8] = self.pixels
            return pixels
        if self.display is None and self.pixels.dtype == np.uint16:
            return ((self.pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
        return (self.rgb_display() * np.float32(255) + np.float32(0.5)).astype(np.uint8)

    def rgb_display(self) -> NDArray[np.float32]:
        """Display-referred float32 RGB in [0, 1], at the source's precision."""
        if self.display is not None:
            return self.display(self.rgb_float())
        values: NDArray[np.float32] = np.clip(self.rgb_float(), 0.0, 1.0)
        return srgb_encoded(values) if self.linear else values

    def rgb_float(self) -> NDArray[np.float32]:
        """float32 RGB in the source's own encoding: integers scaled to [0, 1], floats as they are."""
        if self.pixels.dtype == np.float32:
            pixels: NDArray[np.float32] = self.pixels
            return pixels
        scale = np.float32(255 if self.pixels.dtype == np.uint8 else 65535)
        return np.divide(self.pixels, scale, dtype=np.float32)


def straight(frame: Frame) -> Frame:
    """The frame with straight pixels; where its alpha is 0 they stay what they are."""
    if frame.alpha is None or not frame.premultiplied:
        return frame
    part = (frame.alpha > 0) & (frame.alpha < 1)
    pixels = frame.rgb_float().copy()
    pixels[part] /= frame.alpha[part][:, None]
    return replace(frame, pixels=pixels, premultiplied=False)


def premultiplied(frame: Frame) -> Frame:
    """The frame with pixels multiplied by its alpha, float32."""
    if frame.alpha is None or frame.premultiplied:
        return frame
    return replace(frame, pixels=frame.rgb_float() * frame.alpha[..., None], premultiplied=True)


def srgb_encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """IEC 61966-2-1 encoding of linear light in [0, 1]."""
    low = linear * np.float32(12.92)
    high = np.float32(1.055) * np.power(np.maximum(linear, np.float32(0.0031308)), np.float32(1 / 2.4)) - np.float32(
        0.055
    )
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)


def srgb_decoded(encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear light of IEC 61966-2-1 values in [0, 1]: the inverse of :func:`srgb_encoded`, worked in 64 bits so that it
    is off by no more than the result's last one."""
    values = encoded.astype(np.float64)
    high = np.power((np.maximum(values, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(values <= 0.04045, values / 12.92, high).astype(np.float32)


def finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Not-a-number becomes 0 and infinity the largest half, so that no filter spreads them and nothing times zero is
    not zero."""
    if np.isfinite(values).all():
        return values
    return np.nan_to_num(values, nan=0.0, posinf=_LARGEST_HALF, neginf=-_LARGEST_HALF)


def check_matte(matte: Matte, width: int, height: int) -> Matte:
    """Return ``matte`` if it is float32 ``height x width``; raise TypeError saying what arrived otherwise."""
    if matte.dtype != np.float32 or matte.shape != (height, width):
        raise TypeError(f"a matte here is {height} x {width} float32, got {matte.shape} of {matte.dtype}")
    return matte
