"""Sky: see :mod:`roto.semantic.sky`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.stack.named import SurfaceEntry


@dataclass(frozen=True, kw_only=True)
class Sky(SurfaceEntry):
    type: ClassVar[str] = "sky"
    summary: ClassVar[str] = "the sky, by its colour, smoothness and place; empty where none reaches the upper edge"
