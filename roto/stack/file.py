"""File: a matte that was made elsewhere, a still, a sequence or a video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from roto.errors import DocumentError
from roto.masks.paint import CHANNELS, Paint
from roto.options import option
from roto.stack.entry import Covered, Seen, StackEntry

OUTSIDE = ("error", "hold", "empty")


@dataclass(frozen=True, kw_only=True)
class FileMatte(StackEntry):
    """Frames are matched by number, ``offset`` added to the clip's; a still serves every frame."""

    type: ClassVar[str] = "file"
    summary: ClassVar[str] = "a matte from a still, a sequence or a video: its luma, its alpha, an object of it"

    file: str = option("", "image, shot.####.exr, folder or video", path=True)
    channel: str = option("auto", "what of it is the matte", choices=CHANNELS)
    id: int | str | None = option(
        None, "which object: a number in a palette PNG, a name in a Cryptomatte or EXR", minimum=0, maximum=255
    )
    offset: int = option(0, "its frame numbers minus the clip's", minimum=-(2**31), maximum=2**31)
    outside: str = option("error", "where it has no frame: error, hold its nearest, or empty", choices=OUTSIDE)

    def __post_init__(self) -> None:
        if not self.file:
            raise DocumentError("file", "missing, it names a matte")

    def coverage(self, seen: Seen) -> Covered:
        info = seen.pictures(self.file).info
        number = seen.number + self.offset
        if info.kind == "still":
            number = info.range.first
        elif number not in info.range:
            if self.outside == "error":
                raise DocumentError(
                    "file",
                    f"{self.file} has frames {info.range}, {number} is asked for; say offset, or outside hold or empty",
                )
            if self.outside == "empty":
                return Covered(np.zeros((seen.canvas.height, seen.canvas.width), np.float32))
            number = min(max(number, info.range.first), info.range.last)
        paint = Paint(file=self.file, channel=self.channel, id=self.id)
        return Covered(paint.coverage(replace(seen.canvas, load=lambda file: seen.image(file, number))))
