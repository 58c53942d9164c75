"""Which new pieces of a subject to believe."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_FAR = 0.25  # of the subject's size: pieces that appear farther away than this are something else,
_LOST = 0.2  # unless less than this share of the subject is left where it was


def plausible(odds: NDArray[np.float32], carried: NDArray[np.float32], area_px: float) -> NDArray[np.float32]:
    """The log-odds ``odds`` without pieces that turn up far from where flow has ``carried`` the subject, a signed
    distance at the same working resolution. A subject that has been lost may turn up anywhere; ``area_px`` is what it
    measures on its keyframes, in working pixels."""
    here = (carried > 0).astype(np.uint8)
    size = np.count_nonzero(here)
    if size < _LOST * area_px:
        return odds
    count, labels = cv2.connectedComponents((odds > 0).astype(np.uint8), connectivity=8)
    if count <= 2:
        return odds
    away = cv2.distanceTransform(1 - here, cv2.DIST_L2, cv2.DIST_MASK_3)
    near = np.zeros(count, bool)
    near[labels[away <= _FAR * np.sqrt(size)]] = True
    far = ~near
    far[0] = False
    if not far.any():
        return odds
    return np.where(far[labels], -np.abs(odds), odds).astype(np.float32)
