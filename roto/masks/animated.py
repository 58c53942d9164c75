"""Shapes animated by hand: keyframes of shapes, and the shapes at any frame between them.

    {"frame": 1001, "shapes": [...]}
    {"frame": 1012, "shapes": [...], "to_next": "smooth"}
    {"frame": 1020, "absent": true}

Between two keyframes every number goes from one to the other, in a straight line and evenly in time, or with a smooth
start and end; with ``hold`` the shapes stay until the next keyframe. Points, handles, feathers, radii, strokes and
opacities all do; a rotation goes the short way round. Before the first keyframe and after the last they stay as they
are there. An absent keyframe is empty from its frame to the next keyframe; shapes before one stay until it.
"""

from __future__ import annotations

import dataclasses
import itertools
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from roto.errors import DocumentError
from roto.masks.brush import Brush, Stroke
from roto.masks.combine import check_operations
from roto.masks.fields import placed
from roto.masks.mask import Mask
from roto.masks.outline import OutlineMask
from roto.masks.paint import Paint
from roto.masks.prompted import Prompted
from roto.masks.read import read_masks, read_shapes
from roto.options import check_value, describe, inside, unknown

WAYS = ("linear", "smooth", "hold")
MAX_KEYS = 100_000
_TURN = 360.0


@dataclass(frozen=True, kw_only=True)
class ShapeKey:
    """The shapes at one frame, or that there are none, and the way from here to the next keyframe."""

    frame: int
    shapes: tuple[Mask, ...] = ()
    absent: bool = False
    to_next: str = "linear"

    def __post_init__(self) -> None:
        if self.absent and self.shapes:
            raise DocumentError("shapes", "an absent keyframe has no shapes; remove them, or absent")
        if not self.absent and not self.shapes:
            raise DocumentError("shapes", "a keyframe has shapes, or is absent")
        check_value(self.to_next, str, {"choices": WAYS}, "to_next")
        check_operations(self.shapes)

    @classmethod
    def from_json(cls, data: Any, place: str) -> Self:
        if not isinstance(data, Mapping):
            raise DocumentError(place, f"{describe(data)}, but an object with a frame and shapes is needed")
        known = [field.name for field in dataclasses.fields(cls)]
        for key in data:
            if key not in known:
                raise DocumentError(inside(place, key), unknown(key, known))
        if "frame" not in data:
            raise DocumentError(inside(place, "frame"), "missing")
        with placed(place):
            frame = check_value(data["frame"], int, {}, "frame")
            absent = check_value(data.get("absent", False), bool, {}, "absent")
            shapes = () if absent and not data.get("shapes") else read_masks(data.get("shapes", []), "shapes")
            return cls(frame=frame, shapes=shapes, absent=absent, to_next=data.get("to_next", "linear"))

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"frame": self.frame}
        if self.absent:
            data["absent"] = True
        else:
            data["shapes"] = [mask.to_json() for mask in self.shapes]
        if self.to_next != "linear":
            data["to_next"] = self.to_next
        return data


def read_shape_keys(data: Any, place: str) -> tuple[ShapeKey, ...]:
    """Keyframes from JSON, in the order of their frames. DocumentError, naming the place, for whatever is not valid:
    a frame that is keyed twice, or neighbours between which there are no shapes."""
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, but a list of keyframes is needed")
    if not 1 <= len(data) <= MAX_KEYS:
        raise DocumentError(place, f"{len(data)} keyframes; 1 to {MAX_KEYS} are allowed")
    read = [
        element if isinstance(element, ShapeKey) else ShapeKey.from_json(element, f"{place}[{index}]")
        for index, element in enumerate(data)
    ]
    order = sorted(range(len(read)), key=lambda index: read[index].frame)
    for before, after in itertools.pairwise(order):
        where = f"{place}[{after}]"
        if read[before].frame == read[after].frame:
            raise DocumentError(f"{where}.frame", f"{read[after].frame} is keyed already")
        _check_between(read[before], read[after], where)
    return tuple(read[index] for index in order)


def check_drawn(keys: Sequence[ShapeKey], place: str) -> None:
    """DocumentError for a prompt: what a model answers is no shape, and changes with every frame."""
    for key in keys:
        if any(isinstance(mask, Prompted) for mask in key.shapes):
            raise DocumentError(
                place, f"frame {key.frame} holds a prompt, which is no shape; give it to the layer's own keyframes"
            )


