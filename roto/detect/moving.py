"""The moving subject: what the background's motion does not explain.

A pixel is judged by two things, over several neighbouring frames. How far its flow departs from the background's says
roughly where something moves, but flow smears beyond a subject's edge. Whether the background's motion predicts the
pixel's own colour is sharp, but says nothing where all is one colour; there, colour models decide. What is uncovered
behind a subject is visible on one side in time, so that the side where the background explains it counts (as for
occlusions in Ochs, Malik and Brox, "Segmentation of Moving Objects by Long Term Video Analysis", PAMI 2014).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.background import split_motion
from roto.detect.find import Find, border_share, parts, surroundings, without_repeats
from roto.detect.separate import separate
from roto.motion.flow import Flow, dense_flow, grey, one_thread
from roto.motion.warp import round_trip_error, warp
from roto.segment.colour import Lab, to_lab

OFFSETS = (-4, -2, -1, 1, 2, 4)  # frames that are compared with the one in question

_HALFWAY = 4.0  # residual motion, in units of noise, that is as likely a subject as not
_DOUBT_PX = 4.0  # forward-backward error at which a flow counts a third
_LEAST_TRUST = 0.05
_MOTION_WEIGHT, _MOTION_LOW, _MOTION_HIGH = 3.0, -4.0, 0.4
_COLOUR_WEIGHT, _COLOUR_CAP = 3.0, 3.0
_ERROR_CAP = 4.0  # of colour errors, in units of noise
_FLOW_SHARE = 0.85  # of the flow's own colour error that is held against it
_DOUBTFUL = 0.4  # colour error in favour of a subject that means nothing yet
_ERROR_FLOOR = 2.0  # in 8-bit Lab levels, all channels together
_SMOOTHING_PX = 1.0
_LEAST_MOVING = 0.35  # mean share of a subject that must move by itself
_REPEATED = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """moving: how much each pixel moves by itself, 0 to 1. log_odds: for a subject. Both float32 ``H x W``.
    motion: that motion in pixels a frame, forward in time, ``H x W x 2``."""

    moving: NDArray[np.float32]
    log_odds: NDArray[np.float32]
    motion: Flow


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """What one neighbour says: the share of motion that is a pixel's own, how far to trust it, and by how much better
    its own flow explains the pixel's colour than the background's motion does."""

    moving: NDArray[np.float32]
    trust: NDArray[np.float32]
    unexplained: NDArray[np.float32]
    motion: Flow


def find_moving(rgb: NDArray[np.uint8], neighbours: Mapping[int, NDArray[np.uint8]]) -> list[Find]:
    """Subjects that move otherwise than the background, the best first; none where nothing does.

    rgb and neighbours: working pictures of one size; a neighbour's key is by how many frames it follows (negative:
    precedes), and all show the same shot.
    """
    if not neighbours:
        return []
    lab = to_lab(rgb)
    with one_thread():
        evidence = motion_evidence(rgb, neighbours)
        inside = separate(lab, evidence.log_odds) > 0.5
        found = [Find("motion", part, _score(part, evidence.moving)) for part in parts(inside, evidence.motion)]
    return without_repeats([find for find in found if find.score > 0], _REPEATED)


def motion_evidence(rgb: NDArray[np.uint8], neighbours: Mapping[int, NDArray[np.uint8]]) -> Evidence:
    """What at least one neighbour says together. To be run within :func:`roto.motion.flow.one_thread`."""
    pairs = {offset: _compare(rgb, other) for offset, other in sorted(neighbours.items())}
    trust = sum(pair.trust for pair in pairs.values())
    moving = np.asarray(sum(pair.moving * pair.trust for pair in pairs.values()) / trust, np.float32)
    likely = np.clip(moving, 0.01, 0.99)
    odds = np.clip(_MOTION_WEIGHT * np.log(likely / (1 - likely)), _MOTION_LOW, _MOTION_HIGH)
    sides = [
        np.mean([pair.unexplained for offset, pair in pairs.items() if (offset > 0) is after], axis=0)
        for after in (False, True)
        if any((offset > 0) is after for offset in pairs)
    ]
    colour = np.clip(_COLOUR_WEIGHT * (np.min(sides, axis=0) - _DOUBTFUL), -_COLOUR_CAP, _COLOUR_CAP)
    motion = sum(pair.motion * (pair.trust / trust)[..., None] / offset for offset, pair in pairs.items())
    return Evidence(moving, np.asarray(odds + colour, np.float32), np.asarray(motion, np.float32))


def _compare(rgb: NDArray[np.uint8], other: NDArray[np.uint8]) -> _Pair:
    here, there = grey(rgb), grey(other)
    flow, back = dense_flow(here, there), dense_flow(there, here)
    motions = split_motion(flow)
    moving = motions.residual / (motions.residual + np.float32(_HALFWAY))
    trust = np.exp(-round_trip_error(flow, back) / np.float32(_DOUBT_PX)) + np.float32(_LEAST_TRUST)
    by_background = _colour_error(to_lab(rgb), to_lab(other), motions.background)
    by_flow = _colour_error(to_lab(rgb), to_lab(other), flow)
    noise = np.float32(max(float(np.median(by_background)), _ERROR_FLOOR))
    cap = np.float32(_ERROR_CAP)
    unexplained = np.minimum(by_background / noise, cap) - np.float32(_FLOW_SHARE) * np.minimum(by_flow / noise, cap)
    return _Pair(moving, trust, unexplained, flow - motions.background)


def _colour_error(lab: Lab, other: Lab, motion: Flow) -> NDArray[np.float32]:
    """How badly a motion predicts each pixel: summed absolute differences of Lab, smoothed."""
    difference = np.abs(lab.astype(np.float32) - warp(other.astype(np.float32), motion)).sum(axis=2)
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), _SMOOTHING_PX), np.float32)


def _score(inside: NDArray[np.bool_], moving: NDArray[np.float32]) -> float:
    """How surely a part moves by itself and its surroundings do not, 0 to 1; less where it leaves the picture, and 0
    where too little of it moves."""
    own = float(moving[inside].mean())
    around = float(moving[surroundings(inside)].mean()) if surroundings(inside).any() else 0.0
    if own < _LEAST_MOVING:
        return 0.0
    return max(own - around / 2, 0.0) * (1 - border_share(inside))
