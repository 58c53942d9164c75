"""What speaks for the subject when some points on it and off it are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.segment.barrier import barrier_distance
from roto.segment.scene import Plane, Scene, chance, texture, weighted

SEED_PX = 2.0  # of the view: what a point holds around itself
_BARRIER = np.float32(30)
_RARE = np.float32(3e-4)
_BORDER = 0.02  # nearer to a positive point than this share of the picture's size, a close view's border is open
_NEAREST = 0.02  # distances below this share of the picture's size hardly differ

# Weights of the evidence and of the looks, fitted by logistic regression on real pictures and on composites of them,
# with points that correct the largest error of what came before.
POINTED = (-0.166, 0.746, -1.708, 0.6, 0.638, 0.292, 0.778, -0.634, -6.857)
AGAIN = (
    (-0.004, 0.152, 0.517, 0.233, 3.335, 1.869, -0.875, 0.463, -2.453),
    (0.183, 0.054, 0.371, 0.206, 1.782, 0.861, -0.697, 0.29, -2.176),
)


@dataclass(frozen=True, eq=False)
class Points:
    """Points of a view on the subject and off it, float32 ``N x 2`` each, and the mean side of the whole picture in
    the view's pixels."""

    positive: NDArray[np.float32]
    negative: NDArray[np.float32]
    span: float

    def held(self, shape: tuple[int, int]) -> NDArray[np.int8]:
        """1 around positive points, -1 around negative ones, 0 elsewhere."""
        held = np.zeros(shape, np.int8)
        held[_nearest(self.positive, shape) <= SEED_PX] = 1
        held[_nearest(self.negative, shape) <= SEED_PX] = -1
        return held


def pointed(scene: Scene, points: Points, border: float) -> tuple[Plane, Plane, Plane]:
    """Log-odds by the points, and logarithms of the distances from the nearest positive and negative one.

    The view's border counts as background where it is farther from all positive points than ``border``, a share of
    the picture's size.
    """
    shape, span, colours = scene.rgb.shape[:2], points.span, scene.colours
    to_positive = np.minimum(_nearest(points.positive, shape), 1e3)
    to_negative = np.minimum(_nearest(points.negative, shape), 0.5 * span if not len(points.negative) else np.inf)
    edge = np.ones(shape, bool)
    edge[1:-1, 1:-1] = False
    outside = (edge & (to_positive > border * span)) | (scene.held < 0)
    near, away = _around(points.positive, shape, 0.02 * span), _around(points.negative, shape, 0.03 * span)
    like, rest = colours.share(near), colours.share(np.clip(1 - near, 0, None))
    unlike = np.log((like + _RARE) / (colours.share(away) + _RARE)) if len(points.negative) else np.ones_like(like)
    inward = barrier_distance(scene.lab, scene.held > 0) / _BARRIER if (scene.held > 0).any() else np.zeros_like(like)
    on, off = (np.log(apart / span + _NEAREST).astype(np.float32) for apart in (to_positive, to_negative))
    outward = barrier_distance(scene.lab, outside) / _BARRIER if outside.any() else np.zeros_like(like)
    alike = np.log((like + _RARE) / (rest + _RARE))
    planes = [inward, outward, on, off, alike, unlike, texture(scene.lab), np.minimum(inward, np.float32(1.5))]
    return weighted(POINTED, planes), on, off


def improved(scene: Scene, points: Points) -> Plane:
    """Log-odds by the points, by the box and by what the answer so far looks like, twice over."""
    first, on, off = pointed(scene, points, _BORDER)
    labels = chance(first)
    for weights in AGAIN:
        odds = weighted(weights, [first, scene.first, *scene.looks(scene.keeping(labels)), on, off])
        labels = np.float32(0.5) * (chance(odds) + (scene.cut(odds, 40) > 0.5))
    return odds


def _nearest(points: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Distance of each pixel from the nearest point, infinite where there is none."""
    x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0])[:, None] + 0.5
    nearest = np.full(shape, np.inf)
    for px, py in points.astype(np.float64):
        np.minimum(nearest, np.hypot(x - px, y - py), out=nearest)
    return nearest


def _around(points: NDArray[np.float32], shape: tuple[int, int], reach: float) -> Plane:
    """Sum of Gaussians around points."""
    x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0])[:, None] + 0.5
    total = np.zeros(shape)
    for px, py in points.astype(np.float64):
        total += np.exp(-0.5 * ((x - px) ** 2 + (y - py) ** 2) / reach**2)
    return total.astype(np.float32)
