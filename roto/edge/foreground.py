"""Foreground colour: what a layer's own colour is where the plate shows it mixed with what is behind it.

A plate is ``matte * foreground + (1 - matte) * background``. Where the matte is partial, both colours are unknown, and
of all pairs that explain the plate the smoothest is taken: the cost is that of T. Germer, T. Uelwer, S. Conrad and
S. Harmeling, "Fast Multi-Level Foreground Estimation" (ICPR 2020), its smoothness stronger where the matte changes.
It is solved from coarse to fine as they do, but each coarse cell carries the normal equations of all its pixels
instead of the colours of one of them, so that strands thinner than a cell still count.

No part of it depends on the plate's encoding: colours come back in the encoding that they came in, the one in which
the layer is going to be composited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box, check_matte
from roto.options import option

Floats: TypeAlias = NDArray[np.float32]

_MARGIN_PX = 24  # background that is looked at around the layer
_LEAST_WEIGHT = np.float32(1e-3)  # smoothness where the matte does not change
_SMALL_PX = 32
_SWEEPS_SMALL, _SWEEPS = 10, 2
_LARGEST = np.float32(1e30)  # beyond it a value is as good as infinite


@dataclass(frozen=True, kw_only=True)
class ForegroundOptions:
    """How the layer's own colour is found."""

    outside: str = option(
        "extend",
        "colour where the matte is 0: extend the layer's colour, so that resizing bleeds nothing in, or black",
        choices=("extend", "black"),
    )
    smoothness: float = option(
        0.5,
        "how strongly colours are held together across a soft edge: less where mattes are exact, more where not",
        minimum=0.01,
        maximum=10.0,
    )


class Separated(NamedTuple):
    """Straight colours, float32 ``H x W x 3``, of the layer and of what is behind it."""

    foreground: Floats
    background: Floats


def separate(plate: Floats, matte: Matte, options: ForegroundOptions | None = None) -> Separated:
    """The colours that a plate is mixed of: a decontaminated, straight foreground, and the background.

    plate: float32 ``H x W x 3`` in any encoding, scene-linear above 1 too. matte: float32 ``H x W`` in [0, 1].
    The foreground is exactly the plate where the matte is 1, the background where it is 0. Elsewhere both lie between
    the smallest and largest value of the layer's surroundings (and 0 and 1). Where the other one is all there is, each
    is extended from nearby; a foreground or background of which nothing is seen at all is black. Where the plate is
    NaN or infinite it counts as unseen, and both are filled in. Only the layer's region is solved. TypeError for
    arrays of another shape or type.
    """
    if plate.dtype != np.float32 or plate.ndim != 3 or plate.shape[2] != 3:
        raise TypeError(f"a plate here is H x W x 3 float32, got {plate.shape} of {plate.dtype}")
    height, width = plate.shape[:2]
    check_matte(matte, width, height)
    options = options or ForegroundOptions()
    # comparisons with NaN are False
    red, green, blue = np.moveaxis(np.abs(plate) < _LARGEST, 2, 0)
    seen: NDArray[np.bool_] = red & green & blue
    box = bounding_box((matte > 0) | ~seen).padded(_MARGIN_PX, width, height)
    if box.empty:
        return Separated(np.zeros_like(plate), plate.copy())
    there = box.slices
    alpha = np.clip(matte[there], 0, 1)
    colours = _solve(
        np.ascontiguousarray(np.moveaxis(plate[there], 2, 0)), alpha, seen[there], np.float32(options.smoothness)
    )
    foreground, background = (np.ascontiguousarray(np.moveaxis(each, 0, 2)) for each in colours)
    solid, absent = (alpha == 1) & seen[there], (alpha == 0) & seen[there]
    foreground[solid], background[absent] = plate[there][solid], plate[there][absent]
    if options.outside == "black":
        foreground[alpha == 0] = 0
    around = ((box.y0, height - box.y1), (box.x0, width - box.x1), (0, 0))
    behind = plate.copy()
    behind[there] = background
    return Separated(np.pad(foreground, around, mode="edge"), behind)


class _Level(NamedTuple):
    """Normal equations of cells, means over their pixels, ``H x W``; ``right`` is ``2 x 3 x H x W``."""

    alpha: Floats
    front: Floats  # alpha squared
    mixed: Floats  # alpha times the rest
    back: Floats  # the rest squared
    right: Floats  # alpha times the plate, the rest times the plate


