"""Vegetation: see :mod:`roto.semantic.vegetation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.stack.named import SurfaceEntry


@dataclass(frozen=True, kw_only=True)
class Vegetation(SurfaceEntry):
    type: ClassVar[str] = "vegetation"
    summary: ClassVar[str] = "everything that grows green, by its colour and texture; dark woods and straw are missed"
