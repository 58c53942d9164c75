"""Masks from JSON, whatever their kind, and shapes from a file, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from roto.errors import DocumentError
from roto.masks import MASKS
from roto.masks.combine import check_operations
from roto.masks.fields import placed
from roto.masks.imported import ImportedShape, ImportedShapes
from roto.masks.labelme import is_labelme, read_labelme
from roto.masks.mask import Mask
from roto.masks.polygon import Polygon, read_points
from roto.options import describe, inside, unknown

MAX_SHAPES = 1000


def read_mask(data: Any, place: str) -> Mask:
    """A mask from ``{"type": "polygon", ...}``. DocumentError naming the place for whatever is not valid."""
    if not isinstance(data, Mapping):
        raise DocumentError(place, f"{describe(data)}, but an object with a type is needed")
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in MASKS:
        problem = "missing" if "type" not in data else f"{describe(kind)} is not a kind of shape"
        raise DocumentError(inside(place, "type"), f"{problem}; there are {', '.join(MASKS)}")
    return MASKS[kind].from_json(data, place)


def read_masks(data: Any, place: str) -> tuple[Mask, ...]:
    """The masks of a keyframe, in order; at least one."""
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, but a list of shapes is needed")
    if not data:
        raise DocumentError(place, 'empty; draw a shape, or say "absent": true where the layer is not in the picture')
    if len(data) > MAX_SHAPES:
        raise DocumentError(place, f"{len(data)} shapes, at most {MAX_SHAPES} are allowed")
    masks = tuple(read_mask(element, f"{place}[{index}]") for index, element in enumerate(data))
    check_operations(masks, place)
    return masks


def read_shapes(data: Any, place: str = "") -> ImportedShapes:
    """Shapes from a file's JSON: ``{"shapes": [...]}``, a single shape, ``[[x, y], ...]`` for a polygon, or labelme's.

    DocumentError, naming the place, for whatever is not valid.
    """
    if isinstance(data, Sequence) and not isinstance(data, str):
        with placed(place):
            masks: tuple[Mask, ...] = (Polygon(points=read_points(data, "")),)
    elif not isinstance(data, Mapping):
        raise DocumentError(place, f"{describe(data)}, but shapes or a list of points is needed")
    elif is_labelme(data):
        return read_labelme(data, place)
    elif "type" in data:
        masks = (read_mask(data, place),)
    else:
        for key in data:
            if key != "shapes":
                raise DocumentError(inside(place, key), unknown(key, ["shapes"]))
        masks = read_masks(data.get("shapes", []), inside(place, "shapes"))
    return ImportedShapes(shapes=tuple(ImportedShape(mask=mask) for mask in masks))
