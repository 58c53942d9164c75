"""Procedural textures: everything that a photograph would have brought along, made from seeded noise.

All of them are periodic, so that a moving camera never runs off their edge, and in linear light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def fractal(
    seed: int, height: int, width: int, slope: float = 1.3, stretch: float = 1.0, coarsest: float = 2.0
) -> Array:
    """Periodic noise of mean 0 and deviation 1 whose amplitude falls as ``1 / f ** slope``.

    ``stretch`` > 1 draws the noise out along x, < 1 along y; nothing coarser than ``coarsest`` cycles remains.
    """
    white = np.random.default_rng(seed).standard_normal((height, width))
    fy = np.fft.fftfreq(height)[:, None] * max(height, width)
    fx = np.fft.rfftfreq(width)[None, :] * max(height, width) * stretch
    frequency = np.sqrt(fx * fx + fy * fy)
    weight = np.where(frequency < coarsest, 0.0, np.maximum(frequency, coarsest) ** -slope)
    noise = np.fft.irfft2(np.fft.rfft2(white) * weight, s=(height, width))
    return (noise / noise.std()).astype(np.float32)


def cells(seed: int, size: int, count: int) -> tuple[Array, NDArray[np.int32]]:
    """Periodic Voronoi cells on a ``size x size`` tile, ``count`` a side: (pixels to the border, cell id)."""
    rng = np.random.default_rng(seed)
    pitch = size / count
    jitter = rng.uniform(0.1, 0.9, (count, count, 2)) * pitch
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    row, column = (y // pitch).astype(int), (x // pitch).astype(int)
    nearest = np.full((size, size), np.inf, np.float32)
    second = nearest.copy()
    ids = np.zeros((size, size), np.int32)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            r, c = row + dy, column + dx
            point = jitter[r % count, c % count]
            distance = np.hypot(c * pitch + point[..., 0] - x, r * pitch + point[..., 1] - y).astype(np.float32)
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            ids = np.where(closer, (r % count) * count + c % count, ids).astype(np.int32)
            nearest = np.where(closer, distance, nearest)
    return (second - nearest) / 2, ids


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below ``low``, 1 above ``high``, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def relief(height: Array, strength: float, angle_deg: float = 225.0) -> Array:
    """How a bumpy surface of that height catches light from ``angle_deg``: a factor around 1."""
    dy, dx = np.gradient(height)
    angle = np.deg2rad(angle_deg)
    return np.clip(1 + strength * (dx * np.cos(angle) + dy * np.sin(angle)), 0.2, 2.2).astype(np.float32)


def tint(value: Array, *colour: float) -> Array:
    """A grey texture times a linear RGB colour: ``H x W x 3``."""
    return (value[..., None] * np.array(colour, np.float32)).astype(np.float32)


def mix(a: Array, b: Array, t: Array) -> Array:
    """``a`` where ``t`` is 0, ``b`` where it is 1; ``t`` is ``H x W``, the others ``H x W x 3``."""
    return a + (b - a) * t[..., None]


def brick_wall(seed: int, height: int, width: int, brick: tuple[int, int] = (22, 64), mortar: int = 4) -> Array:
    """An old brick wall, ``H x W x 3``: uneven bricks, mortar, weathering, damp towards the bottom."""
    rng = np.random.default_rng(seed)
    wobble = fractal(seed + 1, height, width, 1.4) * 1.1
    detail = fractal(seed + 2, height, width, 0.8, coarsest=12)
    weather = fractal(seed + 3, height, width, 1.5, coarsest=3)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y + wobble, x + np.roll(wobble, 37, axis=1)
    pitch_y, pitch_x = brick[0] + mortar, brick[1] + mortar
    row = np.floor(y / pitch_y).astype(int)
    x = x + (row % 2) * pitch_x / 2
    column = np.floor(x / pitch_x).astype(int)
    inset_y = np.minimum(y % pitch_y, pitch_y - y % pitch_y) - mortar / 2
    inset_x = np.minimum(x % pitch_x, pitch_x - x % pitch_x) - mortar / 2
    face = smoothstep(-0.8, 2.2, np.minimum(inset_x, inset_y) + 0.5 * detail)
    palette = np.array([[0.27, 0.10, 0.065], [0.32, 0.14, 0.09], [0.20, 0.08, 0.06], [0.36, 0.19, 0.12]], np.float32)
    shades = palette[rng.integers(0, 4, (97, 89))] * rng.uniform(0.65, 1.25, (97, 89, 1)).astype(np.float32)
    bricks = shades[row % 97, column % 89] * (1 + 0.20 * detail)[..., None]
    joints = tint(1 + 0.15 * detail, 0.25, 0.225, 0.195)
    wall = mix(joints, bricks, face) * relief(face * 2.4 + 0.25 * detail, 0.32)[..., None]
    return np.clip(wall * (1 + 0.16 * weather)[..., None], 0.01, 1).astype(np.float32)


def paving(seed: int, size: int) -> Array:
    """Worn stone slabs seen from above, ``size x size x 3``."""
    detail = fractal(seed, size, size, 0.7, coarsest=20)
    stain = fractal(seed + 1, size, size, 1.4, coarsest=3)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    pitch = size / 8
    row = np.floor(y / pitch).astype(int)
    x = x + (row % 2) * pitch * 0.5
    column = np.floor(x / pitch).astype(int)
    inset = np.minimum(np.minimum(x % pitch, pitch - x % pitch), np.minimum(y % pitch, pitch - y % pitch))
    slab = smoothstep(0.5, 3.5, inset + 0.4 * detail)
    tone = np.random.default_rng(seed + 2).uniform(0.8, 1.2, (16, 16)).astype(np.float32)[row % 16, column % 16]
    grey = tone * (1 + 0.16 * detail + 0.15 * stain) * (0.35 + 0.65 * slab)
    return np.clip(tint(grey, 0.20, 0.185, 0.165), 0.005, 1)


def pebbles(seed: int, size: int) -> Array:
    """The bed of a pond, ``size x size x 3``: stones of two sizes, rounded by light, silt between them."""
    picture = tint(1 + 0.2 * fractal(seed, size, size, 0.8, coarsest=10), 0.075, 0.072, 0.05)
    for layer, (count, share) in enumerate(((52, 0.75), (21, 0.55))):
        border, ids = cells(seed + 10 * layer, size, count)
        rng = np.random.default_rng(seed + 10 * layer + 1)
        palette = np.array([[0.21, 0.2, 0.16], [0.13, 0.125, 0.105], [0.29, 0.26, 0.2], [0.2, 0.15, 0.1]], np.float32)
        colours = palette[rng.integers(0, 4, count * count)] * rng.uniform(0.6, 1.2, (count * count, 1))
        present = (rng.uniform(size=count * count) < share)[ids]
        radius = size / count / 2
        border = cv2.GaussianBlur(border, (0, 0), radius * 0.28)
        dome = np.sqrt(np.clip(border / radius, 0, 1)) * radius * 0.9
        dome = cv2.GaussianBlur(dome.astype(np.float32), (0, 0), 1.2)
        grain = 1 + 0.12 * fractal(seed + 10 * layer + 2, size, size, 0.7, coarsest=16)
        stone = colours[ids].astype(np.float32) * (relief(dome, 0.35) * grain)[..., None]
        mask = smoothstep(0.22, 0.42, border / radius) * present
        shade = cv2.GaussianBlur(mask, (0, 0), 3.0)
        picture = mix(picture * (1 - 0.55 * np.roll(shade, (3, 3), (0, 1)))[..., None], stone, mask)
    return picture.astype(np.float32)


def caustics(seed: int, size: int) -> Array:
    """One sheet of the bright net that waves throw on a pond's bed, mean 1; two of them moving make it live."""
    warp_x, warp_y = (fractal(seed + i, size, size, 2.0, coarsest=4) * 11 for i in (1, 2))
    border, _ = cells(seed, size, 11)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    net = np.exp(-border / 5.0).astype(np.float32)
    net = cv2.remap(net, (x + warp_x) % size, (y + warp_y) % size, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return cv2.GaussianBlur(net / net.mean(), (0, 0), 1.0)
