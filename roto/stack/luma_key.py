"""Luma key: what is as bright as asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.errors import DocumentError
from roto.keying.luma import PRESETS, LumaKeyOptions, luma_key, preset
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry
from roto.stack.picked import plate_of

_OWN = "own"


@dataclass(frozen=True, kw_only=True)
class LumaKey(LumaKeyOptions, StackEntry):
    type: ClassVar[str] = "luma-key"
    summary: ClassVar[str] = "what is as bright as asked, from low to high, with soft shoulders"

    range: str = option(_OWN, "a range by name, in place of low and high", choices=(_OWN, *PRESETS))

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("low", "high", "low_softness", "high_softness"):
            if self.range != _OWN and getattr(self, name) != self.fields()[name].default:
                raise DocumentError(name, f"of no effect beside range={self.range}; leave one of the two out")

    def coverage(self, seen: Seen) -> Covered:
        options = self if self.range == _OWN else preset(self.range, self.measure, self.falloff)
        matte = luma_key(plate_of(seen), options)
        return Covered(matte, missing="" if matte.any() else "nothing is that bright")
