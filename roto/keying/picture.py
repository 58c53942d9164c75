"""What a key looks at, and the way over it: in strips that fit the processor's cache, on as many threads as OpenCV has.

Strips follow from the picture's size alone and pixels from nothing but themselves, so bytes do not depend on threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Frame, Matte, Pixels

Values: TypeAlias = NDArray[Any]  # float32 or float64
Coverage: TypeAlias = Callable[[Values], Values]

_STRIP_PX = 65_536
_WHITE = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0}


def picture_of(frame: Frame) -> Pixels:
    """A frame's picture: its own integers where they are display-referred, else float32 in [0, 1]."""
    if frame.display is None and frame.pixels.dtype in _WHITE:
        return frame.pixels
    return frame.rgb_display()


def check_picture(picture: Pixels) -> Pixels:
    """The picture, where it is one; TypeError saying what arrived otherwise."""
    shape, dtype = picture.shape, picture.dtype
    if len(shape) != 3 or shape[2] != 3 or dtype not in (np.uint8, np.uint16, np.float32):
        raise TypeError(f"a picture here is H x W x 3 of uint8, uint16 or float32, got {shape} of {dtype}")
    return picture


def check_plate(plate: Pixels, picture: Pixels) -> Pixels:
    """A clean plate of the picture's size; RotoError for one of another."""
    check_picture(plate)
    if plate.shape != picture.shape:
        (high, wide), (height, width) = plate.shape[:2], picture.shape[:2]
        raise RotoError(
            f"the clean plate is {wide} x {high} and the picture is {width} x {height}; "
            "a clean plate has the size of its clip"
        )
    return plate


def unit(pixels: Pixels, dtype: type[np.floating[Any]] = np.float32) -> Values:
    """``... x 3`` in [0, 1], contiguous. Floats beyond are clipped, infinity too, and not-a-number is black."""
    white = _WHITE.get(pixels.dtype)
    if white is not None:
        return np.divide(pixels, dtype(white), dtype=dtype)
    # unlike clip, fmax takes the number where one of the two is none
    return np.minimum(np.fmax(pixels, np.float32(0)), np.float32(1)).astype(dtype, copy=False)


def keyed(picture: Pixels, coverage: Coverage) -> Matte:
    """The matte of a pixel-wise key: float32 ``H x W``.

    ``coverage`` answers ``... x 3`` values in [0, 1] with ``...`` coverage in [0, 1]. Asked in float32 it may answer
    NaN where that is too coarse to tell, and is then asked again in float64.
    """
    check_picture(picture)
    matte = np.empty(picture.shape[:2], np.float32)

    def work(rows: slice) -> None:
        strip = picture[rows]
        there = coverage(unit(strip))
        undecided = np.isnan(there)
        if undecided.any():
            there[undecided] = coverage(unit(strip[undecided], np.float64))
        matte[rows] = there

    over_strips(picture.shape[0], picture.shape[1], work)
    return matte


def over_strips(height: int, width: int, work: Callable[[slice], None]) -> None:
    """``work`` on every strip of rows, in any order."""
    rows = max(_STRIP_PX // max(width, 1), 1)
    strips = [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
    threads = min(max(cv2.getNumThreads(), 1), len(strips))
    if threads <= 1:
        for strip in strips:
            work(strip)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, strips):
            pass


def combined(values: Values, weights: tuple[tuple[float, float, float], ...]) -> Values:
    """Linear combinations of the three channels, ``... x N``, by an ``N x 3`` matrix, in the values' own precision."""
    matrix = np.array(weights, np.float64)
    rows = values.reshape(1, -1, 3)  # OpenCV wants a picture
    out: Values = cv2.transform(rows, matrix)
    return out.reshape(*values.shape[:-1], *((len(weights),) if len(weights) > 1 else ()))
