"""How soft a keyframe's edge is, measured on its matte and given to the frames between.

A span is tracked as a signed distance, which knows where the edge is and not how soft. Of a keyed matte is kept how
coverage falls across the edge, and how wide the soft edge is along it. Between two keyframes both are interpolated in
time, so that a feather drawn on the keyframes is there on every frame between them, wider and narrower in the same
places: the tracked outline is laid onto the keyed one, turned and scaled as fits best, and has its widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box, Matte, bounding_box
from roto.masks.edge_distance import edge_distance
from roto.signed_distance import REACH_PX, coverage

Floats: TypeAlias = NDArray[np.float32]

_STEP = 1 / 16
_ACROSS = np.arange(-2, 2 + _STEP, _STEP, dtype=np.float32)  # distances from the edge, in radii
_HARD_PX = 1.1  # a radius up to this is plain anti-aliasing: exact coverage has up to 1.07, mostly, by its angle
_AT_HALF = np.float32(0.75)  # slope of a smooth fall-off at its middle, times its radius
_SMOOTHED_PX = 2.0  # along the outline
_FITTED = 12  # rounds of laying one outline onto the other
_POINTS = 400  # of an outline, for that
_AROUND_PX = 64  # what lies farther from the keyed outline takes the point that is nearest to where that ends


@dataclass(frozen=True, eq=False)
class Softness:
    """A soft edge. Its radius is half its width: within it on either side coverage is neither 0 nor 1.

    profile: mean coverage at distances ``_ACROSS`` from the edge, in radii. points: float32 ``N x 2``, (x, y) of places
    on the outline. radii: float32 ``N``, the radius there in pixels. No points: a hard edge.
    """

    profile: Floats
    points: Floats
    radii: Floats

    @property
    def hard(self) -> bool:
        return len(self.points) == 0

    @property
    def reach_px(self) -> float:
        """The largest radius; 0 for a hard edge."""
        return float(self.radii.max(initial=0))

    def nearest(self, places: NDArray[np.complex128]) -> NDArray[np.int32]:
        """Of each place ``x + iy`` the point that is nearest to its pixel, as an index."""
        box, indices = self._indices
        x = np.clip(np.rint(places.real).astype(int) - box.x0, 0, box.width - 1)
        y = np.clip(np.rint(places.imag).astype(int) - box.y0, 0, box.height - 1)
        return np.asarray(indices[y, x], np.int32)

    @cached_property
    def _indices(self) -> tuple[Box, NDArray[np.int32]]:
        """The nearest point's index for all pixels of a box around the points."""
        x, y = self.points.astype(int).T
        x0, y0 = x.min() - _AROUND_PX, y.min() - _AROUND_PX
        box = Box(x0, y0, x.max() + _AROUND_PX + 1, y.max() + _AROUND_PX + 1)
        away = np.ones((box.height, box.width), np.uint8)
        away[y - y0, x - x0] = 0
        labels = _nearest_labels(away)
        order = np.empty(len(self.points) + 1, np.int32)
        order[labels[y - y0, x - x0]] = np.arange(len(self.points), dtype=np.int32)
        return box, order[labels]


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """The softness of two keyframes, and how far a frame lies on the way from the first (0) to the second (1)."""

    left: Softness
    right: Softness
    position: float


HARD = Softness(np.clip(_ACROSS + np.float32(0.5), 0, 1), np.zeros((0, 2), np.float32), np.zeros(0, np.float32))


def measure_softness(matte: Matte) -> Softness:
    """The softness of a keyed matte, float32 ``H x W``. Hard for an empty, full or merely anti-aliased one."""
    fractional = (matte > 0.002) & (matte < 0.998)
    if not fractional.any():
        return HARD
    height, width = matte.shape
    box = bounding_box(fractional).padded(int(REACH_PX), width, height)
    region = matte[box.slices]
    outline = _outline(region)
    if not outline.any():
        return HARD
    # a few stray grey pixels do not make an edge soft: it is asked how steep coverage is where it passes one half
    radius = _AT_HALF / np.clip(_steepness(region)[outline], _AT_HALF / np.float32(REACH_PX), 1)
    radius = _smoothed(radius, outline)
    if np.median(radius) <= _HARD_PX and np.quantile(radius, 0.9) <= 2 * _HARD_PX:
        return HARD
    distance = edge_distance(region, 2 * REACH_PX)
    across = distance / _nearest(radius, outline)
    bins = np.clip(np.rint((across + 2) / _STEP).astype(np.int32), 0, len(_ACROSS) - 1)
    counts = np.bincount(bins.ravel(), minlength=len(_ACROSS))
    total = np.bincount(bins.ravel(), region.ravel().astype(np.float64), len(_ACROSS))
    seen = (counts > 0) & (np.arange(len(_ACROSS)) > 0) & (np.arange(len(_ACROSS)) < len(_ACROSS) - 1)
    profile = np.interp(_ACROSS, _ACROSS[seen], total[seen] / counts[seen])
    profile[_ACROSS <= -1.5], profile[_ACROSS >= 1.5] = 0.0, 1.0
    rows, columns = np.nonzero(outline)
    points = np.stack([columns + box.x0, rows + box.y0], axis=1).astype(np.float32)
    return Softness(np.maximum.accumulate(profile).astype(np.float32), points, radius)


