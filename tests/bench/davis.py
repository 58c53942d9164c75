"""Accuracy on DAVIS-2016: what the product reaches with K keyframes, beside two simple methods.

    python tests/bench/davis.py --data DIR [--keyframes 1,3,5,9] [--sequences a,b] [--json FILE] [--workers N]

DIR holds JPEGImages/480p and Annotations/480p. Keyframes are true masks at K equally spaced frames (K = 1: the first)
and are left out of the score, J&F in percent, the mean of region similarity and contour accuracy.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from measures import contour_accuracy, error_flicker, region_similarity

from roto.models import Models
from roto.signed_distance import signed_distance
from roto.solve import solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.span import Key, split_spans

REACH_PX = 1000.0  # the simple methods do not clamp: an empty mask is as far from an edge as can be
PROPAGATOR = Models().propagator(TrackOptions())
FLICKER = True  # measure it; False saves a second blend and a flow a frame
METHODS = ("roto", "flow", "interpolation")
Distances = dict[int, NDArray[np.float32]]


@dataclass(frozen=True)
class Clip:
    name: str
    rgb: list[NDArray[np.uint8]]
    truth: list[NDArray[np.bool_]]

    def read(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for number in range(first, last + 1) if first <= last else range(first, last - 1, -1):
            yield number, self.rgb[number]


@dataclass(frozen=True)
class Score:
    sequence: str
    keyframes: int
    method: str
    j: float
    f: float
    flicker_before: float | None
    flicker_after: float | None
    confidence_error: float | None  # mean |confidence - J|
    unsmoothed: float | None  # J&F with smoothing off
    seconds: float
    frames: int

    @property
    def jf(self) -> float:
        return (self.j + self.f) / 2


class MemoryJournal:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], bytes] = {}

    def load(self, name: str, number: int) -> bytes | None:
        return self._kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self._kept[name, number] = data


def load_clip(data: Path, name: str) -> Clip:
    pictures = sorted((data / "JPEGImages" / "480p" / name).glob("*.jpg"))
    masks = sorted((data / "Annotations" / "480p" / name).glob("*.png"))
    if not pictures or len(pictures) != len(masks):
        raise SystemExit(f"{data}: sequence {name} has {len(pictures)} pictures and {len(masks)} masks")
    rgb = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in pictures]
    truth = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127 for path in masks]
    return Clip(name, [np.asarray(x, np.uint8) for x in rgb], truth)


def keyframes(count: int, frames: int) -> list[int]:
    """K equally spaced frames, the first alone for K = 1."""
    return [0] if count == 1 else sorted({round(x) for x in np.linspace(0, frames - 1, count)})


# --- methods: each gives a signed distance for every frame that is not keyed ---


def by_roto(
    clip: Clip, keyed: list[int], smoothing: SmoothOptions, journals: dict[int, MemoryJournal]
) -> tuple[Distances, dict[int, float]]:
    """The product's own way, through its public functions, and its confidences. ``journals`` keeps the passes, by a
    span's first frame, so that other smoothing does not run them again."""
    found, confidence = {}, {}
    height, width = clip.truth[0].shape
    keys = [Key(number, clip.truth[number].astype(np.float32)) for number in keyed]
    for span in split_spans(keys, 0, len(clip.rgb) - 1):
        journal = journals.setdefault(span.first, MemoryJournal())
        for frame in solve_span(span, clip.read, PROPAGATOR, TrackOptions(), smoothing, journal):
            found[frame.number] = frame.signed_distance(width, height)
            confidence[frame.number] = frame.confidence
    return found, confidence


def by_interpolation(clip: Clip, keyed: list[int]) -> Distances:
    """Signed distances of the neighbouring keyframes, mixed linearly in time."""
    known = {number: distance_of(clip.truth[number]) for number in keyed}
    found = {}
    for number in range(len(clip.rgb)):
        a = max((k for k in keyed if k <= number), default=keyed[0])
        b = min((k for k in keyed if k >= number), default=keyed[-1])
        share = (number - a) / (b - a) if b > a else 0.0
        found[number] = (1 - share) * known[a] + share * known[b]
    return found


