"""Which new pieces of a subject to believe."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_FAR = 0.25  # of the subject's size: pieces that appear farther away than this are something else,
_LOST = 0.2  # unless less than this share of the subject is left where it was,
_HIDDEN = ((0.5, 1.0), (0.8, 0.5))  # or less than this, and they look like it, no farther than this of its whole size
_SURE = 1.0  # and have such log-odds in the mean


def plausible(
    odds: NDArray[np.float32], carried: NDArray[np.float32], looks: NDArray[np.float32], area_px: float
) -> NDArray[np.float32]:
    """The log-odds ``odds`` without pieces that turn up far from where flow has ``carried`` the subject, a signed
    distance at the same working resolution. ``looks`` are log-odds by looks alone; ``area_px`` is what the subject
    measures on its keyframes, in working pixels.

    A subject that has been lost may turn up anywhere. One that something passes in front of comes out on the other side
    of it: where part of the subject is hidden, a piece that is surely there and looks like it may lie farther away, the
    more of it is hidden the farther.
    """
    here = (carried > 0).astype(np.uint8)
    size = np.count_nonzero(here)
    if size < _LOST * area_px:
        return odds
    count, found = cv2.connectedComponents((odds > 0).astype(np.uint8), connectivity=8)
    if count <= 2:
        return odds
    labels = np.asarray(found, np.int32)
    away = cv2.distanceTransform(1 - here, cv2.DIST_L2, cv2.DIST_MASK_3)
    far = ~_reached(labels, away <= _FAR * np.sqrt(size), count)
    beyond = next((most for left, most in _HIDDEN if size < left * area_px), None)
    if beyond is not None:
        areas = np.bincount(labels.ravel(), minlength=count)
        sure = np.bincount(labels.ravel(), odds.ravel(), count) > _SURE * areas
        alike = np.bincount(labels.ravel(), looks.ravel(), count) > 0
        far &= ~(sure & alike & _reached(labels, away <= beyond * np.sqrt(area_px), count))
    far[0] = False
    if not far.any():
        return odds
    return np.where(far[labels], -np.abs(odds), odds).astype(np.float32)


def _reached(labels: NDArray[np.int32], where: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Which of ``count`` labels are among those of the places ``where``."""
    reached = np.zeros(count, bool)
    reached[labels[where]] = True
    return reached
