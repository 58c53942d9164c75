"""Unmixing: how much of a pixel is the subject, where the screen behind it is known and the subject's colour nearly so.

A pixel is ``alpha F + (1 - alpha) B``. The screen's colour B is known; for the subject's colour F there are a few
suggestions, taken from the places where the subject is whole: the nearest of them, the nearest that lies deeper inside
(close to an edge what seems whole may be mixed), the nearest deep inside, the mean of all, and what the user picked.
Under each suggestion alpha follows by least squares, the subject's brightness left free to a degree, as cloth and hair
need; how well it explains the pixel is its likelihood, and the answer is the mean of all by that: Y.-Y. Chuang,
B. Curless, D. Salesin and R. Szeliski, "A Bayesian Approach to Digital Matting" (CVPR 2001), with suggestions in place
of clusters as E. Gastal and M. Oliveira take them in "Shared Sampling for Real-Time Alpha Matting" (Eurographics 2010).

Once the subject's colour is settled, alpha follows by least squares with the noise that each channel has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from roto.keying.picture import Values

_BRIGHTNESS = np.float32(0.12)  # how far the subject's brightness varies, as a share
VARIES = np.float32(0.05)  # how far its colour does
_NOISE = np.float32(0.035)  # of the picture
_RESERVE = np.float32(3.0)  # what explains a pixel with less of the subject is likelier by exp of this much
_DEPTHS = ((1 / 7, 0.1), (3 / 7, 0.3), (1.0, 1.0))  # shares of the reach, and how likely a suggestion from there is
_REACH = 3.0  # suggestions fade over so many times the reach
_MEAN, _PICKED = 0.3, 10.0
_DIFFERENCE = np.float32(1e-4)  # how likely the plain colour difference is beside them
_LEAST_PLAIN = np.float32(0.1)  # coverage that is divided by
_BRIGHTER = np.float32(0.05)  # how much brighter than its model a screen may be
_SETTLED, _SETTLED_BRIGHTNESS = np.float32(0.025), np.float32(0.06)  # how far a settled colour and its brightness vary


class Suggestion(NamedTuple):
    """A colour of the subject, float32 ``N x 3`` or ``3``, how far it varies, and how likely it is, ``N`` or a
    number."""

    colour: Values
    varies: np.float32
    likely: Values | np.float32


class Subject(NamedTuple):
    """Where the subject is whole, and its colours there; ``H x W`` and ``H x W x 3``."""

    depth: Values
    colours: Values


def whole_subject(light: Values, matte: Values, enough: float) -> Subject:
    """From a first matte: how many pixels deep each lies in what is whole, and the colours, noise evened out."""
    whole = (cv2.blur(np.clip(matte, 0, 1), (3, 3), borderType=cv2.BORDER_REPLICATE) > enough).astype(np.uint8)
    # beyond the border the subject goes on
    wide = cv2.copyMakeBorder(whole, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    if wide.all():
        depth: Values = np.full(matte.shape, np.float32(1e6))
    else:
        depth = cv2.distanceTransform(wide, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    known = whole.astype(np.float32)
    count = cv2.blur(known, (3, 3), borderType=cv2.BORDER_REPLICATE)
    sums = cv2.blur(light * known[..., None], (3, 3), borderType=cv2.BORDER_REPLICATE)
    return Subject(np.ascontiguousarray(depth), sums / np.maximum(count, np.float32(1e-3))[..., None])


def suggestions(subject: Subject, reach_px: float, where: Values, picked: Sequence[Values]) -> list[Suggestion]:
    """For the pixels ``where`` (``H x W`` of bool)."""
    found = []
    deep = None
    for share, likely in _DEPTHS:
        within = subject.depth >= max(share * reach_px, 1.0)
        if not within.any():
            continue
        deep = within
        away, place = _nearest(within)
        fading = np.exp(-away[where] / np.float32(_REACH * reach_px)) * np.float32(likely)
        found.append(Suggestion(subject.colours.reshape(-1, 3)[place[where]], VARIES, fading))
    if deep is not None:
        found.append(_mean(subject.colours[deep]))
    found += [Suggestion(colour, VARIES, np.float32(_PICKED)) for colour in picked]
    return found


class Unmixed(NamedTuple):
    """Alpha, ``N``, not clipped at 0, the subject's colour, ``N x 3``, and whether a suggestion explains the pixel."""

    alpha: Values
    colour: Values
    explained: Values


