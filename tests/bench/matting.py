"""Mattes and colours: ours beside pymatting's, on alphamatting.com's images and on rendered clips.

    python tests/bench/matting.py --data DIR [--methods linked-lines,guided] [--stills] [--only GT01,GT03]

DIR holds ``input``, ``groundtruth`` and ``trimap/Trimap1``, ``trimap/Trimap2``, with files of the same names. Errors
are over the unknown pixels; time is processor seconds of one thread, everything included, in this same run, each method
warmed up once. The third table starts from a hard mask instead: the truth above 0.5, eroded and shifted by up to 3 px.
Then come the tables of matting_clips.py and foreground.py, which can be run by themselves.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import alpha_clips
import cv2
import foreground
import matting_clips
import numpy as np
import soft_clips
from alpha_errors import Errors, alpha_errors
from numpy.typing import NDArray

from roto.edge.matting.refine import refine
from roto.edge.trimap import automatic_trimap

Floats = NDArray[np.float32]
Trimap = NDArray[np.uint8]
Method = Callable[[Floats, Trimap], Floats]
REFERENCE = "closed-form of pymatting"
TRIMAPS = ("Trimap1", "Trimap2")


@dataclass(frozen=True, eq=False)
class Image:
    name: str
    rgb: Floats
    truth: Floats
    trimaps: dict[str, Trimap]


@dataclass(frozen=True)
class Score:
    image: str
    trimap: str
    method: str
    errors: Errors
    seconds: float


def read(folder: Path, only: set[str]) -> list[Image]:
    images = []
    for path in sorted((folder / "input").glob("*.png")):
        if only and path.stem not in only:
            continue
        picture, truth = cv2.imread(str(path)), cv2.imread(str(folder / "groundtruth" / path.name), 0)
        rgb = picture[..., ::-1].astype(np.float32) / np.float32(255)
        trimaps = {name: cv2.imread(str(folder / "trimap" / name / path.name), 0) for name in TRIMAPS}
        images.append(Image(path.stem, rgb, truth.astype(np.float32) / np.float32(255), trimaps))
    if not images:
        raise SystemExit(f"{folder / 'input'} holds no such PNG files")
    return images


def by_closed_form(rgb: Floats, trimap: Trimap) -> Floats:
    """As pymatting has it by default, on the whole picture."""
    from pymatting import estimate_alpha_cf

    levels = np.where(trimap == 0, 0.0, np.where(trimap == 255, 1.0, 0.5))
    return np.asarray(estimate_alpha_cf(rgb.astype(np.float64), levels), np.float32)


def by(method: str) -> Method:
    return lambda rgb, trimap: refine(rgb, trimap, method)


def timed(method: Method, rgb: Floats, trimap: Trimap) -> tuple[Floats, float]:
    started = time.process_time()
    alpha = method(rgb, trimap)
    return alpha, time.process_time() - started


def one_thread_each() -> None:
    import numba
    import torch

    cv2.setNumThreads(1)
    numba.set_num_threads(1)
    torch.set_num_threads(1)


def warm_up(methods: dict[str, Method]) -> None:
    rgb = np.random.default_rng(0).random((96, 96, 3)).astype(np.float32)
    trimap = np.repeat(np.array([0, 128, 255], np.uint8), 32)[None].repeat(96, 0)
    for method in methods.values():
        method(rgb, trimap)


def print_given(images: list[Image], methods: dict[str, Method]) -> dict[tuple[str, str], Floats]:
    """The tables for the trimaps that are given, and the first method's mattes."""
    scores, mattes = [], {}
    for image in images:
        for name, trimap in image.trimaps.items():
            unknown = (trimap > 0) & (trimap < 255)
            for title, method in methods.items():
                alpha, seconds = timed(method, image.rgb, trimap)
                scores.append(Score(image.name, name, title, alpha_errors(alpha, image.truth, unknown), seconds))
                mattes.setdefault((image.name, name), alpha)
    header = f"{'':>12} {'SAD':>8} {'MSE':>8} {'gradient':>9} {'connect.':>9} {'CPU s':>7}"
    for name in TRIMAPS:
        for title in methods:
            print(f"\n{name}, {title}\n{header}")
            chosen = [s for s in scores if s.trimap == name and s.method == title]
            for score in chosen:
                print(row(score.image, astuple(score.errors), score.seconds))
            seconds = float(np.mean([score.seconds for score in chosen]))
            print(row("mean", np.mean([astuple(score.errors) for score in chosen], axis=0), seconds))
    print(f"\nall, as shares of {REFERENCE}: SAD, gradient, connectivity and time by the means, MSE by the mean")
    reference = mean_of(scores, REFERENCE)
    for title in methods:
        print(f"{title:>26}" + "".join(f" {ratio:8.3f}" for ratio in mean_of(scores, title) / reference))
    return mattes


