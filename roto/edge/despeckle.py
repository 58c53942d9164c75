"""Remove specks, by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.edge.fill_holes import fill_small
from roto.edge.step import Around, EdgeStep
from roto.image import Matte
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Despeckle(EdgeStep):
    type: ClassVar[str] = "despeckle"
    summary: ClassVar[str] = "remove specks up to a size"

    area_px: float = option(64.0, "largest area of a speck that goes, in square pixels", minimum=0.0, maximum=1e9)

    def apply(self, matte: Matte, around: Around) -> Matte:
        return despeckle(matte, self.area_px)


def despeckle(matte: Matte, area_px: float) -> Matte:
    """Remove what is not connected to the rest of the matte, diagonals counting as connected, and covers at most
    ``area_px`` square pixels, with its soft rim. matte: float32 ``H x W`` in [0, 1], returned as it is where nothing
    is removed. The largest part always stays: what there is of the layer is no speck.
    """
    inverse = np.float32(1) - matte
    kept = fill_small(inverse, area_px, connectivity=8, at_border=True)
    if kept is inverse:
        return matte
    cleaned = matte.copy()
    cleaned[kept != inverse] = 0
    return cleaned
