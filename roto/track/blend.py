"""Joining the two passes of a span into one edge a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from roto.track.state import State, absent_state

# Of the rough estimate of intersection over union, fitted to what passes reach on real footage.
_DISAGREEMENT_COST, _SHARED_DRIFT_COST = 0.45, 1.4
_DRIFT_COST, _AGE_COST = 0.5, 0.004
_LOST = 0.3  # of a frame where no pass has the subject, though no key says that it is absent
_CONTRADICTION_COST = 0.35  # of a segmenter's answer that was not followed

GOOD_IOU = 0.8  # intersection over union with the truth, from which on a frame is called good
_GOOD_CENTRE = 0.68  # confidence at which as many frames are good as are not, on the tuning half of DAVIS
_GOOD_SLOPE = 20.0  # per unit of confidence, of the log-odds that a frame is good


@dataclass(frozen=True, slots=True, eq=False)
class Blended:
    """A frame's edge before smoothing, where it comes from, and how well the passes agree (their intersection over
    union; 1 where there is only one)."""

    state: State
    origin: str  # "forward", "backward", "both", "absent" or "cut"
    agreement: float
    confidence: float


Join = Callable[[State, State], State]
Sure = Callable[[State, State, float | None], float]
"""``sure(state, near, agreement)``: the confidence of a frame's state, 0 to 1; ``near`` is the state of the pass whose
key is the nearer one, ``agreement`` the overlap of both passes, None where there is one alone."""


def blend(forward: State | None, backward: State | None, number: int, nearer: str, join: Join, sure: Sure) -> Blended:
    """Frame ``number``: one edge from the passes at hand; None where the span has no such pass. ``nearer`` is the pass
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
        return Blended(state, "absent" if state.empty else name, 1.0, sure(state, state, None))
    a, b, near = known["forward"], known["backward"], known[nearer]
    if a.empty and b.empty:
        return Blended(near, "absent", 1.0, sure(near, near, None))
    state, agreement = join(a, b), agreement_of(a, b)
    if a.empty or b.empty:
        name, found = ("backward", b) if a.empty else ("forward", a)
        return Blended(state, "absent" if state.empty else name, agreement, sure(state, found, agreement))
    return Blended(state, "absent" if state.empty else "both", agreement, sure(state, near, agreement))


def likely_good(confidence: float) -> float:
    """Probability, 0 to 1, that a frame of this confidence has an intersection over union of at least
    :data:`GOOD_IOU` with the truth: a logistic function of the confidence (Platt's scaling)."""
    return 1 / (1 + math.exp(-_GOOD_SLOPE * (confidence - _GOOD_CENTRE)))


def between(state: State, beside: Sequence[Blended], nearer: str, sure: Sure, sides_agree: float | None) -> Blended:
    """A frame that no pass has looked at and that was found as ``state`` from those ``beside`` it; next to a key there
    is one alone. ``nearer`` and ``sure`` as in :func:`blend`, where the key alone has told of it. ``sides_agree``: the
    overlap of what either side says of the frame, None where there is one alone; flow may fail on the way from frames
    that are right, so nothing is surer than this."""
    if state.empty:
        return Blended(state, "cut" if state.cut else "absent", 1.0, min((b.confidence for b in beside), default=1.0))
    near = [b for b in beside if not b.state.empty]
    confidence = sum(b.confidence for b in near) / len(near) if near else sure(state, state, None)
    if sides_agree is not None:
        confidence = min(confidence, sides_agree)
    origins = {b.origin for b in near} or {nearer}
    agreement = sum(b.agreement for b in near) / len(near) if near else 1.0
    return Blended(state, origins.pop() if len(origins) == 1 else "both", agreement, confidence)


def gone(number: int, confidence: float) -> Blended:
    """Frame ``number`` where a key says that the subject has left."""
    return Blended(absent_state(number), "absent", 1.0, confidence)


def agreement_of(forward: State, backward: State) -> float:
    """Intersection over union of the two passes."""
    window = forward.box.union(backward.box)
    return overlap(forward.distance(window), backward.distance(window))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of the insides of two signed distances; 1 when both are empty."""
    inside_a, inside_b = a > 0, b > 0
    union = np.count_nonzero(inside_a | inside_b)
    return np.count_nonzero(inside_a & inside_b) / union if union else 1.0


def sure_by_rule(state: State, near: State, agreement: float | None) -> float:
    """Confidence from the drift of the passes and from how well they agree; see :data:`Sure`."""
    if state.empty:
        return _LOST
    if agreement is None:
        return float(np.exp(-_DRIFT_COST * _drift(near) - _AGE_COST * near.age)) * _uncontradicted(near)
    if agreement == 0:  # what one pass alone has found is worth half
        return 0.5 * sure_by_rule(state, near, None)
    shared = (1 - _DISAGREEMENT_COST * (1 - agreement)) * float(np.exp(-_SHARED_DRIFT_COST * _drift(near)))
    return shared * _uncontradicted(near)


def _uncontradicted(state: State) -> float:
    """1 where the segmenter that was asked on the way, if any, says the same."""
    return 1 - _CONTRADICTION_COST * (1 - state.agreement)


def _drift(state: State) -> float:
    """Accumulated error against the subject's size."""
    return state.drift_px / max(float(np.sqrt(np.count_nonzero(state.patch > 0))), 1.0)
