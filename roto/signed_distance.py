"""Signed distances: the domain in which mattes are carried, blended and smoothed.

A signed distance is float32 ``H x W``, in pixels, positive inside, zero on the edge (coverage one half), sampled at
pixel centres and clamped to +-``REACH_PX``: all work happens near the edge.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte

REACH_PX = 64.0


def signed_distance(matte: Matte, reach_px: float = REACH_PX) -> NDArray[np.float32]:
    """Signed distance of a matte's half-coverage contour, sub-pixel where the edge is anti-aliased.

    matte: float32 ``H x W`` in [0, 1]. Returns float32 ``H x W`` in [-reach_px, reach_px]: all ``-reach_px`` for an
    empty matte, all ``+reach_px`` for a full one.
    """
    inside = (matte >= 0.5).astype(np.uint8)
    if not inside.any():
        return np.full(matte.shape, -reach_px, np.float32)
    if inside.all():
        return np.full(matte.shape, reach_px, np.float32)
    # distanceTransform measures to the nearest pixel centre of the other side; the edge lies half a pixel nearer
    within = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    without = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distance = np.where(inside > 0, within - 0.5, 0.5 - without).astype(np.float32)
    return np.clip(distance, -reach_px, reach_px)


def coverage(distance: NDArray[np.float32]) -> Matte:
    """The anti-aliased hard matte of a signed distance: a one-pixel ramp centred on the edge, exact for a
    straight edge along an axis."""
    return np.clip(distance + np.float32(0.5), 0.0, 1.0).astype(np.float32)
