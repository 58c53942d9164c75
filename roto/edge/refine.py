"""Refine: how much of each pixel the layer covers at its edge, from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.edge.matting import METHODS
from roto.edge.matting.extra import why_not
from roto.edge.matting.linked_lines import BYTES_PER_PIXEL, OVERLAP_PX, TILE_PX
from roto.edge.matting.refine import refine
from roto.edge.step import Around, EdgeStep
from roto.edge.trimap import automatic_trimap, trimap
from roto.image import Matte
from roto.options import option

_BYTES_PER_PIXEL = 64  # of the whole picture: copies of it, planes of the trimap, links


@dataclass(frozen=True, kw_only=True)
class Refine(EdgeStep):
    type: ClassVar[str] = "refine"
    summary: ClassVar[str] = "solve a band around the edge from the picture: hair, fur, blur"
    costly: ClassVar[bool] = True

    width_px: float | None = option(
        None,
        "width of the band, half of it inside and half outside; auto: as the edge needs it",
        minimum=0.0,
        maximum=1000.0,
        auto=True,
    )
    method: str = option("linked-lines", "who solves it", choices=tuple(METHODS))

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
        found = automatic_trimap(rgb, matte) if self.width_px is None else trimap(matte, self.width_px)
        if not ((found == 255).any() and (found == 0).any()):
            return matte  # a layer that is all edge, or fills the picture, has nothing to be told apart from
        return refine(rgb, found, self.method, matte)
