"""Where to key next: which frame would gain the most, told from the solved frames alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    numbers = [frame.number for frame in solved]
    best, best_gain = None, 0.0
    for candidate in numbers:
        gain = 0.0
        for frame in solved:
            old = min((abs(frame.number - key) for key in keyed), default=len(numbers))
            new = min(old, abs(frame.number - candidate))
            gain += (1 - frame.confidence) * (1 - new / old) if old else 0.0
        if gain > best_gain + 1e-9:
            best, best_gain = candidate, gain
    if best is None:
        return None
    frame = solved[numbers.index(best)]
    return Suggestion(best, best_gain / (len(numbers) + len(keyed)), _reason(frame))


def _reason(frame: SolvedFrame) -> str:
    if frame.origin == "cut":
        return "no keyframe in this shot"
    if frame.disagreement > 0.2:
        return f"the passes from both sides disagree by {frame.disagreement:.0%}"
    if frame.origin == "absent":
        return "the subject was lost around here"
    return f"confidence is low around here ({frame.confidence:.2f})"
