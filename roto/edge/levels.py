"""Levels on a matte, as a compositor's grade node has them: black and white point, gamma, output black and white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.edge.step import Around, EdgeStep
from roto.errors import DocumentError
from roto.image import Matte
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Levels(EdgeStep):
    type: ClassVar[str] = "levels"
    summary: ClassVar[str] = "stretch, squeeze or bend coverage"

    black: float = option(0.0, "coverage that becomes 0, and all below it", minimum=0.0, maximum=1.0)
    white: float = option(1.0, "coverage that becomes 1, and all above it", minimum=0.0, maximum=1.0)
    gamma: float = option(1.0, "more than 1 lifts what lies between, less lowers it", minimum=0.05, maximum=20.0)
    out_black: float = option(0.0, "what coverage 0 is written as", minimum=0.0, maximum=1.0)
    out_white: float = option(1.0, "what coverage 1 is written as", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        if self.black >= self.white:
            raise DocumentError("levels.white", f"{self.white:g}, but it has to be more than black, {self.black:g}")

    def apply(self, matte: Matte, around: Around) -> Matte:
        return levels(matte, self.black, self.white, self.gamma, self.out_black, self.out_white)


def levels(
    matte: Matte,
    black: float = 0.0,
    white: float = 1.0,
    gamma: float = 1.0,
    out_black: float = 0.0,
    out_white: float = 1.0,
) -> Matte:
    """``out_black + (out_white - out_black) * ((matte - black) / (white - black)) ** (1 / gamma)``, clipped to [0, 1]
    inside the power. matte: float32 ``H x W`` in [0, 1], returned unchanged by the defaults.
    """
    if (black, white, gamma, out_black, out_white) == (0.0, 1.0, 1.0, 0.0, 1.0):
        return matte
    # in float64, so that the white point is exactly 1
    stretched = np.clip((matte.astype(np.float64) - black) / (white - black), 0.0, 1.0)
    return (out_black + (out_white - out_black) * stretched ** (1 / gamma)).astype(np.float32)
