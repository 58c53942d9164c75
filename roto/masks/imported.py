"""Shapes as they come from a file that somebody drew them into."""

from __future__ import annotations

from dataclasses import dataclass, replace

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.mask import Mask
from roto.masks.paint import Paint


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedShape:
    """One shape: a mask, or the pixels of one that was painted into the file.

    pixels: float32 matte of the whole picture; whoever imports it saves it as an image and calls :meth:`painted`.
    """

    mask: Mask | None = None
    pixels: Matte | None = None
    label: str = ""
    group_id: int | None = None

    def painted(self, file: str) -> ImportedShape:
        """The same shape as a painted mask, its pixels having been saved as the image ``file``."""
        return replace(self, mask=Paint(file=file, channel="luma"), pixels=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportedShapes:
    """The shapes of one file, in its order.

    size: width and height of the picture that they were drawn on, where the file says.
    skipped: a line for each shape that cannot be a mask, such as a single point.
    """

    shapes: tuple[ImportedShape, ...]
    size: tuple[int, int] | None = None
    skipped: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels there are, each once, in order."""
        return tuple(dict.fromkeys(shape.label for shape in self.shapes if shape.label))

    def select(self, label: str | None = None, group_id: int | None = None) -> ImportedShapes:
        """Only the shapes of a label, of a group, or both. DocumentError saying what there is when none are left."""
        kept = tuple(
            shape
            for shape in self.shapes
            if (label is None or shape.label == label) and (group_id is None or shape.group_id == group_id)
        )
        if not kept:
            wanted = " ".join(
                ([] if label is None else [f"label {label!r}"]) + ([] if group_id is None else [f"group {group_id}"])
            )
            raise DocumentError("", f"no shape{f' of {wanted}' if wanted else ''}; {self._inventory()}")
        return replace(self, shapes=kept)

    def check_size(self, width: int, height: int) -> None:
        """DocumentError when the shapes were drawn on a picture of another size."""
        if self.size is not None and self.size != (width, height):
            raise DocumentError(
                "",
                f"the shapes were drawn on a picture of {self.size[0]} x {self.size[1]} "
                f"and the clip is {width} x {height}",
            )

    def _inventory(self) -> str:
        names = [
            shape.label + ("" if shape.group_id is None else f" (group {shape.group_id})") for shape in self.shapes
        ]
        there = "there are " + ", ".join(dict.fromkeys(name or "shapes without a label" for name in names))
        return "; ".join([there if names else "the file has none that could be a mask", *self.skipped])
