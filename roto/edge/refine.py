"""Refine: how much of each pixel the layer covers at its edge, from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.matting import METHODS
from roto.edge.matting.extra import why_not
from roto.edge.matting.linked_lines import BYTES_PER_PIXEL, OVERLAP_PX, TILE_PX
from roto.edge.matting.refine import refine
from roto.edge.motion_blur import plate_motion
from roto.edge.step import Around, EdgeStep
from roto.edge.trimap import automatic_trimap, trimap
from roto.image import Matte
from roto.options import option

_BYTES_PER_PIXEL = 64  # of the whole picture: copies of it, planes of the trimap, links
_SPEED_PX = 12  # the layer's speed holds so far beyond its edge


@dataclass(frozen=True, kw_only=True)
class Refine(EdgeStep):
    type: ClassVar[str] = "refine"
    summary: ClassVar[str] = "solve a band around the edge from the picture: hair, fur, blur"
    costly: ClassVar[bool] = True

    width_px: float | None = option(
        None,
        "width of the band, half of it inside and half outside; auto: as the edge needs it, by what the plate shows, "
        "the frame's confidence and its motion",
        minimum=0.0,
        maximum=1000.0,
        auto=True,
    )
    method: str = option("linked-lines", "who solves it", choices=tuple(METHODS))
    mask_weight: float = option(
        1.0,
        "how much the mask counts where the picture does not tell; about 0.1 for veils, smoke and glass, 0: not at all",
        minimum=0.0,
        maximum=100.0,
    )

    @property
    def reach(self) -> int:
        return 1 if self.width_px is None else 0

    def unavailable(self) -> str | None:
        return why_not(self.method)

    def memory_bytes(self, width: int, height: int) -> int:
        pixels = width * height
        tile = min(pixels, (TILE_PX + 2 * OVERLAP_PX) ** 2)
        return _BYTES_PER_PIXEL * pixels + BYTES_PER_PIXEL * tile

    def apply(self, matte: Matte, around: Around) -> Matte:
        plate = around.plate(0)
        if plate is None or not matte.any():
            return matte
        rgb = plate.rgb_display()
        if self.width_px is None:
            found = automatic_trimap(rgb, matte, _least_reach(matte, around))
        else:
            found = trimap(matte, self.width_px)
        if not ((found == 255).any() and (found == 0).any()):
            return matte  # a layer that is all edge, or fills the picture, has nothing to be told apart from
        return refine(rgb, found, self.method, matte, self.mask_weight)


def _least_reach(matte: Matte, around: Around) -> NDArray[np.float32]:
    """How far, in pixels, the band has to reach to both sides: as far as an edge is expected to be off that has the
    frame's confidence, and as far as an open shutter of 180 degrees smears it."""
    height, width = matte.shape
    outlines, _ = cv2.findContours((matte >= 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    length = max(sum(cv2.arcLength(outline, True) for outline in outlines), 1.0)
    # an edge that is off by d all along changes the area by d times its length
    off = (1 - around.confidence) * float(matte.sum(dtype=np.float64)) / length
    least = np.full((height, width), off, np.float32)
    flows = [flow for flow in plate_motion(around, matte) if flow is not None]
    if flows:
        speed = np.mean([np.hypot(flow[..., 0], flow[..., 1]) for flow in flows], axis=0, dtype=np.float32)
        near = np.ones((2 * _SPEED_PX + 1,) * 2, np.uint8)
        inside = cv2.dilate(np.where(matte >= 0.5, speed, np.float32(0)).astype(np.float32), near)
        least = np.maximum(least, inside / np.float32(4))  # half of what it moves while half a frame is open
    return np.asarray(least, np.float32)
