"""From a subject in the working picture to its matte in the full one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.find import shrunk
from roto.image import Matte, bounding_box
from roto.segment.by_colour import ColourResegmenter
from roto.segment.resegment import Carried, Example
from roto.signed_distance import coverage, signed_distance

_FINE_PX = 1280  # longer side of the picture on which the outline is found again
_MARGIN_PX = 32


def draw_outline(rgb: NDArray[np.uint8], inside: NDArray[np.bool_]) -> Matte:
    """The matte of a subject, float32 ``H x W`` in [0, 1], anti-aliased.

    rgb: the full picture, uint8 ``H x W x 3``. inside: bool, the subject in the working picture. Near its edge the
    colours on both sides say where the edge lies in the finer picture.
    """
    height, width = rgb.shape[:2]
    fine = shrunk(rgb, _FINE_PX)
    size = fine.shape[1], fine.shape[0]
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.7)
    distance = signed_distance(np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), np.float32))
    box = bounding_box(distance > 0)
    if box.empty:
        return np.zeros((height, width), np.float32)
    at = box.padded(_MARGIN_PX, *size).slices
    distance[at] = signed_distance(_by_colour(np.ascontiguousarray(fine[at]), distance[at]))
    return _covering(distance, width, height)


def enlarged(matte: Matte, width: int, height: int) -> Matte:
    """A matte of the same picture in another size, its edge as sharp as one pixel of the new size."""
    if matte.shape == (height, width):
        return matte
    return _covering(signed_distance(matte), width, height)


def _covering(distance: NDArray[np.float32], width: int, height: int) -> Matte:
    scale = np.float32(width / distance.shape[1])
    return coverage(
        np.asarray(cv2.resize(distance, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) * scale
    )


def _by_colour(rgb: NDArray[np.uint8], distance: NDArray[np.float32]) -> NDArray[np.float32]:
    segmenter = ColourResegmenter()
    example = Example(rgb, distance)
    near = np.asarray(2 * np.exp(-np.abs(distance) / 3), np.float32)  # the edge is where the question is
    return segmenter.resegment(segmenter.embed(rgb), Carried(segmenter.learn([example]), example, near), distance)