def _solve(plate: Floats, alpha: Floats, seen: NDArray[np.bool_], smoothness: np.float32) -> Floats:
    """Foreground and background, ``2 x 3 x H x W``, of a plate ``3 x H x W``."""
    plate = np.where(seen, plate, np.float32(0))
    rest, weight = 1 - alpha, seen.astype(np.float32)
    right = np.stack([weight * alpha * plate, weight * rest * plate])
    levels = [_Level(alpha, weight * alpha * alpha, weight * alpha * rest, weight * rest * rest, right)]
    while max(levels[-1].alpha.shape) > 1:
        levels.append(_Level(*(_halved(each) for each in levels[-1])))
    low = np.minimum(plate.min(axis=(1, 2), keepdims=True), 0)
    high = np.maximum(plate.max(axis=(1, 2), keepdims=True), 1)
    top = levels.pop()
    # alpha - alpha squared is what the two have in common: the mean colours, each weighted by its own share
    shares = np.stack([top.front + top.mixed, top.back + top.mixed])[:, None]
    colours: Floats = np.clip(top.right / np.maximum(shares, np.float32(1e-6)), low, high)
    for level in reversed(levels):
        height, width = level.alpha.shape
        finer = np.repeat(np.repeat(colours, 2, axis=2), 2, axis=3)[..., :height, :width]
        colours = _smoothed(np.ascontiguousarray(finer), level, smoothness, low, high)
    return colours


def _smoothed(colours: Floats, level: _Level, smoothness: np.float32, low: Floats, high: Floats) -> Floats:
    """A few sweeps in which every cell takes the pair that suits it and its neighbours best (block Jacobi)."""
    across, down = (_LEAST_WEIGHT + smoothness * _steps(level.alpha, axis) for axis in (1, 0))
    held = np.zeros_like(level.alpha)
    held[:, 1:] += across
    held[:, :-1] += across
    held[1:] += down
    held[:-1] += down
    front, back = level.front + held, level.back + held
    scale = 1 / (front * back - level.mixed * level.mixed)
    front, back, mixed = front * scale, back * scale, level.mixed * scale
    sums, weighted = np.empty_like(colours), np.empty_like(colours)
    for _ in range(_SWEEPS_SMALL if max(level.alpha.shape) <= _SMALL_PX else _SWEEPS):
        sums[:] = level.right
        for weights, here, there in _neighbours(across, down):
            part = weighted[here]
            np.multiply(weights, colours[there], out=part)
            sums[here] += part
        # the 2 x 2 equations of every cell, solved by hand
        np.multiply(back, sums[0], out=colours[0])
        colours[0] -= np.multiply(mixed, sums[1], out=weighted[0])
        np.multiply(front, sums[1], out=colours[1])
        colours[1] -= np.multiply(mixed, sums[0], out=weighted[0])
        np.clip(colours, low, high, out=colours)
    return colours


def _neighbours(across: Floats, down: Floats) -> list[tuple[Floats, tuple[slice | int, ...], tuple[slice | int, ...]]]:
    """For each side: the weights, the cells that have a neighbour there, and those neighbours."""
    every = slice(None)
    later, earlier = slice(1, None), slice(None, -1)
    columns = ((every, every, every, later), (every, every, every, earlier))
    rows = ((every, every, later), (every, every, earlier))
    return [(across, *columns), (across, *columns[::-1]), (down, *rows), (down, *rows[::-1])]


def _steps(values: Floats, axis: int) -> Floats:
    return np.asarray(np.abs(np.diff(values, axis=axis)), np.float32)


def _halved(values: Floats) -> Floats:
    """Means over 2 x 2 cells of the last two axes; an odd last row or column counts twice."""
    height, width = values.shape[-2:]
    odd = [(0, 0)] * (values.ndim - 2) + [(0, height % 2), (0, width % 2)]
    even = np.pad(values, odd, mode="edge") if height % 2 or width % 2 else values
    left, right = even[..., ::2], even[..., 1::2]
    total: Floats = (left[..., ::2, :] + left[..., 1::2, :] + right[..., ::2, :] + right[..., 1::2, :]) * np.float32(
        0.25
    )
    return total
