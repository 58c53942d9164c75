"""Grow and shrink: the edge moves along its normal, and stays as hard or as soft as it was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.edge.step import Around, EdgeStep
from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance, edge_softness
from roto.options import option
from roto.signed_distance import coverage

Floats: TypeAlias = NDArray[np.float32]

_STEP_PX = 2.0  # a strand thinner than this is never soft by itself
_SOFT_REACH_PX = 128.0
_SETTLED = np.float32(0.02)


@dataclass(frozen=True, kw_only=True)
class Grow(EdgeStep):
    type: ClassVar[str] = "grow"
    summary: ClassVar[str] = "move the edge outwards, inwards if negative"

    px: float = option(
        0.0, "by this many pixels, outwards, inwards if negative; fractions count", minimum=-200.0, maximum=200.0
    )

    def apply(self, matte: Matte, around: Around) -> Matte:
        return grow(matte, self.px)


def grow(matte: Matte, grow_px: float) -> Matte:
    """Move the edge of a matte outwards by ``grow_px`` pixels, inwards if negative; fractions of a pixel count.

    A hard edge is drawn anew from its shifted signed distance. A soft one is shifted as it is: every pixel takes the
    largest coverage (the smallest, to shrink) on the way to ``grow_px`` further in, along the distance's gradient.
    matte: float32 ``H x W`` in [0, 1], returned unchanged when ``grow_px`` is 0.
    """
    if grow_px == 0 or not matte.any():
        return matte
    height, width = matte.shape
    box = bounding_box(matte > 0).padded(math.ceil(abs(grow_px)) + 2, width, height)
    region = np.ascontiguousarray(matte[box.slices])
    edge = (region > _SETTLED) & (region < 1 - _SETTLED)
    softness = edge_softness(region)
    distance = edge_distance(region, abs(grow_px) + (_SOFT_REACH_PX if softness.any() else 2))
    moved = coverage(distance + np.float32(grow_px))
    if softness.any():
        step_x, step_y = _inwards(distance)
        there = _looked_up(softness, grow_px * step_x, grow_px * step_y)
        # where two edges meet the gradient points nowhere; far enough from the new edge it need not be asked
        there[np.abs(distance + np.float32(grow_px)) > np.percentile(np.abs(distance[edge]), 99)] = 0
        moved += there * (_shifted(region, step_x, step_y, grow_px) - moved)
    grown = np.zeros_like(matte)
    grown[box.slices] = np.maximum(moved, region) if grow_px > 0 else np.minimum(moved, region)
    return grown


def _shifted(matte: Matte, step_x: Floats, step_y: Floats, by: float) -> Matte:
    """The matte moved outwards by ``by`` pixels against the unit steps inwards."""
    moved = matte
    # the way is walked, because its end may lie beyond the other side of something thin
    for along in np.linspace(0, by, math.ceil(abs(by) / _STEP_PX) + 1)[1:]:
        found = _looked_up(matte, along * step_x, along * step_y)
        moved = np.maximum(moved, found) if by > 0 else np.minimum(moved, found)
    return np.asarray(moved, np.float32)


def _inwards(distance: Floats) -> tuple[Floats, Floats]:
    """Unit steps along the gradient of a signed distance: columns and rows."""
    x = cv2.Sobel(distance, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    y = cv2.Sobel(distance, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    length = np.maximum(np.hypot(x, y), np.float32(1e-6))
    return np.asarray(x / length, np.float32), np.asarray(y / length, np.float32)


def _looked_up(values: Floats, offset_x: Floats, offset_y: Floats) -> Floats:
    """Values at an offset from every pixel. Cubic: a linear look-up would blur an edge by up to a pixel."""
    rows, columns = np.indices(values.shape, np.float32)
    found = cv2.remap(
        values,
        np.asarray(columns + offset_x, np.float32),
        np.asarray(rows + offset_y, np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(np.clip(found, 0.0, 1.0), np.float32)
