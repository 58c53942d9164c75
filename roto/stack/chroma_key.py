"""Chroma key: what stands before a green, blue or other screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from roto.errors import DocumentError, RotoError
from roto.image import Pixels
from roto.keying.chroma import ChromaKeyOptions, keyed_screen
from roto.keying.colour import hex_of
from roto.keying.halved import has_halved_colour
from roto.keying.screen import find_screen_colour
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry
from roto.stack.picked import clean_plate, colours_of, is_one_colour, plate_of

_BYTES_PER_PIXEL = 130  # colour restored, light, the screen's, the subject's, twice, and the matte


@dataclass(frozen=True, kw_only=True)
class ChromaKey(ChromaKeyOptions, StackEntry):
    """Its matte is whole on a frame in which the screen is not seen, with a confidence of 0."""

    type: ClassVar[str] = "chroma-key"
    summary: ClassVar[str] = "what stands before a green, blue or other screen, unevenly lit as it may be"

    screen: str | None = option(None, "the screen's colour as #RRGGBB; auto: found once for the clip", auto=True)
    subject: str = option("", "colours of the subject as #RRGGBB, for smoke, veils and glass, which are nowhere whole")
    plate: str = option("", "a clean plate in place of a model of the screen: a still, or any clip", path=True)
    plate_frame: int | None = option(None, "which frame of it; its first by itself")
    garbage_layer: str = option("", "a layer that covers what is neither screen nor subject")
    holdout_layer: str = option("", "a layer that covers what is kept whatever its colour")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.screen is not None and not is_one_colour(self.screen):
            raise DocumentError(
                "screen", f"{self.screen!r}, but it is one colour as #RRGGBB, such as #1e8c3c, or auto, which finds it"
            )
        colours_of(self.subject, "subject")

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        return {"screen": every["screen"], **every}

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(name for name in (self.garbage_layer, self.holdout_layer) if name)

    def memory_bytes(self, width: int, height: int) -> int:
        return _BYTES_PER_PIXEL * width * height

    @property
    def settled(self) -> bool:
        return self.screen is not None and self.halved_colour is not None

    def settle(self, frames: Iterable[Seen]) -> tuple[ChromaKey, str]:
        seen, decided, told = list(frames), self, []
        where = "1 frame" if len(seen) == 1 else f"{len(seen)} frames"
        if self.halved_colour is None:
            halved = has_halved_colour(plate_of(each) for each in seen)
            decided = dataclasses.replace(decided, halved_colour=halved)
            told.append(f"halved_colour auto, {'true' if halved else 'false'}")
        if self.screen is None:
            pictures: Iterable[Pixels] = (plate_of(each) for each in seen)
            if self.plate:
                pictures, where = [clean_plate(seen[0], self.plate, self.plate_frame)], "the clean plate"
            try:
                found = hex_of(find_screen_colour(pictures))
            except RotoError as error:
                raise DocumentError("screen", f"auto, and in {where} {error}") from None
            decided = dataclasses.replace(decided, screen=found)
            told.insert(0, f"screen auto, {found} from {where}")
        return decided, "; ".join(told)

    def coverage(self, seen: Seen) -> Covered:
        if self.screen is None:
            raise ValueError("the screen is not settled")
        keyed = keyed_screen(
            plate_of(seen),
            colours_of(self.screen, "screen")[0],
            self,
            plate=clean_plate(seen, self.plate, self.plate_frame) if self.plate else None,
            subject=colours_of(self.subject, "subject"),
            garbage=seen.layer(self.garbage_layer).matte if self.garbage_layer else None,
            holdout=seen.layer(self.holdout_layer).matte if self.holdout_layer else None,
        )
        if keyed.screen_share > 0:
            return Covered(keyed.matte)
        return Covered(keyed.matte, 0.0, f"the screen {self.screen} is not seen, and everything is kept")
