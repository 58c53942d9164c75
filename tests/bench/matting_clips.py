"""Refined mattes in time: ours, stabilised, beside closed-form frame by frame and feather alone, on rendered clips.

    python tests/bench/matting_clips.py [--clips hair,swing] [--frames 8]

The clips (alpha_clips.py) have exact alpha and grain. Ours and closed-form start from the same trimap, what is partial
grown by 8 px; ours, as the step ``refine`` does, knows the mask too, alpha above one half, from which feather starts.
SAD is the mean over frames, in thousands of pixels; dtSSD and MESSDdt are those of M. Erofeev et al., "Perceptually
Motivated Benchmark for Video Matting" (BMVC 2015): how far alpha changes otherwise from one frame to the next than the
truth does, in place and along the motion (optical flow of the plates).
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict
from collections.abc import Callable

import cv2
import numpy as np
from alpha_clips import CLIPS, FRAMES, render, true_trimap
from numpy.typing import NDArray

from roto.edge.matting.refine import refine
from roto.edge.stabilise import stabilise
from roto.masks.feather import feather
from roto.motion.flow import dense_flow, grey, one_thread
from roto.motion.warp import warp

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
BAND_PX = 8
FEATHER_PX = 8.0
AROUND = 1  # frames before and after that are averaged


def closed_form(rgb: Floats, trimap: Bytes) -> Floats:
    return refine(rgb, trimap, "closed-form")


def from_masks(plates: list[Bytes], trimaps: list[Bytes], masks: list[Floats]) -> list[Floats]:
    """As the step ``refine`` does: the mask that the trimap was made of is known too."""
    return [
        refine(plate.astype(np.float32) / 255, trimap, "linked-lines", mask)
        for plate, trimap, mask in zip(plates, trimaps, masks, strict=True)
    ]


def frame_by_frame(
    method: Callable[[Floats, Bytes], Floats], plates: list[Bytes], trimaps: list[Bytes]
) -> list[Floats]:
    return [method(plate.astype(np.float32) / 255, trimap) for plate, trimap in zip(plates, trimaps, strict=True)]


def stabilised(mattes: list[Floats], plates: list[Bytes]) -> list[Floats]:
    with one_thread():
        return [
            stabilise(
                matte,
                plates[at],
                [
                    (mattes[i], plates[i])
                    for i in range(max(at - AROUND, 0), min(at + AROUND + 1, len(mattes)))
                    if i != at
                ],
            )
            for at, matte in enumerate(mattes)
        ]


def measures(mattes: list[Floats], truth: list[Floats], flows: list[Floats]) -> tuple[float, float, float]:
    """SAD, dtSSD and MESSDdt, means over the frames."""
    sad = np.mean([np.abs(a - b).sum() / 1000 for a, b in zip(mattes, truth, strict=True)])
    dt, along = [], []
    for i, flow in enumerate(flows):
        change = (mattes[i + 1] - mattes[i]) - (truth[i + 1] - truth[i])
        dt.append(np.sqrt((change.astype(np.float64) ** 2).sum()))
        here, there = (mattes[i] - truth[i]) ** 2, (mattes[i + 1] - truth[i + 1]) ** 2
        along.append(np.abs(here - warp(there, flow)).sum())
    return float(sad), float(np.mean(dt)), float(np.mean(along))


def score(name: str, frames: int) -> dict[str, tuple[float, ...]]:
    """SAD, dtSSD, MESSDdt and processor seconds a frame of every method."""
    clip = [render(name, number) for number in range(frames)]
    plates = [np.rint(frame.rgb * 255).astype(np.uint8) for frame in clip]
    truth = [frame.alpha for frame in clip]
    trimaps = [true_trimap(alpha, BAND_PX) for alpha in truth]
    masks = [(alpha > 0.5).astype(np.float32) for alpha in truth]
    with one_thread():
        flows = [dense_flow(grey(here), grey(there)) for here, there in itertools.pairwise(plates)]
    found = {}

    def put(title: str, mattes: list[Floats], started: float) -> None:
        found[title] = (*measures(mattes, truth, flows), (time.process_time() - started) / frames)

    started = time.process_time()
    mattes = from_masks(plates, trimaps, masks)
    put("ours, frame by frame", mattes, started)
    put("ours", stabilised(mattes, plates), started)
    started = time.process_time()
    put("closed-form", frame_by_frame(closed_form, plates, trimaps), started)
    started = time.process_time()
    put("feather", [feather(mask, FEATHER_PX) for mask in masks], started)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", default=",".join(CLIPS), help="names, with commas")
    parser.add_argument("--frames", type=int, default=FRAMES)
    args = parser.parse_args()
    print_clips(args.clips.split(","), args.frames)


def print_clips(clips: list[str], frames: int) -> None:
    cv2.setNumThreads(1)
    print(f"{'':>10} {'':>20} {'SAD':>8} {'dtSSD':>8} {'MESSDdt':>8} {'CPU s':>7}")
    every: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for clip in clips:
        for title, values in score(clip, frames).items():
            every[title].append(values)
            print(f"{clip:>10} {title:>20}" + "".join(f" {value:8.3f}" for value in values), flush=True)
    for title, rows in every.items():
        print(f"{'mean':>10} {title:>20}" + "".join(f" {value:8.3f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main()
