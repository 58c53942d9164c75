"""Shapes: drawn by hand on some frames and in between on the others, see :mod:`roto.masks.animated`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from roto.errors import DocumentError
from roto.masks.animated import ShapeKey, check_drawn, read_shape_keys, shapes_at
from roto.masks.combine import combine
from roto.masks.paint import Paint
from roto.options import inside, option
from roto.stack.entry import Covered, Seen, StackEntry


@dataclass(frozen=True, kw_only=True)
class Shapes(StackEntry):
    """Garbage mattes, holdouts, and whatever else is animated by hand. Nothing is tracked.

    keyframes: of the document. file: JSON that holds them instead, or shapes that stay as they are.
    """

    type: ClassVar[str] = "shapes"
    summary: ClassVar[str] = "shapes drawn by hand on keyframes, straight lines in time between them; not tracked"

    file: str = option("", "JSON file of keyframes, or of shapes that stay, labelme's too", path=True)
    keyframes: tuple[ShapeKey, ...] = option((), "keyframes of shapes, in a document alone")

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.keyframes):
            both = "there are keyframes too, one of the two is needed"
            neither = "missing, it names a JSON file of shapes; a document may hold keyframes instead"
            raise DocumentError("file", both if self.file else neither)

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        return {name: field for name, field in super().fields().items() if name != "keyframes"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        rest = {name: value for name, value in data.items() if name != "keyframes"}
        if "keyframes" not in data:
            return super().from_json(rest, place)
        keys = read_shape_keys(data["keyframes"], inside(place, "keyframes"))
        check_drawn(keys, inside(place, "keyframes"))
        if rest.get("file"):
            raise DocumentError(inside(place, "file"), "there are keyframes too, one of the two is needed")
        # made with a name in the keyframes' place, since there is never neither
        return replace(super().from_json({**rest, "file": "-"}, place), file="", keyframes=keys)

    def to_json(self) -> dict[str, Any]:
        written = super().to_json()
        if self.keyframes:
            written["keyframes"] = [key.to_json() for key in self.keyframes]
        return written

    @property
    def files(self) -> tuple[str, ...]:
        masks = (mask for key in self.keyframes for mask in key.shapes)
        painted = dict.fromkeys(mask.file for mask in masks if isinstance(mask, Paint))
        return (*super().files, *painted)

    def coverage(self, seen: Seen) -> Covered:
        keys = self.keyframes or self._read(seen)
        return Covered(combine(shapes_at(keys, seen.number), seen.canvas))

    def _read(self, seen: Seen) -> tuple[ShapeKey, ...]:
        try:
            return seen.shape_keys(self.file)
        except DocumentError as error:
            raise DocumentError("file", str(error)) from None