def read_animation(data: Any) -> tuple[ShapeKey, ...]:
    """Keyframes from a file's JSON: ``{"keyframes": [...]}``, or anything that holds shapes, which stay as they are.

    DocumentError for whatever is not valid, for prompts, and for painted masks, whose images a document has to name.
    """
    if isinstance(data, Mapping) and "keyframes" in data:
        for key in data:
            if key != "keyframes":
                raise DocumentError(key, unknown(key, ["keyframes"]))
        keys = read_shape_keys(data["keyframes"], "keyframes")
    else:
        shapes = read_shapes(data).shapes
        if any(shape.mask is None for shape in shapes):
            raise DocumentError("shapes", _PAINTED)
        keys = read_shape_keys([ShapeKey(frame=0, shapes=tuple(s.mask for s in shapes if s.mask))], "keyframes")
    check_drawn(keys, "keyframes")
    if any(isinstance(mask, Paint) for key in keys for mask in key.shapes):
        raise DocumentError("shapes", _PAINTED)
    return keys


_PAINTED = "painted masks are images: use a stack entry 'file' for them, or name them in the document's own keyframes"


def _check_between(one: ShapeKey, other: ShapeKey, place: str) -> None:
    if one.absent or other.absent or one.to_next == "hold":
        return
    try:
        shapes_between(one.shapes, other.shapes, 0.5)
    except DocumentError as error:
        raise DocumentError(
            inside(place, error.place),
            f"{error.problem}, so there is nothing between frame {one.frame} and frame {other.frame}; make them "
            f'alike, or say "to_next": "hold" at frame {one.frame}',
        ) from None


def shapes_at(keys: Sequence[ShapeKey], number: float) -> tuple[Mask, ...]:
    """The shapes at a frame, or at a time between two; none where they are absent.

    keys: as :func:`read_shape_keys` gives them. A keyed frame has exactly the shapes that it was keyed with.
    """
    index = bisect_right(keys, number, key=lambda key: key.frame) - 1
    here = keys[max(index, 0)]
    after = keys[index + 1] if 0 <= index < len(keys) - 1 else None
    if after is None or here.absent or after.absent or here.to_next == "hold" or number == here.frame:
        return here.shapes
    part = (number - here.frame) / (after.frame - here.frame)
    if here.to_next == "smooth":
        part = part * part * (3 - 2 * part)
    return shapes_between(here.shapes, after.shapes, part)


def shapes_between(start: Sequence[Mask], end: Sequence[Mask], part: float) -> tuple[Mask, ...]:
    """Shapes so far on the way from ``start`` (0) to ``end`` (1), index by index, points too.

    DocumentError saying what differs that has nothing between: kinds, counts, operations, files.
    """
    if len(start) != len(end):
        raise DocumentError("shapes", f"{_counted(end, 'shape')} after {len(start)}")
    between = []
    for index, (one, other) in enumerate(zip(start, end, strict=True)):
        with placed(f"shapes[{index}]"):
            between.append(_mask_between(one, other, part))
    return tuple(between)


def _mask_between(one: Mask, other: Mask, part: float) -> Mask:
    if one == other:
        return one
    if type(one) is not type(other):
        raise DocumentError("type", f"{other.type} after {one.type}")
    if not isinstance(one, (OutlineMask, Brush)):
        raise DocumentError("", f"a {one.type} cannot change into another one")
    return _fields_between(one, other, part)  # type: ignore[no-any-return]


def _fields_between(one: Any, other: Any, part: float) -> Any:
    values = {}
    for field in dataclasses.fields(one):
        start, end = getattr(one, field.name), getattr(other, field.name)
        if field.name == "point_feather_px" and not one.feather_px and not other.feather_px:
            start, end = start or (0.0,) * len(end), end or (0.0,) * len(start)
        if field.name == "rotation_deg":
            # a half turn goes clockwise
            end = start + _TURN / 2 - (start + _TURN / 2 - end) % _TURN
        values[field.name] = _between(start, end, part, field.name)
    return type(one)(**values)


def _between(start: Any, end: Any, part: float, name: str) -> Any:
    if start == end:
        return start
    if isinstance(start, Stroke):
        with placed(name):
            return _fields_between(start, end, part)
    if isinstance(start, tuple):
        if len(start) != len(end):
            raise DocumentError(name, f"{_counted(end, 'element')} after {len(start)}")
        return tuple(
            _between(one, other, part, f"{name}[{index}]")
            for index, (one, other) in enumerate(zip(start, end, strict=True))
        )
    if isinstance(start, float) and isinstance(end, float):
        return start + (end - start) * part
    raise DocumentError(name, f"{describe(end)} after {describe(start)}")


def _counted(values: Sequence[Any], noun: str) -> str:
    return f"1 {noun}" if len(values) == 1 else f"{len(values)} {noun}s"
