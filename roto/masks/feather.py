"""Feather: a soft edge of a given width, centred on the drawn one as in After Effects, or all inside or outside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance, edge_softness

Width: TypeAlias = float | NDArray[Any]

_HARD_PX = np.float32(0.01)
_STEP_PX = 0.5
_AWAY_PX = 3.0  # at most so far along the outline may the nearest place be from the nearest sample

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


def feather_along(
    matte: Matte, outline: NDArray[np.float64], feathers: NDArray[np.float64], shape: str = "smooth"
) -> Matte:
    """Soften the edge of a filled ``outline`` by another width at each of its points, as a spline's feather does.

    A pixel has the feather of the nearest place on the outline; between two points it changes evenly.
    matte: float32 ``H x W``, the anti-aliased outline. outline: ``N x 2`` of (x, y) in pixels. feathers: ``N``, how far
    the soft edge reaches outwards, inwards if negative, in pixels.
    """
    reach = float(np.abs(feathers).max())
    if reach == 0 or not matte.any():
        return matte
    height, width = matte.shape
    box = bounding_box(matte > 0).padded(math.ceil(reach) + 2, width, height)
    region = matte[box.slices]
    width_here = _nearest(outline - (box.x0, box.y0), feathers, region.shape)
    distance = edge_distance(region, reach + 2)
    soft = np.abs(width_here) > _HARD_PX
    profile = falloff(distance + width_here / np.float32(2), np.maximum(np.abs(width_here), _HARD_PX), shape)
    result = matte.copy()
    result[box.slices] = np.where(soft, profile, region)
    return result


def _nearest(outline: NDArray[np.float64], values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The value at the place on the outline that is nearest to each pixel's centre, float32 of ``shape``."""
    after = np.roll(np.arange(len(outline)), -1)
    edges, rises = outline[after] - outline, values[after] - values
    lengths = np.hypot(*edges.T)
    steps = np.maximum(np.ceil(lengths / _STEP_PX), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(outline)), steps)
    part = (np.arange(edge.size) - np.repeat(np.cumsum(steps) - steps, steps) + 0.5) / steps[edge]
    x, y = (outline[edge] + part[:, None] * edges[edge]).T
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    inside = (column >= 0) & (row >= 0) & (column < shape[1]) & (row < shape[0])
    # one sample a pixel: the value there, and how it rises over the picture, along the outline
    place, first = np.unique(row[inside] * shape[1] + column[inside], return_index=True)
    chosen = np.flatnonzero(inside)[first]
    rise = (rises / np.maximum(lengths, 1e-9) ** 2)[edge[chosen]][:, None] * edges[edge[chosen]]
    away = np.ones(shape, np.uint8)
    away.ravel()[place] = 0
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    order = np.zeros(int(labels.max()) + 1, np.int64)
    order[labels.ravel()[place]] = np.arange(len(place))
    nearest = order[labels]
    rows, columns = np.indices(shape) + 0.5
    along = (columns - x[chosen][nearest]) * rise[nearest, 0] + (rows - y[chosen][nearest]) * rise[nearest, 1]
    most = _AWAY_PX * np.hypot(*rise.T)[nearest]
    sampled = (values[edge] + part * rises[edge])[chosen][nearest]
    found = np.clip(sampled + np.clip(along, -most, most), values.min(), values.max())
    return np.asarray(found, np.float32)


def falloff(distance: NDArray[np.float32], feather_px: Width, shape: str = "smooth") -> Matte:
    """Coverage of a pixel at a signed distance from the middle of a soft edge, float32 in [0, 1]."""
    integral = falloff_integral(distance + 0.5, feather_px, shape) - falloff_integral(distance - 0.5, feather_px, shape)
    return np.clip(integral, 0.0, 1.0).astype(np.float32)


def falloff_integral(distance: NDArray[Any], width: Width, shape: str = "smooth") -> NDArray[np.float64]:
    """Integral of the fall-off from -width/2 to +width/2, over distance; it grows with slope 1 beyond."""
    t = np.clip(distance.astype(np.float64) / width + 0.5, 0.0, 1.0)
    beyond: NDArray[np.float64] = np.maximum(distance - width / 2, 0.0)
    return width * FALLOFFS[shape](t) + beyond
