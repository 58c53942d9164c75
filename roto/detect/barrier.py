"""Distance from the border of a picture, measured by how much colour changes on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 3


def barrier_distance(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Minimum barrier distance of each pixel of one channel, ``H x W``, to the picture's border.

    The barrier of a path is the difference between its largest and its smallest value; background reaches the border
    on a path with a small one, whatever its own gradients. Passes over rows and columns in turn, each keeping the
    best path so far (Zhang et al., "Minimum Barrier Salient Object Detection at 80 FPS", ICCV 2015).
    """
    distance = np.full(channel.shape, np.inf, np.float32)
    distance[0] = distance[-1] = 0
    distance[:, 0] = distance[:, -1] = 0
    highest, lowest = channel.copy(), channel.copy()
    for _ in range(_ROUNDS):
        for values in ((channel, distance, highest, lowest), (channel.T, distance.T, highest.T, lowest.T)):
            _sweep(*values)
            _sweep(*(each[::-1] for each in values))
    return distance


def _sweep(channel: NDArray[Any], distance: NDArray[Any], highest: NDArray[Any], lowest: NDArray[Any]) -> None:
    """Extends each row's paths from the row before it, in place."""
    for row in range(1, len(channel)):
        high = np.maximum(highest[row - 1], channel[row])
        low = np.minimum(lowest[row - 1], channel[row])
        better = high - low < distance[row]
        distance[row][better] = (high - low)[better]
        highest[row][better] = high[better]
        lowest[row][better] = low[better]
