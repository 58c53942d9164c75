"""Bezier: cubic segments between points, each with a handle on either side, as in Nuke and After Effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.masks.fields import need_points, points_field, read_list, read_numbers
from roto.masks.flatten import cubics_at, flatten_cubics, flatten_cubics_along
from roto.masks.outline import SplineMask
from roto.options import describe


class BezierPoint(NamedTuple):
    """A point of the curve, and its incoming and outgoing handles relative to it; without handles it is a corner."""

    x: float
    y: float
    in_x: float = 0.0
    in_y: float = 0.0
    out_x: float = 0.0
    out_y: float = 0.0


def read_bezier_points(value: Any, place: str) -> tuple[BezierPoint, ...]:
    """``[x, y]`` or ``[x, y, in_x, in_y, out_x, out_y]`` for every point, from JSON."""
    return tuple(_read_point(point, f"{place}[{index}]") for index, point in enumerate(read_list(value, place)))


def _read_point(value: Any, place: str) -> BezierPoint:
    if not isinstance(value, Sequence) or len(value) not in (2, 6):
        raise DocumentError(
            place, f"{describe(value)}, but [x, y] or [x, y, in_x, in_y, out_x, out_y] is needed, handles relative"
        )
    return BezierPoint(*read_numbers(value, place, len(value), "a list of numbers"))


@dataclass(frozen=True, kw_only=True)
class Bezier(SplineMask):
    type: ClassVar[str] = "bezier"

    points: tuple[BezierPoint, ...] = points_field(
        read_bezier_points, "[x, y, in_x, in_y, out_x, out_y] of every point, two or more; handles are relative"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        need_points(self.points, 2, self.type)
        object.__setattr__(self, "points", tuple(BezierPoint(*point) for point in self.points))

    def to_json(self) -> dict[str, Any]:
        data = super().to_json()
        data["points"] = [point if any(point[2:]) else point[:2] for point in data["points"]]
        return data

    def outline(self) -> NDArray[np.float64]:
        return flatten_cubics(self._cubics())

    def along(self) -> NDArray[np.float64]:
        return flatten_cubics_along(self._cubics())[1]

    def at(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        return cubics_at(self._cubics(), along)

    def _cubics(self) -> NDArray[np.float64]:
        points = np.array(self.points, np.float64)
        here, after = points[:, :2], np.roll(points, -1, axis=0)
        return np.stack([here, here + points[:, 4:], after[:, :2] + after[:, 2:4], after[:, :2]], axis=1)
