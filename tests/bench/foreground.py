"""Foreground colour beside pymatting's and beside the plain plate, on rendered clips with exact truth.

    python tests/bench/foreground.py [--subjects a,b] [--frames 0,4,8] [--json FILE]

PSNR in dB (peak 1, unclipped) at the pixels with 0 < alpha < 1 of the layer composited anew, against the composite of
the exact foreground and alpha. With the exact matte the error is the same over every background; with a rough one
(blurred by 0.7 px, 3 % noise) composites over white, black and the background of the plate are scored; "grain" is the
exact matte with noise of 1.5 % in the plate. Plates are scaled to [0, 1] for pymatting, which clips. Times are seconds
of one thread on the whole frame, measured in turn in this run, after a call that compiles.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from soft_clips import BACKGROUNDS, SUBJECTS, Array, SoftFrame, soft_frame

from roto.edge.foreground import separate

CASES = ("exact", "grain", "white", "black", "original")


def plain(plate: Array, matte: Array) -> Array:
    return plate


def ours(plate: Array, matte: Array) -> Array:
    return separate(plate, matte).foreground


def by_pymatting(plate: Array, matte: Array) -> Array:
    from pymatting import estimate_foreground_ml

    peak = np.float32(max(plate.max(), 1))
    return np.asarray(estimate_foreground_ml(plate / peak, matte) * peak, np.float32)


METHODS: dict[str, Callable[[Array, Array], Array]] = {"plate": plain, "pymatting": by_pymatting, "roto": ours}


def rough(alpha: Array, rng: np.random.Generator) -> Array:
    """A matte as a tool would give it: a little too soft, and noisy where it is partial."""
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.7)
    noise = 0.03 * rng.standard_normal(alpha.shape) * ((alpha > 0) & (alpha < 1))
    return np.clip(soft + noise, 0, 1).astype(np.float32)


def psnr(error: Array) -> float:
    return float(-10 * np.log10(max(np.mean(np.square(error, dtype=np.float64)), 1e-12)))


def scores(frame: SoftFrame, method: Callable[[Array, Array], Array], seed: int) -> tuple[dict[str, float], float]:
    """PSNR by case, and the seconds that the exact case took."""
    rng, edge = np.random.default_rng(seed), (frame.alpha > 0) & (frame.alpha < 1)
    exact = frame.alpha[edge][:, None]
    true = exact * frame.foreground[edge]
    began = time.perf_counter()
    found = method(frame.plate, frame.alpha)
    seconds = time.perf_counter() - began
    out = {"exact": psnr(exact * found[edge] - true)}
    grainy = (frame.plate + 0.015 * rng.standard_normal(frame.plate.shape)).astype(np.float32)
    out["grain"] = psnr(exact * method(grainy, frame.alpha)[edge] - true)
    matte = rough(frame.alpha, rng)
    found, given = method(frame.plate, matte)[edge], matte[edge][:, None]
    for name, behind in (("white", 1.0), ("black", 0.0), ("original", frame.background[edge])):
        out[name] = psnr(given * found + (1 - given) * behind - (true + (1 - exact) * behind))
    return out, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--frames", default="0,4,8")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    measured = print_scores(args.subjects.split(","), [int(number) for number in args.frames.split(",")])
    if args.json:
        args.json.write_text(json.dumps(measured, indent=1))


def print_scores(subjects: list[str], frames: list[int]) -> dict[str, object]:
    cv2.setNumThreads(1)
    by_pymatting(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in METHODS}
    seconds = dict.fromkeys(METHODS, 0.0)
    header = "".join(f"{case:>25}" for case in CASES)
    print(
        f"{'':<26}{header}\n{'subject, background':<26}"
        + " ".join(f"{n:>7}{n2:>10}{n3:>7}" for n, n2, n3 in [METHODS] * 5)
    )
    for subject in subjects:
        for background in BACKGROUNDS:
            rows: dict[str, list[dict[str, float]]] = {name: [] for name in METHODS}
            for number in frames:
                frame = soft_frame(subject, background, number)
                for name, method in METHODS.items():
                    score, spent = scores(frame, method, number)
                    rows[name].append(score)
                    seconds[name] += spent
            mean = {
                name: {case: float(np.mean([s[case] for s in some])) for case in CASES} for name, some in rows.items()
            }
            for name in METHODS:
                found[name].append(mean[name])
            print_row(f"{subject}, {background}", mean)
    print_row(
        "mean", {name: {case: float(np.mean([s[case] for s in found[name]])) for case in CASES} for name in METHODS}
    )
    print(f"time: roto takes {seconds['roto'] / seconds['pymatting']:.2f} times as long as pymatting")
    return {"psnr": found, "seconds": seconds}


def print_row(title: str, mean: dict[str, dict[str, float]]) -> None:
    cells = (f"{mean['plate'][c]:7.1f}{mean['pymatting'][c]:10.1f}{mean['roto'][c]:7.1f}" for c in CASES)
    print(f"{title:<26}" + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
