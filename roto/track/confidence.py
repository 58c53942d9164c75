"""Where to key next: which frame is the least certain, told from the solved frames alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.track.solved import SolvedFrame

_ALIKE = 1e-3  # confidences that differ by less say the same


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A frame to key next, the rise in mean confidence over the clip that is expected of it, and why."""

    number: int
    gain: float
    reason: str


def suggest(solved: Sequence[SolvedFrame], keyed: Sequence[int]) -> Suggestion | None:
    """The least certain frame, or None when nothing is left to gain. Of frames that are alike in that, the one whose
    key is expected to help the others most.

    Every frame has to be right in the end, so a key on a frame that is right already is lost, however many uncertain
    frames lie around it. The expected gain: a key makes its own frame right, and its neighbours the more so the nearer
    they are, so each frame's shortfall is taken to shrink as its distance to the nearest key does.
    """
    if not solved:
        return None
    numbers = np.array([frame.number for frame in solved])
    shortfall = np.array([1 - frame.confidence for frame in solved])
    far = len(numbers) + 1
    old = np.min([np.abs(numbers - key) for key in keyed], axis=0) if len(keyed) else np.full(len(numbers), far)
    # a candidate at a time, so that memory grows with the clip and not with its square
    candidates = np.flatnonzero(shortfall >= shortfall.max() - _ALIKE)
    gains = [_gain(shortfall, np.abs(numbers - numbers[index]), old) for index in candidates]
    best = int(np.argmax(np.round(gains, 9)))
    if gains[best] <= 1e-9:
        return None
    frame = solved[candidates[best]]
    return Suggestion(frame.number, gains[best] / (len(solved) + len(keyed)), _reason(frame))


def _gain(shortfall: NDArray[np.float64], new: NDArray[np.int64], old: NDArray[np.int64]) -> float:
    """What goes from the shortfall when the distances to the nearest key go from ``old`` down to ``new``."""
    return float((shortfall * (1 - np.minimum(new / np.maximum(old, 1), 1))).sum())


def _reason(frame: SolvedFrame) -> str:
    if frame.origin == "cut":
        return "no keyframe in this shot"
    if frame.disagreement > 0.2:
        return f"the passes from both sides disagree by {frame.disagreement:.0%}"
    if frame.origin == "absent":
        return "the subject was lost around here"
    return f"confidence is lowest here ({frame.confidence:.2f})"
