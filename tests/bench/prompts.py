"""Accuracy of prompts on DAVIS-2016: one box, and one, three and five clicks, each answered once on one frame.

    python tests/bench/prompts.py --data DIR [--segmenter local|sam] [--checkpoint FILE] [--frames 0,20] [--json FILE]

DIR holds JPEGImages/480p and Annotations/480p. The box is the tight bounding box of the true mask. The first click is
the point of the true mask that is farthest from its edge; each next one lies farthest inside the largest connected
region of the answer's error, positive where the subject was missed and negative where the background was taken. Only
the points so far, and no earlier answer, are given. Printed: intersection over union of the first answer in percent
(of the best one in brackets), and seconds an answer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from measures import region_similarity

from roto.image import bounding_box
from roto.segment import SEGMENTERS
from roto.segment.prompt import Prompt
from roto.segment.segmenter import Segmenter

CLICKS = 5
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    sequence: str
    frame: int
    prompt: str  # "box", "1", "3", "5", "box+1", ...
    iou: float
    best: float  # of all candidates
    estimate: float  # the segmenter's own, of the first
    seconds: float


def error_click(found: Mask, truth: Mask) -> tuple[tuple[float, float], bool] | None:
    """Where a person who corrects the largest error clicks, and whether on the subject; None where all is right."""
    largest: tuple[int, Mask, bool] | None = None
    for wrong, label in ((truth & ~found, True), (found & ~truth, False)):
        _, parts, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8))
        areas = stats[1:, cv2.CC_STAT_AREA]
        if len(areas) and (largest is None or areas.max() > largest[0]):
            largest = int(areas.max()), parts == 1 + int(areas.argmax()), label
    if largest is None:
        return None
    padded = np.pad(largest[1].astype(np.uint8), 1)  # the picture's border is an edge, too
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return (float(column) + 0.5, float(row) + 0.5), largest[2]


def scores_of(segmenter: Segmenter, sequence: str, frame: int, rgb: NDArray[np.uint8], truth: Mask) -> list[Score]:
    around = bounding_box(truth)
    box = (float(around.x0), float(around.y0), float(around.x1), float(around.y1))
    embedding = segmenter.embed(rgb)
    scores = []
    for start in (None, box):
        points: list[tuple[float, float]] = []
        labels: list[bool] = []
        found = np.zeros_like(truth)
        for clicks in range(CLICKS + 1):
            if clicks:
                click = error_click(found, truth)
                if click is not None:
                    points.append(click[0])
                    labels.append(click[1])
            elif start is None:
                continue
            began = time.perf_counter()
            answers = segmenter.answer(embedding, Prompt(points=tuple(points), labels=tuple(labels), box=start))
            seconds = time.perf_counter() - began
            overlaps = [region_similarity(answer.matte >= 0.5, truth) for answer in answers]
            found = answers[0].matte >= 0.5
            name = "+".join(([] if start is None else ["box"]) + ([str(clicks)] if clicks else []))
            scores.append(Score(sequence, frame, name, overlaps[0], max(overlaps), answers[0].score, seconds))
    return scores


def load_frame(data: Path, name: str, number: int) -> tuple[NDArray[np.uint8], Mask] | None:
    pictures = sorted((data / "JPEGImages" / "480p" / name).glob("*.jpg"))
    masks = sorted((data / "Annotations" / "480p" / name).glob("*.png"))
    if not pictures or len(pictures) != len(masks):
        raise SystemExit(f"{data}: sequence {name} has {len(pictures)} pictures and {len(masks)} masks")
    if number >= len(pictures):
        return None
    truth = cv2.imread(str(masks[number]), cv2.IMREAD_GRAYSCALE) > 127
    rgb = np.asarray(cv2.cvtColor(cv2.imread(str(pictures[number])), cv2.COLOR_BGR2RGB), np.uint8)
    return (rgb, truth) if truth.any() else None


def print_table(scores: list[Score]) -> None:
    shown = ("box", "1", "3", "5", "box+1", "box+3")
    print(f"{'':20}" + "".join(f"{name:>14}" for name in shown))
    rows = sorted({(score.frame, score.sequence) for score in scores})
    for frame, sequence in rows:
        own = {score.prompt: score for score in scores if (score.frame, score.sequence) == (frame, sequence)}
        print(f"{sequence + ' ' + str(frame):20}" + "".join(_cell([own[name]]) for name in shown))
    print(f"{'mean':20}" + "".join(_cell([score for score in scores if score.prompt == name]) for name in shown))
    for what in ("seconds", "off"):
        values = (_mean([_of(score, what) for score in scores if score.prompt == name]) for name in shown)
        title = {"seconds": "seconds an answer", "off": "|estimate - IoU|"}[what]
        print(f"{title:20}" + "".join(f"{value:14.2f}" for value in values))


def _of(score: Score, what: str) -> float:
    return score.seconds if what == "seconds" else abs(score.estimate - score.iou)


def _cell(scores: list[Score]) -> str:
    iou, best = _mean([score.iou for score in scores]), _mean([score.best for score in scores])
    return f"{f'{100 * iou:.1f} ({100 * best:.1f})':>14}"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def opened(name: str, checkpoint: str | None, device: str) -> Segmenter:
    if checkpoint is None:
        return SEGMENTERS[name](None, device)
    from roto.weights.files import find

    return SEGMENTERS[name](find(checkpoint), device)


def main(argv: list[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--segmenter", choices=sorted(SEGMENTERS), default="local")
    parser.add_argument("--checkpoint", help="a SAM model's name, or a file")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--frames", default="0")
    parser.add_argument("--sequences", default="", help="comma-separated; all by default")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    segmenter = opened(options.segmenter, options.checkpoint, options.device)
    folders = sorted(path.name for path in (options.data / "JPEGImages" / "480p").iterdir())
    names = [name for name in options.sequences.split(",") if name] or folders
    scores = []
    for number in (int(text) for text in options.frames.split(",")):
        for name in names:
            loaded = load_frame(options.data, name, number)
            if loaded is not None:
                scores += scores_of(segmenter, name, number, *loaded)
    print_table(scores)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(score) for score in scores], indent=1), "utf-8")


if __name__ == "__main__":
    main()
