"""Colour models of inside and outside: a global histogram, and a local one per neighbourhood.

Both work on 8-bit Lab as OpenCV scales it and answer with log-odds, positive where a colour speaks for inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.uint8]
_LIGHTNESS_BINS, _COLOUR_BINS = 16, 16  # global
_CELL_LIGHTNESS, _CELL_COLOUR = 10, 8  # local
_NARROW = 64  # a and b beyond 128 +- this share the outermost bins


def to_lab(rgb: NDArray[np.uint8]) -> Lab:
    """8-bit Lab, ``H x W x 3``."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.uint8)


def _colour_bins(lab: Lab, lightness: int, colour: int, narrow: int) -> NDArray[np.int32]:
    """Index of each pixel's bin in a flattened ``lightness x colour x colour`` histogram."""
    values = np.arange(256, dtype=np.int32)
    l_table = values * lightness // 256 * colour * colour
    c_table = np.clip((values - 128 + narrow) * colour // (2 * narrow), 0, colour - 1)
    bins = np.zeros(lab.shape[:2], np.int32)
    for plane, table in zip(cv2.split(lab), (l_table, c_table * colour, c_table), strict=True):
        bins += np.asarray(cv2.LUT(plane, table), np.int32)
    return bins


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A [1 2 1] / 4 filter along every axis, ends repeated."""
    shape, flat = values.shape, np.ascontiguousarray(values).ravel()
    pairs, out = np.empty_like(flat), np.empty_like(flat)
    for axis, length in enumerate(shape):
        # sums of neighbours, and of neighbouring sums: over the flat array, where one long sum is fast on any axis
        apart = math.prod(shape[axis + 1 :])
        lines, sums, blurred = (x.reshape(-1, length, apart) for x in (flat, pairs, out))
        np.add(flat[:-apart], flat[apart:], out=pairs[:-apart])
        np.add(lines[:, -1], lines[:, -1], out=sums[:, -1])
        first = lines[:, 0] + lines[:, 0]
        np.add(pairs[:-apart], pairs[apart:], out=out[apart:])
        np.add(first, sums[:, 0], out=blurred[:, 0])
        flat, out = out, np.empty_like(flat) if axis == 0 else flat
    flat *= np.float32(0.25 ** len(shape))
    return flat.reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class GlobalColours:
    """Log-odds by colour alone, as a table over Lab bins.

    separation: how well they tell inside from outside near the edges of the very pictures they come from, the mean of
    both sides' shares of pixels that they get right: 1 where colour alone gives the answer, 0.5 where it says nothing.
    """

    table: NDArray[np.float32]
    separation: float = 0.5

    def log_odds(self, lab: Lab) -> NDArray[np.float32]:
        return np.asarray(self.table[_colour_bins(lab, _LIGHTNESS_BINS, _COLOUR_BINS, _NARROW)], np.float32)


def learn_global(examples: Iterable[tuple[Lab, NDArray[np.float32], NDArray[np.float32]]]) -> GlobalColours:
    """From pictures with their inside (0 to 1) and outside (0 to 1) weights, all ``H x W``: each example counts
    alike, whatever its size."""
    bins = _LIGHTNESS_BINS * _COLOUR_BINS * _COLOUR_BINS
    shape = (_LIGHTNESS_BINS, _COLOUR_BINS, _COLOUR_BINS)
    density = [np.full(shape, 2e-4, np.float32), np.full(shape, 2e-4, np.float32)]
    for lab, *weights in examples:
        index = _colour_bins(lab, *shape[:2], _NARROW).ravel()
        for side, weight in enumerate(weights):
            total = float(weight.sum(dtype=np.float64))
            if total >= 1:
                counts = np.bincount(index, weights=weight.ravel(), minlength=bins) / total
                density[side] += _blurred(counts.astype(np.float32).reshape(shape))
    return GlobalColours(np.log(density[0] / density[1]).ravel())


@dataclass(frozen=True, eq=False)
class LocalColours:
    """Log-odds by colour and place: a bilateral grid (Chen, Paris and Durand, SIGGRAPH 2007) of labelled pixels, as
    in Maerki et al., "Bilateral Space Video Segmentation", CVPR 2016. Place is that of the picture it was learned
    from, so that picture must have been warped onto the one it is asked about."""

    inside: NDArray[np.float32]
    outside: NDArray[np.float32]
    place: NDArray[np.int32]

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        prior = np.float32(0.5)  # pixels' worth of doubt
        return np.asarray(np.log((self.inside + prior) / (self.outside + prior)).ravel(), np.float32)

    def log_odds(self, lab: Lab) -> NDArray[np.float32]:
        bins = _colour_bins(lab, _CELL_LIGHTNESS, _CELL_COLOUR, _NARROW)
        return np.asarray(self._table[self.place + bins], np.float32)


def learn_local(lab: Lab, inside: NDArray[np.float32], weight: NDArray[np.float32], cell_px: int) -> LocalColours:
    """From one labelled picture: ``inside`` 0 to 1 and how much each pixel counts, both ``H x W``, in cells of
    ``cell_px`` pixels."""
    height, width = lab.shape[:2]
    rows, columns = (np.arange(height) + cell_px // 2) // cell_px, (np.arange(width) + cell_px // 2) // cell_px
    colours = _CELL_LIGHTNESS * _CELL_COLOUR * _CELL_COLOUR
    shape = (int(rows[-1]) + 1, int(columns[-1]) + 1, _CELL_LIGHTNESS, _CELL_COLOUR, _CELL_COLOUR)
    place = ((rows[:, None] * shape[1] + columns[None]) * colours).astype(np.int32)
    index = (place + _colour_bins(lab, _CELL_LIGHTNESS, _CELL_COLOUR, _NARROW)).ravel()
    sides = []
    for share in (inside, 1 - inside):
        counts = np.bincount(index, weights=(share * weight).ravel(), minlength=int(np.prod(shape)))
        sides.append(_blurred(counts.astype(np.float32).reshape(shape)))
    return LocalColours(sides[0], sides[1], place)
