"""A tool's answer put back into the source, at the source's precision."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import Pixels

FITS = ("scale", "centre", "corner")
_MODELS = (8, 16, 32, 64)
_TOP = np.float64(65535)
_SAME_ASPECT = 0.02


def check_size(size: tuple[int, int], wanted: tuple[int, int], fit: str | None, name: str) -> None:
    """RotoError for an answer of a size that was not handed over: width and height.

    Unasked, only sizes are taken that come from rounding each side down or up to a multiple of 8, 16, 32 or 64, as
    models do. With ``fit`` ``scale`` any size of the same aspect is.
    """
    if size == wanted:
        return
    near = all(_is_rounded(got, side) for got, side in zip(size, wanted, strict=True))
    handed = f"{name}: {size[0]} x {size[1]}, handed over were {wanted[0]} x {wanted[1]}"
    if fit == "scale":
        aspects = (size[0] / size[1]) / (wanted[0] / wanted[1])
        if near or abs(aspects - 1) <= _SAME_ASPECT:
            return
        raise RotoError(f"{handed}, of another aspect; give the answer back as it was handed over")
    if not near:
        raise RotoError(f"{handed}; give it back at that size, or say --fit scale")


def _is_rounded(got: int, side: int) -> bool:
    return got == side or any(got in (side // step * step, -(-side // step) * step) for step in _MODELS)


def fitted(answer: Pixels, width: int, height: int, fit: str | None) -> tuple[Pixels, NDArray[np.bool_] | None]:
    """An answer at the size that was handed over, and where it is, None for everywhere.

    ``scale`` (and None) resizes it; ``centre`` and ``corner`` take it for cut off or padded around its middle, or on
    the right and below, without resampling.
    """
    rows, columns = answer.shape[:2]
    if (columns, rows) == (width, height):
        return answer, None
    if fit in (None, "scale"):
        smaller = columns > width or rows > height
        resized = cv2.resize(answer, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        return np.asarray(resized), None
    left, top = ((width - columns) // 2, (height - rows) // 2) if fit == "centre" else (0, 0)
    out = np.zeros((height, width, 3), answer.dtype)
    there = np.zeros((height, width), bool)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + columns, width), min(top + rows, height)
    out[y0:y1, x0:x1] = answer[y0 - top : y1 - top, x0 - left : x1 - left]
    there[y0:y1, x0:x1] = True
    return out, there


def blended(source: NDArray[Any], answer: NDArray[Any], blend: NDArray[np.uint16]) -> NDArray[Any]:
    """``source`` with ``answer`` by the blend, all of one size, both of one dtype.

    Where the blend is 0 the source's bits are kept, where it is 65535 the answer's; between them the mix is rounded
    once.
    """
    out = source.copy()
    out[blend == _TOP] = answer[blend == _TOP]
    soft = (blend > 0) & (blend < _TOP)
    if soft.any():
        share = (blend[soft] / _TOP).reshape(-1, *[1] * (source.ndim - 2))
        below, above = source[soft].astype(np.float64), answer[soft].astype(np.float64)
        mixed = below + (above - below) * share
        out[soft] = mixed.astype(np.float32) if source.dtype == np.float32 else np.rint(mixed).astype(source.dtype)
    return out
