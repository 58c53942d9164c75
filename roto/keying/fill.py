"""Values known here and there, made known everywhere: from coarse to fine, smoothly."""

from __future__ import annotations

import cv2
import numpy as np

from roto.keying.picture import Values

_LEAST = np.float32(1e-5)
_HALVING = (5, 5)


def filled(values: Values, weight: Values) -> Values:
    """``H x W x C`` values, float32, where ``weight`` (``H x W`` in [0, 1]) is less than 1 completed from around.

    Push-pull (S. J. Gortler, R. Grzeszczuk, R. Szeliski and M. F. Cohen, "The Lumigraph", SIGGRAPH 1996): weighted
    means over ever larger squares, the finest that know anything taken. Zero where nothing is known at all.
    """
    levels = [(values * weight[..., None], weight)]
    while max(levels[-1][1].shape) > 1:
        sums, known = levels[-1]
        size = (known.shape[1] + 1) // 2, (known.shape[0] + 1) // 2
        levels.append((_halved(sums, size), _halved(known, size)))
    sums, known = levels.pop()
    result = _over(sums, known)
    while levels:
        sums, known = levels.pop()
        height, width = known.shape
        coarse = _channels(cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR), values.shape[2])
        share = np.minimum(known, np.float32(1))[..., None]
        result = np.where(known[..., None] > _LEAST, _over(sums, known), np.float32(0)) * share + coarse * (1 - share)
    return result


def _halved(values: Values, size: tuple[int, int]) -> Values:
    smooth = cv2.GaussianBlur(values, _HALVING, 1.0, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    return _channels(small, values.shape[2]) if values.ndim == 3 else small


def _channels(values: Values, count: int) -> Values:
    """OpenCV drops a single channel."""
    return values.reshape(*values.shape[:2], count)


def _over(sums: Values, known: Values) -> Values:
    mean: Values = sums / np.maximum(known, _LEAST)[..., None]
    return mean
