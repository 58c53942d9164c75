"""Where a subject leaves, in a span whose far key says that it is absent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from roto.track.blend import Sure
from roto.track.state import State

_LEAST_PRESENCE = 0.35  # of a frame that still has the subject, on rendered clips that it leaves
_NOTHING_LEFT = 0.1  # below it the subject is gone: of 25 frames there on which a pass found it again, 2 were right
_DOUBT_AT_FIRST = 0.5  # whether it has left, where it seems to, on the same clips;
_DOUBT_FRAMES = 5.0  # in so many it falls to a third


def presence(state: State, sure: Sure) -> float:
    """How much speaks for a subject where a pass has carried it, 0 to 1: that what is there looks like it, and that
    the pass is sure of its edge. Either may fail alone: a dark corner looks like a dark subject, and motion blur like
    nothing that a key shows."""
    return math.sqrt(state.support * sure(state, state, None))


def leaves_at(presences: Sequence[float], when_absent: float = 0.0) -> int:
    """Index of the first frame without the subject, ``len(presences)`` when it is there to the last. ``presences`` is
    frame by frame from the key on, ``when_absent`` that of what the pass finds on the far key itself, where it cannot
    be the subject; the answer is the change point that fits them best, up to where nothing is left."""
    least = max(_LEAST_PRESENCE, when_absent)
    best, best_sum, total = 0, 0.0, 0.0
    for index, value in enumerate(presences, start=1):
        if value < _NOTHING_LEFT:
            break
        total += value - least
        if total >= best_sum:
            best, best_sum = index, total
    return best


def sure_of_absence(frames: int) -> float:
    """How sure it is, 0 to 1, that a subject is absent so many frames beyond the last one that has it."""
    return 1 - _DOUBT_AT_FIRST * math.exp(-(frames - 1) / _DOUBT_FRAMES)
