"""Feather: a soft edge of a given width, centred on the drawn one as in After Effects."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance


def feather(matte: Matte, feather_px: float) -> Matte:
    """Soften the edge of a matte over ``feather_px`` pixels, half of them inside the edge and half outside.

    The half-coverage contour stays where it is, and what is softer already is left as it is. The fall-off is smooth
    (3t^2 - 2t^3), averaged over the pixel, so that it grows out of the anti-aliased edge as the width grows from 0.
    matte: float32 ``H x W`` in [0, 1], returned unchanged when ``feather_px`` is 0.
    """
    if feather_px <= 0 or not matte.any():
        return matte
    height, width = matte.shape
    margin = math.ceil(feather_px / 2) + 2
    box = bounding_box(matte > 0).padded(margin, width, height)
    region = matte[box.slices]
    distance = edge_distance(region, feather_px / 2 + 2)
    profile = falloff(distance, feather_px)
    soft = matte.copy()
    soft[box.slices] = np.where(distance >= 0, np.minimum(region, profile), np.maximum(region, profile))
    return soft


def falloff(distance: NDArray[np.float32], feather_px: float) -> Matte:
    """Coverage of a pixel at a signed distance from the middle of a soft edge, float32 in [0, 1]."""
    integral = _integral(distance + 0.5, feather_px) - _integral(distance - 0.5, feather_px)
    return np.clip(integral, 0.0, 1.0).astype(np.float32)


def _integral(distance: NDArray[np.float32], width: float) -> NDArray[np.float64]:
    """Integral of the smooth step from -width/2 to +width/2, over distance; it grows with slope 1 beyond."""
    t = np.clip(distance.astype(np.float64) / width + 0.5, 0.0, 1.0)
    beyond: NDArray[np.float64] = np.maximum(distance - width / 2, 0.0)
    return width * t**3 * (1 - t / 2) + beyond
