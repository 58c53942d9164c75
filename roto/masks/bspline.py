"""B-spline: a closed uniform cubic B-spline, the smooth curve that Silhouette and Nuke draw near their points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.masks.fields import Point, need_points, points_field
from roto.masks.flatten import cubics_at, flatten_cubics, flatten_cubics_along
from roto.masks.outline import SplineMask
from roto.masks.polygon import read_points


@dataclass(frozen=True, kw_only=True)
class BSpline(SplineMask):
    type: ClassVar[str] = "bspline"

    points: tuple[Point, ...] = points_field(read_points, "[x, y] of every control point, three or more")

    def __post_init__(self) -> None:
        super().__post_init__()
        need_points(self.points, 3, self.type)

    def outline(self) -> NDArray[np.float64]:
        return flatten_cubics(as_cubics(np.array(self.points, np.float64)))

    def along(self) -> NDArray[np.float64]:
        return flatten_cubics_along(as_cubics(np.array(self.points, np.float64)))[1]

    def at(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        return cubics_at(as_cubics(np.array(self.points, np.float64)), along)


def as_cubics(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same curve as Bezier segments: ``N x 2`` control points to ``N x 4 x 2``."""
    before, here, after, beyond = (np.roll(points, shift, axis=0) for shift in (1, 0, -1, -2))
    start, end = (before + 4 * here + after) / 6, (here + 4 * after + beyond) / 6
    return np.stack([start, (2 * here + after) / 3, (here + 2 * after) / 3, end], axis=1)
