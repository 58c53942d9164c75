"""The colour guided filter: alpha is an affine function of colour around every pixel. Fast, for clear edges.

He, Sun and Tang, "Guided Image Filtering", PAMI 2013. What is filtered is a guess for each pixel by itself: where it
lies between the foreground and the background colours that are most like it.
"""

from __future__ import annotations

import cv2
import numpy as np

from roto.edge.matting.alike import features, nearest
from roto.edge.matting.problem import Floats, Problem
from roto.image import Matte

_EPSILON = 1e-5
_RADII_PX = (16, 8, 3)
_SAMPLES = 5
_ALIKE = 1e-4  # squared distance of colours that cannot be told apart


def by_guided(problem: Problem) -> Matte:
    """Alpha by colours sampled from both sides and guided filtering, in [0, 1] at the unknown pixels."""
    alpha = _guess(problem)
    for radius in _RADII_PX:
        alpha = np.where(problem.unknown, np.clip(_filtered(problem.rgb, alpha, radius), 0, 1), problem.known)
    return alpha


def _guess(problem: Problem) -> Matte:
    """Each pixel's place on the line from the background to the foreground colour that are most like it. The two
    are looked for at every second pixel."""
    grid = problem.every_second()
    if not (grid.unknown.any() and grid.has_both):
        grid = problem
    feature, colour = features(grid), grid.rgb.reshape(-1, 3)
    asked = feature[grid.unknown.ravel()]
    sides = []
    for side in (1, 0):
        pool = np.flatnonzero(~grid.unknown & (grid.known == side))
        there, _ = nearest(feature[pool], asked, _SAMPLES)
        plane = np.zeros((grid.unknown.size, 3), np.float32)
        plane[grid.unknown.ravel()] = colour[pool[there]].mean(axis=1)
        sides.append(_spread(plane.reshape(grid.rgb.shape), grid, problem))
    line = sides[0] - sides[1]
    place = ((problem.rgb - sides[1]) * line).sum(axis=-1) / ((line * line).sum(axis=-1) + np.float32(_ALIKE))
    return np.where(problem.unknown, np.clip(place, 0, 1), problem.known).astype(np.float32)


def _spread(plane: Floats, grid: Problem, problem: Problem) -> Floats:
    """Colours of the grid's unknown pixels, at the picture's: the mean of those around."""
    height, width = problem.unknown.shape
    weight = cv2.blur(grid.unknown.astype(np.float32), (3, 3))
    mean = cv2.blur(plane, (3, 3)) / np.maximum(weight, np.float32(1e-6))[..., None]
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _filtered(rgb: Floats, alpha: Floats, radius: int) -> Floats:
    """One pass, windows of ``2 radius + 1`` pixels."""
    size = (2 * radius + 1,) * 2

    def mean(x: Floats) -> Floats:
        return np.asarray(cv2.blur(x, size, borderType=cv2.BORDER_REFLECT_101), np.float32)

    r, g, b = (np.ascontiguousarray(rgb[..., i]) for i in range(3))
    mean_rgb, mean_alpha = mean(rgb), mean(alpha)
    mr, mg, mb = (mean_rgb[..., i] for i in range(3))
    rr, rg, rb = mean(r * r) - mr * mr + _EPSILON, mean(r * g) - mr * mg, mean(r * b) - mr * mb
    gg, gb, bb = mean(g * g) - mg * mg + _EPSILON, mean(g * b) - mg * mb, mean(b * b) - mb * mb + _EPSILON
    cross = mean(rgb * alpha[..., None]) - mean_rgb * mean_alpha[..., None]
    cr, cg, cb = (cross[..., i] for i in range(3))
    # the inverse of the symmetric 3 x 3 covariance by its cofactors
    i_rr, i_rg, i_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    i_gg, i_gb, i_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    scale = 1 / np.maximum(rr * i_rr + rg * i_rg + rb * i_rb, np.float32(1e-18))
    slope = np.stack(
        [
            (i_rr * cr + i_rg * cg + i_rb * cb) * scale,
            (i_rg * cr + i_gg * cg + i_gb * cb) * scale,
            (i_rb * cr + i_gb * cg + i_bb * cb) * scale,
        ],
        axis=-1,
    )
    offset = mean_alpha - (slope * mean_rgb).sum(axis=-1)
    return np.asarray((mean(slope) * rgb).sum(axis=-1) + mean(offset), np.float32)
