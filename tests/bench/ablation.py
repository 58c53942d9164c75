"""What each part of the learned propagator is worth: J&F without it, on DAVIS-2016.

    python tests/bench/ablation.py --data DIR [--keyframes 1,3] [--sequences a,b] [--without PART,PART] [--workers N]

DIR holds JPEGImages/480p and Annotations/480p. The networks are those that are packaged: trained with all parts, so a
part's row is what it is worth to them, and not what would be left of them had they never known it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from davis import agreement, by_roto, distances, mean
from sequences import Run, groups, keyframes, load_clip, sequence_names, track_options, workers

from roto.segment.colour import Lab
from roto.temporal.options import SmoothOptions
from roto.track import step
from roto.track.components import tidy
from roto.track.learned import fuse, propagate
from roto.track.learned.planes import NOTHING
from roto.track.learned.propagate import LearnedPropagator
from roto.track.mix import mixed
from roto.track.propagators import PROPAGATORS, Parts
from roto.weights.own import own_weights

ALL = "everything"


def _without_fit(propagator: LearnedPropagator) -> None:
    propagator._effort = replace(propagator._effort, fit_steps=0)


def _without_memory(propagator: LearnedPropagator) -> None:
    remember = propagator.networks.remember
    propagator.networks.remember = lambda shown: remember(np.stack([NOTHING]))  # type: ignore[method-assign]


def _without_fusion(propagator: LearnedPropagator) -> None:
    propagator.join = lambda forward, backward, share, rgb: mixed(forward, backward, share)  # type: ignore[method-assign]


def _without_plausible(propagator: LearnedPropagator) -> None:
    propagate.plausible = lambda odds, carried, looks, area_px: odds


class _Silent:
    """Colours that say nothing."""

    def log_odds(self, lab: Lab) -> NDArray[np.float32]:
        return np.zeros(lab.shape[:2], np.float32)


def _without_global(propagator: LearnedPropagator) -> None:
    propagate.keyframe_colours = lambda *_: _Silent()


def _without_pieces(propagator: LearnedPropagator) -> None:
    step.tidy = fuse.tidy = lambda distance, odds: tidy(distance)


def _without_chains(propagator: LearnedPropagator) -> None:
    fuse._with_flow = lambda distance, forward, backward, share, view: distance


def _without_smoothing(propagator: LearnedPropagator) -> None:
    """See :func:`score`."""


PARTS: dict[str, Callable[[LearnedPropagator], None]] = {
    ALL: lambda propagator: None,
    "fitted looks": _without_fit,
    "memory of the keyframes": _without_memory,
    "colours of the keyframes": _without_global,
    "fusion network": _without_fusion,
    "rule for far pieces": _without_plausible,
    "small pieces that are sure": _without_pieces,
    "chains that agree": _without_chains,
    "smoothing": _without_smoothing,
}
PATCHED = (
    (propagate, "plausible"),
    (propagate, "keyframe_colours"),
    (fuse, "_with_flow"),
    (fuse, "tidy"),
    (step, "tidy"),
)


@dataclass(frozen=True)
class Row:
    sequence: str
    keyframes: int
    without: str
    jf: float


def score(data: Path, name: str, counts: list[int], without: str) -> list[Row]:
    """In a process of its own kind: a part is taken out for good."""
    clip, options = load_clip(data, name), track_options(None, "learned")
    kept: list[tuple[Any, str, Any]] = [(module, name, getattr(module, name)) for module, name in PATCHED]
    rows = []
    for count in counts:
        propagator = PROPAGATORS["learned"](options, Parts(weights=own_weights()["learned"]))
        propagator.networks = copy(propagator.networks)  # those of the process stay whole
        PARTS[without](propagator)  # type: ignore[arg-type]
        keyed = keyframes(count, len(clip.rgb))
        smoothing = SmoothOptions(enabled=without != "smoothing")
        j, f = agreement(clip, distances(clip, by_roto(Run(clip, propagator, options), keyed, smoothing)), keyed)
        rows.append(Row(name, count, without, 50 * (mean(j) + mean(f))))
    for module, attribute, value in kept:
        setattr(module, attribute, value)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--keyframes", default="1,3", help="numbers of keyframes, with commas")
    parser.add_argument("--sequences", help="names, with commas; all of them by default")
    parser.add_argument("--without", default=",".join(PARTS), help="parts, with commas; all of them by default")
    parser.add_argument("--workers", type=int, default=2, help="sequences that are scored at the same time")
    args = parser.parse_args()
    names = sequence_names(args.data, args.sequences)
    counts = [int(k) for k in args.keyframes.split(",")]
    parts = args.without.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise SystemExit(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    with workers(args.workers) as pool:
        jobs = [pool.submit(score, args.data, name, counts, part) for part in parts for name in names]
        rows = [row for job in jobs for row in job.result()]
    print_table(rows, names, counts, parts)


def print_table(rows: list[Row], names: list[str], counts: list[int], parts: list[str]) -> None:
    """Mean J&F over each group of sequences."""
    for title, group in groups(names).items():
        print(f"\n{title + ', without':<28}" + "".join(f"{'K=' + str(count):>8}" for count in counts))
        for part in parts:
            values = [
                np.mean([r.jf for r in rows if (r.keyframes, r.without) == (count, part) and r.sequence in group])
                for count in counts
            ]
            print(f"  {'nothing' if part == ALL else part:<26}" + "".join(f"{value:8.1f}" for value in values))


if __name__ == "__main__":
    main()
