"""Random smooth functions of time: what makes limbs swing, cameras shake and light drift.

Time is in frames and may be fractional (sub-frames of an open shutter). Everything is drawn once from the clip's
generator, so that a curve is the same whenever it is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

Curve = Callable[[float], float]
Rng = np.random.Generator

BEAT = 48  # frames: two seconds of film; speeds do not depend on how long a clip is


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """One draw whose logarithm is uniform between those of ``low`` and ``high``."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def pick(rng: Rng, weights: dict[str, float]) -> str:
    """One key, drawn in proportion to its weight."""
    total = sum(weights.values())
    return str(rng.choice(list(weights), p=[w / total for w in weights.values()]))


def wave(rng: Rng, amplitude: float, cycles: tuple[float, float], terms: int = 3) -> Curve:
    """A sum of sines with root mean square about ``amplitude``, each of ``cycles`` (least, most) in ``BEAT`` frames."""
    if amplitude == 0:
        return lambda t: 0.0
    rates = [2 * math.pi * log_uniform(rng, *cycles) / BEAT for _ in range(terms)]
    phases = [float(p) for p in rng.uniform(0, 2 * math.pi, terms)]
    weights = rng.normal(0, 1, terms)
    weights *= amplitude * math.sqrt(2) / math.sqrt(float((weights**2).sum()) + 1e-9)
    sines = list(zip([float(w) for w in weights], rates, phases, strict=True))
    return lambda t: sum(w * math.sin(r * t + p) for w, r, p in sines)


def through(times: Sequence[float], values: Sequence[float]) -> Curve:
    """Smooth (cosine-eased) travel through values at rising times; constant before the first and after the last."""
    knots = list(zip(times, values, strict=True))

    def at(t: float) -> float:
        if t <= knots[0][0]:
            return knots[0][1]
        for (t0, v0), (t1, v1) in pairwise(knots):
            if t < t1:
                return v0 + (v1 - v0) * (0.5 - 0.5 * math.cos(math.pi * (t - t0) / (t1 - t0)))
        return knots[-1][1]

    return at


def pace(rng: Rng, frames: int) -> Curve:
    """How much of its own time a mover has lived at frame ``t``: steady, or stop and go; rises from 0."""
    if rng.random() < 0.65:
        return lambda t: t
    knots = int(rng.integers(3, 7))
    speed = np.repeat(rng.choice([0.0, 0.3, 1.0, 1.8], knots, p=[0.3, 0.2, 0.3, 0.2]), 8)
    speed = np.convolve(np.pad(speed, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    grid = np.linspace(-1, frames, len(speed) + 1)
    lived = np.concatenate([[0.0], np.cumsum(speed * np.diff(grid))])
    xs, ys = grid.tolist(), (lived - np.interp(0, grid, lived)).tolist()

    def at(t: float) -> float:
        place = (t - xs[0]) / (xs[1] - xs[0])
        index = min(max(int(place), 0), len(xs) - 2)
        return float(ys[index] + (ys[index + 1] - ys[index]) * (place - index))

    return at
