"""From a likelihood at each pixel to a region, its measures, and how sure it is."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.separate import separate
from roto.semantic.look import Look, Plane

Odds = NDArray[np.float32]
Inside = NDArray[np.bool_]

_FLOOR = 0.01
_NEAR_PX, _FAR_PX = 1, 4  # the ring around a region, in working pixels


class Judged(NamedTuple):
    """inside: bool ``H x W`` of the working picture. confidence: the intersection over union with the truth that is
    expected, 0 to 1. why: what it rests on, or what is missing."""

    inside: Inside
    confidence: float
    why: str


def log_odds(likelihood: Plane, weight: float, lean: float) -> Odds:
    """Log-odds of a likelihood from 0 to 1, ``weight`` times, plus ``lean``."""
    sure = np.clip(likelihood, _FLOOR, 1 - _FLOOR)
    return np.asarray(np.float32(weight) * np.log(sure / (1 - sure)) + np.float32(lean), np.float32)


def probability(odds: Odds) -> Plane:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def cut_out(look: Look, odds: Odds) -> Inside:
    """The region that the odds, and colours learned from them, speak for."""
    return np.asarray(separate(look.lab, odds) > 0.5)


def pieces(inside: Inside) -> list[Inside]:
    """The connected pieces of a region, in reading order."""
    count, labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)
    return [labels == label for label in range(1, count)]


def ring(inside: Inside, near_px: int = _NEAR_PX, far_px: int = _FAR_PX) -> Inside:
    """What lies just around a region."""
    far, near = (
        cv2.dilate(inside.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0 for reach in (far_px, near_px)
    )
    return np.asarray(far & ~near)


def colour_of(look: Look, where: Inside) -> NDArray[np.float64]:
    """Mean lightness, a and b of some pixels; there must be one."""
    planes = (look.lightness, look.green_red, look.blue_yellow)
    return np.array([float(plane[where].mean(dtype=np.float64)) for plane in planes])


def share(value: float, none: float, full: float) -> float:
    """0 at ``none`` or worse, 1 at ``full`` or better, linear between."""
    return float(min(max((value - none) / (full - none), 0.0), 1.0))


def nothing(look: Look, why: str) -> Judged:
    return Judged(np.zeros(look.lightness.shape, bool), 0.0, why)
