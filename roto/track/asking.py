"""What to ask a segmenter, given where the subject is thought to be."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box, bounding_box
from roto.segment.prompt import Prompt
from roto.signed_distance import coverage, inner_distance

_MARGIN_SHARE = 0.05  # of the subject's longer side, around its box,
_MARGIN_PX = 2.0  # and this much besides
_LEAST_DEPTH = 0.35  # a further point on the subject lies at least this deep, against the deepest one
_NEGATIVE_SHARE = 0.08  # of the subject's size, the least distance of a point off it from its edge,
_NEGATIVE_PX = 5.0  # and the least in pixels
_RING_SHARE = 0.25  # of the subject's size: points off it lie within this ring
_FARTHEST_PX = 1000.0

Points = list[tuple[float, float]]


def prompt_for(distance: NDArray[np.float32], positives: int = 3, negatives: int = 4) -> Prompt:
    """The prompt for a subject whose edge is thought to be at ``distance``.

    distance: signed distance, float32 ``H x W``, positive inside, with something inside. The prompt has the subject's
    box with a margin, up to ``positives`` points on its medial axis, up to ``negatives`` points around it, in its
    concavities and in its holes, and its matte.
    """
    inside = distance > 0
    found = bounding_box(inside)
    if found.empty:
        raise ValueError("no subject to ask about")
    on, off = _on_subject(inside, positives), _off_subject(inside, found, negatives)
    return Prompt(
        points=tuple(on + off),
        labels=(True,) * len(on) + (False,) * len(off),
        box=_box_with_margin(found, distance.shape[1], distance.shape[0]),
        mask=coverage(distance),
    )


def _box_with_margin(found: Box, width: int, height: int) -> tuple[float, float, float, float]:
    margin = _MARGIN_SHARE * max(found.width, found.height) + _MARGIN_PX
    return (
        max(found.x0 - margin, 0.0),
        max(found.y0 - margin, 0.0),
        min(found.x1 + margin, float(width)),
        min(found.y1 + margin, float(height)),
    )


def _on_subject(inside: NDArray[np.bool_], count: int) -> Points:
    depth = _depth(inside)
    return _spread(np.where(_ridge(depth), depth, np.float32(0)), 2 * float(depth.max()), _LEAST_DEPTH, count)


def _off_subject(inside: NDArray[np.bool_], found: Box, count: int) -> Points:
    """Points in the ring around the subject, its concavities and holes, as far from the edge as the ring allows."""
    size = float(np.sqrt(found.width * found.height))
    least, most = max(_NEGATIVE_SHARE * size, _NEGATIVE_PX), max(_RING_SHARE * size, 2 * _NEGATIVE_PX)
    ring = found.padded(round(most), inside.shape[1], inside.shape[0])
    away = np.minimum(_depth(~inside[ring.slices]), np.float32(most))
    points = _spread(np.where(away >= least, away, np.float32(0)), size, 0.0, count)
    return [(x + ring.x0, y + ring.y0) for x, y in points]


def _depth(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every inside pixel to the nearest one that is not; the picture's border counts as one."""
    return inner_distance(np.pad(inside.astype(np.uint8), 1), _FARTHEST_PX)[1:-1, 1:-1]


def _ridge(depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The local maxima of a distance: the medial axis (Blum, "A Transformation for Extracting New Descriptors of
    Shape", 1967) where it does not merely run on."""
    return np.asarray((depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (depth > 0), bool)


def _spread(worth: NDArray[np.float32], apart: float, least: float, count: int) -> Points:
    """Up to ``count`` pixel centres, greedily: each the one of greatest worth, which is lowered in proportion within
    ``apart`` pixels of those chosen before; none whose worth is then below ``least`` of the first one's."""
    rows, columns = np.nonzero(worth)
    chosen: Points = []
    if not rows.size:
        return chosen
    left = worth[rows, columns].copy()
    floor = least * float(left.max())
    for _ in range(count):
        best = int(np.argmax(left))
        if left[best] <= 0 or left[best] < floor:
            break
        chosen.append((float(columns[best]) + 0.5, float(rows[best]) + 0.5))
        gap = np.hypot(columns - columns[best], rows - rows[best]) / max(apart, 1.0)
        left = np.minimum(left, worth[rows, columns] * np.minimum(gap, 1)).astype(np.float32)
    return chosen
