"""Distance to the edge of a matte, to a few hundredths of a pixel: what feather and grow are measured with.

:mod:`roto.signed_distance` counts whole pixels beyond the edge's own, which is enough to carry a matte along and too
coarse for a soft edge: half a pixel is 16/255 of an 8 px feather. Here every pixel beside the edge knows the line
that the edge is there, and the others measure to the line of their nearest one, as in the anti-aliased distance
transform of S. Gustavson and R. Strand (Pattern Recognition Letters 32, 2011).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte

Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]

_HALF = np.float32(0.5)
_SEGMENT_PX = np.float32(0.6)  # half the length of the edge that one pixel knows
_SETTLED = 0.02  # coverage this near to 0 or 1 is plain outside or inside


class _Lines(NamedTuple):
    """The edge at the pixels beside it, one element each: a point of it, and the unit normal that points inside."""

    x: Floats
    y: Floats
    normal_x: Floats
    normal_y: Floats


def edge_distance(matte: Matte, reach_px: float) -> Floats:
    """Signed distance of every pixel's centre to the contour of coverage one half: positive inside, in pixels.

    matte: float32 ``H x W`` in [0, 1]. Returns float32 ``H x W``, clamped to +-``reach_px``, which is also the value
    of a matte without an edge.
    """
    inside = matte >= _HALF
    beside = _beside(inside)
    sign = np.where(inside, np.float32(1), np.float32(-1))
    distance = sign * np.float32(reach_px)
    if not beside.any():
        return distance
    rough, labels = cv2.distanceTransformWithLabels(
        np.where(beside, np.uint8(0), np.uint8(1)), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    order = np.zeros(int(labels.max()) + 1, np.int64)
    order[labels[beside]] = np.arange(np.count_nonzero(beside))
    rows, columns = np.nonzero(rough < reach_px + 1)
    measured = _measure(_lines(matte, beside), order[labels], rows, columns)
    distance[rows, columns] = sign[rows, columns] * np.minimum(measured, np.float32(reach_px))
    return distance


def edge_softness(matte: Matte) -> Floats:
    """0 where the edge nearby is hard, 1 where it is soft, and where there is none 0.

    matte: float32 ``H x W`` in [0, 1], and so is the result. Within one pixel of a hard edge coverage goes all the way
    from 0 to 1.
    """
    square = np.ones((3, 3), np.uint8)
    edge = (matte > _SETTLED) & (matte < 1 - _SETTLED)
    change = cv2.dilate(matte, square) - cv2.erode(matte, square)
    soft = np.where(edge, np.clip((0.95 - change) / 0.15, 0, 1), 0).astype(np.float32)
    return np.asarray(cv2.dilate(soft, np.ones((5, 5), np.uint8)), np.float32)


def _measure(lines: _Lines, nearest: Integers, rows: Integers, columns: Integers) -> Floats:
    """Distance from the pixels at ``rows`` and ``columns`` to the line of their nearest pixel beside the edge.

    nearest: ``H x W``, the index of that pixel. It is nearest to the pixel, and its line need not be: the lines that
    the four neighbours measure to are tried too.
    """
    height, width = nearest.shape
    measured = np.full(rows.shape, np.inf, np.float32)
    for down, right in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
        line = nearest[np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)]
        away_x, away_y = columns - lines.x[line], rows - lines.y[line]
        across = away_x * lines.normal_x[line] + away_y * lines.normal_y[line]
        along = np.abs(away_x * lines.normal_y[line] - away_y * lines.normal_x[line])
        np.minimum(measured, np.hypot(across, np.maximum(along - _SEGMENT_PX, 0)), out=measured)
    return measured


def _beside(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels with a neighbour, left, right, above or below, on the other side of the edge."""
    beside = np.zeros_like(inside)
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        differs = inside[here] != inside[there]
        beside[here] |= differs
        beside[there] |= differs
    return beside


def _lines(matte: Matte, beside: NDArray[np.bool_]) -> _Lines:
    rows, columns = np.nonzero(beside)
    normal_x = cv2.Scharr(matte, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)[rows, columns]
    normal_y = cv2.Scharr(matte, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)[rows, columns]
    length = np.maximum(np.hypot(normal_x, normal_y), np.float32(1e-6))
    normal_x, normal_y = normal_x / length, normal_y / length
    padded = np.pad(matte, 2, mode="edge")
    to_x, to_y = (_crossing(padded, rows, columns, *step) for step in ((0, 1), (1, 0)))
    # the crossing along the axis that the normal is nearer to is the sharper one
    flat = np.where(np.abs(normal_x) >= np.abs(normal_y), np.isinf(to_x), ~np.isinf(to_y))
    across = np.where(flat, to_y, to_x) * np.where(flat, normal_y, normal_x)
    x, y = columns + across * normal_x, rows + across * normal_y
    return _Lines(*(np.asarray(values, np.float32) for values in (x, y, normal_x, normal_y)))


def _crossing(padded: Matte, rows: Integers, columns: Integers, down: int, right: int) -> Floats:
    """Signed distance, along the axis that ``down, right`` points, from the pixels' centres to the edge between them
    and the neighbour before or after, the nearer one; infinite where both lie on the same side.

    padded: the matte with two pixels more on every side.
    """
    nearest = np.full(rows.shape, np.inf, np.float32)
    for sign in (1, -1):
        reach = sign * np.arange(-1, 3)[:, None]
        values = padded[rows + 2 + reach * down, columns + 2 + reach * right]
        crosses = (values[1] >= _HALF) != (values[2] >= _HALF)
        values = np.where(values[1] >= _HALF, values, 1 - values)  # as if the pixel itself were inside
        # an anti-aliased edge covers the row up to where it crosses the middle of it; a soft one is interpolated
        settled = (values[0] > 1 - _SETTLED) & (values[3] < _SETTLED)
        between = (values[1] - _HALF) / np.maximum(values[1] - values[2], np.float32(1e-6))
        position = np.where(settled, values.sum(axis=0) - np.float32(1.5), between)
        nearer = crosses & (position < np.abs(nearest))
        nearest = np.where(nearer, sign * position, nearest)
    return np.asarray(nearest, np.float32)
