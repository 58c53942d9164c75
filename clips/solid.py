"""Solid things drawn into a layer: rounded limbs lit like bodies, and facets of cloth.

A layer is a float32 ``H x W x 4`` canvas of premultiplied linear RGBA at the oversampled size; everything here takes
coordinates in final pixels. Coverage uses only sums, products, divisions and square roots, which IEEE 754 fixes to the
last bit, so that a matte is the same on every machine.
"""

from __future__ import annotations

import cv2
import numpy as np
from film import HEIGHT, OVERSAMPLE, WIDTH
from numpy.typing import NDArray
from texture import Array

Point = tuple[float, float]
Colour = tuple[float, float, float]

_LIGHT = np.array([-0.46, -0.62, 0.64])  # the key light: from the left, above, and the camera's side


def canvas() -> Array:
    return np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE, 4), np.float32)


def window(x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice, Array, Array] | None:
    """The part of a canvas that a box touches: row and column slices, and the pixels' centres in final pixels."""
    c0, c1 = max(int(x0 * OVERSAMPLE) - 2, 0), min(int(x1 * OVERSAMPLE) + 3, WIDTH * OVERSAMPLE)
    r0, r1 = max(int(y0 * OVERSAMPLE) - 2, 0), min(int(y1 * OVERSAMPLE) + 3, HEIGHT * OVERSAMPLE)
    if c0 >= c1 or r0 >= r1:
        return None
    x = ((np.arange(c0, c1, dtype=np.float32) + 0.5) / OVERSAMPLE)[None, :]
    y = ((np.arange(r0, r1, dtype=np.float32) + 0.5) / OVERSAMPLE)[:, None]
    return slice(r0, r1), slice(c0, c1), x, y


def over(layer: Array, where: tuple[slice, slice], colour: Array, coverage: Array) -> None:
    """Lay straight ``colour`` with ``coverage`` over a part of a premultiplied layer."""
    target = layer[where]
    target *= (1 - coverage)[..., None]
    target[..., :3] += colour * coverage[..., None]
    target[..., 3] += coverage


def lit(nx: Array, ny: Array, nz: Array, ambient: float = 0.34) -> Array:
    """Light on a surface with that normal: soft key, sky from above, a rim from behind on the right."""
    key = np.maximum(nx * _LIGHT[0] + ny * _LIGHT[1] + nz * _LIGHT[2] + 0.18, 0) / 1.18
    rim = np.maximum(nx * 0.8 - ny * 0.35, 0) ** 2 * (1 - nz) ** 2
    out: Array = (ambient * (1 - 0.35 * ny) + 0.85 * key + 0.55 * rim).astype(np.float32)
    return out


def limb(layer: Array, a: Point, b: Point, ra: float, rb: float, colour: Colour, weave: Array, rough: float) -> None:
    """A tapering rounded limb from ``a`` to ``b`` with radii ``ra`` and ``rb``.

    weave: a square texture around 0 that sticks to the limb; ``rough`` is how much of it shows.
    """
    largest = max(ra, rb) + 1
    part = window(
        min(a[0], b[0]) - largest, min(a[1], b[1]) - largest, max(a[0], b[0]) + largest, max(a[1], b[1]) + largest
    )
    if part is None:
        return
    rows, columns, x, y = part
    px, py = x - np.float32(a[0]), y - np.float32(a[1])
    ax, ay = np.float32(b[0] - a[0]), np.float32(b[1] - a[1])
    length2 = ax * ax + ay * ay + np.float32(1e-6)
    along = np.clip((px * ax + py * ay) / length2, 0, 1)
    radius = np.float32(ra) + np.float32(rb - ra) * along
    qx, qy = px - along * ax, py - along * ay
    distance = np.sqrt(qx * qx + qy * qy)
    coverage = np.clip(0.5 - (distance - radius) * OVERSAMPLE, 0, 1)
    lean = (qx * ax + qy * ay) / length2  # at the ends the normal leans outwards; a joint must not look like a ball
    nx, ny = (qx - 0.7 * lean * ax) / radius, (qy - 0.7 * lean * ay) / radius
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
    length = np.sqrt(length2)
    across = (px * ay - py * ax) / length
    size = weave.shape[0]
    u, v = (along * length * 4).astype(np.int32) % size, (across * 4 + 7 * ra).astype(np.int32) % size
    shade = lit(nx, ny, nz) * (1 + rough * weave[v, u])
    over(layer, (rows, columns), shade[..., None] * np.array(colour, np.float32), coverage)


def bulk(
    layer: Array,
    limbs: list[tuple[Point, Point, float, float]],
    blend: float,
    colour: Colour,
    weave: Array,
    rough: float,
) -> None:
    """Limbs (from, to, radius, radius) melted into one body where they are nearer than ``blend`` pixels."""
    distance = np.full(layer.shape[:2], 1e4, np.float32)
    y, x = np.mgrid[0 : layer.shape[0], 0 : layer.shape[1]].astype(np.float32)
    x, y = (x + 0.5) / OVERSAMPLE, (y + 0.5) / OVERSAMPLE
    for a, b, ra, rb in limbs:
        px, py = x - np.float32(a[0]), y - np.float32(a[1])
        ax, ay = np.float32(b[0] - a[0]), np.float32(b[1] - a[1])
        along = np.clip((px * ax + py * ay) / (ax * ax + ay * ay + np.float32(1e-6)), 0, 1)
        qx, qy = px - along * ax, py - along * ay
        other = np.sqrt(qx * qx + qy * qy) - (np.float32(ra) + np.float32(rb - ra) * along)
        near = np.clip(0.5 + 0.5 * (other - distance) / np.float32(blend), 0, 1)  # polynomial smooth minimum (Quilez)
        distance = other + (distance - other) * near - np.float32(blend) * near * (1 - near)
    thick = blend  # edges are round, what lies deeper is flat: cloth over a back
    nz = np.sqrt(np.clip(1 - (1 + distance / thick) ** 2, 0, 1))
    nz = np.where(distance < -thick, 1, nz)
    dy, dx = np.gradient(distance, 1 / OVERSAMPLE)
    lean = np.sqrt(np.clip(1 - nz * nz, 0, 1))
    size = weave.shape[0]
    v, u = (y * 4).astype(np.int32) % size, (x * 4).astype(np.int32) % size
    shade = lit(dx * lean, dy * lean, nz) * (1 + rough * weave[v, u])
    whole = (slice(None), slice(None))
    over(layer, whole, shade[..., None] * np.array(colour, np.float32), np.clip(0.5 - distance * OVERSAMPLE, 0, 1))


def facet(layer: Array, corners: NDArray[np.float64], colour: NDArray[np.float64]) -> None:
    """A small flat opaque polygon (``N x 2`` corners in final pixels) of one colour: cloth is made of many."""
    fixed = np.floor((corners * OVERSAMPLE - 0.5) * 16 + 0.5).astype(np.int32)
    cv2.fillConvexPoly(layer, fixed, (float(colour[0]), float(colour[1]), float(colour[2]), 1.0), cv2.LINE_8, 4)
