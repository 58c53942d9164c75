"""Feather: a soft edge inside, outside, or on both sides of the matte's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.edge.step import Around, EdgeStep
from roto.image import Matte
from roto.masks.feather import FALLOFFS, SIDES, feather
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Feather(EdgeStep):
    type: ClassVar[str] = "feather"
    summary: ClassVar[str] = "soften the edge"

    px: float = option(0.0, "width of the soft edge in pixels", minimum=0.0, maximum=1000.0)
    side: str = option("both", "half of it on either side of the edge, or all inside, or outside", choices=tuple(SIDES))
    falloff: str = option(
        "smooth",
        "how coverage falls: smooth at both ends, linear, smooth at the outer end (smooth0), at the inner (smooth1)",
        choices=tuple(FALLOFFS),
    )

    def apply(self, matte: Matte, around: Around) -> Matte:
        return feather(matte, self.px, self.side, self.falloff)