def by_flow(clip: Clip, keyed: list[int]) -> Distances:
    """DIS flow alone, both ways, mixed linearly in time."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in clip.rgb]

    def carried(start: int, end: int) -> Distances:
        step = 1 if end > start else -1
        distance, found = distance_of(clip.truth[start]), {}
        for number in range(start + step, end + step, step):
            distance = warped(distance, flow.calc(grey[number], grey[number - step], None))
            if number % 4 == 0:
                distance = distance_of(distance > 0)
            found[number] = distance
        return found

    found = {} if keyed[0] == 0 else carried(keyed[0], 0)
    for a, b in pairwise(keyed):
        if b - a > 1:
            ahead, back = carried(a, b - 1), carried(b, a + 1)
            found |= {t: ((b - t) * ahead[t] + (t - a) * back[t]) / (b - a) for t in range(a + 1, b)}
    return found if keyed[-1] == len(grey) - 1 else found | carried(keyed[-1], len(grey) - 1)


def distance_of(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    return signed_distance(mask.astype(np.float32), REACH_PX)


def warped(distance: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = distance.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(
        cv2.remap(
            distance, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


# --- scoring ---


def score_clip(data: Path, name: str, counts: list[int], methods: tuple[str, ...]) -> list[Score]:
    cv2.setNumThreads(1)
    clip = load_clip(data, name)
    scores = []
    for count in counts:
        keyed = keyframes(count, len(clip.rgb))
        scores += [score_method(clip, keyed, method) for method in methods]
    return scores


def score_method(clip: Clip, keyed: list[int], method: str) -> Score:
    started = time.perf_counter()
    confidence: dict[int, float] = {}
    before = after = wrong = unsmoothed = None
    if method == "roto":
        journals: dict[int, MemoryJournal] = {}
        found, confidence = by_roto(clip, keyed, SmoothOptions(), journals)
    else:
        found = (by_flow if method == "flow" else by_interpolation)(clip, keyed)
    seconds = time.perf_counter() - started
    scored = [t for t in range(len(clip.rgb)) if t not in keyed]
    j = {t: region_similarity(found[t] > 0, clip.truth[t]) for t in scored}
    f = [contour_accuracy(found[t] > 0, clip.truth[t]) for t in scored]
    if method == "roto":
        if FLICKER:
            raw, _ = by_roto(clip, keyed, SmoothOptions(enabled=False), journals)
            before, after = flicker(clip, raw), flicker(clip, found)
            inside = {t: raw[t] > 0 for t in scored}
            both = (region_similarity, contour_accuracy)
            unsmoothed = float(np.mean([measure(inside[t], clip.truth[t]) for t in scored for measure in both]))
        wrong = float(np.mean([abs(confidence[t] - j[t]) for t in scored]))
    mean_j = float(np.mean(list(j.values())))
    count = len(keyed)
    return Score(
        clip.name, count, method, mean_j, float(np.mean(f)), before, after, wrong, unsmoothed, seconds, len(scored)
    )


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


def print_table(scores: list[Score], names: list[str], counts: list[int]) -> None:
    def cell(count: int, method: str, name: str | None = None) -> str:
        chosen = [s for s in scores if (s.keyframes, s.method) == (count, method) and name in (None, s.sequence)]
        return f"{100 * np.mean([s.jf for s in chosen]):7.1f}" if chosen else "      -"

    methods = [m for m in METHODS if any(s.method == m for s in scores)]
    for method in methods:
        print(f"\n{method:<20}" + "".join(f"{'K=' + str(k):>7}" for k in counts))
        for name in names:
            print(f"  {name:<18}" + "".join(cell(k, method, name) for k in counts))
        print(f"  {'mean':<18}" + "".join(cell(k, method) for k in counts))
    ours = [s for s in scores if s.method == "roto"]
    if not ours:
        return
    rough = [[s.unsmoothed for s in ours if s.keyframes == k] for k in counts]
    if all(v is not None for row in rough for v in row):
        print(f"  {'without smoothing':<18}" + "".join(f"{100 * np.mean(row):7.1f}" for row in rough))
    for title, field in (
        ("flicker before, px", "flicker_before"),
        ("flicker after, px", "flicker_after"),
        ("|confidence - J|", "confidence_error"),
    ):
        values = [[getattr(s, field) for s in ours if s.keyframes == k] for k in counts]
        if all(v is not None for row in values for v in row):
            print(f"{title:<20}" + "".join(f"{np.mean(row):7.3f}" for row in values))
    print(
        f"{'frames a second':<20}"
        + "".join(
            f"{sum(s.frames for s in ours if s.keyframes == k) / sum(s.seconds for s in ours if s.keyframes == k):7.1f}"
            for k in counts
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--keyframes", default="1,3,5,9", help="numbers of keyframes, with commas")
    parser.add_argument("--sequences", help="names, with commas; all of them by default")
    parser.add_argument("--json", type=Path, help="write every score to this file")
    parser.add_argument("--workers", type=int, default=2, help="sequences that are scored at the same time")
    parser.add_argument("--only", choices=METHODS, help="one method alone")
    args = parser.parse_args()
    folder = args.data / "JPEGImages" / "480p"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not a folder")
    names = args.sequences.split(",") if args.sequences else sorted(p.name for p in folder.iterdir())
    counts = [int(k) for k in args.keyframes.split(",")]
    methods = (args.only,) if args.only else METHODS
    with ProcessPoolExecutor(args.workers) as pool:
        jobs = [pool.submit(score_clip, args.data, name, counts, methods) for name in names]
        scores = []
        for name, job in zip(names, jobs, strict=True):
            scores += job.result()
            print(f"{name} done", file=sys.stderr, flush=True)
    print_table(scores, names, counts)
    if args.json:
        args.json.write_text(json.dumps([asdict(s) | {"jf": s.jf} for s in scores], indent=1) + "\n")


if __name__ == "__main__":
    main()
