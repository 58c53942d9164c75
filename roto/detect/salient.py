"""The salient subject: what colour parts from the picture's border, nearer the middle the better."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.find import Find, border_share, parts, shrunk, surroundings, without_repeats
from roto.detect.separate import separate
from roto.segment.barrier import barrier_distance
from roto.segment.colour import Lab, to_lab

_LOOK_PX = 160  # longer side of the picture in which saliency is measured
_BLUR_PX = 0.8
_CORNER = 0.15  # of the lower edge, at either end, that is background
_LEAST_CONTRAST = 40.0  # barrier in Lab levels, all channels together, of anything that stands out
_MIDDLE = 0.35  # standard deviation of the prior for the middle, as a share of the picture
_LEVELS = (0.35, 0.5, 0.65)  # of the saliency, at which subjects are cut out
_STEEPNESS = 8.0  # log-odds that a step of the whole saliency is worth
_REPEATED = 0.6
_LEAST_SCORE = 0.11
_LEAST_DIFFERENCE = 0.45  # share of a subject's colours that its surroundings lack; texture stays below
_BIN_LEVELS = np.array([32, 16, 16])
_WEIGHT = 0.6  # against motion, which errs less


def find_salient(rgb: NDArray[np.uint8]) -> list[Find]:
    """Subjects that stand out of a working picture, the best first; none in a picture where nothing does.

    The saliency is cut at several levels, since nothing says how much of it is one subject; of cuts that are alike
    the one that differs most from its surroundings is kept.
    """
    saliency = saliency_of(rgb)
    lab = to_lab(rgb)
    found: list[Find] = []
    for level in _LEVELS if saliency.any() else ():
        evidence = np.asarray(np.float32(_STEEPNESS) * (saliency - np.float32(level)), np.float32)
        cut = separate(lab, evidence) > 0.5
        found += [Find("salient", part, _score(part, saliency, lab)) for part in parts(cut)]
    return without_repeats([find for find in found if find.score >= _LEAST_SCORE], _REPEATED)


def saliency_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much each pixel stands out, float32 ``H x W``, 1 where it does most; all 0 in a picture without contrast."""
    height, width = rgb.shape[:2]
    smooth = np.asarray(cv2.GaussianBlur(to_lab(shrunk(rgb, _LOOK_PX)), (0, 0), _BLUR_PX), np.uint8)
    barrier = barrier_distance(smooth, _background_border(*smooth.shape[:2]))
    if float(barrier.max()) < _LEAST_CONTRAST:
        return np.zeros((height, width), np.float32)
    weighted = cv2.GaussianBlur(barrier * _middle(barrier.shape[1], barrier.shape[0]), (0, 0), 1.0)
    return np.asarray(cv2.resize(weighted / weighted.max(), (width, height)), np.float32)


def _background_border(height: int, width: int) -> NDArray[np.bool_]:
    """The border of the picture without most of its lower edge, where subjects stand or are cut off."""
    border = np.zeros((height, width), bool)
    border[0] = border[:, 0] = border[:, -1] = True
    corner = round(_CORNER * width)
    border[-1, :corner] = border[-1, width - corner :] = True
    return border


def _middle(width: int, height: int) -> NDArray[np.float32]:
    """A prior for the middle of the picture, 1 there."""
    across, down = (
        np.exp(-((((np.arange(length) + 0.5) / length - 0.5) / _MIDDLE) ** 2) / 2) for length in (width, height)
    )
    return np.asarray(down[:, None] * across[None], np.float32)


def _score(inside: NDArray[np.bool_], saliency: NDArray[np.float32], lab: Lab) -> float:
    """How much more a part stands out than its surroundings, 0 to 1; less where it leaves the picture, and 0 where
    its colours are those of its surroundings."""
    around = surroundings(inside)
    if not around.any():
        return 0.0
    difference = 1.0 - float(np.minimum(_histogram(lab[inside]), _histogram(lab[around])).sum())
    if difference < _LEAST_DIFFERENCE:
        return 0.0
    contrast = float(saliency[inside].mean()) - float(saliency[around].mean())
    return _WEIGHT * max(contrast, 0.0) * difference * max(1 - 2 * border_share(inside), 0.0)


def _histogram(colours: Lab) -> NDArray[np.float64]:
    """Shares of the colours, ``N x 3``, in bins of 32 levels of lightness and 16 of a and b."""
    bins = colours.astype(np.int64) // _BIN_LEVELS @ np.array([256, 16, 1])
    return np.asarray(np.bincount(bins, minlength=8 * 256) / len(colours), np.float64)
