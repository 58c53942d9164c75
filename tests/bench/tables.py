"""The tables of the DAVIS benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from confidence import print_confidence
from sequences import groups

if TYPE_CHECKING:
    from davis import Score


def print_tables(scores: list[Score], names: list[str], counts: list[int]) -> None:
    """J&F of every method by sequence and group; of those that are roto's also flicker, confidence and speed."""
    flow = [score for score in scores if score.method == "flow"]
    for method in dict.fromkeys(score.method for score in scores):
        ours = [score for score in scores if score.method == method]
        print(f"\n{method:<34}" + "".join(f"{'K=' + str(k):>7}" for k in counts))
        rows = {name: [name] for name in names} | {f"mean, {title}": some for title, some in groups(names).items()}
        for title, members in rows.items():
            chosen = [score for score in ours if score.sequence in members]
            print_row(title, counts, chosen, lambda some: f"{100 * mean(some, 'jf'):7.1f}")
        if any(score.judged for score in ours):
            print_extras(ours, flow, names, counts)


def print_extras(ours: list[Score], flow: list[Score], names: list[str], counts: list[int]) -> None:
    if flow:
        print_least_gain(ours, flow, counts)
    print_row("mean, all, without smoothing", counts, ours, lambda some: f"{100 * mean(some, 'unsmoothed'):7.1f}")
    for title, field in (("flicker before, px", "flicker_before"), ("flicker after, px", "flicker_after")):
        print_row(title, counts, ours, lambda some, field=field: f"{mean(some, field):7.2f}")
    print_row("|confidence - J|", counts, ours, lambda some: f"{wrong_by(some):7.2f}")
    print_row("frames a second, fitting apart", counts, ours, lambda some: f"{speed(some):7.1f}")
    print_row("seconds of fitting a clip", counts, ours, lambda some: f"{mean(some, 'fitting'):7.1f}")
    rows = {}
    for title, members in groups(names).items():
        rows[title] = {
            k: [frame for s in ours if s.keyframes == k and s.sequence in members for frame in s.judged] for k in counts
        }
    print_confidence(rows)


def print_row(title: str, counts: list[int], scores: Sequence[Score], cell: Callable[[list[Score]], str]) -> None:
    """A cell for each number of keyframes that was scored."""
    by_count = [[score for score in scores if score.keyframes == k] for k in counts]
    print(f"  {title:<32}" + "".join(cell(some) if some else f"{'-':>7}" for some in by_count))


def print_least_gain(ours: list[Score], flow: list[Score], counts: list[int]) -> None:
    """How much better than flow alone on the sequence where that is least, and which one it is."""
    alone = {(score.sequence, score.keyframes): score.jf for score in flow}
    gains = [(100 * (s.jf - alone[s.sequence, s.keyframes]), s.keyframes, s.sequence) for s in ours]
    least = [min((gain for gain in gains if gain[1] == k), default=None) for k in counts]
    cells = "".join(f"{'-' if gain is None else format(gain[0], '+.1f'):>7}" for gain in least)
    print(f"  {'least gain over flow':<32}{cells}   {', '.join(gain[2] for gain in least if gain)}")


def mean(scores: Sequence[Score], field: str) -> float:
    return float(np.mean([getattr(score, field) for score in scores]))


def speed(scores: Sequence[Score]) -> float:
    return sum(score.frames for score in scores) / sum(score.seconds - score.fitting for score in scores)


def wrong_by(scores: Sequence[Score]) -> float:
    return float(np.mean([np.mean([abs(f.confidence - f.j) for f in score.judged]) for score in scores]))
