"""Gaussian blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.composite.effect import Effect, Region
from roto.composite.gaussian import gaussian, gaussian_reach
from roto.composite.light import Floats
from roto.image import Box
from roto.options import option

LEAST_SHARE = np.float32(1e-4)  # of the matte in a neighbourhood, below which there is no colour of the inside


@dataclass(frozen=True, kw_only=True)
class Blur(Effect):
    type: ClassVar[str] = "blur"
    summary: ClassVar[str] = "Gaussian blur"

    px: float = option(10.0, "standard deviation in pixels", minimum=0.0, maximum=1000.0)
    clean: bool = option(False, "blur only what is inside the matte: no colour from outside comes in at its edge")

    def needs(self, box: Box, width: int, height: int) -> Box:
        return box.padded(gaussian_reach(self.px), width, height)

    def apply(self, picture: Floats, region: Region) -> Floats:
        if self.px == 0:
            return picture
        if not self.clean:
            return gaussian(picture, self.px, region.box)
        premultiplied = gaussian(picture * region.matte[..., None], self.px, region.box)
        share = gaussian(region.matte, self.px, region.box)
        return straight(premultiplied, share, picture)


def straight(premultiplied: Floats, share: Floats, otherwise: Floats) -> Floats:
    """``premultiplied / share``, and ``otherwise`` where there is next to no share."""
    enough = share > LEAST_SHARE
    divided = premultiplied / np.where(enough, share, np.float32(1))[..., None]
    return np.where(enough[..., None], divided, otherwise)
