"""Where a subject leaves, in a span whose far key says that it is absent."""

from __future__ import annotations

from collections.abc import Sequence

_LOST_SHARE = 0.5  # of the support that the subject had when it set out


def leaves_at(support: Sequence[float]) -> int:
    """Index of the first frame without the subject, ``len(support)`` when it is there to the last.

    ``support`` says, frame by frame from the key on, how much of what was carried still looks like the subject. The
    answer is the change point that fits best: support before it above half of what it was at first, after it below.
    """
    if not support:
        return 0
    level = _LOST_SHARE * support[0]
    best, best_sum, total = 0, 0.0, 0.0
    for index, value in enumerate(support, start=1):
        total += value - level
        if total >= best_sum:
            best, best_sum = index, total
    return best
