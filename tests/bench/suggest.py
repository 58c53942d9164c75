"""Keyframes until every frame of a sequence is right: where roto suggests them, beside an oracle and equal spacing.

    python tests/bench/suggest.py --data DIR [--sequences a,b] [--target 0.9] [--most 25] [--quality Q]
        [--propagator NAME] [--json FILE] [--workers N]

DIR holds JPEGImages/480p and Annotations/480p. A frame is right once its region similarity with the truth is at least
the target. roto and the oracle start with the first frame keyed and get one keyframe at a time, a true mask: roto where
`roto suggest` says, which never looks at the truth, the oracle on the frame that is truly worst. Equal spacing gets the
least number at which every frame is right. The truth says when to stop. A number has a "+" where that takes more than
--most keyframes; nothing is compared where the oracle needs more.

Only spans whose keyframes changed are solved again, and the three share what they solve: with the classical propagator
it takes one to three CPU minutes a sequence.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measures import region_similarity
from sequences import Clip, Run, groups, keyframes, load_clip, sequence_names, track_options, workers

from roto.models import Models
from roto.solve import SolvedFrame, suggest
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.span import Span

WAYS = ("oracle", "roto", "equal spacing")


@dataclass(frozen=True)
class Placed:
    """Where one way put its keyframes, in its order, and the lowest region similarity that was left; ``reached`` False
    where it gave up."""

    sequence: str
    frames: int
    way: str
    keyed: list[int]
    worst: float
    reached: bool

    @property
    def count(self) -> int:
        return len(self.keyed)


@dataclass(frozen=True)
class Found:
    """A solved frame and its true region similarity."""

    frame: SolvedFrame
    j: float


Choose = Callable[[list[Found], list[int]], int | None]


@dataclass
class Solver:
    """A sequence under any keyframes. A span is solved once."""

    clip: Clip
    propagator: Propagator
    options: TrackOptions
    _known: dict[tuple[int | None, int | None], list[Found]] = field(default_factory=dict)

    def solve(self, keyed: list[int]) -> list[Found]:
        return [found for span in self.clip.spans(keyed) for found in self.span(span)]

    def span(self, span: Span) -> list[Found]:
        ends = (span.left.number if span.left else None, span.right.number if span.right else None)
        if ends not in self._known:
            self._known[ends] = list(self._solved(span))
        return self._known[ends]

    def _solved(self, span: Span) -> Iterator[Found]:
        height, width = self.clip.truth[0].shape
        for frame in Run(self.clip, self.propagator, self.options).solve(span, SmoothOptions()):
            inside = frame.signed_distance(width, height) > 0
            yield Found(frame, float(region_similarity(inside, self.clip.truth[frame.number])))


def as_suggested(found: list[Found], keyed: list[int]) -> int | None:
    suggestion = suggest([each.frame for each in found], keyed)
    return None if suggestion is None else suggestion.number


def truly_worst(found: list[Found], keyed: list[int]) -> int:
    return min(found, key=lambda each: each.j).frame.number


def one_at_a_time(solver: Solver, way: str, choose: Choose, target: float, most: int) -> Placed:
    keyed: list[int] = [0]
    while True:
        found = solver.solve(sorted(keyed))
        worst = min((each.j for each in found), default=1.0)
        number = None if worst >= target or len(keyed) == most else choose(found, sorted(keyed))
        if number is None:
            return Placed(solver.clip.name, len(solver.clip.rgb), way, keyed, worst, worst >= target)
        keyed.append(number)


def equally_spaced(solver: Solver, target: float, most: int) -> Placed:
    """Every number from one keyframe on is tried. The span with the frame that was wrong last is looked at first, since
    one wrong frame is enough."""
    wrong = 0
    for count in range(1, most + 1):
        keyed, worst = keyframes(count, len(solver.clip.rgb)), 1.0
        for span in sorted(solver.clip.spans(keyed), key=lambda span: not span.first <= wrong <= span.last):
            lowest = min(solver.span(span), key=lambda each: each.j)
            worst = min(worst, lowest.j)
            if worst < target:
                wrong = lowest.frame.number
                break
        if worst >= target:
            break
    return Placed(solver.clip.name, len(solver.clip.rgb), WAYS[2], keyed, worst, worst >= target)


def place(data: Path, name: str, options: TrackOptions, target: float, most: int) -> list[Placed]:
    solver = Solver(load_clip(data, name), Models().propagator(options), options)
    return [
        one_at_a_time(solver, WAYS[0], truly_worst, target, most),
        one_at_a_time(solver, WAYS[1], as_suggested, target, most),
        equally_spaced(solver, target, most),
    ]


def print_table(rows: dict[str, list[Placed]]) -> None:
    print(f"{'':<24}{'frames':>7}" + "".join(f"{way:>15}" for way in WAYS) + f"{'roto/oracle':>13}{'roto/equal':>13}")
    for name, placed in rows.items():
        print_row(name, [placed])
    for title, members in groups(list(rows)).items():
        compared = [rows[name] for name in members if rows[name][0].reached]
        if compared:
            print_row(f"{title}, {len(compared)} compared", compared)


def print_row(title: str, sequences: list[list[Placed]]) -> None:
    """Sums over sequences, and their ratios; "+" where one of them gave up, so that it is more than that."""
    totals, more = [], []
    for way in range(len(WAYS)):
        placed = [each[way] for each in sequences]
        totals.append(sum(each.count for each in placed))
        more.append("" if all(each.reached for each in placed) else "+")
    cells = "".join(f"{f'{total}{sign}':>15}" for total, sign in zip(totals, more, strict=True))
    oracle, ours, equal = totals
    over_oracle = "-" if more[0] else f"{ours / oracle:.2f}{more[1]}"
    over_equal = "-" if more[0] or (more[1] and more[2]) else f"{ours / equal:.2f}{'+' if more[1] else ''}"
    if more[2] and not more[1] and not more[0]:
        over_equal = f"<{over_equal}"
    frames = sum(each[0].frames for each in sequences)
    print(f"{title:<24}{frames:>7}{cells}{over_oracle:>13}{over_equal:>13}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--sequences", help="names, with commas; all of them by default")
    parser.add_argument("--target", type=float, default=0.9, help="region similarity that every frame has to reach")
    parser.add_argument("--most", type=int, default=25, help="keyframes after which a way gives up")
    parser.add_argument("--quality", help="the default one by default")
    parser.add_argument("--propagator", help="who carries the keyframes; the default one by default")
    parser.add_argument("--json", type=Path, help="write every placement to this file")
    parser.add_argument("--workers", type=int, default=2, help="sequences that are solved at the same time")
    args = parser.parse_args()
    names = sequence_names(args.data, args.sequences)
    options, started = track_options(args.quality, args.propagator), time.perf_counter()
    with workers(args.workers) as pool:
        jobs = [pool.submit(place, args.data, name, options, args.target, args.most) for name in names]
        rows = {}
        for name, job in zip(names, jobs, strict=True):
            rows[name] = job.result()
            print(f"{name} done", file=sys.stderr, flush=True)
    print_table(rows)
    print(f"{time.perf_counter() - started:.0f} seconds, {args.workers} at a time")
    if args.json:
        args.json.write_text(json.dumps([asdict(placed) for row in rows.values() for placed in row], indent=1) + "\n")


if __name__ == "__main__":
    main()
