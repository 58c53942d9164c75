"""Several masks to one matte, in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.fields import placed
from roto.masks.mask import Canvas, Mask


def combine(masks: Sequence[Mask], canvas: Canvas, place: str = "shapes") -> Matte:
    """The matte of a keyframe: every mask joined to those before it by its operation.

    Add takes the larger coverage, so that the edge of a shape within another leaves no seam; subtract and intersect
    take the smaller one, of what is there and of what the mask leaves. Returns float32 ``canvas.height x
    canvas.width`` in [0, 1]. DocumentError naming ``place`` for a mask that cannot be drawn.
    """
    check_operations(masks, place)
    matte = np.zeros((canvas.height, canvas.width), np.float32)
    for index, mask in enumerate(masks):
        with placed(f"{place}[{index}]"):
            coverage = mask.coverage(canvas)
        if mask.operation == "add":
            np.maximum(matte, coverage, out=matte)
        elif mask.operation == "subtract":
            np.minimum(matte, np.float32(1) - coverage, out=matte)
        else:
            np.minimum(matte, coverage, out=matte)
    return matte


def check_operations(masks: Sequence[Mask], place: str = "shapes") -> None:
    """The first mask has nothing before it: DocumentError unless it adds."""
    if masks and masks[0].operation != "add":
        raise DocumentError(
            f"{place}[0].operation",
            f"{masks[0].operation!r} has nothing before it to work on; the first shape is one to add",
        )
