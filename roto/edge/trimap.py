"""A trimap from a mask: sure foreground, sure background, and between them the band in which alpha is asked for.

The band has a width that is given, or one that follows from the picture: alpha is solved coarsely in a band as wide as
hair is long, and only where it comes out other than the mask says does the band stay so wide.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.alike import features, nearest
from roto.edge.matting.problem import Floats, Problem, read_trimap
from roto.edge.matting.refine import refine
from roto.errors import RotoError
from roto.image import Matte, check_matte

UNKNOWN = 128
_CORE = 0.5  # of the half width of an object that is narrower than the band stays known
_SHARE, _LARGEST_SHARE = 1 / 3, 0.4  # of it for the automatic band, at first and where it must
_SMALL = 0.1  # of the largest object's area

# Of the automatic band; shares of the picture's longer side, because hair and blur grow with the resolution.
_WIDE, _WIDEST = 0.03, 0.12  # how far the coarse solution looks to both sides of the edge, at first and where it must
_NARROW = 0.01  # what stays unknown everywhere: a mask is seldom truer than that
_LEAST_SIDE_PX = 800  # in smaller pictures hair is not shorter, they show less
_UNSETTLED = 0.1  # alpha this far from the mask in the outer half of the band: the band ends too early
_SOFT = 0.35  # alpha this far from the mask: the pixel is unknown
_FADING, _FALL_OFF = 0.15, 4  # so is one of less difference, within so many coarse pixels of one that is
_AROUND = 3  # coarse pixels beside one that is unknown
_FARTHER, _FADED = 2.0, 6.0  # so many times farther than its own side's colours may the other side's be
_SAMPLES = 3  # of each side
_COARSE_PX = 400  # the longer side of the coarse picture, about
_COARSEST = 4  # thinner strands would be lost


def trimap(mask: Matte, width_px: float) -> NDArray[np.uint8]:
    """A band of ``width_px`` around the mask's edge, half of it inside and half outside; uint8 ``H x W`` with 0, 128
    and 255.

    mask: float32 ``H x W`` in [0, 1]; pixels of partial coverage are unknown wherever they are. Where the band is
    wider than the object, the object's middle stays foreground: half of its half width there. Likewise the middle of
    a gap stays background. An empty mask is all background, a full one all foreground. RotoError for a negative width
    and for a mask that is not within [0, 1].
    """
    if not width_px >= 0:
        raise RotoError(f"the width of a trimap's band is 0 px or more, got {width_px:g}")
    return band(checked_mask(mask), np.full(mask.shape, width_px / 2, np.float32))


def automatic_trimap(rgb: Floats, mask: Matte, least_px: Floats | None = None) -> NDArray[np.uint8]:
    """A trimap whose band is narrow along clear edges and as wide as it needs to be along hair and blur; uint8
    ``H x W`` with 0, 128 and 255.

    rgb: float32 ``H x W x 3``, as for :func:`roto.edge.matting.refine.refine`, and its errors. mask: float32
    ``H x W`` in [0, 1]; taken to be off by a few pixels. least_px: float32 ``H x W``, how far the band reaches to both
    sides where it would be narrower: where the mask is known to be worse, or the edge is smeared. An empty mask is all
    background, a full one all foreground.
    """
    checked_mask(mask)
    side = max(*mask.shape, _LEAST_SIDE_PX)
    every = min(max(round(max(mask.shape) / _COARSE_PX), 1), _COARSEST)
    reach, farthest = _reach(mask, _WIDE * side, _SHARE), _reach(mask, _WIDEST * side, _LARGEST_SHARE)
    off, farther, wide = _off(rgb, mask, reach, every)
    outer = _full((farther < _FARTHER) & (off > _UNSETTLED), mask) & (_from_edge(mask) > reach / 2)
    if outer.any():
        spread = cv2.dilate(outer.astype(np.uint8), _square(2 * int(_WIDE * side)))
        reach = np.where(spread > 0, farthest, reach)
        off, farther, wide = _off(rgb, mask, reach, every)
    sure = (farther < _FARTHER) & (off > _SOFT)
    # a fall-off goes on beyond what is surely soft
    fades = (cv2.dilate(sure.astype(np.uint8), _square(_FALL_OFF)) > 0) & (off > _FADING) & (farther < _FADED)
    soft = cv2.dilate((sure | fades).astype(np.uint8), _square(_AROUND)) > 0
    narrow = np.full(mask.shape, _NARROW * side, np.float32)
    found = band(mask, narrow if least_px is None else np.maximum(narrow, np.minimum(least_px, _WIDEST * side)))
    found[_full(soft, mask) & (wide == UNKNOWN)] = UNKNOWN
    return found


def _reach(mask: Matte, reach_px: float, share: float) -> Floats:
    """How far a band goes on each side of the edge: so many pixels, and no more than a share of the half width of
    what lies on that side, so that enough of its colours stay known; float32 ``H x W``."""
    least = _NARROW * max(*mask.shape, _LEAST_SIDE_PX)
    inside = mask > 0.5
    within, beyond = (max(min(reach_px, share * float(_depth(side).max())), least) for side in (inside, ~inside))
    return np.where(inside, np.float32(within), np.float32(beyond))


def _off(rgb: Floats, mask: Matte, reach: Floats, every: int) -> tuple[Matte, Floats, NDArray[np.uint8]]:
    """How far alpha, solved at every so many pixels, is from the mask; how that suits the colours; and the trimap in
    which it was solved."""
    wide = band(mask, reach)
    colour, coarse = np.ascontiguousarray(rgb[::every, ::every]), np.ascontiguousarray(wide[::every, ::every])
    inside = mask[::every, ::every] > 0.5
    if not ((coarse == 255).any() and (coarse == 0).any()):
        return np.zeros(coarse.shape, np.float32), np.zeros(coarse.shape, np.float32), wide
    off = np.abs(refine(colour, coarse) - inside).astype(np.float32)
    asked = np.flatnonzero(off > min(_UNSETTLED, _FADING))
    return off, _farther(Problem(colour, *read_trimap(coarse)), inside, asked), wide


def _farther(problem: Problem, inside: NDArray[np.bool_], asked: NDArray[np.int64]) -> Floats:
    """How many times farther a pixel's colour is from the known colours of the other side than from those of its own,
    float32 ``H x W``. Where that is much, or both sides have the same colours, the mask is the better witness."""
    farther = np.zeros(inside.shape, np.float32)
    if not asked.size:
        return farther
    feature = features(problem)
    away = []
    for side in (1, 0):
        pool = feature[np.flatnonzero(~problem.unknown & (problem.known == side))]
        _, distance = nearest(pool, feature[asked], _SAMPLES)
        away.append(np.sqrt((distance**2).mean(axis=1)))
    within = inside.ravel()[asked]
    own, other = np.where(within, away[0], away[1]), np.where(within, away[1], away[0])
    farther.ravel()[asked] = other / np.maximum(own, np.float32(1e-6))
    return farther


def _full(coarse: NDArray[np.bool_], mask: Matte) -> NDArray[np.bool_]:
    """At the mask's size again."""
    return cv2.resize(coarse.astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def _from_edge(mask: Matte) -> Floats:
    inside = mask > 0.5
    return np.where(inside, _depth(inside), _depth(~inside))


def _square(radius: int) -> NDArray[np.uint8]:
    return np.ones((2 * radius + 1,) * 2, np.uint8)


def checked_mask(mask: Matte) -> Matte:
    """The mask, if it is a matte; RotoError where its values are not within [0, 1]."""
    if not (np.isfinite(mask).all() and mask.min(initial=0) >= 0 and mask.max(initial=0) <= 1):
        raise RotoError("a mask holds coverage from 0 to 1, got values outside or NaN; clip it first")
    return check_matte(mask, mask.shape[1], mask.shape[0])


def band(mask: Matte, reach: Floats) -> NDArray[np.uint8]:
    """The trimap whose band reaches ``reach`` px, ``H x W``, to both sides of the mask's edge."""
    inside = mask > 0.5
    known = np.zeros(mask.shape, np.uint8)
    for side in (inside, ~inside):
        known[_sure(side, reach)] = 255
    partial = (mask > 0) & (mask < 1)
    found = np.where(inside, np.uint8(255), np.uint8(0))
    found[(known == 0) | partial] = UNKNOWN
    return found


def _depth(side: NDArray[np.bool_]) -> Floats:
    """How far each pixel's centre is from the edge of its side; large where the side is the whole picture."""
    if side.all():
        return np.full(side.shape, max(side.shape) + 1.0, np.float32)
    distance = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance - np.float32(0.5), np.float32)


def _sure(side: NDArray[np.bool_], reach: Floats) -> NDArray[np.bool_]:
    """The pixels deeper than the reach of the band; of an object that has none so deep, those of its middle.

    What is small beside the largest object on its side (a loose strand, a gap between strands) has no middle to keep.
    """
    depth = _depth(side)
    sure = side & (depth > reach)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(side.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    for label in 1 + np.flatnonzero(areas >= _SMALL * areas.max(initial=0)):
        own = labels == label
        if not sure[own].any():
            sure |= own & (depth >= _CORE * depth[own].max())
    return sure
