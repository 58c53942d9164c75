"""Colour key: a range of hue, saturation and lightness, or colours picked from the picture."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from roto.keying.colour import ColourKeyOptions, colour_key
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry
from roto.stack.picked import colours_of, plate_of


@dataclass(frozen=True, kw_only=True)
class ColourKey(ColourKeyOptions, StackEntry):
    type: ClassVar[str] = "colour-key"
    summary: ClassVar[str] = "colours picked from the picture, or a range of hue, saturation and lightness, or both"

    colours: str = option("", "colours as #RRGGBB, with spaces between them; without one ranges alone count")

    def __post_init__(self) -> None:
        super().__post_init__()
        colours_of(self.colours, "colours")

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        return {"colours": every["colours"], **every}

    def coverage(self, seen: Seen) -> Covered:
        return Covered(colour_key(plate_of(seen), self, colours_of(self.colours, "colours")))
