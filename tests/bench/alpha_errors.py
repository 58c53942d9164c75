"""Errors of a matte as alphamatting.com has them (Rhemann et al., CVPR 2009), written from their definitions.

All are taken over the unknown pixels of a trimap. Mattes are float ``H x W`` in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
Mask = NDArray[np.bool_]

_SIGMA = 1.4  # px, of the Gaussian whose derivatives measure a gradient
_STEP = 0.1  # between the thresholds of the connectivity
_SLACK = 0.15  # below this a pixel counts as connected


@dataclass(frozen=True)
class Errors:
    """sad, gradient and connectivity are divided by 1000; mse is the mean over the unknown pixels."""

    sad: float
    mse: float
    gradient: float
    connectivity: float


def alpha_errors(alpha: Values, truth: Values, unknown: Mask) -> Errors:
    difference = (alpha.astype(np.float64) - truth)[unknown]
    return Errors(
        sad=float(np.abs(difference).sum()) / 1000,
        mse=float((difference**2).mean()),
        gradient=float(((slope(alpha) - slope(truth)) ** 2)[unknown].sum()) / 1000,
        connectivity=_connectivity(alpha, truth, unknown) / 1000,
    )


def slope(matte: Values) -> NDArray[np.float64]:
    """The length of the gradient, by normalised derivatives of a Gaussian."""
    half = int(np.ceil(_SIGMA * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * _SIGMA * 0.01))))
    x = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * _SIGMA**2)) / (_SIGMA * np.sqrt(2 * np.pi))
    derivative = -x * smooth / _SIGMA**2
    length = np.sqrt((np.outer(smooth, derivative) ** 2).sum())
    values = matte.astype(np.float64)
    along = [cv2.sepFilter2D(values, cv2.CV_64F, *pair) for pair in ((derivative, smooth), (smooth, derivative))]
    return np.hypot(*along) / length


def _connectivity(alpha: Values, truth: Values, unknown: Mask) -> float:
    """How much further one matte's pixels than the other's are from their largest common region."""
    connected = np.full(alpha.shape, -1.0)
    thresholds = np.arange(0, 1 + _STEP / 2, _STEP)
    for below, level in pairwise(thresholds):
        common = ((alpha >= level) & (truth >= level)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(common, connectivity=4)
        source = labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax() if count > 1 else np.zeros(alpha.shape, bool)
        connected[(connected < 0) & ~source] = below
    connected[connected < 0] = 1

    def degree(matte: Values) -> NDArray[np.float64]:
        beyond = matte - connected
        return 1 - beyond * (beyond >= _SLACK)

    return float(np.abs(degree(alpha) - degree(truth))[unknown].sum())
