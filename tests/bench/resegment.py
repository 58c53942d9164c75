"""What a segmenter inside the span gains or costs on DAVIS-2016, by how well it answers.

    python tests/bench/resegment.py --data DIR [--sequences a,b] [--keyframes 1,3] [--kinds local,good,mixed]
        [--frames N] [--every N] [--workers N] [--json FILE]

DIR holds JPEGImages/480p and Annotations/480p. Stand-ins answer from the true masks, each kind wrong in its own way
and always sure of itself; "local" is the span without a segmenter. Keyframes are true masks at K equally spaced frames
(K = 1: the first) and are left out of the score.

Printed for each K, by kind: J by sequence, the means of J, J&F and |confidence - J|, and what became of the answers in
both passes, all in percent; seconds a frame, of which a stand-in's own share is small.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from measures import contour_accuracy, region_similarity
from sequences import Clip, MemoryJournal, keyframes, load_clip

from roto.image import Box, bounding_box
from roto.segment.prompt import Candidate, Prompt
from roto.signed_distance import signed_distance
from roto.solve import SolvedFrame, passes, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.propagators import PROPAGATORS, Parts
from roto.track.span import Key, split_spans
from roto.track.state import VERDICTS, State
from roto.track.windows import windows

GOOD = 0.9  # intersection over union of a good answer with the truth
JUMPS = 0.2  # share of mixed answers that are not good
ESTIMATE = 0.9  # what every stand-in says of its answers
Mask = NDArray[np.bool_]


def good(truth: Mask, rng: np.random.Generator) -> Mask:
    """The edge displaced by smooth noise, as far as an intersection over union of ``GOOD`` allows."""
    size = float(np.sqrt(np.count_nonzero(truth)))
    distance = signed_distance(truth.astype(np.float32))
    displacement = smooth_noise(truth.shape, 6 + 0.05 * size, rng) + 0.3 * rng.standard_normal()
    least, most = 0.0, 0.3 * size
    for _ in range(10):
        middle = (least + most) / 2
        enough = region_similarity(distance + middle * displacement > 0, truth) > GOOD
        least, most = (middle, most) if enough else (least, middle)
    return np.asarray(distance + least * displacement > 0)


def part(truth: Mask, rng: np.random.Generator) -> Mask:
    """Without the two fifths of the subject that lie farthest in a random direction."""
    if not truth.any():
        return truth
    rows, columns = np.indices(truth.shape)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    return np.asarray(truth & (along <= np.quantile(along[truth], 0.6)))


def blob(truth: Mask, rng: np.random.Generator) -> Mask:
    """Blobs anywhere, of half to three times the subject's area."""
    noise = smooth_noise(truth.shape, 40, rng)
    share = min(max(float(truth.mean()), 0.01) * rng.uniform(0.5, 3), 0.6)
    return np.asarray(noise > np.quantile(noise, 1 - share))


def beside(truth: Mask, rng: np.random.Generator, shift: float = 0.7) -> Mask:
    """The subject's shape, shifted by a share of its width and height in a random direction."""
    box, angle = bounding_box(truth), rng.uniform(0, 2 * np.pi)
    dx, dy = round(np.cos(angle) * box.width * shift), round(np.sin(angle) * box.height * shift)
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    return np.asarray(cv2.warpAffine(truth.astype(np.uint8), matrix, truth.shape[::-1]) > 0)


def mixed(truth: Mask, rng: np.random.Generator) -> Mask:
    """Good ones, but now and then a jump: to a neighbour, to the subject with its neighbour, or to a part."""
    if rng.random() >= JUMPS:
        return good(truth, rng)
    jump = rng.integers(3)
    if jump == 2:
        return part(truth, rng)
    return np.asarray(beside(truth, rng) | (truth & (jump == 1)))


