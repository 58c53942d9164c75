"""A layer's life as a picture: confidence along time, keyframes, cuts, and where each frame comes from.

Everything is measured in per cent of the width, so that the drawing stretches with the page. However long the clip,
at most :data:`COLUMNS` columns are drawn; a column of many frames shows the lowest confidence among them, because a
dip is what a person looks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COLUMNS = 400


@dataclass(frozen=True, slots=True)
class Column:
    """A few neighbouring frames: left edge and width in per cent, their lowest confidence, and what hovering says."""

    left: float
    width: float
    confidence: float
    title: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of frames of one origin."""

    left: float
    width: float
    origin: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in time: its place in per cent and its label."""

    left: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """``line`` and ``area`` are SVG path data in a 100 x 100 view box with confidence 1 at the top."""

    columns: tuple[Column, ...]
    line: str
    area: str
    stretches: tuple[Stretch, ...]
    keys: tuple[Mark, ...]
    cuts: tuple[Mark, ...]
    suggested: Mark | None
    ticks: tuple[Mark, ...]


def draw_timeline(
    numbers: Sequence[int],
    confidences: Sequence[float],
    likely_good: Sequence[float],
    origins: Sequence[str],
    keyed: Sequence[int],
    cuts: Sequence[int] = (),
    suggested: int | None = None,
) -> Timeline:
    """The timeline of consecutive frame ``numbers`` (at least one). Confidences outside [0, 1] are clipped;
    ``likely_good`` is told when hovering."""
    first, last = numbers[0], numbers[-1]
    columns = _columns(numbers, confidences, likely_good, origins)
    points = [(column.left + column.width / 2, 100 * (1 - column.confidence)) for column in columns]
    points = [(0.0, points[0][1]), *points, (100.0, points[-1][1])]
    line = "M" + "L".join(f"{x:.2f} {y:.1f}" for x, y in points)
    return Timeline(
        columns=columns,
        line=line,
        area=f"{line}L100 100L0 100Z",
        stretches=_stretches(numbers, origins),
        keys=_thinned(keyed, first, last, "keyframe"),
        cuts=_thinned(cuts, first, last, "cut at frame"),
        suggested=None if suggested is None else Mark(_centre(suggested, first, last), f"key frame {suggested} next"),
        ticks=tuple(Mark(_centre(number, first, last), str(number)) for number in tick_numbers(first, last)),
    )


def tick_numbers(first: int, last: int, most: int = 10) -> tuple[int, ...]:
    """Round frame numbers for the axis, about ``most`` of them, with the first and last frame always among them."""
    span = max(last - first, 1)
    step = next(
        step for power in range(12) for step in (10**power, 2 * 10**power, 5 * 10**power) if span / step <= most
    )
    inner = range(-(-first // step) * step, last + 1, step)
    clear = [number for number in inner if number - first >= step / 2 and last - number >= step / 2]
    return tuple(sorted({first, *clear, last}))


def _centre(number: int, first: int, last: int) -> float:
    return round(100 * (number - first + 0.5) / (last - first + 1), 3)


def _columns(
    numbers: Sequence[int], confidences: Sequence[float], likely_good: Sequence[float], origins: Sequence[str]
) -> tuple[Column, ...]:
    total = len(numbers)
    count = min(total, COLUMNS)
    columns = []
    for place in range(count):
        start, stop = place * total // count, (place + 1) * total // count
        low = min(min(max(value, 0.0), 1.0) for value in confidences[start:stop])
        good = f"{min(likely_good[start:stop]):.0%} likely good"
        if stop - start == 1:
            title = f"frame {numbers[start]}: confidence {low:.2f}, {good}, {origins[start]}"
        else:
            title = f"frames {numbers[start]}-{numbers[stop - 1]}: confidence at least {low:.2f}, at least {good}"
        left, right = 100 * start / total, 100 * stop / total
        columns.append(Column(round(left, 3), round(right - left, 3), round(low, 4), title))
    return tuple(columns)


def _stretches(numbers: Sequence[int], origins: Sequence[str]) -> tuple[Stretch, ...]:
    """Runs of one origin; where there are more than can be seen, a column keeps the origin of its first frame."""
    total = len(numbers)
    count = min(total, COLUMNS)
    starts = [place * total // count for place in range(count)]
    edges = [start for i, start in enumerate(starts) if i == 0 or origins[start] != origins[starts[i - 1]]]
    runs = []
    for start, stop in zip(edges, [*edges[1:], total], strict=True):
        origin = origins[start]
        span = f"frame {numbers[start]}" if stop - start == 1 else f"frames {numbers[start]}-{numbers[stop - 1]}"
        width = 100 * (stop - start) / total
        runs.append(Stretch(round(100 * start / total, 3), round(width, 3), origin, f"{span}: {origin}"))
    return tuple(runs)


def _thinned(numbers: Sequence[int], first: int, last: int, word: str) -> tuple[Mark, ...]:
    """Marks of the numbers in range, at most one a column."""
    total = last - first + 1
    count = min(total, COLUMNS)
    seen: dict[int, Mark] = {}
    for number in sorted(numbers):
        if first <= number <= last:
            seen.setdefault((number - first) * count // total, Mark(_centre(number, first, last), f"{word} {number}"))
    return tuple(seen.values())
