"""Brush: strokes painted by hand, each a round brush that is led along points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Box, Matte
from roto.masks.feather import falloff_integral, feather
from roto.masks.fields import (
    MAX_POINTS,
    MaskFields,
    check_fields,
    placed,
    points_field,
    read_fields,
    read_list,
    read_numbers,
    write_fields,
)
from roto.masks.mask import Canvas
from roto.options import check_value, describe, option

MAX_STROKES = 2000
MAX_RADIUS_PX = 5000.0
MODES = ("add", "erase")

_TINY_PX = 1e-6  # a radius that draws nothing
_BAND_PX = 256
_ACROSS = 4  # samples of a pixel's shorter way along the normal
_HARD_PX = 0.01
_NOTHING = 1e-6  # rounding errors, outside of all strokes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class StrokePoint(NamedTuple):
    """A place that the brush passes, and how hard it is pressed there: its share of the stroke's radius."""

    x: float
    y: float
    pressure: float = 1.0


def read_stroke_points(value: Any, place: str) -> tuple[StrokePoint, ...]:
    """``[x, y]`` or ``[x, y, pressure]`` for every point, from JSON; at least one."""
    points = tuple(_read_point(point, f"{place}[{index}]") for index, point in enumerate(read_list(value, place)))
    if not points:
        raise DocumentError(place, "empty; a stroke has one point or more")
    return points


def _read_point(value: Any, place: str) -> StrokePoint:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) not in (2, 3):
        raise DocumentError(place, f"{describe(value)}, but [x, y] or [x, y, pressure] is needed")
    x, y, *pressure = read_numbers(value, place, len(value), "a list of numbers")
    if pressure:
        check_value(pressure[0], float, {"minimum": 0.0, "maximum": 1.0}, f"{place}[2]")
    return StrokePoint(x, y, *pressure)


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """One stroke: full within ``hardness`` of its radius, from there a smooth step down to nothing at the radius.

    The radius runs evenly from point to point, and its ends are round; a single point is a dab. A stroke that crosses
    itself covers no more where it does.
    """

    points: tuple[StrokePoint, ...] = points_field(
        read_stroke_points, "[x, y] or [x, y, pressure] of every point; pressure, 0 to 1, is a share of the radius"
    )
    radius_px: float = option(10.0, "radius where the pressure is 1", minimum=0.1, maximum=MAX_RADIUS_PX)
    hardness: float = option(1.0, "share of the radius that is fully covered", minimum=0.0, maximum=1.0)
    opacity: float = option(1.0, "how much the stroke covers at most", minimum=0.0, maximum=1.0)
    mode: str = option("add", "whether it paints or takes away", choices=MODES)

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "points", tuple(StrokePoint(*point) for point in self.points))

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        return read_fields(cls, data, place, "stroke")

    def to_json(self) -> dict[str, Any]:
        data = write_fields(self)
        data["points"] = [point if point[2] != 1 else point[:2] for point in data["points"]]
        return data


def read_strokes(value: Any, place: str) -> tuple[Stroke, ...]:
    """A list of strokes from JSON; the first one adds, since there is nothing yet to take away from."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise DocumentError(place, f"{describe(value)}, but a list of strokes is needed")
    if not 1 <= len(value) <= MAX_STROKES:
        raise DocumentError(place, f"{len(value)} strokes; 1 to {MAX_STROKES} are allowed")
    strokes = tuple(_read_stroke(stroke, f"{place}[{index}]") for index, stroke in enumerate(value))
    count = sum(len(stroke.points) for stroke in strokes)
    if count > MAX_POINTS:
        raise DocumentError(place, f"{count} points in all strokes, at most {MAX_POINTS} are allowed")
    if strokes[0].mode != "add":
        raise DocumentError(f"{place}[0].mode", f"{strokes[0].mode!r} has nothing before it to take away from")
    return strokes


def _read_stroke(value: Any, place: str) -> Stroke:
    if isinstance(value, Stroke):
        return value
    if not isinstance(value, Mapping):
        raise DocumentError(place, f"{describe(value)}, but an object with points is needed")
    return Stroke.from_json(value, place)


@dataclass(frozen=True, kw_only=True)
class Brush(MaskFields):
    """Strokes in the order in which they were painted: one that adds lies over those before it, one that erases takes
    its share of what they left."""

    type: ClassVar[str] = "brush"

    strokes: tuple[Stroke, ...] = points_field(read_strokes, "the strokes, in order")

    def to_json(self) -> dict[str, Any]:
        data = super().to_json()
        return {**data, "strokes": [stroke.to_json() for stroke in self.strokes]}

    def coverage(self, canvas: Canvas) -> Matte:
        margin = math.ceil(self.feather_px / 2) + 1 if self.feather_px else 0  # an edge just outside reaches in
        matte = np.zeros((canvas.height + 2 * margin, canvas.width + 2 * margin), np.float32)
        for index, stroke in enumerate(self.strokes):
            with placed(f"strokes[{index}]"):
                paint_stroke(matte, stroke, (margin, margin))
        matte = feather(matte, self.feather_px)
        matte = np.ascontiguousarray(matte[margin : margin + canvas.height, margin : margin + canvas.width])
        return np.float32(1) - matte if self.invert else matte


def paint_stroke(matte: Matte, stroke: Stroke, origin: tuple[int, int] = (0, 0)) -> None:
    """Paint a stroke into ``matte``, float32 ``H x W`` in [0, 1], in place; only its own box is touched.

    origin: where the matte has the point (0, 0).
    """
    height, width = matte.shape
    points = np.array([(point.x, point.y) for point in stroke.points], np.float64) + origin
    radii = np.maximum([point.pressure * stroke.radius_px for point in stroke.points], _TINY_PX)
    if len(points) == 1:
        points, radii = np.repeat(points, 2, axis=0), np.repeat(radii, 2)
    low, high = _reach(points, radii, width, height)
    left, top = low.min(axis=0)
    right, bottom = high.max(axis=0)
    for row in range(int(top), int(bottom), _BAND_PX):  # so that memory is that of a band
        band = Box(int(left), row, int(right), min(row + _BAND_PX, int(bottom)))
        if band.empty:
            continue
        there, covered = matte[band.slices], _band(band, points, radii, low, high, stroke.hardness)
        covered *= np.float32(stroke.opacity)
        if stroke.mode == "add":
            there += covered * (np.float32(1) - there)
        else:
            there *= np.float32(1) - covered


def _reach(points: Floats, radii: Floats, width: int, height: int) -> tuple[Integers, Integers]:
    """The first pixel and the one after the last, (x, y), that each segment's coverage may reach within the picture."""
    size = np.array([width, height])
    low, high = np.floor(points - radii[:, None]) - 1, np.ceil(points + radii[:, None]) + 1
    first = np.clip(np.minimum(low[:-1], low[1:]), 0, size).astype(np.int64)
    return first, np.clip(np.maximum(high[:-1], high[1:]), 0, size).astype(np.int64)


