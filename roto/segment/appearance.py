"""How common each pixel's colour is somewhere else in the picture: everywhere at once, or in its neighbourhood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roto.segment.colour import Lab

_BINS = (12, 16, 16)  # of lightness and of the two colour axes, everywhere
_NEARBY_BINS = (10, 10, 10)
_NARROW = 48  # a and b beyond 128 +- this share the outermost bins
_CELLS = 24  # of a neighbourhood, along the longer side


class Appearance:
    """The colours of one picture, 8-bit Lab ``H x W x 3``, put into bins once."""

    def __init__(self, lab: Lab) -> None:
        self._shape = lab.shape[:2]
        self._bins = _binned(lab, _BINS)
        cell = max(self._shape) / _CELLS
        rows, columns = ((np.arange(length) / cell).astype(np.int32) for length in self._shape)
        self._cell = cell
        self._grid = (int(rows[-1]) + 1, int(columns[-1]) + 1)
        place = rows[:, None] * self._grid[1] + columns[None]
        self._used, colour = np.unique(_binned(lab, _NEARBY_BINS), return_inverse=True)
        self._place = place * len(self._used) + colour.reshape(self._shape)
        self._everything: dict[tuple[float, float], NDArray[np.float32]] = {}

    def share(self, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of each pixel's colour in the histogram of the picture weighted by ``weight``, ``H x W``, >= 0."""
        counts = np.bincount(self._bins.ravel(), weight.ravel(), int(np.prod(_BINS))).reshape(_BINS)
        share = (counts / max(float(weight.sum(dtype=np.float64)), 1e-6)).astype(np.float32)
        smooth = _blurred(share, (0, 1, 2))
        return np.asarray(smooth.ravel()[self._bins], np.float32)

    def balance(self, inside: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
        """Log-odds of each pixel's colour to be inside, going by a labelling from 0 to 1 of the pixels around it, with
        a Gaussian window of ``reach`` pixels (standard deviation)."""
        if (reach, reach) not in self._everything:
            self._everything[reach, reach] = self._mass(np.ones(self._shape, np.float32), reach, reach)
        own = self._mass(inside, reach, reach)
        rest = np.maximum(self._everything[reach, reach] - own, 0)
        return np.asarray(np.log((own + 1) / (rest + 1)).ravel()[self._place], np.float32)

    def nearby_share(self, weight: NDArray[np.float32], across: float, down: float) -> NDArray[np.float32]:
        """As :meth:`share`, with the histogram around each pixel: a Gaussian window of ``across x down`` pixels
        (standard deviations)."""
        mass = self._mass(weight, across, down)
        total = np.maximum(self._totals(weight, across, down), np.float32(1e-9))
        return np.asarray((mass / total[..., None]).ravel()[self._place], np.float32)

    def _mass(self, weight: NDArray[np.float32], across: float, down: float) -> NDArray[np.float32]:
        """Weighted counts, rows x columns of the grid x colours that occur."""
        used = len(self._used)
        cells = self._grid[0] * self._grid[1]
        counts = np.zeros((cells, int(np.prod(_NEARBY_BINS))), np.float32)
        counts[:, self._used] = np.bincount(self._place.ravel(), weight.ravel(), cells * used).reshape(cells, used)
        smooth = _blurred(counts.reshape(cells, *_NEARBY_BINS), (1, 2, 3)).reshape(cells, -1)[:, self._used]
        return self._windowed(smooth.reshape(*self._grid, used), across, down)

    def _totals(self, weight: NDArray[np.float32], across: float, down: float) -> NDArray[np.float32]:
        cells = self._grid[0] * self._grid[1]
        counts = np.bincount((self._place // len(self._used)).ravel(), weight.ravel(), cells).astype(np.float32)
        return self._windowed(counts.reshape(*self._grid, 1), across, down)[..., 0]

    def _windowed(self, counts: NDArray[np.float32], across: float, down: float) -> NDArray[np.float32]:
        # einsum, not a matrix product: the sums must not depend on the number of threads
        counts = np.einsum("ij,jck->ick", self._window(self._grid[0], down), counts)
        return np.asarray(np.einsum("ij,rjk->rik", self._window(self._grid[1], across), counts), np.float32)

    def _window(self, cells: int, sigma: float) -> NDArray[np.float32]:
        apart = np.arange(cells)[:, None] - np.arange(cells)[None]
        return np.asarray(np.exp(-0.5 * (apart * self._cell / sigma) ** 2), np.float32)


def _binned(lab: Lab, bins: tuple[int, int, int]) -> NDArray[np.int32]:
    table = np.arange(256)
    lightness = (table * bins[0] // 256).astype(np.int32)
    colour = np.clip((table - 128 + _NARROW) * bins[1] // (2 * _NARROW), 0, bins[1] - 1).astype(np.int32)
    return np.asarray((lightness[lab[..., 0]] * bins[1] + colour[lab[..., 1]]) * bins[2] + colour[lab[..., 2]])


def _blurred(values: NDArray[np.float32], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """A [1 2 1] / 4 filter along some axes, ends repeated."""
    for axis in axes:
        ahead = np.moveaxis(values, axis, 0)
        ahead = np.concatenate([ahead[:1], ahead, ahead[-1:]])
        blurred = np.float32(0.25) * (ahead[:-2] + ahead[2:]) + np.float32(0.5) * ahead[1:-1]
        values = np.moveaxis(blurred, 0, axis)
    return values
