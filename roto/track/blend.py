"""Joining the two passes of a span into one edge a frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.signed_distance import redistanced
from roto.track.state import BAND_PX, State, absent_state, crop_state

_AGREE_PX = 20.0  # where the chains of both sides differ by less, flow is right and re-segmentation can only harm
_POWER = 2.0  # a pass counts with the inverse square of its frames since the key: errors grow faster than they add up
# Of the rough estimate of intersection over union, fitted to what passes reach on real footage.
_DISAGREEMENT_COST, _SHARED_DRIFT_COST = 0.45, 1.4
_DRIFT_COST, _AGE_COST = 0.5, 0.004
_CONTRADICTION_COST = 0.35  # of a segmenter's answer that was not followed


@dataclass(frozen=True, slots=True, eq=False)
class Blended:
    """A frame's edge before smoothing, where it comes from, and how well the passes agree (their intersection over
    union; 1 where there is only one)."""

    state: State
    origin: str  # "forward", "backward", "both", "absent" or "cut"
    agreement: float
    confidence: float


def blend(forward: State | None, backward: State | None, share: float, number: int) -> Blended:
    """Frame ``number``: one edge from the passes at hand; None where the span has no such pass. ``share`` is how far
    the frame lies on the way from the left key (0) to the right one (1)."""
    known = {
        name: state
        for name, state in (("forward", forward), ("backward", backward))
        if state is not None and not state.cut
    }
    if not known:
        return Blended(absent_state(number, cut=True), "cut", 1.0, 0.0)
    if len(known) == 1:
        ((name, state),) = known.items()
        return Blended(state, "absent" if state.empty else name, 1.0, _confidence(state))
    return _both(known["forward"], known["backward"], share)


def gone(number: int) -> Blended:
    """Frame ``number`` where a key says that the subject has left."""
    return Blended(absent_state(number), "absent", 1.0, 1.0)


def _both(forward: State, backward: State, share: float) -> Blended:
    near = forward if share < 0.5 else backward
    if forward.empty and backward.empty:
        return Blended(near, "absent", 1.0, _confidence(near))
    if forward.empty or backward.empty:
        # the subject is there at both keys, so the pass without it has lost it, behind something most likely
        name, found = ("backward", backward) if forward.empty else ("forward", forward)
        return Blended(found, name, 0.0, 0.5 * _confidence(found))
    window = forward.box.union(backward.box)
    a, b = forward.distance(window), backward.distance(window)
    flow_a, flow_b = forward.chained(window), backward.chained(window)
    trust = np.exp(-np.square(cv2.blur(np.abs(flow_a - flow_b), (7, 7)) / np.float32(_AGREE_PX)))
    # a mix of two distances is none any more, and its edge would be too soft
    mixed = redistanced(trust * _mix(flow_a, flow_b, share) + (1 - trust) * _mix(a, b, share))
    agreement = overlap(a, b)
    confidence = (1 - _DISAGREEMENT_COST * (1 - agreement)) * float(np.exp(-_SHARED_DRIFT_COST * _drift(near)))
    confidence *= _uncontradicted(near)
    state = crop_state(forward.number, mixed, window, motion_px=max(forward.motion_px, backward.motion_px))
    return Blended(state, "both", agreement, confidence)


def _mix(a: NDArray[np.float32], b: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    share_b = np.float32(share**_POWER / (share**_POWER + (1 - share) ** _POWER))
    return (1 - share_b) * np.clip(a, -BAND_PX, BAND_PX) + share_b * np.clip(b, -BAND_PX, BAND_PX)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of the insides of two signed distances; 1 when both are empty."""
    inside_a, inside_b = a > 0, b > 0
    union = np.count_nonzero(inside_a | inside_b)
    return np.count_nonzero(inside_a & inside_b) / union if union else 1.0


def _confidence(state: State) -> float:
    """Of a pass that nothing confirms."""
    return float(np.exp(-_DRIFT_COST * _drift(state) - _AGE_COST * state.age)) * _uncontradicted(state)


def _uncontradicted(state: State) -> float:
    """1 where the segmenter that was asked on the way, if any, says the same."""
    return 1 - _CONTRADICTION_COST * (1 - state.agreement)


def _drift(state: State) -> float:
    """Accumulated error against the subject's size."""
    return state.drift_px / max(float(np.sqrt(np.count_nonzero(state.patch > 0))), 1.0)
