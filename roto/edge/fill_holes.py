"""Fill holes, by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.step import Around, EdgeStep
from roto.image import Box, Matte
from roto.options import option

_HALF = np.float32(0.5)

_RIM_PX = 24


@dataclass(frozen=True, kw_only=True)
class FillHoles(EdgeStep):
    type: ClassVar[str] = "fill-holes"
    summary: ClassVar[str] = "fill holes up to a size"

    area_px: float = option(64.0, "largest area of a hole that is filled, in square pixels", minimum=0.0, maximum=1e9)

    def apply(self, matte: Matte, around: Around) -> Matte:
        return fill_holes(matte, self.area_px)


def fill_holes(matte: Matte, area_px: float) -> Matte:
    """Fill what is enclosed by the matte, diagonals counting as closed, and covers at most ``area_px`` square pixels.

    A hole is where coverage is less than one half, with its soft rim; its area is what is missing there. An opening
    at the border of the picture is none. matte: float32 ``H x W`` in [0, 1], returned as it is where nothing is filled.
    """
    return fill_small(matte, area_px, connectivity=4, at_border=False)


def fill_small(matte: Matte, area_px: float, *, connectivity: int, at_border: bool) -> Matte:
    """:func:`fill_holes` with the ``connectivity`` of holes, 4 or 8, and holes ``at_border`` of the picture or not."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (matte < _HALF).astype(np.uint8), connectivity=connectivity
    )
    height, width = matte.shape
    filled = matte
    for label in range(1, count):
        left, top, across, down, pixels = (int(value) for value in stats[label])
        box = Box(left, top, left + across, top + down)
        enclosed = left > 0 and top > 0 and box.x1 < width and box.y1 < height
        # what is missing is more than half of each of its pixels
        if pixels > 2 * area_px or not (enclosed or at_border):
            continue
        window = box.padded(_RIM_PX, width, height).slices
        rim = _rim(matte[window], labels[window] == label)
        if float((1 - matte[window][rim]).sum(dtype=np.float64)) <= area_px:
            filled = filled.copy() if filled is matte else filled
            filled[window][rim] = 1
    return filled


def _rim(matte: Matte, hole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A hole with the partly covered pixels around it, as far as coverage rises on the way out."""
    reached, square = hole, np.ones((3, 3), np.uint8)
    for _ in range(_RIM_PX):
        beside = cv2.erode(np.where(reached, matte, np.float32(2)), square)
        further = reached | ((matte < 1) & (matte > beside))
        if (further == reached).all():
            break
        reached = further
    return reached
