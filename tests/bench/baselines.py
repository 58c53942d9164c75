"""Simple methods to hold roto against. Each gives a signed distance for every frame that is not keyed.

interpolation: the neighbouring keyframes' signed distances, mixed linearly in time. aligned interpolation: the same,
once both shapes have one centre and one size, on the way from the one keyframe's to the other's. flow: DIS, both ways,
mixed linearly in time. Outside the keyframes all of them hold, or carry, the nearest one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from sequences import Clip

from roto.signed_distance import signed_distance

REACH_PX = 1000.0  # these methods do not clamp: an empty mask is as far from an edge as can be
Values = NDArray[np.float32]
Distances = dict[int, Values]
Placement = tuple[float, float, float]  # a shape's centre, column and row, and its size: the square root of its area


def by_interpolation(clip: Clip, keyed: list[int]) -> Distances:
    known = {number: distance_of(clip.truth[number]) for number in keyed}
    found = {}
    for number in range(len(clip.rgb)):
        a, b, share = _between(keyed, number)
        found[number] = (1 - share) * known[a] + share * known[b]
    return found


def by_aligned_interpolation(clip: Clip, keyed: list[int]) -> Distances:
    """Sizes are mixed by their logarithms. An empty keyframe has no centre: shapes beside it stay where they are."""
    known = {number: distance_of(clip.truth[number]) for number in keyed}
    places = {number: placement(clip.truth[number]) for number in keyed}
    found = {}
    for number in range(len(clip.rgb)):
        a, b, share = _between(keyed, number)
        here, there, at_a, at_b = known[a], known[b], places[a], places[b]
        if at_a is not None and at_b is not None:
            middle = on_the_way(at_a, at_b, share)
            here, there = placed(here, at_a, middle), placed(there, at_b, middle)
        found[number] = (1 - share) * here + share * there
    return found


def by_flow(clip: Clip, keyed: list[int]) -> Distances:
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in clip.rgb]

    def carried(start: int, end: int) -> Distances:
        step = 1 if end > start else -1
        distance, found = distance_of(clip.truth[start]), {}
        for number in range(start + step, end + step, step):
            distance = warped(distance, flow.calc(grey[number], grey[number - step], None))
            if number % 4 == 0:
                distance = distance_of(distance > 0)
            found[number] = distance
        return found

    found = {} if keyed[0] == 0 else carried(keyed[0], 0)
    for a, b in pairwise(keyed):
        if b - a > 1:
            ahead, back = carried(a, b - 1), carried(b, a + 1)
            found |= {t: ((b - t) * ahead[t] + (t - a) * back[t]) / (b - a) for t in range(a + 1, b)}
    return found if keyed[-1] == len(grey) - 1 else found | carried(keyed[-1], len(grey) - 1)


BASELINES: dict[str, Callable[[Clip, list[int]], Distances]] = {
    "interpolation": by_interpolation,
    "aligned interpolation": by_aligned_interpolation,
    "flow": by_flow,
}


def distance_of(mask: NDArray[np.bool_]) -> Values:
    return signed_distance(mask.astype(np.float32), REACH_PX)


def warped(distance: Values, flow: NDArray[np.float32]) -> Values:
    columns, rows = _grid(distance)
    return _sampled(distance, columns + flow[..., 0], rows + flow[..., 1])


def placement(mask: NDArray[np.bool_]) -> Placement | None:
    """None where the mask is empty."""
    rows, columns = np.nonzero(mask)
    return (float(columns.mean()), float(rows.mean()), len(rows) ** 0.5) if len(rows) else None


def on_the_way(a: Placement, b: Placement, share: float) -> Placement:
    x, y = ((1 - share) * p + share * q for p, q in zip(a[:2], b[:2], strict=True))
    return x, y, a[2] ** (1 - share) * b[2] ** share


def placed(distance: Values, old: Placement, new: Placement) -> Values:
    """A shape's signed distance once the shape is moved and scaled from one placement to another."""
    columns, rows = _grid(distance)
    zoom = np.float32(old[2] / new[2])
    moved = _sampled(distance, (columns - new[0]) * zoom + old[0], (rows - new[1]) * zoom + old[1])
    return np.asarray(moved / zoom, np.float32)


def _between(keyed: list[int], number: int) -> tuple[int, int, float]:
    """The keyframes to both sides, and how far ``number`` lies on the way from the first to the second."""
    a = max((k for k in keyed if k <= number), default=keyed[0])
    b = min((k for k in keyed if k >= number), default=keyed[-1])
    return a, b, (number - a) / (b - a) if b > a else 0.0


def _grid(picture: Values) -> tuple[Values, Values]:
    columns, rows = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in picture.shape[::-1]))
    return columns, rows


def _sampled(picture: Values, columns: Values, rows: Values) -> Values:
    x, y = (np.asarray(v, np.float32) for v in (columns, rows))
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
