"""What entries share that look for something in the picture and may find nothing."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from roto.detect.find import working_picture
from roto.motion.cuts import is_cut, thumbnail
from roto.motion.flow import one_thread
from roto.options import option
from roto.semantic.found import Found, FoundOptions
from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class NamedEntry(StackEntry, abc.ABC):
    """Something that is named. Where it is not surely there, the matte is empty, and the confidence says so."""

    least: float = option(
        FoundOptions.least,
        "confidence from which on there is any; below, it is empty",
        minimum=0.0,
        maximum=1.0,
    )
    soft_px: float = option(
        0.0, "width of the band around its edge that the picture decides; 0: a clean edge", minimum=0.0, maximum=200.0
    )

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        shared = [field.name for field in dataclasses.fields(NamedEntry)]
        own = {name: field for name, field in every.items() if name not in shared}
        found = {name: every[name] for name in ("least", "soft_px")}
        return own | found | {name: every[name] for name in StackEntry.fields()}

    @abc.abstractmethod
    def find(self, seen: Seen, rgb: NDArray[np.uint8], options: FoundOptions) -> Found:
        """In the picture, uint8 ``H x W x 3``."""

    def coverage(self, seen: Seen) -> Covered:
        plate = seen.plate()
        if plate is None:
            return Covered(np.zeros((seen.canvas.height, seen.canvas.width), np.float32), 0.0, "there is no picture")
        found = self.find(seen, plate.rgb8(), FoundOptions(least=self.least, soft_px=self.soft_px))
        return Covered(found.matte, found.confidence, "" if found.matte.any() else found.why)


@dataclass(frozen=True, kw_only=True)
class SurfaceEntry(NamedEntry, abc.ABC):
    """Something that is known by its look; which one, its type says, a name in :data:`roto.semantic.SURFACES`."""

    reach: ClassVar[int] = 2

    neighbours: int = option(
        2, "how many frames before and after to calm it with; 0: each by itself", minimum=0, maximum=2
    )

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        every = super().fields()
        return {"least": every["least"], **every}

    def find(self, seen: Seen, rgb: NDArray[np.uint8], options: FoundOptions) -> Found:
        from roto.semantic.surface import find_surface

        offsets = (-self.neighbours, self.neighbours) if self.neighbours else ()
        return find_surface(self.type, rgb, around(seen, rgb, offsets), options)


def around(seen: Seen, rgb: NDArray[np.uint8], offsets: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
    """The working pictures of the same shot, of these offsets, as far as there are any.

    rgb: the frame's own picture.
    """
    wanted = set(offsets)
    pictures: dict[int, NDArray[np.uint8]] = {}
    with one_thread():
        for step in (-1, 1):
            before = working_picture(rgb)
            for offset in range(step, step * max((abs(each) for each in wanted), default=0) + step, step):
                plate = seen.plate(offset)
                if plate is None:
                    break
                picture = working_picture(plate.rgb8())
                if is_cut(thumbnail(before), thumbnail(picture)):
                    break
                pictures[offset] = before = picture
    return {offset: picture for offset, picture in pictures.items() if offset in wanted}