def unmixed(light: Values, screen: Values, difference: Values, told: Sequence[Suggestion]) -> Unmixed:
    """Pixels ``N x 3`` before the screen, unmixed by all that is suggested.

    difference: what the plain colour difference says, for where no suggestion explains a pixel.
    """
    apart = light - screen
    by_difference = np.float32(_DIFFERENCE * np.exp(-_RESERVE))
    total = np.full(len(light), by_difference)
    plain = _plain(difference, apart, screen)
    alpha = total * plain
    # the colour that the subject has if that is its coverage
    colour = total[:, None] * np.clip(screen + apart / np.maximum(plain, _LEAST_PLAIN)[:, None], 0, 1)
    for suggestion in told:
        own = suggestion.colour
        way = own - screen
        free = _BRIGHTNESS**2 / (suggestion.varies**2 + _BRIGHTNESS**2 * dot(own, own))
        # the inverse of the subject's covariance times the way to it, by Sherman and Morrison
        toward = way - own * (dot(own, way) * free)[:, None]
        along = np.minimum(dot(toward, apart) / np.maximum(dot(toward, way), np.float32(1e-5)), 1)
        share = np.clip(along, 0, 1)
        off = apart - share[:, None] * way
        by_brightness = dot(off, np.broadcast_to(own, off.shape))
        unlike = (dot(off, off) - by_brightness**2 * free * share**2) / (_NOISE**2 + share**2 * suggestion.varies**2)
        weight = suggestion.likely * np.exp(np.float32(-0.5) * np.maximum(unlike, 0) - _RESERVE * share)
        alpha += weight * along
        colour += weight[:, None] * own
        total += weight
    return Unmixed(alpha / total, colour / total[:, None], total > 2 * by_difference)


def unmixed_with(colour: Values, light: Values, screen: Values, difference: Values, noise: Values) -> Values:
    """Alpha, ``N``, not clipped at 0, of pixels whose subject's ``colour``, ``N x 3``, is settled.

    noise: variance of the light, ``N x 3``; the rest as for :func:`unmixed`.
    """
    apart, way = light - screen, colour - screen
    rough = np.clip(dot(way, apart) / np.maximum(dot(way, way), np.float32(1e-5)), 0, 1) ** 2
    weight = 1 / (noise + (rough * _SETTLED**2)[:, None])
    heavy = colour * weight
    shades = rough * _SETTLED_BRIGHTNESS**2
    toward = way * weight
    toward -= heavy * (dot(heavy, way) * shades / (1 + shades * dot(heavy, colour)))[:, None]
    along = np.minimum(dot(toward, apart) / np.maximum(dot(toward, way), np.float32(1e-9)), 1)
    plain = _plain(difference, apart, screen)
    apart -= np.clip(along, 0, 1)[:, None] * way
    allowed = _NOISE**2 + rough * (_SETTLED**2 + _SETTLED_BRIGHTNESS**2 * dot(colour, colour))
    likely = np.exp(np.float32(-0.5) * dot(apart, apart) / allowed)
    alpha: Values = (along * likely + plain * _DIFFERENCE) / (likely + _DIFFERENCE)
    return alpha


def _plain(difference: Values, apart: Values, screen: Values) -> Values:
    """A colour difference, at most 1 and at least what a subject would have to cover that is white: light of the
    screen's own hue that is brighter than the screen is not the screen's."""
    white = (apart - _BRIGHTER) / np.maximum(1 - screen, _BRIGHTER)
    plain = difference
    for channel in range(3):
        plain = np.maximum(plain, white[:, channel])
    return np.minimum(plain, 1)


def _mean(colours: Values) -> Suggestion:
    """The mean of all, as likely as they are of one colour."""
    mean = colours.mean(axis=0, dtype=np.float64)
    hue = mean / np.sqrt((mean * mean).sum() + 1e-6)
    off = colours - mean
    off = off - (off @ hue)[:, None] * hue
    varies = np.sqrt(float(VARIES) ** 2 + float((off * off).sum(axis=1).mean()) / 2)
    likely = _MEAN * (float(VARIES) / varies) ** 3
    return Suggestion(mean.astype(np.float32), np.float32(varies), np.float32(likely))


def _nearest(within: Values) -> tuple[Values, Values]:
    """Distance to the nearest pixel that is within, and its flat index, both ``H x W``."""
    away, label = cv2.distanceTransformWithLabels(
        (~within).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(int(label.max()) + 1, np.int64)
    place[label[within]] = np.flatnonzero(within)
    return away, place[label]


def dot(first: Values, second: Values) -> Values:
    total: Values = first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1] + first[..., 2] * second[..., 2]
    return total
