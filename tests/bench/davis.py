"""Accuracy on DAVIS-2016: what the product reaches with K keyframes, beside simple methods.

    python tests/bench/davis.py --data DIR [--keyframes 1,2,3,5,9] [--sequences a,b] [--quality fast,normal,best]
        [--propagator NAME] [--only METHOD] [--json FILE] [--workers N]

DIR holds JPEGImages/480p and Annotations/480p. Keyframes are true masks at K equally spaced frames (K = 1: the first)
and are left out of the score, J&F in percent, the mean of region similarity and contour accuracy. Means are taken over
all sequences, and over the half that choices are made on and the half that they are checked on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from baselines import BASELINES, Distances, distance_of, warped
from confidence import Judged
from measures import contour_accuracy, error_flicker, region_similarity
from sequences import Clip, Run, keyframes, load_clip, sequence_names, track_options, workers
from tables import print_tables

from roto.models import Models
from roto.solve import SolvedFrame
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions

ROTO = "roto"
Methods = dict[str, TrackOptions | None]  # a name in the tables; without options it is a baseline's


@dataclass(frozen=True)
class Score:
    sequence: str
    keyframes: int
    method: str
    j: float
    f: float
    seconds: float
    frames: int
    fitting: float = 0.0  # seconds of it that went into fitting to the keyframes
    flicker_before: float | None = None
    flicker_after: float | None = None
    unsmoothed: float | None = None  # J&F with smoothing off
    judged: list[Judged] = field(default_factory=list)

    @property
    def jf(self) -> float:
        return (self.j + self.f) / 2


def score_clip(data: Path, name: str, counts: list[int], methods: Methods) -> list[Score]:
    clip = load_clip(data, name)
    return [
        score_baseline(clip, keyframes(count, len(clip.rgb)), method)
        if options is None
        else score_roto(clip, keyframes(count, len(clip.rgb)), method, options)
        for count in counts
        for method, options in methods.items()
    ]


def score_baseline(clip: Clip, keyed: list[int], method: str) -> Score:
    started = time.perf_counter()
    found = BASELINES[method](clip, keyed)
    seconds = time.perf_counter() - started
    j, f = agreement(clip, found, keyed)
    return Score(clip.name, len(keyed), method, mean(j), mean(f), seconds, len(j))


def score_roto(clip: Clip, keyed: list[int], method: str, options: TrackOptions) -> Score:
    run = Run(clip, Models().propagator(options), options)
    started = time.perf_counter()
    solved = by_roto(run, keyed, SmoothOptions())
    seconds, fitting = time.perf_counter() - started, run.fitting
    found, rough = distances(clip, solved), distances(clip, by_roto(run, keyed, SmoothOptions(enabled=False)))
    j, f = agreement(clip, found, keyed)
    j_rough, f_rough = agreement(clip, rough, keyed)
    return Score(
        clip.name,
        len(keyed),
        method,
        mean(j),
        mean(f),
        seconds,
        len(j),
        fitting,
        flicker(clip, rough),
        flicker(clip, found),
        (mean(j_rough) + mean(f_rough)) / 2,
        [Judged(t, solved[t].confidence, solved[t].likely_good, j[t]) for t in j],
    )


def by_roto(run: Run, keyed: list[int], smoothing: SmoothOptions) -> dict[int, SolvedFrame]:
    return {frame.number: frame for span in run.clip.spans(keyed) for frame in run.solve(span, smoothing)}


def distances(clip: Clip, solved: dict[int, SolvedFrame]) -> Distances:
    height, width = clip.truth[0].shape
    return {number: frame.signed_distance(width, height) for number, frame in solved.items()}


def agreement(clip: Clip, found: Distances, keyed: list[int]) -> tuple[dict[int, float], dict[int, float]]:
    """J and F of every frame that is not keyed."""
    inside = {t: found[t] > 0 for t in range(len(clip.rgb)) if t not in keyed}
    j = {t: region_similarity(mask, clip.truth[t]) for t, mask in inside.items()}
    return j, {t: contour_accuracy(mask, clip.truth[t]) for t, mask in inside.items()}


def mean(values: dict[int, float]) -> float:
    return float(np.mean(list(values.values())))


def flicker(clip: Clip, found: Distances) -> float:
    """Mean error flicker over neighbouring frames that are not keyed."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in clip.rgb]
    values = []
    for t in sorted(found):
        if t - 1 not in found:
            continue
        truth, truth_before = distance_of(clip.truth[t]), distance_of(clip.truth[t - 1])
        limit = 32.0
        error = np.clip(found[t], -limit, limit) - np.clip(truth, -limit, limit)
        error_before = np.clip(found[t - 1], -limit, limit) - np.clip(truth_before, -limit, limit)
        value = error_flicker(error, warped(error_before, flow.calc(grey[t], grey[t - 1], None)), truth)
        if value is not None:
            values.append(value)
    return float(np.mean(values)) if values else 0.0


def chosen_methods(only: str | None, qualities: list[str], propagator: str | None) -> Methods:
    """By their names in the tables, in their order."""
    methods: Methods = {name: None for name in BASELINES if only in (None, name)}
    if only in (None, ROTO):
        for quality in qualities or [None]:
            name = " ".join(word for word in (ROTO, propagator, quality) if word)
            methods[name] = track_options(quality, propagator)
    return methods


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--keyframes", default="1,2,3,5,9", help="numbers of keyframes, with commas")
    parser.add_argument("--sequences", help="names, with commas; all of them by default")
    parser.add_argument("--quality", default="", help="qualities, with commas, a row each; the default one by default")
    parser.add_argument("--propagator", help="who carries the keyframes; the default one by default")
    parser.add_argument("--only", choices=(*BASELINES, ROTO), help="one method alone")
    parser.add_argument("--json", type=Path, help="write every score to this file")
    parser.add_argument("--workers", type=int, default=2, help="sequences that are scored at the same time")
    args = parser.parse_args()
    names = sequence_names(args.data, args.sequences)
    counts = [int(k) for k in args.keyframes.split(",")]
    methods = chosen_methods(args.only, [q for q in args.quality.split(",") if q], args.propagator)
    with workers(args.workers) as pool:
        jobs = [pool.submit(score_clip, args.data, name, counts, methods) for name in names]
        scores = []
        for name, job in zip(names, jobs, strict=True):
            scores += job.result()
            print(f"{name} done", file=sys.stderr, flush=True)
    print_tables(scores, names, counts)
    if args.json:
        args.json.write_text(json.dumps([asdict(s) | {"jf": s.jf} for s in scores], indent=1) + "\n")


if __name__ == "__main__":
    main()
