"""How far roto's confidence can be trusted: does it order frames as the truth does, and are its odds what they say?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from measures import spearman

from roto.track.blend import GOOD_IOU


@dataclass(frozen=True)
class Judged:
    """One solved frame against the truth: its confidence, the probability that it reports of an intersection over
    union of at least ``GOOD_IOU``, and its true intersection over union."""

    number: int
    confidence: float
    probability: float
    j: float


@dataclass(frozen=True)
class Decile:
    """A tenth of the frames, ordered by what they report: their number, mean probability, and the share that was
    good."""

    frames: int
    reported: float
    observed: float


def rank_correlation(frames: Sequence[Judged]) -> float:
    return spearman([f.confidence for f in frames], [f.j for f in frames])


def deciles(frames: Sequence[Judged]) -> list[Decile]:
    """Tenths of equal size."""
    reported = np.array([frame.probability for frame in frames])
    good = np.array([frame.j >= GOOD_IOU for frame in frames])
    parts = [part for part in np.array_split(np.argsort(reported, kind="stable"), 10) if len(part)]
    return [Decile(len(part), float(reported[part].mean()), float(good[part].mean())) for part in parts]


def print_confidence(rows: dict[str, dict[int, list[Judged]]]) -> None:
    """``rows``: by the title of a group, the frames of each number of keyframes."""
    for title, by_count in rows.items():
        every = [f for frames in by_count.values() for f in frames]
        cells = "".join(f"{rank_correlation(frames):7.2f}" for frames in by_count.values())
        print(f"  {'rank correlation, ' + title:<32}{cells}   all {rank_correlation(every):.2f}")
    for title, by_count in rows.items():
        found = deciles([f for frames in by_count.values() for f in frames])
        print(f"  probability of J >= {GOOD_IOU} in percent, by tenths of the frames, {title}")
        print("    reported " + "".join(f"{100 * decile.reported:6.0f}" for decile in found))
        print("    observed " + "".join(f"{100 * decile.observed:6.0f}" for decile in found))
        print(f"    farthest apart {100 * max(abs(decile.reported - decile.observed) for decile in found):.0f}")
