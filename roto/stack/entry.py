"""What every entry of a layer's stack is, what it is given to see, and how entries join."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from roto.curve import Curve, curve_in_json
from roto.errors import DocumentError
from roto.frames.source import ClipInfo
from roto.image import Frame, Matte
from roto.kinds import Kind
from roto.masks.animated import ShapeKey
from roto.masks.feather import SIDES
from roto.masks.fields import placed
from roto.masks.mask import Canvas, MaskImage
from roto.options import inside, option, type_hints, unknown
from roto.semantic.model import SemanticModel

OPERATIONS: dict[str, Callable[[Matte, Matte], Matte]] = {
    "add": lambda below, here: np.minimum(below + here, np.float32(1)),
    "subtract": lambda below, here: np.maximum(below - here, np.float32(0)),
    "intersect": np.minimum,
    "multiply": lambda below, here: below * here,
    "maximum": np.maximum,
    "invert": lambda below, here: below + here * (np.float32(1) - np.float32(2) * below),
}
"""What stands below and an entry, both float32 ``H x W`` in [0, 1], to what stands then. ``invert`` turns what stands
below around where the entry covers."""
NEED_BELOW = ("subtract", "intersect", "multiply")


class Covered(NamedTuple):
    """A matte, float32 ``H x W`` in [0, 1], and the intersection over union with the truth that is expected of it, 0 to
    1; 1 for what is so by definition, such as a drawn shape or a range of brightness. missing: what an entry looked for
    and did not find, in words that are the same on frames that lack the same; empty where it found something."""

    matte: Matte
    confidence: float = 1.0
    missing: str = ""


class Pictures(Protocol):
    """Frames of a file beside the clip: a still, a sequence or a video."""

    @property
    def info(self) -> ClipInfo: ...

    def frame(self, number: int) -> Frame:
        """SourceError for a number outside ``info.range``."""


class Seen(Protocol):
    """What an entry may look at, of one frame."""

    @property
    def number(self) -> int: ...

    @property
    def canvas(self) -> Canvas:
        """The size of the picture, and how masks' image files are read."""

    def plate(self, offset: int = 0) -> Frame | None:
        """The clip's frame so many frames on; None beyond the delivered range."""

    def tracked(self) -> Covered:
        """What the layer's keyframes and spans say."""

    def layer(self, name: str) -> Covered:
        """Another layer as it is delivered."""

    def pictures(self, file: str) -> Pictures:
        """A file that the entry names, relative to the document."""

    def image(self, file: str, number: int) -> MaskImage:
        """A frame of such a file as a mask: its luma, its alpha, its objects."""

    def shape_keys(self, file: str) -> tuple[ShapeKey, ...]:
        """The keyframes of shapes in a file that the entry names."""

    def semantic_model(self, folder: str) -> SemanticModel:
        """A semantic-segmentation model that the entry names, open as long as the shot."""


@dataclass(frozen=True, kw_only=True)
class StackEntry(Kind, abc.ABC):
    """One way to say what a layer covers, and how that joins what stands below it.

    Options that are numbers may be keyed; between keys they interpolate. ``curves`` holds those that are, by name;
    :meth:`at` is the entry with the values of one frame.
    """

    reach: ClassVar[int] = 0
    """How many frames before and after its own it may ask plates of."""

    operation: str = option("add", "how it joins what stands below", choices=tuple(OPERATIONS))
    opacity: float = option(1.0, "how far that is carried out", minimum=0.0, maximum=1.0)
    invert: bool = option(False, "cover what lies outside instead")
    grow_px: float = option(0.0, "move its edge outwards, inwards if negative", minimum=-200.0, maximum=200.0)
    feather_px: float = option(0.0, "width of its soft edge", minimum=0.0, maximum=1000.0)
    feather_side: str = option("both", "where its soft edge lies", choices=tuple(SIDES))
    curves: tuple[tuple[str, Curve], ...] = dataclasses.field(default=(), repr=False)

    @abc.abstractmethod
    def coverage(self, seen: Seen) -> Covered:
        """What it covers by itself, before growth, feather and inversion. Called on what :meth:`at` returns.
        DocumentError, its place an option, for what cannot be had."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it reads, relative to the document; their content is part of the result's key."""
        named = (getattr(self, name) for name, field in self.fields().items() if field.metadata["path"])
        return tuple(file for file in named if file)

    @property
    def models(self) -> tuple[str, ...]:
        """The folders of semantic-segmentation models that it asks; their content is part of the result's key."""
        return ()

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of other layers that it looks at."""
        return ()

    @property
    def settled(self) -> bool:
        """False where an option is left to what the clip shows, see :meth:`settle`."""
        return True

    def settle(self, frames: Iterable[Seen]) -> tuple[Self, str]:
        """The entry with such options decided from a choice of frames, and a line that says what was decided.
        DocumentError, its place an option, where nothing can be."""
        return self, ""

    def shown(self, seen: Seen) -> Mapping[str, bool]:
        """Whether a frame shows each of several things that the entry was told to look for, by what it is called; for
        what its coverage alone does not tell."""
        return {}

    @property
    def remark(self) -> str:
        """What a person should know of what was asked for, after the entry's name; empty where it is as usual."""
        return ""

    def at(self, number: int) -> Self:
        """The entry with the values of one frame, nothing keyed any more."""
        if not self.curves:
            return self
        kinds = type_hints(type(self))
        values: dict[str, Any] = {name: curve.at(number) for name, curve in self.curves}
        whole = {name: round(value) for name, value in values.items() if kinds[name] is int}
        return dataclasses.replace(self, curves=(), **values | whole)

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        """Those of the kind itself first."""
        every = {field.name: field for field in dataclasses.fields(cls) if field.name != "curves"}
        return {name: field for name, field in every.items() if name not in _COMMON} | {
            name: field for name, field in every.items() if name in _COMMON
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        kinds = type_hints(cls)
        curves, plain = [], {}
        for name, value in data.items():
            if isinstance(value, Mapping) and name in cls.fields():
                if kinds[name] not in (int, float):
                    raise DocumentError(inside(place, name), "cannot be keyed; only numbers can")
                curve = Curve.from_json(value, cls.fields()[name].metadata, inside(place, name))
                curves.append((name, curve))
            else:
                plain[name] = value
        if "curves" in plain:
            raise DocumentError(inside(place, "curves"), unknown("curves", cls.fields()))
        with placed(place):
            entry = super().from_json(plain, "")
        if not curves:
            return entry
        entry = dataclasses.replace(entry, curves=tuple(curves))
        for number in sorted({number for _, curve in curves for number, _ in curve.keys})[:_CHECKED]:
            try:
                entry.at(number)
            except DocumentError as error:
                where = inside(place, error.place)
                raise DocumentError(where, f"on frame {number}: {error.problem}") from None
        return entry

    def to_json(self) -> dict[str, Any]:
        bare = dataclasses.replace(self, curves=())
        curves = dict(self.curves)
        given = super(StackEntry, bare).to_json()
        written: dict[str, Any] = {"type": self.type}
        for name in self.fields():
            if name in curves:
                written[name] = curves[name].to_json()
            elif name in given:
                written[name] = given[name]
        return written

    @classmethod
    def json_value(cls, name: str, text: str, place: str) -> Any:
        curve = curve_in_json(text) if type_hints(cls)[name] in (int, float) else None
        return super().json_value(name, text, place) if curve is None else curve


_CHECKED = 1000  # keyed frames at which options are held against each other when a document is read
_COMMON = ("operation", "opacity", "invert", "grow_px", "feather_px", "feather_side")
