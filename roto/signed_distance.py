"""Signed distances: the domain in which mattes are carried, blended and smoothed.

A signed distance is float32 ``H x W``, in pixels, positive inside, zero on the edge (coverage one half), sampled at
pixel centres and clamped to +-``REACH_PX``: all work happens near the edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box

Values: TypeAlias = NDArray[np.float32]
Difference: TypeAlias = Callable[[Values, Values, Values], Values]

REACH_PX = 64.0
_NEAR_PX = 1.5  # up to here the sub-pixel profile of the edge is kept, beyond it distance is measured


def signed_distance(matte: Matte, reach_px: float = REACH_PX) -> NDArray[np.float32]:
    """Signed distance of a matte's half-coverage contour, sub-pixel where the edge is anti-aliased.

    matte: float32 ``H x W`` in [0, 1]. Returns float32 ``H x W`` in [-reach_px, reach_px]: all ``-reach_px`` for an
    empty matte, all ``+reach_px`` for a full one.
    """
    return _measured(matte - np.float32(0.5), reach_px, _steepest)


def redistanced(
    level: NDArray[np.float32], reach_px: float = REACH_PX, outside_px: float | None = None
) -> NDArray[np.float32]:
    """Signed distance of the zero contour of any level function that is positive inside (zero counts as inside).

    Near the edge it is the level function over the length of its gradient, to first order the exact distance, so the
    contour stays where it is to a fraction of a pixel; farther away it is measured to the nearest pixel of the other
    side. ``level`` is float32 ``H x W``; the result as in :func:`signed_distance`, but where ``outside_px`` is given
    it ends at ``-outside_px`` outside, and what is farther away costs nothing.
    """
    return _measured(level, reach_px, _central, outside_px)


def _measured(
    level: NDArray[np.float32], reach_px: float, difference: Difference, outside_px: float | None = None
) -> NDArray[np.float32]:
    outside_px = reach_px if outside_px is None else outside_px
    above = level >= 0
    found, inside = bounding_box(above), above.astype(np.uint8)
    out = np.full(level.shape, -outside_px, np.float32)
    if found.empty:
        return out
    height, width = level.shape
    if above.all():
        return np.full(level.shape, reach_px, np.float32)
    # nothing is measured farther from the inside than the result reaches
    window, core = (found.padded(px, width, height) for px in (math.ceil(outside_px) + 1, 1))
    # measured to the nearest pixel centre of the other side; the edge lies half a pixel nearer
    distance = np.float32(0.5) - inner_distance(1 - inside[window.slices], outside_px + 1)
    within = inner_distance(np.ascontiguousarray(inside[core.slices]), reach_px + 1) - np.float32(0.5)
    here = core.within(window).slices
    distance[here] = np.where(inside[core.slices] > 0, within, distance[here])
    near = np.abs(distance) < _NEAR_PX
    distance[near] = _first_order(level[window.slices], near, distance[near], difference)
    out[window.slices] = np.clip(distance, -outside_px, reach_px)
    return out


def inner_distance(inside: NDArray[np.uint8], reach_px: float) -> NDArray[np.float32]:
    """Distance of each pixel's centre to that of the nearest pixel that is 0, at most ``reach_px`` (up to some 1000).

    inside: uint8 ``H x W``, 0 or not. Returns float32 ``H x W``. The square of such a distance is a whole number:
    rounding it takes away the last bits, in which OpenCV's transform varies with the number of threads and with
    where its arrays lie in memory.
    """
    measured = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
    np.minimum(measured, np.float32(math.ceil(reach_px)), out=measured)
    np.multiply(measured, measured, out=measured)
    np.sqrt(np.rint(measured, out=measured), out=measured)
    return np.minimum(measured, np.float32(reach_px), out=measured)


def _first_order(
    level: NDArray[np.float32], near: NDArray[np.bool_], measured: NDArray[np.float32], difference: Difference
) -> NDArray[np.float32]:
    """``level / |gradient|`` at the ``near`` pixels, held to within half a pixel of the ``measured`` distance."""
    padded = np.pad(level, 1, mode="edge")
    rows, columns = np.nonzero(near)
    centre = level[rows, columns]
    dy = difference(padded[rows, columns + 1], centre, padded[rows + 2, columns + 1])
    dx = difference(padded[rows + 1, columns], centre, padded[rows + 1, columns + 2])
    value = centre / np.maximum(np.hypot(dx, dy), np.float32(1e-3))
    return np.asarray(np.clip(value, measured - np.float32(0.5), measured + np.float32(0.5)), np.float32)


def _central(before: Values, centre: Values, after: Values) -> Values:
    """For a smooth level function."""
    return np.asarray((after - before) / 2, np.float32)


def _steepest(before: Values, centre: Values, after: Values) -> Values:
    """For a matte, whose whole edge lies within a pixel or two: the steeper of the one-sided differences, so that a
    hard step has its edge halfway."""
    return np.asarray(np.maximum(np.abs(before - centre), np.abs(after - centre)), np.float32)


def coverage(distance: NDArray[np.float32]) -> Matte:
    """The anti-aliased hard matte of a signed distance: a one-pixel ramp centred on the edge, exact for a
    straight edge along an axis."""
    return np.asarray(np.clip(distance + np.float32(0.5), 0.0, 1.0), np.float32)
