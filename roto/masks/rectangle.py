"""Rectangle: a centre, a size, a rotation and rounded corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.masks.fields import DIGITS, MAX_COORDINATE, need_positive, points_field, read_point
from roto.masks.flatten import flatten_ellipse, rotated
from roto.masks.outline import OutlineMask
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Rectangle(OutlineMask):
    type: ClassVar[str] = "rectangle"

    center: tuple[float, float] = points_field(read_point, "[x, y] of the centre")
    size: tuple[float, float] = points_field(read_point, "[width, height] before the rotation")
    rotation_deg: float = option(
        0.0, "rotation about the centre, clockwise", minimum=-MAX_COORDINATE, maximum=MAX_COORDINATE
    )
    corner_radius_px: float = option(0.0, "radius of the rounded corners", minimum=0.0, maximum=MAX_COORDINATE)

    def __post_init__(self) -> None:
        super().__post_init__()
        need_positive(self.size, "size")
        if self.corner_radius_px > min(self.size) / 2 + 10**-DIGITS:  # both are rounded
            raise DocumentError(
                "corner_radius_px",
                f"{self.corner_radius_px:g} is more than half of the shorter side, {min(self.size) / 2:g}",
            )

    def outline(self) -> NDArray[np.float64]:
        straight = np.maximum(np.array(self.size) / 2 - self.corner_radius_px, 0)
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * straight
        if self.corner_radius_px:
            corners = np.concatenate([corner + arc for corner, arc in zip(corners, self._arcs(), strict=True)])
        return rotated(corners, self.rotation_deg) + self.center

    def _arcs(self) -> list[NDArray[np.float64]]:
        """The four quarters of the corners' circle, from the lower right one clockwise."""
        circle = flatten_ellipse((0.0, 0.0), (self.corner_radius_px,) * 2, 0.0)
        count = -(-len(circle) // 4)
        angles = np.linspace(0, np.pi / 2, count + 1) + np.arange(4)[:, None] * (np.pi / 2)
        return [self.corner_radius_px * np.stack([np.cos(quarter), np.sin(quarter)], axis=1) for quarter in angles]
