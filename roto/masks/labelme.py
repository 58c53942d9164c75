"""Shapes from the JSON files of labelme, versions 3 to 5: a file a picture, each shape with a label and maybe a group.

labelme's points are in pixels with the origin at the picture's top left corner, as ours are. Keys that other tools
add to its files are left alone.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.ellipse import Ellipse
from roto.masks.fields import Point, placed
from roto.masks.imported import ImportedShape, ImportedShapes
from roto.masks.mask import MAX_SIDE, Mask
from roto.masks.polygon import Polygon, read_points
from roto.masks.rectangle import Rectangle
from roto.options import check_value, describe, inside

_WITHOUT_AREA = ("line", "linestrip", "point", "points")
_PNG = b"\x89PNG\r\n\x1a\n"


def is_labelme(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a labelme file rather than one of ours."""
    return "shapes" in data and any(key in data for key in ("imagePath", "imageData", "imageHeight"))


def read_labelme(data: Mapping[str, Any], place: str = "") -> ImportedShapes:
    """The shapes of a labelme file. Lines and points have no area: they are skipped, and listed as skipped."""
    shapes = data.get("shapes")
    if not isinstance(shapes, Sequence) or isinstance(shapes, str):
        raise DocumentError(inside(place, "shapes"), f"{describe(shapes)}, but a list of shapes is needed")
    size = _size(data, place)
    read, skipped = [], []
    for index, shape in enumerate(shapes):
        where = inside(place, f"shapes[{index}]")
        if not isinstance(shape, Mapping):
            raise DocumentError(where, f"{describe(shape)}, but an object is needed")
        kind = _kind(shape)
        if isinstance(kind, str) and kind in _WITHOUT_AREA:
            skipped.append(f"{where} skipped: a {kind} has no area")
        else:
            read.append(_shape(shape, size, where))
    return ImportedShapes(shapes=tuple(read), size=size, skipped=tuple(skipped))


def _size(data: Mapping[str, Any], place: str) -> tuple[int, int] | None:
    if data.get("imageWidth") is None or data.get("imageHeight") is None:
        return None
    limits = {"minimum": 1, "maximum": MAX_SIDE}
    width, height = (check_value(data[key], int, limits, inside(place, key)) for key in ("imageWidth", "imageHeight"))
    return width, height


def _kind(data: Mapping[str, Any]) -> Any:
    return data.get("shape_type") or "polygon"  # version 3 has polygons only and does not say so


def _shape(data: Mapping[str, Any], size: tuple[int, int] | None, place: str) -> ImportedShape:
    kind = check_value(_kind(data), str, {}, inside(place, "shape_type"))
    label = check_value(data.get("label") or "", str, {}, inside(place, "label"))
    group = check_value(data.get("group_id"), int | None, {}, inside(place, "group_id"))
    points = read_points(data.get("points"), inside(place, "points"))
    if kind == "mask":
        pixels = _pixels(data.get("mask"), points, size, place)
        return ImportedShape(pixels=pixels, label=label, group_id=group)
    if kind not in _OUTLINES:
        known = ", ".join([*_OUTLINES, "mask"])
        raise DocumentError(inside(place, "shape_type"), f"{describe(kind)} cannot be a mask; these can: {known}")
    with placed(place):
        return ImportedShape(mask=_OUTLINES[kind](points), label=label, group_id=group)


def _polygon(points: tuple[Point, ...]) -> Mask:
    return Polygon(points=points)


def _rectangle(points: tuple[Point, ...]) -> Mask:
    if len(points) == 4:  # some versions write all corners
        return Polygon(points=points)
    (x0, y0), (x1, y1) = _two(points, "a rectangle is two corners")
    return Rectangle(center=((x0 + x1) / 2, (y0 + y1) / 2), size=(abs(x1 - x0), abs(y1 - y0)))


def _circle(points: tuple[Point, ...]) -> Mask:
    (x, y), (edge_x, edge_y) = _two(points, "a circle is its centre and a point on it")
    radius = math.hypot(edge_x - x, edge_y - y)
    return Ellipse(center=(x, y), radii=(radius, radius))


_OUTLINES: dict[str, Callable[[tuple[Point, ...]], Mask]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "oriented_rectangle": _polygon,
    "circle": _circle,
}


def _two(points: tuple[Point, ...], meaning: str) -> tuple[Point, Point]:
    if len(points) != 2:
        raise DocumentError("points", f"{len(points)} points, but {meaning}")
    return points[0], points[1]


def _pixels(data: Any, points: tuple[Point, ...], size: tuple[int, int] | None, place: str) -> Matte:
    """A ``mask`` shape: a PNG in base64 whose top left pixel lies at the first point."""
    if size is None:
        raise DocumentError(place, "a mask needs the picture's imageWidth and imageHeight, which the file lacks")
    patch = _png(data, size, inside(place, "mask"))
    with placed(place):
        (left, top), _ = _two(points, "a mask has two corners")
    x, y = round(left), round(top)
    width, height = size
    matte = np.zeros((height, width), np.float32)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + patch.shape[1], width), min(y + patch.shape[0], height)
    if x0 < x1 and y0 < y1:
        matte[y0:y1, x0:x1] = patch[y0 - y : y1 - y, x0 - x : x1 - x] > 0
    return matte


def _png(data: Any, size: tuple[int, int], place: str) -> Matte:
    problem = "not a PNG image in base64"
    if not isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, {problem}")
    try:
        encoded = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise DocumentError(place, problem) from None
    if len(encoded) < 33 or not encoded.startswith(_PNG):
        raise DocumentError(place, problem)
    width, height = struct.unpack(">II", encoded[16:24])
    if width > size[0] + 1 or height > size[1] + 1:  # corners are rounded apart by a pixel at most
        raise DocumentError(place, f"{width} x {height}, larger than the picture of {size[0]} x {size[1]}")
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise DocumentError(place, "a damaged PNG image")
    return np.asarray(pixels, np.float32)
