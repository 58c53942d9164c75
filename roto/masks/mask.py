"""What every kind of mask can do, and what it is given to do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Matte

OPERATIONS = ("add", "subtract", "intersect")

MAX_SIDE = 65_536
MAX_PIXELS = 2**28  # 16k x 16k: a float32 matte of 1 GiB


class NamedMattes(Protocol):
    """Mattes that stand in a file by name: objects of a Cryptomatte, channels of an EXR."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def matte(self, name: str) -> Matte | None:
        """float32 ``H x W`` in [0, 1]; None when there is none of this name."""


class MaskImage(Protocol):
    """A painted mask as it was read from a file."""

    @property
    def luma(self) -> Matte:
        """Brightness, float32 ``H x W`` in [0, 1] at the file's precision."""

    @property
    def alpha(self) -> Matte | None:
        """The file's alpha channel, or None."""

    @property
    def indices(self) -> NDArray[np.uint8] | None:
        """Palette indices of a palette PNG (one id an object), or None."""

    @property
    def named(self) -> NamedMattes | None:
        """The file's mattes by name, or None where it has no names."""

    @property
    def only_named(self) -> bool:
        """Whether a name is needed: neither luma nor alpha is a mask."""


MaskLoader: TypeAlias = Callable[[str], MaskImage]


def no_files(file: str) -> MaskImage:
    """The loader for masks that need no file; asking it for one is an error."""
    raise DocumentError("", f"{file} cannot be read here: painted masks need a document that they belong to")


PromptAnswerer: TypeAlias = Callable[[Any, Matte | None], Matte]
"""``answer(prompted, prior)``: the matte that a segmenter sees in the picture; see :mod:`roto.masks.prompted`."""


def no_picture(prompted: Any, prior: Matte | None) -> Matte:
    """The answerer for masks that need no picture; asking it is an error."""
    raise DocumentError("", "a prompt cannot be answered here: it needs a document with a clip to look at")


@dataclass(frozen=True, slots=True)
class Canvas:
    """The picture that a mask covers: its size in pixels, how the files that masks name are read, and who answers
    prompts about it."""

    width: int
    height: int
    load: MaskLoader = no_files
    answer: PromptAnswerer = no_picture

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE and self.pixels <= MAX_PIXELS):
            raise DocumentError(
                "", f"a picture of {self.width} x {self.height} cannot be masked: 1 to {MAX_SIDE} a side are allowed"
            )

    @property
    def pixels(self) -> int:
        return self.width * self.height


class Mask(Protocol):
    """One element of a keyframe. Immutable, compared by value, made from JSON and written back to it."""

    type: ClassVar[str]  # its name in documents: "polygon", "paint", ...

    @property
    def operation(self) -> str:
        """How it joins the masks before it, one of OPERATIONS."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        """From a document's object. DocumentError, naming the place, for whatever is not valid."""

    def to_json(self) -> dict[str, Any]:
        """The object that :meth:`from_json` reads, without what stands at its default."""

    def coverage(self, canvas: Canvas) -> Matte:
        """The mask by itself, feather and inversion included: float32 ``canvas.height x canvas.width``."""
