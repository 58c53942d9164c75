"""Moving: everything that moves otherwise than the background, see :mod:`roto.semantic.subject`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.detect.moving import OFFSETS
from roto.semantic.found import Found, FoundOptions
from roto.semantic.subject import find_all_moving
from roto.stack.entry import Seen
from roto.stack.named import NamedEntry, around


@dataclass(frozen=True, kw_only=True)
class Moving(NamedEntry):
    type: ClassVar[str] = "moving"
    summary: ClassVar[str] = "everything that moves otherwise than the camera makes the background move"
    reach: ClassVar[int] = max(OFFSETS)

    def find(self, seen: Seen, rgb: NDArray[np.uint8], options: FoundOptions) -> Found:
        return find_all_moving(rgb, around(seen, rgb, OFFSETS), options)
