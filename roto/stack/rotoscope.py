"""Rotoscope: the layer's keyframes, tracked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class Rotoscope(StackEntry):
    type: ClassVar[str] = "rotoscope"
    summary: ClassVar[str] = "the layer's keyframes, tracked; all there is in a layer without a stack"

    def coverage(self, seen: Seen) -> Covered:
        return seen.tracked()