def soften(distance: Floats, softness: Mixed) -> Matte:
    """The matte of a tracked signed distance (``H x W``, px) with the softness of its keyframes."""
    hard = coverage(distance)
    if (softness.left.hard and softness.right.hard) or not (hard > 0).any():
        return hard
    height, width = hard.shape
    reach = max(softness.left.reach_px, softness.right.reach_px)
    box = bounding_box(hard > 0).padded(int(1.5 * reach) + 2, width, height)
    rows, columns = box.slices
    region = np.ascontiguousarray(hard[rows, columns])
    outline = _outline(region)
    if not outline.any():
        return hard
    y, x = np.nonzero(outline)
    places = np.stack([x + box.x0, y + box.y0], axis=1).astype(np.float32)
    shares = (1 - softness.position, softness.position)
    radius = np.zeros(len(places), np.float32)
    profile = np.zeros_like(_ACROSS)
    for side, share in zip((softness.left, softness.right), shares, strict=True):
        radius += np.float32(share) * (_AT_HALF if side.hard else _radii_at(places, side))
        profile += np.float32(share) * side.profile
    # the tracked distance is only kept near the edge; further out, as far as coverage changes, it is measured from that
    near = np.abs(distance[rows, columns]) < 2.0
    exact = np.where(near, distance[rows, columns], edge_distance(region, 2 * float(radius.max())))
    matte = np.zeros_like(hard)
    across = exact / _nearest(_smoothed(radius, outline), outline)
    matte[rows, columns] = np.interp(across, _ACROSS, profile).astype(np.float32)
    return matte


def _outline(matte: Matte) -> NDArray[np.bool_]:
    """Inside pixels with a neighbour outside."""
    inside = (matte >= 0.5).astype(np.uint8)
    cross = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
    # beyond the border of the picture nothing is known to be outside
    eroded = cv2.erode(inside, cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray((inside > 0) & (eroded == 0), np.bool_)


def _steepness(matte: Matte) -> Floats:
    """How much coverage changes over a pixel, at its steepest nearby."""
    down = np.abs(np.diff(matte, axis=0, append=matte[-1:]))
    right = np.abs(np.diff(matte, axis=1, append=matte[:, -1:]))
    before_down, before_right = np.roll(down, 1, axis=0), np.roll(right, 1, axis=1)
    before_down[0], before_right[:, 0] = 0, 0
    return np.asarray(np.hypot(np.maximum(down, before_down), np.maximum(right, before_right)), np.float32)


def _smoothed(values: Floats, outline: NDArray[np.bool_]) -> Floats:
    """Values on the outline, averaged with those beside them."""
    spread = np.zeros(outline.shape, np.float32)
    spread[outline] = values
    sums, weights = (
        cv2.GaussianBlur(part, (0, 0), _SMOOTHED_PX, borderType=cv2.BORDER_CONSTANT)
        for part in (spread, outline.astype(np.float32))
    )
    return np.asarray((sums / np.maximum(weights, np.float32(1e-6)))[outline], np.float32)


def _nearest(values: Floats, outline: NDArray[np.bool_]) -> Floats:
    """The value of the place on the outline that is nearest to each pixel, its jumps evened out."""
    labels = _nearest_labels(np.where(outline, np.uint8(0), np.uint8(1)))
    known = np.ones(int(labels.max()) + 1, np.float32)
    known[labels[outline]] = values
    return np.asarray(
        cv2.GaussianBlur(known[labels], (0, 0), _SMOOTHED_PX, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _nearest_labels(away: NDArray[np.uint8]) -> NDArray[np.int32]:
    """A number for each pixel that is 0, from 1 on, and everywhere that of the nearest one."""
    _, labels = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels, np.int32)


def _radii_at(places: Floats, keyed: Softness) -> Floats:
    """The radius that the keyed outline has at each place of another one, once that is laid onto it: moved, turned and
    scaled as fits best (iterative closest points, P. Besl and N. McKay, 1992, with a similarity)."""
    if float(np.ptp(keyed.radii)) < 0.25 * float(keyed.radii.mean()):
        return np.full(len(places), keyed.radii.mean(), np.float32)
    own, other = places[:: max(len(places) // _POINTS, 1)], keyed.points
    size = np.sqrt(other.var(axis=0).sum() / max(float(own.var(axis=0).sum()), 1e-6))
    turn = complex(min(max(float(size), 0.25), 4.0))
    from_own, onto = (_complex(points) for points in (own, other))
    shift = onto.mean() - turn * from_own.mean()
    for _ in range(_FITTED):
        nearest = onto[keyed.nearest(turn * from_own + shift)]
        middle, there = from_own.mean(), nearest.mean()
        spread = np.vdot(from_own - middle, from_own - middle).real
        turn = np.vdot(from_own - middle, nearest - there) / max(spread, 1e-9)
        turn *= min(max(abs(turn), 0.25), 4.0) / max(abs(turn), 1e-9)
        shift = there - turn * middle
    found = keyed.radii[keyed.nearest(turn * _complex(places) + shift)]
    return np.asarray(found / np.float32(abs(turn)), np.float32)


def _complex(points: Floats) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0].astype(np.float64) + 1j * points[:, 1], np.complex128)
