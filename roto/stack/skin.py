"""Skin: see :mod:`roto.semantic.skin`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.options import option
from roto.stack.named import SurfaceEntry


@dataclass(frozen=True, kw_only=True)
class Skin(SurfaceEntry):
    type: ClassVar[str] = "skin"
    summary: ClassVar[str] = "skin, by its colour alone: for people seen closely; clay, wood and brick look the same"

    least: float = option(0.2, "confidence from which on there is any; below, it is empty", minimum=0.0, maximum=1.0)
