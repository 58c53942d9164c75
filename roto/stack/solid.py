"""Solid: the whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class Solid(StackEntry):
    type: ClassVar[str] = "solid"
    summary: ClassVar[str] = (
        "the whole picture: to turn the stack around (operation=invert), to fade it (operation=subtract,opacity=0.5)"
    )

    @property
    def remark(self) -> str:
        if self.operation in ("multiply", "intersect") and not self.invert:
            return f"changes nothing by operation={self.operation}; operation=subtract with an opacity fades"
        return ""

    def coverage(self, seen: Seen) -> Covered:
        return Covered(np.ones((seen.canvas.height, seen.canvas.width), np.float32))
