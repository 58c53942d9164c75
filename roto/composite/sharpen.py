"""Unsharp mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.composite.effect import Effect, Region
from roto.composite.gaussian import gaussian, gaussian_reach
from roto.composite.light import Floats
from roto.image import Box
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Sharpen(Effect):
    type: ClassVar[str] = "sharpen"
    summary: ClassVar[str] = "unsharp mask"

    amount: float = option(1.0, "how much of what a blur takes away is added", minimum=0.0, maximum=10.0)
    px: float = option(1.5, "standard deviation of that blur in pixels", minimum=0.1, maximum=100.0)
    threshold: float = option(
        0.0, "differences smaller than this, of white, stay: they are grain", minimum=0.0, maximum=1.0
    )

    def needs(self, box: Box, width: int, height: int) -> Box:
        return box.padded(gaussian_reach(self.px), width, height)

    def apply(self, picture: Floats, region: Region) -> Floats:
        detail = picture - gaussian(picture, self.px, region.box)
        if self.threshold:
            least = np.float32(self.threshold)
            detail = np.copysign(np.maximum(np.abs(detail) - least, 0), detail)
        return picture + np.float32(self.amount) * detail
