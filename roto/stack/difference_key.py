"""Difference key: what differs from a clean plate."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from roto.errors import DocumentError
from roto.keying.difference import DifferenceKeyOptions, difference_key
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry
from roto.stack.picked import clean_plate, plate_of


@dataclass(frozen=True, kw_only=True)
class DifferenceKey(DifferenceKeyOptions, StackEntry):
    type: ClassVar[str] = "difference-key"
    summary: ClassVar[str] = "what differs from a clean plate, a still or a frame of the clip itself"

    plate: str = option("", "the clean plate: a still, or any clip", path=True)
    plate_frame: int | None = option(None, "which frame of it; its first by itself")

    def __post_init__(self) -> None:
        if not self.plate:
            raise DocumentError("plate", "missing, it names the clean plate, a still or a clip")

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        return {"plate": every["plate"], **every}

    def coverage(self, seen: Seen) -> Covered:
        matte = difference_key(plate_of(seen), clean_plate(seen, self.plate, self.plate_frame), self)
        return Covered(matte, missing="" if matte.any() else "nothing differs from the clean plate")
