"""Feather: a soft edge of a given width, centred on the drawn one as in After Effects, or all inside or outside it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance, edge_softness

SIDES = {"both": 0.0, "in": -0.5, "out": 0.5}  # where the middle of the soft edge lies, in widths outwards

# Coverage over t, which runs from 0 on the outer to 1 on the inner border of the soft edge, is a smooth step, a
# straight line, or a parabola that is flat at the outer border (smooth0) or the inner (smooth1). These integrate it.
FALLOFFS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "smooth": lambda t: t**3 * (1 - t / 2),
    "linear": lambda t: t**2 / 2,
    "smooth0": lambda t: t**3 / 3,
    "smooth1": lambda t: t**2 * (1 - t / 3),
}


def feather(matte: Matte, feather_px: float, side: str = "both", shape: str = "smooth") -> Matte:
    """Soften the edge of a matte over ``feather_px`` pixels, on one of ``SIDES`` of it, with one of ``FALLOFFS``.

    By default the half-coverage contour stays where it is. What is softer already is left as it is. The fall-off is
    averaged over the pixel, so that it grows out of the anti-aliased edge as the width grows from 0.
    matte: float32 ``H x W`` in [0, 1], returned unchanged when ``feather_px`` is 0.
    """
    if feather_px <= 0 or not matte.any():
        return matte
    height, width = matte.shape
    outwards = SIDES[side] * feather_px
    margin = math.ceil(feather_px / 2 + max(outwards, 0)) + 2
    box = bounding_box(matte > 0).padded(margin, width, height)
    region = matte[box.slices]
    distance = edge_distance(region, feather_px / 2 + abs(outwards) + 2)
    profile = falloff(distance + np.float32(outwards), feather_px, shape)
    soft = matte.copy()
    inside = distance >= 0
    if side == "out":  # a hard edge becomes whole on its inner side, a soft one stays
        kept = np.where(inside & (edge_softness(region) > 0.5), region, np.float32(0))
        profile = np.where(kept > 0, kept, profile)
        inside = np.zeros_like(inside)
    elif side == "in":
        inside = np.ones_like(inside)
    soft[box.slices] = np.where(inside, np.minimum(region, profile), np.maximum(region, profile))
    return soft


def falloff(distance: NDArray[np.float32], feather_px: float, shape: str = "smooth") -> Matte:
    """Coverage of a pixel at a signed distance from the middle of a soft edge, float32 in [0, 1]."""
    integral = _integral(distance + 0.5, feather_px, shape) - _integral(distance - 0.5, feather_px, shape)
    return np.clip(integral, 0.0, 1.0).astype(np.float32)


def _integral(distance: NDArray[np.float32], width: float, shape: str) -> NDArray[np.float64]:
    """Integral of the fall-off from -width/2 to +width/2, over distance; it grows with slope 1 beyond."""
    t = np.clip(distance.astype(np.float64) / width + 0.5, 0.0, 1.0)
    beyond: NDArray[np.float64] = np.maximum(distance - width / 2, 0.0)
    return width * FALLOFFS[shape](t) + beyond
