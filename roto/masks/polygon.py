"""Polygon: straight edges between points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.masks.fields import Point, need_points, points_field, read_list, read_point
from roto.masks.outline import SplineMask


def read_points(value: Any, place: str) -> tuple[Point, ...]:
    """``[[x, y], ...]`` from JSON."""
    return tuple(read_point(point, f"{place}[{index}]") for index, point in enumerate(read_list(value, place)))


@dataclass(frozen=True, kw_only=True)
class Polygon(SplineMask):
    type: ClassVar[str] = "polygon"

    points: tuple[Point, ...] = points_field(read_points, "[x, y] of every corner, three or more")

    def __post_init__(self) -> None:
        super().__post_init__()
        need_points(self.points, 3, self.type)

    def outline(self) -> NDArray[np.float64]:
        return np.array(self.points, np.float64)

    def along(self) -> NDArray[np.float64]:
        return np.arange(len(self.points), dtype=np.float64)

    def at(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        closed = np.array([*self.points, self.points[0]], np.float64)
        return np.stack([np.interp(along, np.arange(len(closed)), closed[:, axis]) for axis in (0, 1)], axis=1)
