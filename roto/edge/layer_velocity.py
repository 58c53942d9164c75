"""How the points of a layer move between a frame and its two neighbours, known around the layer too.

Optical flow outside a layer is the background's, and on its edge a mixture. What a layer does there is taken from
its nearest pixels inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.motion.flow import Flow
from roto.signed_distance import inner_distance

Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_DEEP_PX = 6.0  # nearer to the edge, flow is not the layer's alone
_FAVOUR = 4  # power of the depth by which deeper pixels count more
_STEADY, _REVERSES = 0.5, 0.75  # |forward + backward| over the sum of their lengths: sine of half the turn between them
_NEAR_PX = 8.0  # deviation of the window that a plane is fitted in
_SLOPE_PX = 8.0
_STIFF_PX2 = np.float32(1.0)  # spread of pixels below which a slope is not trusted


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Where points go on one side of a frame's time: after ``time`` frames, counted away from it, a point has moved by
    ``time * velocity + time * min(time, 1) * bend``. ``values``: float32 ``... x 4``, velocity and bend as (dx, dy)."""

    values: Floats

    def moved(self, time: float, at: Floats | None = None) -> Floats:
        """Displacements in pixels, ``... x 2``; ``at``: of the points at these columns and rows, between the pixels."""
        values = self.values
        if at is not None:
            found = cv2.remap(values, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            values = np.asarray(found, np.float32)
        moved: Floats = np.float32(time) * values[..., :2] + np.float32(time * min(time, 1)) * values[..., 2:]
        return moved


class Courses(NamedTuple):
    """Towards the next frame and towards the one before."""

    after: Course
    before: Course


def layer_courses(forward: Flow | None, backward: Flow | None) -> Courses:
    """The courses of all pixels from their velocities to the next frame and to the one before, ``H x W x 2``; where
    one is None the motion is steady. Through the three places goes a parabola; where the motion reverses, two straight
    pieces, as in a bounce."""
    if forward is None and backward is None:
        raise TypeError("a velocity is needed, forward or backward")
    after, before = _finite(forward, backward), _finite(backward, forward)
    middle = np.asarray((after + before) / 2, np.float32)
    turn = 2 * _length(middle) / np.maximum(_length(after) + _length(before), np.float32(1e-6))
    smooth = np.clip((_REVERSES - turn) / (_REVERSES - _STEADY), 0, 1).astype(np.float32)
    bend = smooth[..., None] * middle
    return Courses(*(Course(np.concatenate([way - bend, bend], axis=2)) for way in (after, before)))


def _finite(flow: Flow | None, opposite: Flow | None) -> Floats:
    """``flow``, or the opposite one turned round. What is not finite is never looked at, and must not raise either."""
    given = np.asarray(opposite if flow is None else flow, np.float32)
    given = np.where(np.isfinite(given), given, np.float32(0))
    return -given if flow is None else given


def depth_inside(matte: Matte, forward: Flow | None, backward: Flow | None) -> Floats:
    """How far inside the layer a pixel is, at most ``_DEEP_PX``, and 0 outside and where a velocity is not finite.
    Beyond the picture's border the layer goes on."""
    inside = matte > np.float32(0.5) * matte.max()
    depth = inner_distance(np.pad(inside.astype(np.uint8), 1, mode="edge"), _DEEP_PX)[1:-1, 1:-1]
    for flow in (forward, backward):
        if flow is not None:
            depth = np.where(np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1]), depth, np.float32(0))
    return depth


def extended(values: Floats, depth: Floats) -> Floats:
    """``values``, ``H x W x C``, as they are deep inside, and continued from there to all other pixels.

    Around each pixel inside, a plane is fitted to the values nearby, the deeper ones counting more. Pixels near the
    edge take its level; those outside take the level of the nearest pixel inside and go on with the slope there, for no
    more than ``_SLOPE_PX``, so that turning and growing go on as they are inside.
    """
    inside = depth > 0
    _, labels = cv2.distanceTransformWithLabels(
        np.where(inside, np.uint8(0), np.uint8(1)), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    place = np.zeros(int(labels.max()) + 1, np.int64)
    place[labels[inside]] = np.flatnonzero(inside)
    nearest = place[labels]
    level, slope_x, slope_y = (each.reshape(-1, values.shape[2]) for each in _planes(values, depth))
    rows, columns = np.indices(inside.shape)
    away_x, away_y = columns - nearest % inside.shape[1], rows - nearest // inside.shape[1]
    share = np.minimum(1, _SLOPE_PX / np.maximum(np.sqrt(away_x * away_x + away_y * away_y), 1))
    out = level[nearest]
    out += slope_x[nearest] * (away_x * share)[..., None] + slope_y[nearest] * (away_y * share)[..., None]
    return np.where((depth >= _DEEP_PX)[..., None], values, out).astype(np.float32)


def _planes(values: Floats, depth: Floats) -> tuple[Floats, Floats, Floats]:
    """Around each pixel: level, slope along x and slope along y of the plane through the values inside nearby, in the
    least squares' sense; the weights are Gaussian and grow with depth. Level where there are too few for a slope."""
    weight = depth**_FAVOUR
    y, x = np.indices(depth.shape, np.float32)
    x -= np.float32(depth.shape[1] / 2)
    y -= np.float32(depth.shape[0] / 2)

    def mean(of: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(of, (0, 0), _NEAR_PX, borderType=cv2.BORDER_CONSTANT), np.float32)

    total = np.maximum(mean(weight), np.float32(1e-6))
    at_x, at_y = mean(weight * x) / total, mean(weight * y) / total
    xx = mean(weight * x * x) / total - at_x * at_x + _STIFF_PX2
    yy = mean(weight * y * y) / total - at_y * at_y + _STIFF_PX2
    xy = mean(weight * x * y) / total - at_x * at_y
    scale = 1 / np.maximum(xx * yy - xy * xy, np.float32(1e-6))
    parts = []
    for value in np.moveaxis(np.where(depth[..., None] > 0, values, np.float32(0)), 2, 0):
        level = mean(weight * value) / total
        xv = mean(weight * x * value) / total - at_x * level
        yv = mean(weight * y * value) / total - at_y * level
        slope_x, slope_y = (yy * xv - xy * yv) * scale, (xx * yv - xy * xv) * scale
        parts.append((level + slope_x * (x - at_x) + slope_y * (y - at_y), slope_x, slope_y))
    levels, across, down = (np.asarray(np.stack(some, axis=2), np.float32) for some in zip(*parts, strict=True))
    return levels, across, down


def _length(vectors: Floats) -> Floats:
    # not hypot, whose last bits may differ between machines' vector units
    return np.asarray(np.sqrt(np.square(vectors[..., 0]) + np.square(vectors[..., 1])), np.float32)
