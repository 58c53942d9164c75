"""Values at scattered places, spread over the picture: known ones stay, the rest is as smooth as can be.

The membrane between them (Laplace's equation) is solved from coarse to fine. It takes linear fields as they are, so
that what turns or grows as a whole does so between the places too.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

_SWEEPS = 24  # a level


def spread(places: NDArray[np.float64], values: NDArray[np.float64], height: int, width: int) -> Floats:
    """float32 ``height x width x C`` from ``N`` places, (x, y) in pixels, and their values ``N x C``. Places outside
    the picture count at its border."""
    column = np.clip(np.floor(places[:, 0]).astype(np.int64), 0, width - 1)
    row = np.clip(np.floor(places[:, 1]).astype(np.int64), 0, height - 1)
    index, size = row * width + column, height * width
    weight = np.bincount(index, minlength=size).astype(np.float32).reshape(height, width)
    sums = np.stack([np.bincount(index, channel, size) for channel in values.T], axis=-1)
    total = sums.reshape(height, width, -1).astype(np.float32)
    return _solved(total, weight)


def _solved(total: Floats, weight: Floats) -> Floats:
    known = weight > 0
    mean = total / np.maximum(weight, 1)[..., None]
    height, width = weight.shape
    if known.all() or max(height, width) <= 2:
        whole = total.sum(axis=(0, 1)) / max(float(weight.sum()), 1.0)
        return np.where(known[..., None], mean, whole).astype(np.float32)
    coarse = _solved(_halved(total), _halved(weight))
    filled = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR).reshape(mean.shape)
    for _ in range(_SWEEPS):
        filled = np.where(known[..., None], mean, filled)
        around = np.pad(filled, ((1, 1), (1, 1), (0, 0)), mode="edge")
        filled = (around[1:-1, 2:] + around[1:-1, :-2] + around[2:, 1:-1] + around[:-2, 1:-1]) / 4
    return np.where(known[..., None], mean, filled).astype(np.float32)


def _halved(values: Floats) -> Floats:
    """Sums over 2 x 2 cells."""
    odd = [(0, values.shape[0] % 2), (0, values.shape[1] % 2)] + [(0, 0)] * (values.ndim - 2)
    even = np.pad(values, odd)
    total: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return total
