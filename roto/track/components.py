"""Tidying a re-segmented subject: which of its pieces to keep."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import bounding_box

_SMALLEST_SHARE = 0.03  # of the largest piece's area
_SMALLEST_HOLE_PX = 16
_SPECK_SHARE = 0.001  # likewise; a piece between the two stays
_SURE = 2.0  # with such log-odds in the mean,
_NEAR = 0.2  # if no farther than this share of the largest piece's size from what stays


def tidy(distance: NDArray[np.float32], odds: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """``distance`` (positive inside) without specks: pieces smaller than a share of the largest go, holes of a few
    pixels are filled. With log-odds a pixel, float32 of the same size, small pieces stay that are sure and near:
    a stick is found in pieces."""
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
        areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
        areas[0] = areas.max()
        small = areas < _SMALLEST_SHARE * areas[1:].max()
        if odds is not None and small.any():
            small &= ~_surely_near(np.asarray(labels, np.int32), areas, small, odds[window.slices])
        drop = small[labels]
    holes, labels, stats, _ = cv2.connectedComponentsWithStats(1 - inside, connectivity=4)
    fill = np.zeros(inside.shape, bool)
    if holes > 2:
        tiny = stats[:, cv2.CC_STAT_AREA] < _SMALLEST_HOLE_PX
        tiny[0] = False
        fill = tiny[labels]
    if not drop.any() and not fill.any():
        return whole
    tidied = whole.copy()
    part = tidied[window.slices]
    part[drop] = np.minimum(part[drop], -np.abs(part[drop]) - np.float32(0.5))
    part[fill] = np.float32(0.5)
    return tidied


def _surely_near(
    labels: NDArray[np.int32], areas: NDArray[np.int64], small: NDArray[np.bool_], odds: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which of the ``small`` labels stay: those that ``odds`` are sure of and that lie near what stays, themselves
    included, so that one leads to the next. ``areas`` in pixels; label 0 is what lies outside."""
    largest = areas[1:].max()
    sure = np.bincount(labels.ravel(), odds.ravel(), len(areas)) > _SURE * areas
    asked = np.asarray(small & sure & (areas >= _SPECK_SHARE * largest), bool)
    if not asked.any():
        return asked
    large = ~small
    large[0] = False
    outside = 1 - (asked | large)[labels].astype(np.uint8)
    near = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_3) <= _NEAR / 2 * np.sqrt(largest)
    count, groups = cv2.connectedComponents(near.astype(np.uint8))
    reached = np.zeros(count, bool)
    reached[groups[large[labels]]] = True
    asked[np.setdiff1d(np.flatnonzero(asked), labels[reached[groups]])] = False
    return asked
