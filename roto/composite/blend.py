"""The stencil itself: ``base + matte * (treated - base)``, rounded once, at the precision of the base.

Where the matte is 0 every number is the base's, and where it is 1 the treated one, to the bit. Rows are worked on in
strips that fit into the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from roto.composite.light import Floats, Light
from roto.image import Box, Matte, Pixels

_STRIP_PIXELS = 1 << 16
Mix = Callable[[Pixels, Pixels, Floats], Pixels]

_DEPTHS = {np.dtype(np.uint8): cv2.CV_8U, np.dtype(np.uint16): cv2.CV_16U, np.dtype(np.float32): cv2.CV_32F}
_FEW = 4  # where less than one pixel in so many is partly covered, those alone are looked up


def blend(base: Pixels, treated: Pixels, matte: Matte, box: Box, light: Light | None = None) -> Pixels:
    """A copy of ``base`` with ``treated`` blended in inside ``box``.

    base: ``H x W x 3`` uint8, uint16 or float32. treated: ``box.height x box.width x 3``, of the base's type, or
    float32 on the scale of [0, 1]. matte: float32 ``H x W`` in [0, 1], of which the box holds all that is not 0. light:
    mix in linear light where it says so; None: as the numbers are.
    """
    out = base.copy()
    if box.empty:
        return out
    rows = max(_STRIP_PIXELS // box.width, 1)
    mix = _mixed if light is None or not light.converts else _in_linear(light)
    inside, coverage = out[box.slices], matte[box.slices]
    for row in range(0, box.height, rows):
        strip = slice(row, row + rows)
        _blend_strip(inside[strip], treated[strip], coverage[strip], mix)
    return out


def _blend_strip(out: Pixels, treated: Pixels, matte: Matte, mix: Mix) -> None:
    """Change ``out``, which holds the base, in place."""
    there, full = (matte > 0).view(np.uint8), (matte >= 1).view(np.uint8)
    partial = there - full
    if cv2.hasNonZero(full):
        codes = treated if treated.dtype == out.dtype else stored(treated, out.dtype)
        cv2.copyTo(codes, full, out)
    count = cv2.countNonZero(partial)
    if count == 0:
        return
    if count * _FEW < partial.size:
        columns, rows = cv2.findNonZero(partial).reshape(-1, 2).T
        below, above = (each[rows, columns].reshape(-1, 1, 3) for each in (out, treated))
        out[rows, columns] = mix(below, above, _on_three(matte[rows, columns].reshape(-1, 1))).reshape(-1, 3)
        return
    cv2.copyTo(mix(out, treated, _on_three(matte)), partial, out)


def _on_three(matte: Matte) -> Floats:
    return np.asarray(cv2.merge([matte, matte, matte]), np.float32)


def unit(pixels: Pixels) -> Floats:
    """float32 on the scale of [0, 1]; floats as they are."""
    if pixels.dtype == np.float32:
        return pixels
    return np.divide(pixels, np.float32(np.iinfo(pixels.dtype).max), dtype=np.float32)


def stored(values: Floats, dtype: np.dtype[Any]) -> Pixels:
    """Numbers on the scale of [0, 1] as ``dtype``: rounded and clipped where those are whole."""
    if dtype == np.float32:
        return values
    top = np.float32(np.iinfo(dtype).max)
    scaled = np.multiply(values, top)
    np.clip(scaled, 0, top, out=scaled)
    return np.rint(scaled, out=scaled).astype(dtype)


def _mixed(base: Pixels, treated: Pixels, matte: Floats) -> Pixels:
    """As the numbers are, in their own steps: a sum is rounded to the nearest as it is stored."""
    if treated.dtype != base.dtype:
        treated = np.multiply(treated, np.float32(np.iinfo(base.dtype).max))
    mixed = cv2.subtract(treated, base, dtype=cv2.CV_32F)
    mixed = cv2.multiply(mixed, matte, mixed)
    return np.asarray(cv2.add(base, mixed, dtype=_DEPTHS[base.dtype]))


def _in_linear(light: Light) -> Mix:
    def mix(base: Pixels, treated: Pixels, matte: Floats) -> Pixels:
        below = light.decode(unit(base))
        return stored(light.encode(below + matte * (light.decode(unit(treated)) - below)), base.dtype)

    return mix