def _band(band: Box, points: Floats, radii: Floats, low: Integers, high: Integers, hardness: float) -> Matte:
    """What a stroke covers of some rows of its box."""
    near = np.full((band.height, band.width), np.inf)
    away_x, away_y, radius = np.zeros_like(near), np.zeros_like(near), np.zeros_like(near)
    for index in np.flatnonzero((low[:, 1] < band.y1) & (high[:, 1] > band.y0)):
        part = Box(*low[index].tolist(), *high[index].tolist()).shared(band)
        if part.empty:
            continue
        at = part.within(band).slices
        share, *values = _to_cone(part, points[index : index + 2], radii[index : index + 2])
        nearer = share < near[at]
        for whole, new in zip((near, away_x, away_y, radius), (share, *values), strict=True):
            np.copyto(whole[at], new, where=nearer)
    touched = np.isfinite(near)
    covered = np.zeros_like(near, np.float32)
    covered[touched] = _covered(away_x[touched], away_y[touched], radius[touched], hardness)
    return covered


def _to_cone(box: Box, points: Floats, radii: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Each pixel's way to the disc of a segment that it lies deepest in, relative to the disc's radius.

    Returns distance over radius, the way (x, y) from the disc's centre, and the disc's radius, float64 of the box. The
    square of that quotient is one of two quadratics in the place along the segment, so the best place is the root of a
    linear equation.
    """
    start, along = points[0], points[1] - points[0]
    growth = radii[1] - radii[0]
    x = np.arange(box.x0, box.x1) + 0.5 - start[0]
    y = np.arange(box.y0, box.y1)[:, None] + 0.5 - start[1]
    forward = x * along[0] + y * along[1]
    above = growth * (x * x + y * y) + radii[0] * forward
    below = radii[0] * float(along @ along) + growth * forward
    safe = np.where(below > 0, below, 1.0)
    # where the denominator is not positive the quotient falls all the way to the larger end
    place = np.where(below > 0, np.clip(above / safe, 0.0, 1.0), 1.0 if growth > 0 else 0.0)
    radius = radii[0] + growth * place
    away_x, away_y = x - along[0] * place, y - along[1] * place
    return np.hypot(away_x, away_y) / radius, away_x, away_y, radius


def _covered(away_x: Floats, away_y: Floats, radius: Floats, hardness: float) -> Matte:
    """Coverage of pixels so far away from the centre of a disc, float32 in [0, 1]: the profile across the stroke,
    averaged over the square of the pixel as if the edge were straight there. It is too little, by up to 0.3, in the
    pixel or two at the inner corner where a stroke turns or crosses itself."""
    distance = np.hypot(away_x, away_y)
    safe = np.maximum(distance, _TINY_PX)
    normal_x, normal_y = np.abs(away_x) / safe, np.abs(away_y) / safe
    long_half = np.where(distance > _TINY_PX, np.maximum(normal_x, normal_y), 1.0) / 2
    short_half = np.where(distance > _TINY_PX, np.minimum(normal_x, normal_y), 0.0) / 2
    width = np.maximum(radius * (1 - hardness), _HARD_PX)
    middle = radius * (1 + hardness) / 2

    def inner(place: Floats) -> Floats:
        """Integral of the profile from the centre to a place across the stroke."""
        whole = falloff_integral(middle, width)
        integral: Floats = np.sign(place) * (whole - falloff_integral(middle - np.abs(place), width))
        return integral

    total = np.zeros_like(distance)
    for step in range(_ACROSS):
        shift = distance + short_half * ((2 * step + 1) / _ACROSS - 1)
        total += (inner(shift + long_half) - inner(shift - long_half)) / (2 * long_half)
    total /= _ACROSS
    return np.clip(np.where(total < _NOTHING, 0.0, total), 0.0, 1.0).astype(np.float32)
