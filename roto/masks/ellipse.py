"""Ellipse: a centre, two radii and a rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.masks.fields import MAX_COORDINATE, need_positive, points_field, read_point
from roto.masks.flatten import flatten_ellipse
from roto.masks.outline import OutlineMask
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Ellipse(OutlineMask):
    type: ClassVar[str] = "ellipse"

    center: tuple[float, float] = points_field(read_point, "[x, y] of the centre")
    radii: tuple[float, float] = points_field(read_point, "[horizontal, vertical] radius before the rotation")
    rotation_deg: float = option(
        0.0, "rotation about the centre, clockwise", minimum=-MAX_COORDINATE, maximum=MAX_COORDINATE
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        need_positive(self.radii, "radii")

    def outline(self) -> NDArray[np.float64]:
        return flatten_ellipse(self.center, self.radii, self.rotation_deg)
