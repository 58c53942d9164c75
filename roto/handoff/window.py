"""Which box of the source a handed plate shows: a crop with context, a larger canvas, sizes that models take."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.handoff.defect import faded
from roto.image import Box
from roto.options import option

MAX_SIDE = 65_535
MAX_PIXELS = 16_384 * 16_384
MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128)
ANCHORS = ("centre", "left", "right", "top", "bottom")


@dataclass(frozen=True, kw_only=True)
class CanvasOptions:
    """How far beyond its borders a picture is to be continued."""

    left_px: int = option(0, "pixels to add on the left", minimum=0, maximum=MAX_SIDE)
    right_px: int = option(0, "pixels to add on the right", minimum=0, maximum=MAX_SIDE)
    top_px: int = option(0, "pixels to add above", minimum=0, maximum=MAX_SIDE)
    bottom_px: int = option(0, "pixels to add below", minimum=0, maximum=MAX_SIDE)
    overlap_px: int = option(
        16, "so far into the picture the answer may reach, fading out", minimum=0, maximum=MAX_SIDE
    )
    anchor: str = option("centre", "where the picture lies in a canvas of another aspect", choices=ANCHORS)


def crop_box(defect: Box, width: int, height: int, context_px: int, multiple: int) -> Box:
    """The defect's box with ``context_px`` around it, its sides rounded up to a multiple. It lies within the picture
    where that is large enough, and else begins at its left or top and reaches beyond the other side."""
    x0, x1 = _span(defect.x0 - context_px, defect.x1 + context_px, width, multiple)
    y0, y1 = _span(defect.y0 - context_px, defect.y1 + context_px, height, multiple)
    return Box(x0, y0, x1, y1)


def _span(start: int, end: int, most: int, multiple: int) -> tuple[int, int]:
    start, end = max(start, 0), min(end, most)
    length = _up(end - start, multiple)
    first = min(max(start - (length - (end - start)) // 2, 0), max(most - length, 0))
    return first, first + length


def whole_box(width: int, height: int, multiple: int) -> Box:
    """The picture, its sides rounded up to a multiple on the right and below."""
    return Box(0, 0, _up(width, multiple), _up(height, multiple))


def canvas_box(width: int, height: int, options: CanvasOptions) -> Box:
    """The picture with what the options add on each side."""
    return Box(-options.left_px, -options.top_px, width + options.right_px, height + options.bottom_px)


def aspect_box(width: int, height: int, aspect: Fraction, pixel_aspect: Fraction, anchor: str) -> Box:
    """The smallest canvas that holds the picture and is shown in an aspect, as near as whole pixels come to it.

    RotoError when the picture has that aspect already, or when the canvas does not grow in the anchor's direction.
    """
    columns, rows = round(height * aspect / pixel_aspect), round(width * pixel_aspect / aspect)
    wider, taller = max(columns - width, 0), max(rows - height, 0)
    if not wider and not taller:
        wide = "" if pixel_aspect == 1 else f" of pixels {float(pixel_aspect):.4g} wide"
        asked = f"{aspect.numerator}:{aspect.denominator}"
        raise RotoError(f"{width} x {height}{wide} is {asked} already; nothing to outpaint")
    grows, pinned = ("width", ("left", "right")) if wider else ("height", ("top", "bottom"))
    if anchor != "centre" and anchor not in pinned:
        raise RotoError(f"anchor {anchor}: this canvas grows in {grows}; centre, {pinned[0]} or {pinned[1]} is needed")
    extra = wider or taller
    before = {"centre": extra // 2, pinned[0]: 0, pinned[1]: extra}[anchor]
    if wider:
        return Box(-before, 0, width + extra - before, height)
    return Box(0, -before, width, height + extra - before)


def rounded(box: Box, width: int, height: int, multiple: int) -> Box:
    """A canvas with its sides rounded up to a multiple. What that adds lies on the sides that grow already, in equal
    parts where both do, and on the right and below where none does."""
    x0, x1 = _rounded(box.x0, box.x1, width, multiple)
    y0, y1 = _rounded(box.y0, box.y1, height, multiple)
    return Box(x0, y0, x1, y1)


def _rounded(start: int, end: int, most: int, multiple: int) -> tuple[int, int]:
    extra = _up(end - start, multiple) - (end - start)
    before = 0
    if start < 0:
        before = extra // 2 if end > most else extra
    return start - before, end + extra - before


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def check_window(box: Box) -> Box:
    """RotoError for a canvas that no picture of sensible size has."""
    if max(box.width, box.height) > MAX_SIDE or box.width * box.height > MAX_PIXELS:
        raise RotoError(f"a canvas of {box.width} x {box.height} pixels; at most 16384 x 16384 are written")
    return box


def outpaint_blend(width: int, height: int, box: Box, overlap_px: int) -> NDArray[np.uint16]:
    """The blend of a larger canvas, of the box's size: whole where it is new, fading to 0 within ``overlap_px`` of the
    picture's border along the sides that grow. RotoError for an overlap that leaves nothing of the picture."""
    across = sum((box.x0 < 0, box.x1 > width)) * overlap_px
    down = sum((box.y0 < 0, box.y1 > height)) * overlap_px
    if across >= width or down >= height:
        raise RotoError(f"an overlap of {overlap_px} px leaves nothing of a picture of {width} x {height} as it is")
    far = np.float32(overlap_px + 1)
    columns = _into(box.x0, box.x1, width, far)
    rows = _into(box.y0, box.y1, height, far)
    return faded(np.minimum(columns[None, :], rows[:, None]), overlap_px)


def _into(start: int, end: int, most: int, far: np.float32) -> NDArray[np.float32]:
    """How far each pixel lies inside the border of a side that grows, from 1 at the pixel beside it; 0 or less where it
    is new."""
    at = np.arange(start, end, dtype=np.float32)
    depth = np.full(at.shape, far, np.float32)
    if start < 0:
        depth = np.minimum(depth, at + 1)
    if end > most:
        depth = np.minimum(depth, most - at)
    return np.where((at < 0) | (at >= most), np.float32(0), depth)


def placed(array: NDArray[np.generic], box: Box, empty: int = 0) -> NDArray[np.generic]:
    """What a window shows of an ``H x W`` or ``H x W x C`` array; ``empty`` beyond it."""
    height, width = array.shape[:2]
    shown = Box(0, 0, width, height).shared(box)
    out = np.full((box.height, box.width, *array.shape[2:]), empty, array.dtype)
    if not shown.empty:
        out[shown.within(box).slices] = array[shown.slices]
    return out
