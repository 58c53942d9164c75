"""Where to key next: which frames are the least certain, told from the solved frames alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.track.solved import SolvedFrame

_ALIKE = 1e-3  # confidences that differ by less say the same
_SAY = np.array([1.0, 2.0, 3.0, 2.0, 1.0])  # of a frame and of those around it in how sure it is


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A frame to key next, the rise in mean confidence over the clip that is expected of it, and why."""

    number: int
    gain: float
    reason: str


def suggest(solved: Sequence[SolvedFrame], keyed: Sequence[int]) -> Suggestion | None:
    """The frame that is least certain with those around it, or None when nothing is left to gain. Of frames that are
    alike in that, the one whose key is expected to help the others most. Neighbours go wrong together, so their mean
    says more of a frame than its own confidence does.

    Every frame has to be right in the end, so a key on a frame that is right already is lost, however many uncertain
    frames lie around it. The expected gain: a key makes its own frame right, and its neighbours the more so the nearer
    they are, so each frame's shortfall is taken to shrink as its distance to the nearest key does.
    """
    return next(iter(suggestions(solved, keyed, 1)), None)


def suggestions(solved: Sequence[SolvedFrame], keyed: Sequence[int], count: int) -> tuple[Suggestion, ...]:
    """Up to ``count`` frames to key, the most urgent first; fewer when nothing more is left to gain. Each is what
    :func:`suggest` would say if those before it were keyed and had helped as much as is expected of them."""
    numbers = np.array([frame.number for frame in solved], np.int64)
    now = np.array([1 - frame.confidence for frame in solved])
    far = len(numbers) + 1
    distances = np.min([np.abs(numbers - key) for key in keyed], axis=0) if len(keyed) else np.full(len(numbers), far)
    shortfall, found = now.copy(), list[Suggestion]()
    while len(solved) and len(found) < count:
        doubt = _around(numbers, shortfall, distances > 0)
        candidates = np.flatnonzero(doubt >= doubt.max() - _ALIKE)
        # a candidate at a time, so that memory grows with the clip and not with its square
        gains = [_gain(shortfall, np.abs(numbers - numbers[index]), distances) for index in candidates]
        best = int(np.argmax(np.round(gains, 9)))
        if gains[best] <= 1e-9:
            break
        index = candidates[best]
        known = _reason(solved[index]) if shortfall[index] == now[index] else None
        lowest = "is expected to be lowest around here then" if found else "is lowest around here"
        reason = known or f"confidence {lowest} ({1 - shortfall[index]:.2f})"
        found.append(Suggestion(solved[index].number, gains[best] / (len(solved) + len(keyed)), reason))
        nearest = np.minimum(np.abs(numbers - numbers[index]), distances)
        shortfall = shortfall * _left(nearest, distances)
        distances = nearest
    return tuple(found)


def _around(
    numbers: NDArray[np.int64], shortfall: NDArray[np.float64], unkeyed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The weighted mean of the shortfall of each frame and of those around it, as far as they are solved and not keyed;
    -1 where it is keyed itself. ``numbers`` rise."""
    reach = len(_SAY) // 2
    at = numbers - numbers[0] + reach
    known, total = np.zeros((2, at[-1] + reach + 1))
    known[at], total[at] = unkeyed, shortfall * unkeyed
    total, known = (np.convolve(x, _SAY, mode="same")[at] for x in (total, known))
    return np.where(unkeyed, total / np.maximum(known, 1), -1.0)


def _gain(shortfall: NDArray[np.float64], new: NDArray[np.int64], old: NDArray[np.int64]) -> float:
    """What goes from the shortfall when the distances to the nearest key go from ``old`` down to ``new``."""
    return float((shortfall * (1 - _left(new, old))).sum())


def _left(new: NDArray[np.int64], old: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each frame's shortfall that is left when its distance to the nearest key goes from ``old`` to
    ``new``, 0 to 1."""
    return np.asarray(np.minimum(new / np.maximum(old, 1), 1))


def _reason(frame: SolvedFrame) -> str | None:
    """Why a frame is uncertain, where more is known than that it is."""
    if frame.origin == "cut":
        return "no keyframe in this shot"
    if frame.disagreement > 0.2:
        return f"the passes from both sides disagree by {frame.disagreement:.0%}"
    if frame.origin == "absent":
        return "the subject was lost around here"
    return None
