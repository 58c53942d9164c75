"""Choke: eat into a soft edge from its outer end, or let it spread from its inner one; hard edges stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.edge.levels import levels
from roto.edge.step import Around, EdgeStep
from roto.image import Matte
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Choke(EdgeStep):
    type: ClassVar[str] = "choke"
    summary: ClassVar[str] = "eat into a soft edge, spread it if negative"

    amount: float = option(
        0.0, "share of the soft edge that goes; negative, share that becomes whole", minimum=-0.99, maximum=0.99
    )

    def apply(self, matte: Matte, around: Around) -> Matte:
        return choke(matte, self.amount)


def choke(matte: Matte, amount: float) -> Matte:
    """Coverage up to ``amount`` becomes 0 and the rest is stretched to reach 1; with a negative amount coverage from
    ``1 + amount`` becomes 1. What is whole or empty stays so. matte: float32 ``H x W`` in [0, 1]."""
    return levels(matte, black=max(amount, 0.0), white=1 + min(amount, 0.0))
