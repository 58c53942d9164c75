"""One clip of one round: rendered or filmed, run through, its samples written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from roto.track.learned.networks import Networks
from roto.track.learned.propagate import EFFORTS

from .rollout import Clip, Effort, Harvest, Samples, harvest
from .scene import render_clip

_PRESENT, _SMALL = 0.002, 0.012  # shares of the frame
_MOSTLY = 0.9  # of the frames
_HARD_SHARE = 0.2
_FAST_SHARE = 0.4  # of the clips, seen as coarsely and as seldom as with the quality "fast"
_UNFITTED_SHARE = 0.25  # of those, with nothing fitted to them
_REAL_SHARE = 0.6  # of the clips, where there is footage


@dataclass(frozen=True, slots=True)
class Job:
    """One clip of one round."""

    seed: int
    round: int
    at: int
    weights: Path
    out: Path
    effort: Effort
    frames: int
    footage: Path | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Where a job's samples are, and the mean overlap of its passes and of its fused frames with the truth."""

    path: Path
    overlap: float
    fused: float


def gather(job: Job) -> Gathered:
    """Render a clip, run the propagator over it, and write what its networks saw."""
    torch.set_num_threads(1)
    rng = np.random.default_rng([job.seed, job.round, job.at])
    real = job.footage is not None and rng.random() < _REAL_SHARE
    clip = filmed(job.footage, rng, job.frames) if real else drawn(rng, job.frames)
    networks = Networks.from_weights(torch.load(job.weights, weights_only=True))
    got = harvest(clip, networks, rng, _effort(job.effort, rng))
    looks = {n: torch.stack([net[n].float() for net in got.looks]).mean(0) for n in (got.looks or [{}])[0]}
    facts = torch.from_numpy(np.stack(got.facts))
    stored = {
        "looks": looks,
        "facts": facts,
        "propagation": _arrays(got.propagation, got),
        "fusion": _arrays(got.fusion, got),
    }
    torch.save(stored, job.out.with_suffix(".part"))
    job.out.with_suffix(".part").replace(job.out)
    return Gathered(job.out, float(np.mean(got.overlap)), float(np.mean(got.fused_overlap or [np.nan])))


def _effort(usual: Effort, rng: np.random.Generator) -> Effort:
    """As the qualities of the propagator look, each often enough."""
    quality = EFFORTS["fast" if rng.random() < _FAST_SHARE else "normal"]
    steps = 0 if quality is EFFORTS["fast"] and rng.random() < _UNFITTED_SHARE else usual.fit_steps
    return replace(usual, fit_steps=steps, detail=quality.detail, pace=quality.pace)


def filmed(folder: Path, rng: np.random.Generator, frames: int) -> Clip:
    """A random stretch of a random sequence of real footage, laid out as DAVIS is, half its size."""
    sequences = sorted(path for path in (folder / "JPEGImages" / "480p").iterdir() if path.is_dir())
    while True:
        clip = _stretch(folder, sequences, rng, frames)
        if (clip.inside.mean((1, 2)) > _PRESENT).mean() >= _MOSTLY:
            return clip


def _stretch(folder: Path, sequences: list[Path], rng: np.random.Generator, frames: int) -> Clip:
    chosen = sequences[int(rng.integers(len(sequences)))]
    pictures = sorted(chosen.glob("*.jpg"))
    first = int(rng.integers(max(len(pictures) - frames, 0) + 1))
    rgb, inside = [], []
    for picture in pictures[first : first + frames]:
        bgr = cv2.imread(str(picture))
        matte = cv2.imread(
            str(folder / "Annotations" / "480p" / chosen.name / f"{picture.stem}.png"), cv2.IMREAD_GRAYSCALE
        )
        size = bgr.shape[1] * 9 // 16, bgr.shape[0] * 9 // 16
        rgb.append(cv2.cvtColor(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))
        inside.append(cv2.resize((matte > 127).astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5)
    return Clip(np.stack(rgb), np.stack(inside))


def drawn(rng: np.random.Generator, frames: int) -> Clip:
    """A fresh clip. Those whose subject is tiny, or away for long, are kept less often than they are rendered: there
    is little to learn from most of their frames."""
    while True:
        rendered = render_clip(int(rng.integers(1 << 40)), frames)
        clip = Clip(rendered.rgb, rendered.alpha > 127)
        area = clip.inside.mean((1, 2))
        hard = (area > _PRESENT).mean() < _MOSTLY or np.median(area) < _SMALL
        if not hard or rng.random() < _HARD_SHARE:
            return clip


def _arrays(samples: Samples, got: Harvest) -> dict[str, torch.Tensor]:
    if not samples.prior:
        return {}
    arrays = {
        "planes": np.stack(samples.planes),
        "prior": np.stack(samples.prior),
        "truth": np.stack(samples.truth),
        "memory": np.array(samples.memory),
        "memories": np.stack(got.memories),
    }
    return {name: torch.from_numpy(values) for name, values in arrays.items()}
