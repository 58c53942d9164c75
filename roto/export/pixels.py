"""Mattes and plates as the whole numbers that files hold."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.frames.pixels import LUMA_WEIGHTS, assumed_matrix
from roto.frames.source import ColourTags
from roto.image import Frame, Matte, finite, srgb_encoded

Integers = NDArray[Any]  # uint8 or uint16

_CHANGED_WHEN_SHOWN = {8, 9, 10, 16, 17, 18}  # H.273 transfer: linear, logarithmic, PQ, SMPTE 428, HLG
# by matrix code, which is also that of the primaries they belong to; constant luminance (10) is read and never written
_LUMA_WEIGHTS = {code: weights for code, weights in LUMA_WEIGHTS.items() if code != 10}


def quantised(matte: Matte, bits: int, low: int = 0, high: int | None = None) -> Integers:
    """``round(low + matte * (high - low))``; by default the whole range of ``bits`` bits."""
    top = (1 << bits) - 1 if high is None else high
    scaled = np.clip(matte, 0, 1)
    scaled *= np.float32(top - low)
    if low:
        scaled += np.float32(low)
    return np.rint(scaled, out=scaled).astype(np.uint8 if bits <= 8 else np.uint16)


def plate_bits(frame: Frame) -> int:
    """Bits of a channel in which a plate loses nothing, or as little as whole numbers can: 8 or 16."""
    return 8 if frame.pixels.dtype == np.uint8 else 16


def display_rgb(frame: Frame) -> Integers:
    """``H x W x 3`` uint8 or uint16 in the plate's own encoding.

    A float plate is clipped to [0, 1] and, where it is scene-linear, encoded as sRGB first: whole numbers cannot hold
    linear light without banding, and it is what :meth:`Frame.rgb8` shows. EXR keeps such a plate as it is.
    """
    if frame.pixels.dtype != np.float32:
        return frame.pixels
    values: NDArray[np.float32] = np.clip(finite(frame.pixels), 0.0, 1.0)
    if frame.linear:
        values = srgb_encoded(values)
    return (values * np.float32(65535) + np.float32(0.5)).astype(np.uint16)


def video_tags(tags: ColourTags, width: int, height: int, *, linear: bool, full_range: bool) -> ColourTags:
    """The tags of a Y'CbCr video of a plate: the source's, but for what this video is encoded with.

    The matrix stays the source's. A plate that came as RGB, or untagged, gets that of its primaries or its size and
    says so, because a file without the tag is decoded by guess. A scene-linear plate was encoded as sRGB (13).
    """
    choices = (tags.matrix, tags.primaries, assumed_matrix(ColourTags(), width, height))
    matrix = next(code for code in choices if code in _LUMA_WEIGHTS)
    return ColourTags(tags.primaries, 13 if linear else tags.transfer, matrix, full_range)


def matte_tags(tags: ColourTags, matte: Matte, *, full_range: bool) -> ColourTags:
    """The tags of a video that is a matte: the source's, so that both are read alike, as long as a player shows the
    values as they are. It would tone-map PQ or HLG and encode linear light, and so change the matte: then none."""
    if tags.transfer in _CHANGED_WHEN_SHOWN:
        tags = ColourTags(matrix=tags.matrix)
    height, width = matte.shape
    return video_tags(tags, width, height, linear=False, full_range=full_range)


def ycbcr(rgb: Integers, tags: ColourTags, bits: int) -> list[Integers]:
    """R'G'B' as the three planes Y'CbCr of ``bits`` bits (ITU-T H.273, 8.3), 4:4:4, rounded once."""
    kr, kb = _LUMA_WEIGHTS[tags.matrix]
    weights = np.array([kr, 1 - kr - kb, kb])
    rows = np.stack([weights, ([0, 0, 1] - weights) / (2 - 2 * kb), ([1, 0, 0] - weights) / (2 - 2 * kr)])
    step = 1 << (bits - 8)
    top = (1 << bits) - 1
    scale = np.array([top] * 3 if tags.full_range else [219 * step, 224 * step, 224 * step])
    offset = np.array([0 if tags.full_range else 16 * step, 128 * step, 128 * step])
    matrix = np.column_stack([rows * (scale / np.iinfo(rgb.dtype).max)[:, None], offset])
    wide = rgb.astype(np.uint16, copy=False)  # OpenCV's 8-bit transform is less exact
    coded = np.minimum(cv2.transform(wide, matrix), top)  # transform rounds to nearest and saturates
    return list(cv2.split(coded.astype(np.uint8 if bits <= 8 else np.uint16, copy=False)))
