"""Gaussian blur of any width at a bounded cost.

A wide one is done on a picture that is halved as often as needed, a small blur before each halving, as in the pyramid
of P. Burt and E. Adelson (1983). The cells lie on the frame's own grid, so that a pixel's result does not depend on
what else of the frame is at hand. What all that blurs by itself is taken off the last blur: variances add.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box

Floats = NDArray[np.float32]

_WIDEST = 12.0  # standard deviation in cells; at least half of it is left where there are cells
_BEFORE_HALVING = 1.0  # standard deviation
_REACH = 3.0  # standard deviations


def gaussian_reach(sigma_px: float) -> int:
    """How many pixels away a blurred pixel's sources lie."""
    return math.ceil(_REACH * sigma_px) + 8 * (_factor(sigma_px) - 1)


def gaussian(picture: Floats, sigma_px: float, box: Box) -> Floats:
    """``H x W`` or ``H x W x C`` of the frame's ``box``, blurred; beyond its borders the border goes on."""
    factor = _factor(sigma_px)
    if factor == 1:
        return _blurred(picture, sigma_px)
    left, top, right, bottom = box.x0 % factor, box.y0 % factor, -box.x1 % factor, -box.y1 % factor
    small: NDArray[Any] = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REPLICATE)
    height, width = small.shape[:2]
    variance, size = factor**2 / 6, 1  # of the interpolation, a triangle of two cells
    while size < factor:
        half = small.shape[1] // 2, small.shape[0] // 2
        small = np.asarray(cv2.resize(_blurred(small, _BEFORE_HALVING), half, interpolation=cv2.INTER_AREA))
        variance += size**2 * (_BEFORE_HALVING**2 + 0.25)  # a mean of two has the variance of a quarter
        size *= 2
    rest = math.sqrt(sigma_px**2 - variance) / factor
    grown = cv2.resize(_blurred(small, rest), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(grown[top : height - bottom, left : width - right], np.float32)


def _factor(sigma_px: float) -> int:
    factor = 1
    while sigma_px / factor > _WIDEST:
        factor *= 2
    return factor


def _blurred(picture: NDArray[Any], sigma_px: float) -> Floats:
    size = 2 * math.ceil(_REACH * sigma_px) + 1
    return np.asarray(cv2.GaussianBlur(picture, (size, size), sigma_px, borderType=cv2.BORDER_REPLICATE), np.float32)