def row(title: str, errors: object, seconds: float) -> str:
    sad, mse, gradient, connectivity = np.asarray(errors)
    return f"{title:>12} {sad:8.3f} {mse:8.4f} {gradient:9.3f} {connectivity:9.3f} {seconds:7.2f}"


def mean_of(scores: list[Score], method: str) -> NDArray[np.float64]:
    return np.mean([(*astuple(s.errors), s.seconds) for s in scores if s.method == method], axis=0)


def hard_mask(truth: Floats, seed: int) -> Floats:
    """The truth above 0.5, eroded and shifted by up to 3 px."""
    rng = np.random.default_rng(seed)
    radius, (x, y) = int(rng.integers(1, 4)), rng.integers(-3, 4, 2)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    eroded = cv2.erode((truth > 0.5).astype(np.uint8), brush)
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    moved = cv2.warpAffine(eroded, move, truth.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def print_from_masks(images: list[Image], given: dict[tuple[str, str], Floats]) -> None:
    print("\nfrom a hard mask, automatic band: SAD, and that from the given trimap; over its unknown pixels, over all")
    totals = []
    for image in images:
        seed = sum(image.name.encode())
        mask = hard_mask(image.truth, seed)
        found = refine(image.rgb, automatic_trimap(image.rgb, mask), mask=mask)
        for name, trimap in image.trimaps.items():
            unknown = (trimap > 0) & (trimap < 255)
            error, before = (np.abs(matte - image.truth) / 1000 for matte in (found, given[image.name, name]))
            totals.append((error[unknown].sum(), before[unknown].sum(), error.sum(), before.sum()))
            print(f"{image.name:>12} {name}" + "".join(f" {value:8.3f}" for value in totals[-1]))
    near, near_given, whole, whole_given = np.sum(totals, axis=0)
    print(f"{'ratio':>12} unknown {near / near_given:.3f}, whole picture {whole / whole_given:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with input, groundtruth and trimap")
    parser.add_argument("--methods", default="linked-lines,guided", help="ours, with commas; the first makes the masks")
    parser.add_argument("--only", default="", help="names of images, with commas")
    parser.add_argument("--stills", action="store_true", help="leave the rendered clips out")
    args = parser.parse_args()
    one_thread_each()
    methods = {name: by(name) for name in args.methods.split(",")} | {REFERENCE: by_closed_form}
    warm_up(methods)
    if args.data:
        images = read(args.data, set(filter(None, args.only.split(","))))
        print_from_masks(images, print_given(images, methods))
    if not args.stills:
        print("\nrendered clips, mattes in time (matting_clips.py)")
        matting_clips.print_clips(list(alpha_clips.CLIPS), alpha_clips.FRAMES)
        print("\nrendered clips, the layer's colour: PSNR in dB at the edge (foreground.py)")
        foreground.print_scores(list(soft_clips.SUBJECTS), [0, 4, 8])


if __name__ == "__main__":
    main()
