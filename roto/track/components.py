"""Tidying a re-segmented subject: which of its pieces to keep."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import bounding_box

_SMALLEST_SHARE = 0.03  # of the largest piece's area
_SMALLEST_HOLE_PX = 16


def tidy(distance: NDArray[np.float32], scale: float = 1.0) -> NDArray[np.float32]:
    """``distance`` (positive inside) without specks: pieces smaller than a share of the largest go, holes of a few
    pixels are filled."""
    found = bounding_box(distance > 0)
    if found.empty:
        return distance
    # as far around the subject as is needed for what lies outside not to look like a hole
    whole, window = distance, found.padded(_SMALLEST_HOLE_PX, distance.shape[1], distance.shape[0])
    distance = distance[window.slices]
    inside = (distance > 0).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    drop = np.zeros(inside.shape, bool)
    if count > 2:
        areas = stats[:, cv2.CC_STAT_AREA].copy()
        areas[0] = areas.max()
        drop = (areas < _SMALLEST_SHARE * areas[1:].max())[labels]
    holes, labels, stats, _ = cv2.connectedComponentsWithStats(1 - inside, connectivity=4)
    fill = np.zeros(inside.shape, bool)
    if holes > 2:
        small = stats[:, cv2.CC_STAT_AREA] < _SMALLEST_HOLE_PX
        small[0] = False
        fill = small[labels]
    if not drop.any() and not fill.any():
        return whole
    tidied = whole.copy()
    part = tidied[window.slices]
    part[drop] = np.minimum(part[drop], -np.abs(part[drop]) - np.float32(0.5))
    part[fill] = np.float32(0.5)
    return tidied
