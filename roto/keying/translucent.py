"""Translucent cloth and smoke: what is not whole though a colour difference says so, and how bright the subject is.

Under a known hue of the subject, ``H``, a pixel before the screen ``B`` is ``p H + (1 - q) B``: three equations for two
unknowns, coverage ``q`` and ``p``, the subject's light. Their ratio is how bright the subject is, which varies smoothly
and is therefore taken over a window; noise in ``q`` is known from the screen alone and is taken out of the sums, as in
a regression whose both sides are measured (W. A. Fuller, "Measurement Error Models", Wiley 1987). That pixels of one
surface lie in a plane of colours is the model of A. Levin, D. Lischinski and Y. Weiss (CVPR 2006).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from roto.keying.light import grain
from roto.keying.picture import Values
from roto.keying.unmix import dot

_WINDOW_PX = 7  # over which brightness is taken
_AS_TOLD = np.float32(0.02)  # square of a coverage that the brightness told counts as
_BEYOND, _FAR_OFF = np.float32(0.2), np.float32(0.05)  # what is not a mixture at all, noise allowed for
_DARKER, _BRIGHTER = np.float32(0.6), np.float32(1.6)  # at most, as shares of the brightness told
_SHOWN = 0.93  # coverage of a surface from which the screen is not seen through it for certain
_OF_ONE_HUE = 0.06  # how far off the plane, as a share of the hue's length
_SHADES = (0.5, 2.0)  # brightness of one surface
_LEAST_PX, _LEAST_SHARE = 25, 0.3  # of every fourth pixel that seems whole; of one hue
_STEEP = 0.05  # a change of coverage from pixel to pixel, after the two means below, that is an edge's
_MEANS = (9, 5)
_LEAST_BORDER_PX = 8


class Parts(NamedTuple):
    """A pixel's light as shares of the subject's hue and of the screen: the subject's light, coverage, and how far off
    both it is, ``...`` each."""

    subject: Values
    coverage: Values
    off: Values


def parted(light: Values, screen: Values, hue: Values, weight: Values | np.float32) -> Parts:
    """``light``, ``screen``: ``... x 3``; ``hue``: that or ``3``; ``weight`` of the channels likewise or a number."""
    apart = light - screen
    heavy_hue, heavy_screen = hue * weight, screen * weight
    own, both, behind = dot(heavy_hue, hue), dot(heavy_hue, screen), dot(heavy_screen, screen)
    with_hue, with_screen = dot(heavy_hue, apart), dot(heavy_screen, apart)
    apartness = np.maximum(own * behind - both * both, np.float32(1e-4) * own * behind + np.float32(1e-12))
    subject = (behind * with_hue - both * with_screen) / apartness
    coverage = (both * with_hue - own * with_screen) / apartness
    rest = apart - subject[..., None] * hue + coverage[..., None] * screen
    return Parts(subject, coverage, np.sqrt(dot(rest, rest)))


def brightness(light: Values, screen: Values, colours: Values, where: Values, alone: Values, linear: bool) -> Values:
    """How bright the subject is around each pixel, as a share of ``colours``, float32 ``H x W``.

    light, screen, colours: ``H x W x 3``; where: the pixels that tell, and alone: those of the screen alone, ``H x W``
    of bool; linear: whether light is, or else as displayed.
    """
    covered, shone = np.zeros((2, *where.shape), np.float32)
    own_colours = colours[where]
    own_light = light[where]
    parts = parted(own_light, screen[where], own_colours, 1 / grain(own_light, linear))
    # beyond these shades it is another hue and not another brightness
    tells = (parts.off < _FAR_OFF) & (parts.coverage > -_BEYOND)
    tells &= (parts.subject > _DARKER * parts.coverage - _BEYOND) & (
        parts.subject < _BRIGHTER * parts.coverage + _BEYOND
    )
    covered[where] = np.where(tells, np.minimum(parts.coverage, 1 + _BEYOND), 0)
    shone[where] = np.where(tells, parts.subject, 0)
    told = np.zeros(where.shape, np.float32)
    told[where] = tells
    varies = goes_with = np.float32(0)
    if alone.any():
        own_light = light[alone]
        empty = parted(own_light, screen[alone], _average(own_colours), 1 / grain(own_light, linear))
        varies = np.float32((empty.coverage**2).mean(dtype=np.float64))
        goes_with = np.float32((empty.coverage * empty.subject).mean(dtype=np.float64))
    count = _mean(told, _WINDOW_PX)
    shared = _mean(covered * shone, _WINDOW_PX) - goes_with * count
    own = np.maximum(_mean(covered * covered, _WINDOW_PX) - varies * count, 0)
    ratio: Values = np.clip((shared + _AS_TOLD) / (own + _AS_TOLD), _DARKER, _BRIGHTER)
    return ratio


def dense_veils(light: Values, screen: Values, matte: Values, enough: float) -> Values:
    """Where a matte of at least ``enough`` is that of a veil and not of what is whole, ``H x W`` of bool.

    That is so where most of what seems whole has one hue, a region of it is explained by that hue with the screen
    behind it, and coverage falls gently around the region: a patch of a greyer colour on an opaque subject ends in an
    edge. Of two such colours the one with less of the screen is the surface's own, never the other.
    """
    none = np.zeros(matte.shape, bool)
    seems = np.clip(matte, 0, 1)
    whole = _mean(seems, 3) > enough
    inside = cv2.erode(whole.astype(np.uint8), np.ones((5, 5), np.uint8))[::2, ::2] > 0
    if int(inside.sum()) < _LEAST_PX:
        return none
    smooth = _mean(light, 5)
    hue = _purest(smooth[::2, ::2][inside], screen[::2, ::2][inside])
    if hue is None:
        return none
    parts = parted(smooth[whole], screen[whole], hue, np.float32(1))
    thin = np.zeros(matte.shape, np.uint8)
    thin[whole] = _alike(parts, hue) & (parts.coverage < _SHOWN)
    patches = cv2.morphologyEx(thin, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not patches.any():
        return none
    regions, label = cv2.connectedComponents(patches, connectivity=8)
    border = (patches > 0) & (cv2.dilate((~whole).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    length = np.bincount(label[border], minlength=regions)
    steep = np.bincount(label[border & (_slope(seems) > _STEEP)], minlength=regions)
    gentle = (length >= _LEAST_BORDER_PX) & (2 * steep < length)
    gentle[0] = False
    found: Values = gentle[label]
    return found


def _purest(light: Values, screen: Values) -> Values | None:
    """The hue, float32 ``3``, of those pixels ``N x 3`` of the most common one in which least of the screen is seen;
    None where none is common."""
    hue = _average(light)
    for least, common in ((1.0, _LEAST_SHARE / 2), (0.95, _LEAST_SHARE)):
        parts = parted(light, screen, hue, np.float32(1))
        pure = _alike(parts, hue) & (parts.coverage >= least)
        if pure.mean() < common:
            return None
        hue = _average(light[pure])
    return hue


def _average(colours: Values) -> Values:
    mean: Values = colours.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _alike(parts: Parts, hue: Values) -> Values:
    ratio = parts.subject / np.maximum(parts.coverage, np.float32(0.05))
    length = np.float32(np.sqrt((hue * hue).sum()))
    alike: Values = (parts.off < np.float32(_OF_ONE_HUE) * length) & (ratio > _SHADES[0]) & (ratio < _SHADES[1])
    return alike


def _slope(matte: Values) -> Values:
    even = matte
    for size in _MEANS:
        even = _mean(even, size)
    across, down = (cv2.Sobel(even, cv2.CV_32F, x, 1 - x, scale=1 / 8, borderType=cv2.BORDER_REPLICATE) for x in (1, 0))
    steepness: Values = np.hypot(across, down)
    return steepness


def _mean(values: Values, size: int) -> Values:
    return cv2.blur(values, (size, size), borderType=cv2.BORDER_REPLICATE)
