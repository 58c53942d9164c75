"""Four corners found again in a matte: a line is fitted to each of its sides, and neighbours are crossed.

Lines are found near where the corners are expected, by the median slope of H. Theil and P. Sen (1950, 1968), so that
what stands before less than a third of a side does not move it. A side that is not seen well enough stays where it is
expected.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.composite.corners import Quad
from roto.image import Matte
from roto.masks.rasterise import rasterise

_SAMPLES = 48  # along a side
_FROM, _TO = 0.06, 0.94  # of a side: corners may be round
_STEP_PX = 0.5
_LEAST_SEEN = 0.5  # of the samples
_COARSE, _FINE = 0.15, 0.06  # of the shortest side, how far from where it is expected an edge is looked for
_LEAST_REACH_PX, _MOST_REACH_PX = 6.0, 64.0
_LEAST_PIXELS = 16
_ABOUT_RIGHT = 0.75  # intersection over union
_LARGEST_SPREAD_PX = 4.0  # median distance from the line


class FittedCorners(NamedTuple):
    quad: Quad
    sides: int  # that were found in the matte


def fit_corners(matte: Matte, expected: Quad) -> FittedCorners:
    """The corners of the quadrilateral that ``matte`` shows about where it is expected, in pixels of the matte; beyond
    it there is nothing.

    Where the two have little in common, the expected one is first moved, scaled and sheared so that it has the matte's
    own centre and spread; where a part is missing, something may stand before it.
    """
    start = _nearer(matte, expected)
    coarse = _fitted(matte, start, _reach(start, _COARSE))
    return _fitted(matte, coarse.quad, _reach(coarse.quad, _FINE)) if coarse.sides else FittedCorners(expected, 0)


def _reach(quad: Quad, share: float) -> float:
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return min(max(share * float(sides.min()), _LEAST_REACH_PX), _MOST_REACH_PX)


def _nearer(matte: Matte, expected: Quad) -> Quad:
    """The expected quadrilateral where it is about right, otherwise that with the matte's moments."""
    y, x = np.nonzero(matte >= 0.5)
    if len(x) < _LEAST_PIXELS or _overlap(matte, expected) > _ABOUT_RIGHT:
        return expected
    points, own = np.stack([x + 0.5, y + 0.5]), _inside(expected)
    root = _root(np.cov(own))
    inverse = np.linalg.inv(root)
    shape = inverse @ _root(root @ np.cov(points) @ root) @ inverse  # symmetric: it turns nothing round
    moved: Quad = (expected - own.mean(axis=1)) @ shape.T + points.mean(axis=1)
    return moved


def _overlap(matte: Matte, quad: Quad) -> float:
    """Intersection over union."""
    other = rasterise(quad, matte.shape[1], matte.shape[0])
    shared, either = (join(matte, other).sum(dtype=np.float64) for join in (np.minimum, np.maximum))
    return float(shared / max(either, 1e-6))


def _inside(quad: Quad) -> NDArray[np.float64]:
    """Points spread evenly enough over a quadrilateral, 2 x N."""
    u, v = (each.ravel() for each in np.meshgrid(*[(np.arange(24) + 0.5) / 24] * 2))
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v])
    points: NDArray[np.float64] = quad.T @ weights
    return points


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (vectors * np.sqrt(np.maximum(values, 1e-6))) @ vectors.T
    return root


def _fitted(matte: Matte, expected: Quad, reach_px: float) -> FittedCorners:
    area = np.sum(expected[:, 0] * np.roll(expected[:, 1], -1) - expected[:, 1] * np.roll(expected[:, 0], -1))
    turned = 1.0 if area > 0 else -1.0
    lines, found = [], 0
    for start, end in zip(expected, np.roll(expected, -1, axis=0), strict=True):
        line = _side(matte, start, end, turned, reach_px)
        found += line is not None
        lines.append((start, end) if line is None else line)
    corners = [_crossed(lines[i - 1], lines[i]) for i in range(4)]
    if found == 0 or any(corner is None for corner in corners):
        return FittedCorners(expected, 0)
    quad: Quad = np.array(corners, np.float64)
    if np.abs(quad - expected).max() > 3 * reach_px:
        return FittedCorners(expected, 0)
    return FittedCorners(quad, found)


Point = NDArray[np.float64]


def _side(matte: Matte, start: Point, end: Point, turned: float, reach_px: float) -> tuple[Point, Point] | None:
    """Two points of the line on which the matte ends between two expected corners."""
    length = float(np.linalg.norm(end - start))
    if length < 8:
        return None
    along = (end - start) / length
    outward = turned * np.array([along[1], -along[0]])
    places = np.linspace(_FROM, _TO, _SAMPLES)
    offsets = np.arange(-reach_px, reach_px + _STEP_PX, _STEP_PX)
    points = start + places[:, None, None] * (end - start) + offsets[None, :, None] * outward
    sampled = cv2.remap(
        matte,
        (points[..., 0] - 0.5).astype(np.float32),
        (points[..., 1] - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    crossing = (sampled[:, :-1] >= 0.5) & (sampled[:, 1:] < 0.5)
    distance = np.where(crossing, np.abs(offsets[:-1]), np.inf)
    nearest = distance.argmin(axis=1)
    rows = np.flatnonzero(crossing.any(axis=1))
    if len(rows) < _LEAST_SEEN * _SAMPLES:
        return None
    at = nearest[rows]
    inner, outer = sampled[rows, at].astype(np.float64), sampled[rows, at + 1].astype(np.float64)
    found = offsets[at] + _STEP_PX * (inner - 0.5) / (inner - outer)
    slope, intercept = _median_line(places[rows], found)
    if float(np.median(np.abs(found - intercept - slope * places[rows]))) > _LARGEST_SPREAD_PX:
        return None
    first, last = (start + t * (end - start) + (intercept + slope * t) * outward for t in (0.0, 1.0))
    return first, last


def _median_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    later, earlier = np.triu_indices(len(x), 1)[::-1]
    slope = float(np.median((y[later] - y[earlier]) / (x[later] - x[earlier])))
    return slope, float(np.median(y - slope * x))


def _crossed(one: tuple[Point, Point], other: tuple[Point, Point]) -> Point | None:
    """Where two lines meet, each through two points; None where they are parallel."""
    a, b = one[1] - one[0], other[1] - other[0]
    determinant = a[0] * b[1] - a[1] * b[0]
    if abs(determinant) < 1e-9 * float(np.linalg.norm(a) * np.linalg.norm(b)):
        return None
    away = other[0] - one[0]
    crossing: Point = one[0] + a * ((away[0] * b[1] - away[1] * b[0]) / determinant)
    return crossing
