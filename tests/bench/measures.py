"""Measures of the DAVIS benchmark, written from their definitions (Perazzi et al., CVPR 2016), error flicker, and
rank correlation.

Masks are boolean ``H x W``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_TOLERANCE = 0.008  # of the picture's diagonal
_NEAR_PX = 8.0


def region_similarity(found: Mask, truth: Mask) -> float:
    """J: intersection over union, 1 where both are empty."""
    union = np.count_nonzero(found | truth)
    return np.count_nonzero(found & truth) / union if union else 1.0


def contour(mask: Mask) -> Mask:
    """The pixels that differ from their right, lower or lower right neighbour; the picture's border repeats itself."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])


def contour_accuracy(found: Mask, truth: Mask) -> float:
    """F: harmonic mean of the shares of each contour that lies within 0.8 % of the diagonal of the other one."""
    a, b = contour(found), contour(truth)
    count_a, count_b = np.count_nonzero(a), np.count_nonzero(b)
    if count_a == 0 or count_b == 0:
        return float(count_a == count_b)
    reach = math.ceil(_TOLERANCE * math.hypot(*truth.shape))
    precision = np.count_nonzero(a & _within(b, reach)) / count_a
    recall = np.count_nonzero(b & _within(a, reach)) / count_b
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def _within(line: Mask, reach: int) -> Mask:
    distance = cv2.distanceTransform((~line).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= reach + 1e-3, bool)


def error_flicker(error: NDArray[np.float32], before: NDArray[np.float32], truth: NDArray[np.float32]) -> float | None:
    """Mean absolute change of the edge's error in pixels near the true edge.

    error: found minus true signed distance at a frame; before: that of the frame before, brought onto this one by
    optical flow; truth: the true signed distance. None where there is no true edge.
    """
    near = np.abs(truth) < _NEAR_PX
    return float(np.abs(error - before)[near].mean()) if near.any() else None


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Rank correlation: Pearson's of the ranks, ties sharing the mean of theirs. Not a number where one does not
    vary."""
    x, y = (_ranks(np.asarray(v, np.float64)) for v in (a, b))
    x, y = x - x.mean(), y - y.mean()
    spread = math.sqrt(float((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / spread if spread else math.nan


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]
