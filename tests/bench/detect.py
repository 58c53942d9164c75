"""Automatic subjects on DAVIS-2016: how well the best of the first proposals is the true subject.

    python tests/bench/detect.py --data DIR [--sequences a,b] [--most 3] [--method auto] [--pictures DIR]

DIR holds JPEGImages/480p and Annotations/480p. For the frame that detection chooses and for the one in the middle of
each sequence: intersection over union with the true mask of the first proposal and of the best of the first three,
and what found it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.choose import choose_frame
from roto.detect.find import overlap, working_picture
from roto.detect.propose import Proposal, neighbours_of, propose, same_shot
from roto.timing import FrameRange

METHODS = {"auto": ("motion", "salient"), "motion": ("motion",), "salient": ("salient",)}


def read_rgb(folder: Path, number: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(folder / f"{number:05d}.jpg"))[..., ::-1]).copy()


def tinted(rgb: NDArray[np.uint8], proposals: Iterable[Proposal], truth: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with the proposals' outlines (red, green, blue, ...) and the true one in white."""
    picture = rgb[..., ::-1].copy()
    colours = [(60, 60, 255), (60, 255, 60), (255, 120, 60), (0, 220, 255), (255, 0, 255)]
    for proposal, colour in zip(proposals, colours, strict=False):
        lines, _ = cv2.findContours((proposal.matte >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, lines, -1, colour, 3)
    lines, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, lines, -1, (255, 255, 255), 1)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences")
    parser.add_argument("--most", type=int, default=3)
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--pictures", type=Path)
    args = parser.parse_args()
    folder = args.data / "JPEGImages" / "480p"
    names = args.sequences.split(",") if args.sequences else sorted(path.name for path in folder.iterdir())
    print(f"{'sequence':14}{'frame':>12}{'first':>8}{'best':>8}  {'by':9}{'proposals':>9}{'seconds':>9}")
    scores: dict[str, list[tuple[float, float]]] = {"chosen": [], "middle": []}
    for name in names:
        clip = FrameRange(0, len(list((folder / name).glob("*.jpg"))) - 1)

        def read(numbers: Iterable[int], name: str = name) -> dict[int, NDArray[np.uint8]]:
            return {number: working_picture(read_rgb(folder / name, number)) for number in numbers}

        started = time.perf_counter()
        chosen = choose_frame(read, clip)
        choosing = time.perf_counter() - started
        for which, number in (("chosen", chosen), ("middle", len(clip) // 2)):
            started = time.perf_counter()
            rgb = read_rgb(folder / name, number)
            around = same_shot(number, read(neighbours_of(number, clip)))
            proposals = propose(rgb, around, METHODS[args.method], most=args.most)
            seconds = time.perf_counter() - started + (choosing if which == "chosen" else 0)
            truth = cv2.imread(str(args.data / "Annotations" / "480p" / name / f"{number:05d}.png"), 0) > 127
            hits = [overlap(proposal.matte >= 0.5, truth) for proposal in proposals] or [0.0]
            scores[which].append((hits[0], max(hits)))
            by = proposals[int(np.argmax(hits))].how if proposals else "-"
            print(
                f"{name:14}{which:>7}{number:5}{hits[0]:8.3f}{max(hits):8.3f}  {by:9}{len(proposals):9}{seconds:9.1f}",
                flush=True,
            )
            if args.pictures:
                args.pictures.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(args.pictures / f"{name}.{which}.png"), tinted(rgb, proposals, truth))
    for which, pairs in scores.items():
        first, best = np.mean(pairs, axis=0)
        print(f"{'mean':14}{which:>12}{first:8.3f}{best:8.3f}")


if __name__ == "__main__":
    main()
