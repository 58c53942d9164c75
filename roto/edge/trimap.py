"""A trimap from a mask: sure foreground, sure background, and between them the band in which alpha is asked for.

The band has a width that is given, or one that follows from the picture: alpha is solved coarsely in a band as wide as
hair is long, and only where it comes out other than the mask says does the band stay so wide.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.problem import Floats
from roto.edge.matting.refine import refine
from roto.errors import RotoError
from roto.image import Matte, check_matte

UNKNOWN = 128
_CORE = 0.5  # of the half width of an object that is narrower than the band stays known
_SMALL = 0.1  # of the largest object's area

# Of the automatic band; shares of the picture's longer side, because hair and blur grow with the resolution.
_WIDE, _WIDEST = 0.04, 0.08  # how far the coarse solution looks to both sides of the edge, at first and where it must
_NARROW = 0.01  # what stays unknown everywhere: a mask is seldom truer than that
_LEAST_PX = 3.0
_UNSETTLED = 0.1  # alpha this far from the mask in the outer half of the band: the band ends too early
_SOFT = 0.25  # alpha this far from the mask: the pixel is unknown
_FADING, _FALL_OFF = 0.1, 8  # so is one of less difference, within so many coarse pixels of one that is
_AROUND = 3  # coarse pixels beside one that is unknown
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


def automatic_trimap(rgb: Floats, mask: Matte) -> NDArray[np.uint8]:
    """A trimap whose band is narrow along clear edges and as wide as it needs to be along hair and blur; uint8
    ``H x W`` with 0, 128 and 255.

    rgb: float32 ``H x W x 3``, as for :func:`roto.edge.matting.refine.refine`, and its errors. mask: float32
    ``H x W`` in [0, 1]; taken to be off by a few pixels. An empty mask is all background, a full one all foreground.
    """
    checked_mask(mask)
    side = max(mask.shape)
    every = min(max(round(side / _COARSE_PX), 1), _COARSEST)
    reach = np.full(mask.shape, max(_WIDE * side, _LEAST_PX), np.float32)
    alpha_off, wide = _off(rgb, mask, reach, every)
    if not alpha_off.any():
        return wide
    outer = cv2.resize(alpha_off, mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > _UNSETTLED
    outer &= _from_edge(mask) > reach / 2
    if outer.any():
        spread = _square(2 * int(reach[0, 0]))
        reach[cv2.dilate(outer.astype(np.uint8), spread) > 0] = max(_WIDEST * side, 2 * _LEAST_PX)
        alpha_off, wide = _off(rgb, mask, reach, every)
    sure = (alpha_off > _SOFT).astype(np.uint8)
    # a fall-off goes on beyond what is surely soft
    fades = (cv2.dilate(sure, _square(_FALL_OFF)) > 0) & (alpha_off > _FADING)
    soft = cv2.dilate(sure | fades.astype(np.uint8), _square(_AROUND))
    soft = cv2.resize(soft, mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    found = band(mask, np.full(mask.shape, max(_NARROW * side, _LEAST_PX), np.float32))
    found[(soft > 0) & (wide == UNKNOWN)] = UNKNOWN
    return found


def _off(rgb: Floats, mask: Matte, reach: Floats, every: int) -> tuple[Matte, NDArray[np.uint8]]:
    """How far alpha, solved at every so many pixels, is from the mask; and the trimap in which it was solved."""
    wide = band(mask, reach)
    coarse = np.ascontiguousarray(wide[::every, ::every])
    if not ((coarse == 255).any() and (coarse == 0).any()):
        return np.zeros(coarse.shape, np.float32), wide
    alpha = refine(np.ascontiguousarray(rgb[::every, ::every]), coarse)
    return np.abs(alpha - (mask[::every, ::every] > 0.5)).astype(np.float32), wide


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
