"""Grow and shrink: every level of coverage moves along the normal of the edge."""

from __future__ import annotations

import math

import cv2
import numpy as np

from roto.image import Matte, bounding_box
from roto.signed_distance import signed_distance


def grow(matte: Matte, grow_px: float) -> Matte:
    """Move the edge of a matte outwards by ``grow_px`` pixels, inwards if negative; fractions of a pixel count.

    Each pixel takes the coverage found ``grow_px`` further in, against the gradient of the signed distance, so that a
    soft edge stays as soft as it was. matte: float32 ``H x W`` in [0, 1], returned unchanged when ``grow_px`` is 0.
    """
    if grow_px == 0 or not matte.any():
        return matte
    height, width = matte.shape
    margin = math.ceil(abs(grow_px)) + 2
    box = bounding_box(matte > 0).padded(margin, width, height)
    region = np.ascontiguousarray(matte[box.slices])
    distance = signed_distance(region, float(max(box.width, box.height)))
    normal_x = cv2.Sobel(distance, cv2.CV_32F, 1, 0, ksize=3, borderType=cv2.BORDER_REPLICATE)
    normal_y = cv2.Sobel(distance, cv2.CV_32F, 0, 1, ksize=3, borderType=cv2.BORDER_REPLICATE)
    length = np.maximum(np.hypot(normal_x, normal_y), np.float32(1e-6))
    rows, columns = np.indices(region.shape, np.float32)
    moved = cv2.remap(
        region,
        columns + normal_x / length * np.float32(grow_px),
        rows + normal_y / length * np.float32(grow_px),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    grown = np.zeros_like(matte)
    grown[box.slices] = np.clip(moved, 0.0, 1.0)
    return grown
