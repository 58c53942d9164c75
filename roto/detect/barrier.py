"""Distance from the border of a picture, measured by how much colour changes on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 3


def barrier_distance(image: NDArray[np.uint8], seeds: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Minimum barrier distance of each pixel of ``image``, ``H x W x C``, from ``seeds``, summed over the channels.

    The barrier of a path is the difference between its largest and its smallest value; background reaches the border
    on a path with a small one, whatever its own gradients. Passes over rows and columns in turn, each keeping the
    best path so far (Zhang et al., "Minimum Barrier Salient Object Detection at 80 FPS", ICCV 2015).
    """
    channel = image.astype(np.float32)
    distance = np.where(seeds[..., None], np.float32(0), np.float32(np.inf)) + np.zeros_like(channel)
    highest, lowest = channel.copy(), channel.copy()
    for _ in range(_ROUNDS):
        for turned in ((0, 1, 2), (1, 0, 2)):
            values = [each.transpose(turned) for each in (channel, distance, highest, lowest)]
            _sweep(*values)
            _sweep(*(each[::-1] for each in values))
    return np.asarray(distance.sum(axis=2), np.float32)


def _sweep(channel: NDArray[Any], distance: NDArray[Any], highest: NDArray[Any], lowest: NDArray[Any]) -> None:
    """Extends each row's paths from the row before it, in place."""
    for row in range(1, len(channel)):
        high = np.maximum(highest[row - 1], channel[row])
        low = np.minimum(lowest[row - 1], channel[row])
        better = high - low < distance[row]
        distance[row][better] = (high - low)[better]
        highest[row][better] = high[better]
        lowest[row][better] = low[better]
