"""Alpha: the clip's own alpha channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from roto.errors import DocumentError
from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class Alpha(StackEntry):
    type: ClassVar[str] = "alpha"
    summary: ClassVar[str] = "the clip's own alpha channel"

    def coverage(self, seen: Seen) -> Covered:
        plate = seen.plate()
        if plate is None or plate.alpha is None:
            raise DocumentError("", "the clip has no alpha channel; 'file' reads one from another file")
        return Covered(np.asarray(plate.alpha, np.float32))
