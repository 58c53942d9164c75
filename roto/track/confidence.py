"""Where to key next: which frame would gain the most, told from the solved frames alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roto.track.solved import SolvedFrame


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A frame to key next, the rise in mean confidence over the clip that is expected of it, and why."""

    number: int
    gain: float
    reason: str


def suggest(solved: Sequence[SolvedFrame], keyed: Sequence[int]) -> Suggestion | None:
    """The frame where the next keyframe is expected to help most, or None when nothing is left to gain.

    A key makes its own frame right, and its neighbours the more so the nearer they are: each frame's shortfall is
    taken to shrink as its distance to the nearest key does.
    """
    if not solved:
        return None
    numbers = np.array([frame.number for frame in solved])
    shortfall = np.array([1 - frame.confidence for frame in solved])
    far = len(numbers) + 1
    old = np.min([np.abs(numbers - key) for key in keyed], axis=0) if len(keyed) else np.full(len(numbers), far)
    # a candidate at a time, so that memory grows with the clip and not with its square
    gains = [float((shortfall * (1 - np.minimum(np.abs(numbers - n) / np.maximum(old, 1), 1))).sum()) for n in numbers]
    best = int(np.argmax(np.round(gains, 9)))
    if gains[best] <= 1e-9:
        return None
    return Suggestion(int(numbers[best]), gains[best] / (len(solved) + len(keyed)), _reason(solved[best]))


def _reason(frame: SolvedFrame) -> str:
    if frame.origin == "cut":
        return "no keyframe in this shot"
    if frame.disagreement > 0.2:
        return f"the passes from both sides disagree by {frame.disagreement:.0%}"
    if frame.origin == "absent":
        return "the subject was lost around here"
    return f"confidence is lowest around here ({frame.confidence:.2f})"
