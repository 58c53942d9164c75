"""Layer: another layer's matte, as a holdout for instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from roto.errors import DocumentError
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class LayerMatte(StackEntry):
    type: ClassVar[str] = "layer"
    summary: ClassVar[str] = "another layer as it is delivered, its edge steps done; a holdout, for instance"

    name: str = option("", "which layer")

    def __post_init__(self) -> None:
        if not self.name:
            raise DocumentError("name", "missing, it says which layer")

    @property
    def layers(self) -> tuple[str, ...]:
        return (self.name,)

    def coverage(self, seen: Seen) -> Covered:
        return seen.layer(self.name)
