"""What stands in a handed plate where the answer will be: nothing in particular, or a start for it."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.spread import spread
from roto.image import Box, bounding_box

OUTSIDE = ("grey", "black", "edge", "blur")
INSIDE = ("keep", "grey", "black", "smooth")
_GREY = 0.5  # of full scale, for pictures as a display shows them
_LINEAR_GREY = 0.18
_RING_PX = 3
_LEAST_SIGMA_PX = 4.0


def extended(pixels: NDArray[Any], box: Box, fill: str) -> NDArray[Any]:
    """What a window shows of ``H x W x 3`` pixels, and ``fill`` beyond them: one of OUTSIDE. ``edge`` repeats the
    border, ``blur`` mirrors the picture there, ever softer."""
    height, width = pixels.shape[:2]
    shown = Box(0, 0, width, height).shared(box)
    inner = shown.within(box)
    if fill in ("grey", "black"):
        out = np.full((box.height, box.width, 3), _flat(pixels.dtype, fill), pixels.dtype)
        out[inner.slices] = pixels[shown.slices]
        return out
    kind = cv2.BORDER_REPLICATE if fill == "edge" else cv2.BORDER_REFLECT
    around = inner.y0, box.height - inner.y1, inner.x0, box.width - inner.x1
    out = np.asarray(cv2.copyMakeBorder(np.ascontiguousarray(pixels[shown.slices]), *around, kind))
    if fill == "blur" and any(around):
        softer = _blurred(out, max(around) / 6)
        softer[inner.slices] = out[inner.slices]
        return softer
    return out


def filled(pixels: NDArray[Any], change: NDArray[np.bool_], fill: str) -> NDArray[Any]:
    """``H x W x 3`` pixels with ``fill``, one of INSIDE, where ``change`` says so. ``keep`` leaves them, ``smooth``
    spreads the colours around."""
    if fill == "keep" or not change.any():
        return pixels
    out = pixels.copy()
    if fill != "smooth":
        out[change] = _flat(pixels.dtype, fill)
        return out
    height, width = change.shape
    box = bounding_box(change).padded(_RING_PX + 1, width, height)
    inside = change[box.slices]
    near = np.asarray(cv2.dilate(inside.astype(np.uint8), np.ones((2 * _RING_PX + 1,) * 2, np.uint8)), bool)
    rows, columns = np.nonzero(near & ~inside)
    if not rows.size:  # nothing around it: there is no colour to spread
        out[change] = _flat(pixels.dtype, "grey")
        return out
    region = out[box.slices]
    values = region[rows, columns].astype(np.float64)
    places = np.column_stack([columns, rows]).astype(np.float64) + 0.5
    smooth = spread(places, values, box.height, box.width)
    region[inside] = _as(smooth, pixels.dtype)[inside]
    return out


def _flat(dtype: np.dtype[Any], fill: str) -> Any:
    if fill == "black":
        return dtype.type(0)
    return dtype.type(_LINEAR_GREY if dtype == np.float32 else math.ceil(np.iinfo(dtype).max * _GREY))


def _blurred(pixels: NDArray[Any], sigma: float) -> NDArray[Any]:
    """A Gaussian, at a size at which it costs little."""
    height, width = pixels.shape[:2]
    step = max(int(sigma / _LEAST_SIGMA_PX), 1)
    small = max(width // step, 1), max(height // step, 1)
    reduced = cv2.resize(pixels.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(reduced, (0, 0), max(sigma / step, 0.5), borderType=cv2.BORDER_REPLICATE)
    return _as(np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)), pixels.dtype)


def _as(values: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype == np.float32:
        return values
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)
