"""Grow and shrink: the edge moves along its normal, and stays as hard or as soft as it was."""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte, bounding_box
from roto.masks.edge_distance import edge_distance
from roto.signed_distance import coverage

Floats: TypeAlias = NDArray[np.float32]

_HARD = np.float32(0.1)  # a matte that differs less from the hard one of its contour has a plain anti-aliased edge


def grow(matte: Matte, grow_px: float) -> Matte:
    """Move the edge of a matte outwards by ``grow_px`` pixels, inwards if negative; fractions of a pixel count.

    A hard edge is drawn anew from its shifted signed distance. Where the matte is soft every pixel takes the coverage
    found ``grow_px`` further in, along the gradient of the distance.
    matte: float32 ``H x W`` in [0, 1], returned unchanged when ``grow_px`` is 0.
    """
    if grow_px == 0 or not matte.any():
        return matte
    height, width = matte.shape
    box = bounding_box(matte > 0).padded(math.ceil(abs(grow_px)) + 2, width, height)
    region = np.ascontiguousarray(matte[box.slices])
    distance = edge_distance(region, abs(grow_px) + 8)
    x, y = _displaced(distance, grow_px)
    hard = coverage(distance + np.float32(grow_px))
    # cubic: a linear look-up would blur the edge by up to a pixel
    soft = np.clip(cv2.remap(region, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), 0.0, 1.0)
    softness = cv2.remap(_softness(region, distance), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grown = np.zeros_like(matte)
    grown[box.slices] = hard + softness * (soft - hard)
    return grown


def _displaced(distance: Floats, grow_px: float) -> tuple[Floats, Floats]:
    """Positions ``grow_px`` further in than every pixel: columns and rows, in OpenCV's coordinates."""
    inwards_x = cv2.Sobel(distance, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    inwards_y = cv2.Sobel(distance, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    step = np.float32(grow_px) / np.maximum(np.hypot(inwards_x, inwards_y), np.float32(1e-6))
    rows, columns = np.indices(distance.shape, np.float32)
    return np.asarray(columns + inwards_x * step, np.float32), np.asarray(rows + inwards_y * step, np.float32)


def _softness(matte: Matte, distance: Floats) -> Floats:
    """0 where the matte's edge nearby is hard, 1 where it is soft, float32 ``H x W``."""
    difference = np.abs(matte - coverage(distance))
    nearby = cv2.dilate(difference, np.ones((5, 5), np.uint8))
    return np.asarray(np.clip(nearby / _HARD - 1, 0.0, 1.0), np.float32)