def smooth_noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Gaussian noise of unit deviation, smooth over ``sigma`` pixels; drawn at a coarser size."""
    step = max(int(sigma // 2), 1)
    coarse = rng.standard_normal((shape[0] // step + 3, shape[1] // step + 3)).astype(np.float32)
    coarse = np.asarray(cv2.GaussianBlur(coarse, (0, 0), sigma / step), np.float32)
    return np.asarray(cv2.resize(coarse / coarse.std(), shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)


# an answer is made from a frame's true mask and random numbers of its own
ANSWERS: dict[str, Callable[[Mask, np.random.Generator], Mask]] = {
    "good": good,
    "mixed": mixed,
    "part": part,
    "blob": blob,
    "neighbour": beside,
    "touching": partial(beside, shift=0.3),
}
KINDS = ("local", *ANSWERS)


class StandIn:
    """Answers every prompt on a window of a clip's frame with what ``kind`` makes of the frame's true mask."""

    name = "stand-in"

    def __init__(self, clip: Clip, kind: str) -> None:
        self.identity = kind
        seed = zlib.crc32(clip.name.encode())
        self._masks = [ANSWERS[kind](truth, np.random.default_rng([n, seed])) for n, truth in enumerate(clip.truth)]
        self._places = {
            zlib.crc32(rgb[window.slices].tobytes()): (number, window)
            for number, rgb in enumerate(clip.rgb)
            for window in windows(rgb.shape[1], rgb.shape[0])
        }

    def embed(self, rgb: NDArray[np.uint8]) -> tuple[int, Box]:
        return self._places[zlib.crc32(rgb.tobytes())]

    def pack(self, embedding: tuple[int, Box]) -> bytes:
        return b""

    def unpack(self, data: bytes) -> tuple[int, Box]:
        raise ValueError("a stand-in keeps no embeddings")

    def answer(self, embedding: tuple[int, Box], prompt: Prompt) -> tuple[Candidate, ...]:
        number, window = embedding
        return (Candidate(self._masks[number][window.slices].astype(np.float32), ESTIMATE, 1.0),)


@dataclass(frozen=True)
class Score:
    sequence: str
    keyframes: int
    kind: str
    j: float
    f: float
    confidence_error: float  # mean |confidence - J|
    verdicts: dict[str, int]  # frames of both passes by what became of the answer
    seconds: float
    frames: int


def score_kind(data: Path, name: str, kind: str, counts: Sequence[int], frames: int | None, every: int) -> list[Score]:
    cv2.setNumThreads(1)
    whole = load_clip(data, name)
    clip = Clip(name, whole.rgb[:frames], whole.truth[:frames])
    segmenter = None if kind == "local" else StandIn(clip, kind)
    options = TrackOptions(segmenter="local", resegment_every=every)
    propagator = PROPAGATORS["classical"](options, Parts(segmenter=segmenter))
    return [score_keyed(clip, count, kind, propagator, options) for count in counts]


def score_keyed(clip: Clip, count: int, kind: str, propagator: Propagator, options: TrackOptions) -> Score:
    height, width = clip.truth[0].shape
    keys = [Key(n, clip.truth[n].astype(np.float32)) for n in keyframes(count, len(clip.rgb))]
    solved: list[SolvedFrame] = []
    verdicts = Counter[str]()
    started = time.perf_counter()
    for span in split_spans(keys, 0, len(clip.rgb) - 1):
        journal = MemoryJournal()
        solved += solve_span(span, clip.read, propagator, options, SmoothOptions(), journal)
        kept = [journal.load(name, number) for name in passes(span) for number in range(span.first, span.last + 1)]
        verdicts.update(State.decode(data).verdict for data in kept if data is not None)
    seconds = time.perf_counter() - started
    found = [frame.signed_distance(width, height) > 0 for frame in solved]
    truth = [clip.truth[frame.number] for frame in solved]
    j, f = (np.array(list(map(measure, found, truth))) for measure in (region_similarity, contour_accuracy))
    error = np.abs(j - [frame.confidence for frame in solved])
    means = float(j.mean()), float(f.mean()), float(error.mean())
    return Score(clip.name, count, kind, *means, dict(verdicts), seconds, len(solved))


def print_table(scores: Sequence[Score], count: int) -> None:
    def row(title: str, value: Callable[[list[Score]], float], form: str = "10.1f") -> None:
        print(f"  {title:<18}" + "".join(f"{value(chosen):{form}}" for chosen in columns.values()))

    def mean_j(chosen: list[Score], name: str | None = None) -> float:
        return 100 * float(np.mean([s.j for s in chosen if name in (None, s.sequence)]))

    def share(chosen: list[Score], verdict: str) -> float:
        counts = sum((Counter(s.verdicts) for s in chosen), Counter[str]())
        return 100 * counts[verdict] / counts.total()

    own = [s for s in scores if s.keyframes == count]
    columns = {kind: [s for s in own if s.kind == kind] for kind in KINDS if any(s.kind == kind for s in own)}
    print(f"\n{f'K = {count}':<20}" + "".join(f"{kind:>10}" for kind in columns))
    for name in sorted({s.sequence for s in own}):
        row(name, partial(mean_j, name=name))
    row("mean J", mean_j)
    row("mean J&F", lambda chosen: 50 * float(np.mean([s.j + s.f for s in chosen])))
    row("|confidence - J|", lambda chosen: 100 * float(np.mean([s.confidence_error for s in chosen])))
    for verdict in VERDICTS:
        row(verdict, partial(share, verdict=verdict))
    row("seconds a frame", lambda chosen: sum(s.seconds for s in chosen) / sum(s.frames for s in chosen), "10.2f")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with JPEGImages/480p and Annotations/480p")
    parser.add_argument("--sequences", help="names, with commas; all of them by default")
    parser.add_argument("--keyframes", default="1,3", help="numbers of keyframes, with commas")
    parser.add_argument("--kinds", default=",".join(KINDS), help="with commas; all by default: %(default)s")
    parser.add_argument("--frames", type=int, help="the first so many of each sequence; all by default")
    parser.add_argument("--every", type=int, default=1, help="ask on every Nth frame")
    parser.add_argument("--workers", type=int, default=2, help="sequences that are scored at the same time")
    parser.add_argument("--json", type=Path, help="write every score to this file")
    args = parser.parse_args()
    folder = args.data / "JPEGImages" / "480p"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not a folder")
    names = args.sequences.split(",") if args.sequences else sorted(p.name for p in folder.iterdir())
    counts, kinds = [int(k) for k in args.keyframes.split(",")], args.kinds.split(",")
    if unknown := set(kinds) - set(KINDS):
        raise SystemExit(f"no such kind: {', '.join(sorted(unknown))}; one of {', '.join(KINDS)}")
    score = partial(score_kind, args.data, counts=counts, frames=args.frames, every=args.every)
    scores: list[Score] = []
    with ProcessPoolExecutor(args.workers) as pool:
        for job in [pool.submit(score, name, kind) for name in names for kind in kinds]:
            scores += job.result()
            print(f"{scores[-1].sequence} {scores[-1].kind} done", file=sys.stderr, flush=True)
    for count in counts:
        print_table(scores, count)
    if args.json:
        args.json.write_text(json.dumps([asdict(s) for s in scores], indent=1) + "\n")


if __name__ == "__main__":
    main()
