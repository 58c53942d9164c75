"""Curves to polygons: closed chains of cubic Bezier segments, and ellipses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError

TOLERANCE_PX = 0.001  # a chord lies at most so far from its curve: coverage stays well within 1/255
MAX_FLAT_POINTS = 2_000_000


def flatten_cubics(controls: NDArray[np.float64], tolerance_px: float = TOLERANCE_PX) -> NDArray[np.float64]:
    """:func:`flatten_cubics_along` without the second answer."""
    return flatten_cubics_along(controls, tolerance_px)[0]


def flatten_cubics_along(
    controls: NDArray[np.float64], tolerance_px: float = TOLERANCE_PX
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points on a closed chain of cubic Bezier segments, near enough that chords stay within the tolerance.

    controls: float64 ``N x 4 x 2``, the control points of each segment; a segment ends where the next one starts.
    Returns float64 ``M x 2``, and ``M``, how far along the chain each is: 2.5 is halfway through the third segment in
    its parameter. Steps a segment follow Wang's bound on its second differences (G. Wang, 1984).
    """
    second = controls[:, :-2] - 2 * controls[:, 1:-1] + controls[:, 2:]
    bend = np.hypot(second[..., 0], second[..., 1]).max(axis=1)
    steps = np.maximum(np.ceil(np.sqrt(0.75 * bend / tolerance_px)), 1).astype(np.int64)
    if steps.sum() > MAX_FLAT_POINTS:
        raise DocumentError("", "the curve is too long to be drawn; its points or handles lie too far apart")
    segment = np.repeat(np.arange(len(steps)), steps)
    step = np.arange(segment.size) - np.repeat(np.cumsum(steps) - steps, steps)
    along = segment + step / steps[segment]
    return cubics_at(controls, along), along


def cubics_at(controls: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the chain, float64 ``M x 2``, so far ``along`` it, ``M``, from 0 to the number of its segments."""
    segment = np.minimum(along.astype(np.int64), len(controls) - 1)
    t = (along - segment)[:, None]
    p0, p1, p2, p3 = (controls[segment, index] for index in range(4))
    s = 1 - t
    points: NDArray[np.float64] = s**3 * p0 + 3 * s**2 * t * p1 + 3 * s * t**2 * p2 + t**3 * p3
    return points


def flatten_ellipse(
    center: tuple[float, float], radii: tuple[float, float], rotation_deg: float, tolerance_px: float = TOLERANCE_PX
) -> NDArray[np.float64]:
    """Points on an ellipse, float64 ``M x 2``; the rotation is clockwise as seen (y points down)."""
    sagitta = min(tolerance_px / max(radii), 1.0)
    count = max(math.ceil(math.pi / math.acos(1 - sagitta)), 8)
    angle = np.arange(count) * (2 * math.pi / count)
    points = np.stack([radii[0] * np.cos(angle), radii[1] * np.sin(angle)], axis=1)
    return rotated(points, rotation_deg) + center


def rotated(points: NDArray[np.float64], rotation_deg: float) -> NDArray[np.float64]:
    """``N x 2`` points turned about the origin, clockwise as seen."""
    cosine, sine = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    turned: NDArray[np.float64] = points @ np.array([[cosine, sine], [-sine, cosine]])
    return turned
