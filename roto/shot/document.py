"""The shot document: everything that a person decided about a shot, as frozen dataclasses.

Documents are values: an edit makes a new one (:mod:`roto.shot.edit`). What holds for every document (layer names,
one keyframe a frame, keyframes within the range) is checked when one is made, so there are no invalid documents.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeVar

from roto.edge.colour import ColourOptions
from roto.edge.step import EdgeStep
from roto.errors import DocumentError
from roto.masks.combine import check_operations
from roto.masks.mask import Mask
from roto.options import read_options, unknown
from roto.shot.names import check_layer_name, composed
from roto.stack.entry import StackEntry
from roto.stack.read import check_stack
from roto.stack.rotoscope import Rotoscope
from roto.temporal.options import SmoothOptions
from roto.timing import FrameRange
from roto.track.options import TrackOptions

VERSION = 2
MAX_LAYERS = 1000
MAX_KEYFRAMES = 100_000
OPTION_STAGES: dict[str, type[Any]] = {"track": TrackOptions, "smooth": SmoothOptions, "colour": ColourOptions}

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The clip. ``path`` is relative to the document's folder where it can be, with forward slashes.

    start: number of the first frame, or "timecode" to count from the source's time code; None: the source's own.
    rate: frames a second, for sequences, which have none of their own.
    missing: what to do about frames that a sequence lacks, error, hold (the one before) or black.
    colour_space, view, ocio: how it is looked at, see :class:`roto.frames.view.View`; ``ocio`` is a path as the clip's.
    """

    path: str
    start: int | Literal["timecode"] | None = None
    rate: Fraction | None = None
    missing: str = "error"
    colour_space: str | None = None
    view: str | None = None
    ocio: str | None = None


