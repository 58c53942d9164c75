"""Colour key: a range of hue, saturation and lightness, or colours picked from the picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from roto.errors import DocumentError
from roto.keying.colour import Colour, ColourKeyOptions, colour_key, hex_of
from roto.options import inside, option
from roto.stack.entry import Covered, Seen, StackEntry
from roto.stack.picked import colours_of, picked_colours, plate_of, points_of

_RANGES = tuple(f"{of}_{end}" for of in ("hue", "saturation", "lightness") for end in ("low", "high"))
_SEEN = 1e-4  # of a frame; less is noise


@dataclass(frozen=True, kw_only=True)
class ColourKey(ColourKeyOptions, StackEntry):
    type: ClassVar[str] = "colour-key"
    summary: ClassVar[str] = "colours picked from the picture, or a range of hue, saturation and lightness, or both"

    colours: str = option("", "colours as #RRGGBB, with spaces between them; without one ranges alone count")

    points: str = option("", "colours by where they are seen, X:Y:FRAME, with spaces between them")
    points_file: str = option("", "in which still or clip the points lie, this clip too", path=True)
    points_px: int = option(3, "side of the square about a point whose mean is picked", minimum=1, maximum=101)

    def __post_init__(self) -> None:
        super().__post_init__()
        colours_of(self.colours, "colours")
        if points_of(self.points, "points") and not self.points_file:
            raise DocumentError("points_file", "missing, it names the clip in which the points lie")

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        if not any(name in data for name in ("colours", "points", *_RANGES)):
            raise DocumentError(
                inside(place, "colours"),
                "missing; say colours, points of the picture, or a range such as hue_low=80,hue_high=160",
            )
        return super().from_json(data, place)

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        return {"colours": every["colours"], **every}

    def shown(self, seen: Seen) -> Mapping[str, bool]:
        plate, samples = plate_of(seen), self._samples(seen)
        if len(samples) < 2:
            return {}  # its coverage tells
        return {hex_of(colour): float(colour_key(plate, self, [colour]).mean()) > _SEEN for colour in samples}

    def coverage(self, seen: Seen) -> Covered:
        samples = self._samples(seen)
        matte = colour_key(plate_of(seen), self, samples)
        if float(matte.mean()) > _SEEN:
            return Covered(matte)
        seen_as = "hardly seen" if matte.any() else "not seen"
        wanted = " or ".join(hex_of(colour) for colour in samples) or "what its ranges ask for"
        return Covered(matte, missing=f"{wanted} is {seen_as}")

    def _samples(self, seen: Seen) -> tuple[Colour, ...]:
        points = points_of(self.points, "points")
        return colours_of(self.colours, "colours") + picked_colours(
            seen, self.points_file, points, self.points_px, "points"
        )
