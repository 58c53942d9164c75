"""A picture put between four corners, in perspective: a screen's replacement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.composite.corners import Quad
from roto.composite.effect import Effect, Region
from roto.composite.light import Floats
from roto.image import Box, Matte
from roto.masks.rasterise import rasterise

Matrix = NDArray[np.float64]

_LEAST_SAMPLES, _MOST_SAMPLES = 2, 8  # of a pixel, along each side
_SAMPLES_AT_ONCE = 1 << 20


class Insert(NamedTuple):
    """A picture premultiplied by its coverage, float32 ``H x W x 3`` in the light that is worked in; coverage None: all
    of it."""

    premultiplied: Floats
    coverage: Matte | None


@dataclass(frozen=True, kw_only=True)
class CornerPin(Effect):
    """insert: the picture for a frame; corners: where it goes. The picture's own edge is antialiased; what stands
    before it is up to the matte."""

    type: ClassVar[str] = "corner-pin"
    summary: ClassVar[str] = "a picture between four corners"

    insert: Callable[[int], Insert]
    corners: Callable[[int, Matte, Box], Quad]

    def apply(self, picture: Floats, region: Region) -> Floats:
        quad = self.corners(region.number, region.matte, region.box)
        return put_between(picture, self.insert(region.number), quad - (region.box.x0, region.box.y0))


def put_between(picture: Floats, insert: Insert, quad: Quad) -> Floats:
    """``picture`` with the insert over it, its corners on ``quad``, in pixels of the picture."""
    height, width = picture.shape[:2]
    low, high = np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))
    box = Box(*(int(np.clip(v, 0, top)) for v, top in zip((*low, *high), (width, height) * 2, strict=True)))
    out = picture.copy()
    if box.empty:
        return out
    edge = rasterise(quad - (box.x0, box.y0), box.width, box.height)
    for rows, premultiplied, coverage in _warped(insert, quad, box):
        share = edge[rows.y0 - box.y0 : rows.y1 - box.y0]
        there = out[rows.slices]
        there *= 1 - (share if coverage is None else share * coverage)[..., None]
        there += premultiplied * share[..., None]
    return out


def _warped(insert: Insert, quad: Quad, box: Box) -> Iterator[tuple[Box, Floats, Matte | None]]:
    """Rows of ``box`` after rows of it: the insert so that its corners lie on ``quad``; beyond them it goes on.

    Each pixel is the mean of several samples. Where many of the insert's pixels fall into one, these are averaged
    first, as far as the least reduced corner allows, so that nothing is skipped and nothing is blurred.
    """
    across, down = insert.premultiplied.shape[1], insert.premultiplied.shape[0]
    matrix = homography(across, down, quad)
    inverse: Matrix = np.linalg.inv(matrix).astype(np.float64)
    reductions = np.array([_reduction(inverse, point) for point in (*quad, quad.mean(axis=0))])
    factors = np.maximum(np.floor(reductions.min(axis=0)), 1)
    samples = min(max(math.ceil(float((reductions / factors).max())), _LEAST_SAMPLES), _MOST_SAMPLES)
    size = max(round(across / factors[0]), 1), max(round(down / factors[1]), 1)
    to_source = np.diag([across / size[0], down / size[1], 1.0]) @ _translation(0.5, 0.5)
    planes = [insert.premultiplied] if insert.coverage is None else [insert.premultiplied, insert.coverage]
    if size != (across, down):
        planes = [_reduced(plane, size) for plane in planes]
    step = max(_SAMPLES_AT_ONCE // (box.width * samples**2), 1)
    for top in range(box.y0, box.y1, step):
        rows = Box(box.x0, top, box.x1, min(top + step, box.y1))
        to_samples = _translation(-0.5, -0.5) @ np.diag([samples, samples, 1.0]) @ _translation(-rows.x0, -rows.y0)
        full = to_samples @ matrix @ to_source
        fine = [
            cv2.warpPerspective(
                plane, full, (rows.width * samples, rows.height * samples), None, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
            )
            for plane in planes
        ]
        means = [_reduced(np.asarray(each, np.float32), (rows.width, rows.height)) for each in fine]
        yield rows, means[0], means[1] if len(means) > 1 else None


def _reduced(plane: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def homography(width: float, height: float, quad: Quad) -> Matrix:
    """3 x 3, from a picture of ``width x height``, its corners at 0 and there, onto ``quad``."""
    own = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    rows = []
    for (x, y), (u, v) in zip(own, quad, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solved = np.linalg.solve(np.array(rows), np.asarray(quad, np.float64).reshape(8))
    return np.append(solved, 1.0).reshape(3, 3)


def _reduction(inverse: Matrix, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many of the insert's pixels, across and down, one pixel of the frame covers at ``point``."""
    u, v, w = inverse @ np.array([*point, 1.0])
    gradients = (inverse[:2, :2] - np.outer([u / w, v / w], inverse[2, :2])) / w
    lengths: NDArray[np.float64] = np.linalg.norm(gradients, axis=1)
    return lengths


def _translation(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
