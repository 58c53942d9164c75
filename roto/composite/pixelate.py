"""Mosaic: for faces and number plates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.composite.blur import straight
from roto.composite.effect import Effect, Region
from roto.composite.light import Floats
from roto.image import Box
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Pixelate(Effect):
    """Cells lie on one grid for the whole clip, counted from the frame's top left corner: they neither swim nor
    tremble with the matte, and what moves beneath them cannot be put together again from where they were."""

    type: ClassVar[str] = "pixelate"
    summary: ClassVar[str] = "mosaic of square cells that stand still"

    px: int = option(16, "side of a cell in pixels", minimum=1, maximum=10_000)
    clean: bool = option(False, "average only what is inside the matte: no colour from outside comes in at its edge")

    def needs(self, box: Box, width: int, height: int) -> Box:
        x0, y0 = box.x0 // self.px * self.px, box.y0 // self.px * self.px
        x1, y1 = -(-box.x1 // self.px) * self.px, -(-box.y1 // self.px) * self.px
        return Box(x0, y0, min(x1, width), min(y1, height))

    def apply(self, picture: Floats, region: Region) -> Floats:
        if not self.clean:
            return mosaic(picture, self.px, region.box)
        premultiplied = mosaic(picture * region.matte[..., None], self.px, region.box)
        return straight(premultiplied, mosaic(region.matte, self.px, region.box), picture)


def mosaic(picture: Floats, px: int, box: Box) -> Floats:
    """``H x W`` or ``H x W x C`` of the frame's ``box``, every pixel the mean of what is there of its cell."""
    rows, columns = _starts(box.y0, box.y1, px), _starts(box.x0, box.x1, px)
    sums = np.add.reduceat(np.add.reduceat(picture, rows, axis=0, dtype=np.float64), columns, axis=1)
    heights, widths = np.diff([*rows, len(picture)]), np.diff([*columns, picture.shape[1]])
    counts = np.outer(heights, widths).reshape(*sums.shape[:2], *[1] * (picture.ndim - 2))
    means = np.ascontiguousarray(sums / counts, np.float32)
    return np.repeat(np.repeat(means, heights, axis=0), widths, axis=1)


def _starts(first: int, last: int, px: int) -> list[int]:
    """Where cells start among the pixels ``first`` to ``last - 1``, counted from the first."""
    return [0, *range(px - first % px, last - first, px)]
