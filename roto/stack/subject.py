"""Subject: what a frame is about, without a prompt, see :mod:`roto.semantic.subject`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.options import option
from roto.semantic.found import Found, FoundOptions
from roto.semantic.subject import AROUND, METHODS, find_subject
from roto.stack.entry import Seen
from roto.stack.named import NamedEntry, around


@dataclass(frozen=True, kw_only=True)
class Subject(NamedEntry):
    type: ClassVar[str] = "subject"
    summary: ClassVar[str] = "the one thing that moves most surely, or stands out; for a preview: it may change"
    reach: ClassVar[int] = max(AROUND)

    method: str = option("auto", "by what it is found: motion, what is salient, or auto: both", choices=METHODS)

    def find(self, seen: Seen, rgb: NDArray[np.uint8], options: FoundOptions) -> Found:
        return find_subject(rgb, around(seen, rgb, AROUND), self.method, options)
