"""The motion of shapes from one keyframe to the next, where their points say which place went where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roto.masks.mask import Mask
from roto.masks.outline import SplineMask

_A_SEGMENT = 64  # places


class Moving(NamedTuple):
    """Places on outlines and their velocities, float64 ``N x 2``, in pixels and pixels a frame."""

    places: NDArray[np.float64]
    velocities: NDArray[np.float64]


def moving(start: Sequence[Mask], end: Sequence[Mask], position: float, frames: int) -> Moving | None:
    """Where the outlines of two keyframes, ``frames`` apart, are at ``position`` between them (0 to 1), and how fast,
    each point on a straight way. None unless they are the same shapes with as many points, polygons or splines."""
    if len(start) != len(end):
        return None
    places, velocities = [], []
    for one, other in zip(start, end, strict=True):
        if not isinstance(one, SplineMask) or not isinstance(other, SplineMask):
            return None
        if type(one) is not type(other) or len(one.points) != len(other.points) or one.operation != other.operation:
            return None
        along = np.arange(len(one.points) * _A_SEGMENT) / _A_SEGMENT
        here, there = one.at(along), other.at(along)
        places.append(here + position * (there - here))
        velocities.append((there - here) / frames)
    return Moving(np.concatenate(places), np.concatenate(velocities)) if places else None