@dataclass(frozen=True, kw_only=True)
class Keyframe:
    """What is known of a layer on one frame: the shapes that make its matte, or that it is not in the picture."""

    frame: int
    shapes: tuple[Mask, ...] = ()
    absent: bool = False

    def __post_init__(self) -> None:
        if self.absent and self.shapes:
            raise DocumentError("shapes", "an absent keyframe has no shapes; remove them, or absent")
        if not self.absent and not self.shapes:
            raise DocumentError("shapes", "a keyframe has shapes, or is absent")
        check_operations(self.shapes)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One thing to roto. Keyframes are held in the order of their frames, the name in Unicode's composed form.

    options: what this layer sets differently from the document, by stage: ``{"smooth": {"strength": 0.5}}``.
    stack: what it covers, from the bottom up; None: its keyframes, tracked.
    edge: the steps of its edge stage, in order; None: the document's.
    """

    name: str
    keyframes: tuple[Keyframe, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stack: tuple[StackEntry, ...] | None = None
    edge: tuple[EdgeStep, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", composed(self.name))
        check_layer_name(self.name)
        if len(self.keyframes) > MAX_KEYFRAMES:
            raise DocumentError("keyframes", f"{len(self.keyframes)} keyframes, at most {MAX_KEYFRAMES} are allowed")
        seen: dict[int, int] = {}
        for index, keyframe in enumerate(self.keyframes):
            if keyframe.frame in seen:
                raise DocumentError(
                    f"keyframes[{index}].frame",
                    f"{keyframe.frame} is keyed already by keyframes[{seen[keyframe.frame]}]",
                )
            seen[keyframe.frame] = index
        ordered = sorted(self.keyframes, key=lambda keyframe: keyframe.frame)
        object.__setattr__(self, "keyframes", tuple(ordered))
        object.__setattr__(self, "options", _checked_overrides(self.options))
        if self.stack is not None:
            check_stack(self.stack)

    @property
    def keyed(self) -> tuple[int, ...]:
        """The numbers of the keyed frames, ascending."""
        return tuple(keyframe.frame for keyframe in self.keyframes)

    @property
    def tracks(self) -> bool:
        """Whether its keyframes are tracked; where its stack does not ask for them, they are not."""
        return self.stack is None or any(isinstance(entry, Rotoscope) for entry in self.stack)


@dataclass(frozen=True, kw_only=True)
class Document:
    """A shot: its source, the range to deliver (None: all of it), its layers, the options of every stage, and the steps
    of the edge stage, in order, of layers that have none of their own."""

    source: Source
    range: FrameRange | None = None
    layers: tuple[Layer, ...] = ()
    track: TrackOptions = field(default_factory=TrackOptions)
    smooth: SmoothOptions = field(default_factory=SmoothOptions)
    edge: tuple[EdgeStep, ...] = ()
    colour: ColourOptions = field(default_factory=ColourOptions)
    exports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.layers) > MAX_LAYERS:
            raise DocumentError("layers", f"{len(self.layers)} layers, at most {MAX_LAYERS} are allowed")
        seen: dict[str, int] = {}
        for index, layer in enumerate(self.layers):
            key = layer.name.casefold()
            if key in seen:
                raise DocumentError(
                    f"layers[{index}].name",
                    f"{layer.name!r} is the name of layers[{seen[key]}] already; names differ in more than case",
                )
            seen[key] = index
            if self.range is not None:
                check_keyed_within(layer, f"layers[{index}]", self.range)
        for index, layer in enumerate(self.layers):
            self._check_references(layer, f"layers[{index}].stack")

    def _check_references(self, layer: Layer, place: str) -> None:
        """DocumentError for a stack that looks at a layer that is not there, or, in the end, at itself."""
        by_name = {each.name: each for each in self.layers}
        for index, entry in enumerate(layer.stack or ()):
            for name in map(composed, entry.layers):
                if name not in by_name:
                    known = ", ".join(by_name)
                    raise DocumentError(f"{place}[{index}]", f"there is no layer {name!r}; layers: {known}")
        waiting, seen = [layer], set[str]()
        while waiting:
            for name in (composed(each) for entry in waiting.pop().stack or () for each in entry.layers):
                if name == layer.name:
                    raise DocumentError(place, f"layer {layer.name!r} looks at itself, by way of the layers it names")
                if name in by_name and name not in seen:
                    seen.add(name)
                    waiting.append(by_name[name])

    def layer(self, name: str) -> Layer:
        """The layer of this name. DocumentError listing the names there are."""
        for layer in self.layers:
            if layer.name == composed(name):
                return layer
        names = ", ".join(layer.name for layer in self.layers) or "none yet"
        raise DocumentError("", f"there is no layer {name!r}; layers: {names}")

    def track_options(self, layer: Layer) -> TrackOptions:
        return _overridden(self.track, layer, "track")

    def smooth_options(self, layer: Layer) -> SmoothOptions:
        return _overridden(self.smooth, layer, "smooth")

    def colour_options(self, layer: Layer) -> ColourOptions:
        return _overridden(self.colour, layer, "colour")

    def edge_steps(self, layer: Layer) -> tuple[EdgeStep, ...]:
        return self.edge if layer.edge is None else layer.edge


def check_keyed_within(layer: Layer, place: str, allowed: FrameRange, whose: str = "the range") -> None:
    """DocumentError for the first keyframe outside ``allowed``, which is the range of ``whose``."""
    for index, keyframe in enumerate(layer.keyframes):
        if keyframe.frame not in allowed:
            raise DocumentError(f"{place}.keyframes[{index}].frame", f"{keyframe.frame} is outside {whose}, {allowed}")


def _checked_overrides(options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A layer's options by stage, in the stages' order, each value as its field's type; empty stages left out."""
    for stage in options:
        if stage not in OPTION_STAGES:
            raise DocumentError(stage, unknown(stage, OPTION_STAGES))
    checked = {}
    for stage, cls in OPTION_STAGES.items():
        values = read_options(cls, options.get(stage, {}), stage)
        if options.get(stage):
            checked[stage] = {name: getattr(values, name) for name in options[stage]}
    return checked


def _overridden(options: T, layer: Layer, stage: str) -> T:
    changes = layer.options.get(stage)
    return dataclasses.replace(options, **changes) if changes else options  # type: ignore[type-var]
