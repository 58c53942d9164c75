"""A picture of one size fitted into a frame of another."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np

from roto.image import Pixels


class Size(NamedTuple):
    """Width and height in pixels, and the width of a pixel by its height."""

    width: int
    height: int
    pixel_aspect: Fraction = Fraction(1)


def fitted(picture: Pixels, size: Size, frame: Size, fit: str) -> Pixels:
    """``H x W x C`` of ``size`` as a picture of ``frame``, centred. fit: ``fit``, the whole of it with black borders;
    ``fill``, the whole frame, what does not go in is cut off; ``stretch``, whatever that does to its shape."""
    if size == frame:
        return picture
    across, down = FITS[fit](frame.width / size.width, frame.height / size.height, size, frame)
    width, height = max(round(size.width * across), 1), max(round(size.height * down), 1)
    smaller = across < 1 or down < 1
    if (width, height) != (size.width, size.height):
        picture = cv2.resize(
            picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        ).reshape(height, width, -1)
    return _centred(picture, frame)


def _centred(picture: Pixels, frame: Size) -> Pixels:
    height, width = picture.shape[:2]
    left, top = (frame.width - width) // 2, (frame.height - height) // 2
    cut = picture[max(-top, 0) : max(-top, 0) + frame.height, max(-left, 0) : max(-left, 0) + frame.width]
    if cut.shape[:2] == (frame.height, frame.width):
        return np.ascontiguousarray(cut)
    placed = np.zeros((frame.height, frame.width, picture.shape[2]), picture.dtype)
    top, left = max(top, 0), max(left, 0)
    placed[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return placed


def _stretch(across: float, down: float, size: Size, frame: Size) -> tuple[float, float]:
    return across, down


def _fit(across: float, down: float, size: Size, frame: Size) -> tuple[float, float]:
    return _shaped(min, across, down, size, frame)


def _fill(across: float, down: float, size: Size, frame: Size) -> tuple[float, float]:
    return _shaped(max, across, down, size, frame)


def _shaped(
    choose: Callable[[float, float], float], across: float, down: float, size: Size, frame: Size
) -> tuple[float, float]:
    """Scales that keep the shape as it is shown: a pixel of the frame may be wider than one of the picture."""
    wider = float(size.pixel_aspect / frame.pixel_aspect)
    scale = choose(across / wider, down)
    return scale * wider, scale


FITS: dict[str, Callable[[float, float, Size, Size], tuple[float, float]]] = {
    "fit": _fit,
    "fill": _fill,
    "stretch": _stretch,
}
