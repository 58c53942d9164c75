"""How soft a keyframe's edge is, measured on its matte and given to the frames between.

A span is tracked as a signed distance, which knows where the edge is and not how soft. The softness of a keyed
matte is its mean coverage as a function of signed distance; between two keyframes it is interpolated in time, so that
a feather drawn on the keyframes is there on every frame between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance
from roto.signed_distance import REACH_PX, coverage

_STEP_PX = 0.5
_POSITIONS = np.arange(-REACH_PX, REACH_PX + _STEP_PX, _STEP_PX, dtype=np.float32)
_HARD_PX = 1.0  # a transition narrower than this on either side is plain anti-aliasing


@dataclass(frozen=True, slots=True, eq=False)
class Softness:
    """Mean coverage at signed distances from ``-REACH_PX`` to ``+REACH_PX`` in steps of half a pixel.

    ``reach_px`` is the distance on either side within which coverage is neither 0 nor 1; 0 for a hard edge.
    """

    values: NDArray[np.float32]
    reach_px: float

    @property
    def hard(self) -> bool:
        return self.reach_px <= _HARD_PX


HARD = Softness(np.clip(_POSITIONS + np.float32(0.5), 0, 1).astype(np.float32), 0.0)


def measure_softness(matte: Matte) -> Softness:
    """The softness of a keyed matte, float32 ``H x W``. Hard for an empty, full or merely anti-aliased one."""
    fractional = (matte > 0.002) & (matte < 0.998)
    if not fractional.any():
        return HARD
    height, width = matte.shape
    rows, columns = bounding_box(fractional).padded(int(REACH_PX), width, height).slices
    distance, alpha, soft = (
        edge_distance(matte[rows, columns], REACH_PX),
        matte[rows, columns],
        fractional[rows, columns],
    )
    # a few stray grey pixels must not make an edge soft: the band ends where most of the pixels are settled
    bins = np.clip(np.rint((distance + REACH_PX) / _STEP_PX).astype(np.int32), 0, len(_POSITIONS) - 1)
    counts = np.bincount(bins.ravel(), minlength=len(_POSITIONS))
    share = np.bincount(bins.ravel(), soft.ravel().astype(np.float64), len(_POSITIONS)) / np.maximum(counts, 1)
    soft_at = np.abs(_POSITIONS[share > 0.5])
    reach = float(soft_at.max()) if soft_at.size else 0.0
    if reach <= _HARD_PX:
        return HARD
    total = np.bincount(bins.ravel(), alpha.ravel().astype(np.float64), len(_POSITIONS))
    seen = counts > 0
    values = np.interp(_POSITIONS, _POSITIONS[seen], total[seen] / counts[seen])
    values[-reach - 1 > _POSITIONS], values[reach + 1 < _POSITIONS] = 0.0, 1.0
    return Softness(np.maximum.accumulate(values).astype(np.float32), reach)


def between(left: Softness, right: Softness, position: float) -> Softness:
    """Softness at ``position`` in [0, 1] between two keyframes."""
    if left.hard and right.hard:
        return HARD
    values = (1.0 - position) * left.values + position * right.values
    return Softness(values.astype(np.float32), max(left.reach_px, right.reach_px))


def soften(distance: NDArray[np.float32], softness: Softness) -> Matte:
    """The matte of a tracked signed distance (``H x W``, px) with the given softness."""
    hard = coverage(distance)
    if softness.hard or not (hard > 0).any():
        return hard
    height, width = hard.shape
    box = bounding_box(hard > 0).padded(int(softness.reach_px) + 2, width, height)
    rows, columns = box.slices
    # the tracked distance is only kept near the edge; further out it is measured from the edge itself
    near = np.abs(distance[rows, columns]) < 2.0
    exact = np.where(near, distance[rows, columns], edge_distance(hard[rows, columns], REACH_PX))
    matte = np.zeros_like(hard)
    matte[rows, columns] = np.interp(exact, _POSITIONS, softness.values).astype(np.float32)
    return matte
