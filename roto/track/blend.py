"""Joining the two passes of a span into one edge a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from roto.track.state import State, absent_state

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


Join = Callable[[State, State], State]


def blend(forward: State | None, backward: State | None, number: int, near: str, join: Join) -> Blended:
    """Frame ``number``: one edge from the passes at hand; None where the span has no such pass. ``near`` is the pass
    whose key is the nearer one, ``join`` makes one state of two that have the subject between them."""
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
    return _both(known["forward"], known["backward"], known[near], join)


def gone(number: int) -> Blended:
    """Frame ``number`` where a key says that the subject has left."""
    return Blended(absent_state(number), "absent", 1.0, 1.0)


def _both(forward: State, backward: State, near: State, join: Join) -> Blended:
    if forward.empty and backward.empty:
        return Blended(near, "absent", 1.0, _confidence(near))
    state = join(forward, backward)
    if forward.empty or backward.empty:
        name, found = ("backward", backward) if forward.empty else ("forward", forward)
        return Blended(state, name, 0.0, 0.5 * _confidence(found))
    window = forward.box.union(backward.box)
    agreement = overlap(forward.distance(window), backward.distance(window))
    confidence = (1 - _DISAGREEMENT_COST * (1 - agreement)) * float(np.exp(-_SHARED_DRIFT_COST * _drift(near)))
    confidence *= _uncontradicted(near)
    return Blended(state, "both", agreement, confidence)


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
