"""A look-up table as an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from roto.composite.cube import Cube, parse_cube
from roto.composite.effect import Effect, Region
from roto.composite.light import Floats
from roto.errors import DocumentError
from roto.options import option


@dataclass(frozen=True, kw_only=True)
class Lut(Effect):
    """Looked up in the source's own encoding, whatever light is worked in: that is what tables are made for."""

    type: ClassVar[str] = "lut"
    summary: ClassVar[str] = "a look-up table, a .cube file of one or three dimensions"

    file: str = option("", "the .cube file", path=True)
    strength: float = option(1.0, "share of the looked-up colour", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        if not self.file:
            raise DocumentError("lut", "the .cube file is missing; write lut=FILE")

    def loaded(self, read: Callable[[str], str]) -> Effect:
        return _Loaded(table=parse_cube(read(self.file), self.file), strength=self.strength)

    def apply(self, picture: Floats, region: Region) -> Floats:
        raise RuntimeError("a look-up table is loaded first")


@dataclass(frozen=True, kw_only=True)
class _Loaded(Effect):
    type: ClassVar[str] = "lut"
    summary: ClassVar[str] = Lut.summary

    table: Cube
    strength: float

    def apply(self, picture: Floats, region: Region) -> Floats:
        looked_up = region.light.in_source(picture, self.table)
        if self.strength == 1.0:
            return looked_up
        return picture + self.strength * (looked_up - picture)
