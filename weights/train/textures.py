"""Procedural textures with the statistics of photographs: noise that falls as 1 / f, muted and related colours.

Textures are uint8 ``H x W x 3`` RGB. They are built coarse to fine, so that a wide world costs milliseconds.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene_curves import Rng, log_uniform, pick

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]

_TEXT = "ABCDEFGHKLMNOPRSTUVXYZabcdeghknorstuxy0123456789&.-!"


def noise(
    rng: Rng, height: int, width: int, coarsest: float = 0.5, persistence: float = 0.62, stretch: float = 1.0
) -> Plane:
    """Multi-octave value noise, about uniform in [0, 1].

    coarsest: the largest cell as a share of the height; persistence: how much of each octave's amplitude the next finer
    one keeps; stretch: above 1 draws the grain out along x, below 1 along y.
    """
    sx, sy = max(stretch, 1.0), max(1 / stretch, 1.0)
    levels = max(1, int(math.log2(max(coarsest * height, 2))))
    value: Plane | None = None
    amplitude = 1.0
    for level in range(levels, -1, -1):
        h, w = max(2, int(height / 2**level / sy) + 1), max(2, int(width / 2**level / sx) + 1)
        fresh = rng.random((h, w), dtype=np.float32) - np.float32(0.5)
        if value is None:
            value = fresh
        else:
            value = np.asarray(cv2.resize(value, (w, h), interpolation=cv2.INTER_CUBIC) + amplitude * fresh, np.float32)
        amplitude *= persistence
    assert value is not None
    value = np.asarray(cv2.resize(value, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    mean, deviation = cv2.meanStdDev(value)
    spread = 0.29 / (float(deviation[0, 0]) + 1e-6)
    scaled = value * np.float32(spread) + np.float32(0.5 - float(mean[0, 0]) * spread)
    return np.asarray(np.clip(scaled, 0, 1), np.float32)


def hues(rng: Rng) -> NDArray[np.float64]:
    """One to three hues (degrees) as they occur together outdoors: earth, foliage, sky, sometimes anything."""
    base = {"earth": (30, 14), "leaf": (85, 22), "sky": (210, 16), "red": (5, 10), "any": (180, 120)}
    kinds = [pick(rng, {"earth": 0.34, "leaf": 0.22, "sky": 0.2, "red": 0.08, "any": 0.16}) for _ in range(3)]
    drawn = np.array([rng.normal(*base[kind]) for kind in kinds])
    return drawn[: int(rng.integers(1, 4))]


def palette(rng: Rng, count: int, saturation: float | None = None) -> NDArray[np.float32]:
    """``count x 3`` RGB colours (0 to 255) around a few hues, mostly muted, with related brightness."""
    family = hues(rng)
    if saturation is None:
        saturation = float(rng.choice([0.08, 0.25, 0.5, 0.85], p=[0.26, 0.34, 0.26, 0.14]))
    level, contrast = rng.uniform(0.05, 0.95), log_uniform(rng, 0.06, 0.4)
    hsv = np.stack(
        [
            (family[rng.integers(0, len(family), count)] + rng.normal(0, 7, count)) % 360,
            np.clip(saturation * np.exp(rng.normal(0, 0.5, count)), 0, 1),
            np.clip(rng.normal(level, contrast, count), 0.03, 0.98),
        ],
        axis=1,
    ).astype(np.float32)
    return np.asarray(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] * 255, np.float32)


def ramp(value: Plane, colours: NDArray[np.float32]) -> Picture:
    """Colour a plane in [0, 1] by a table that runs through ``colours``."""
    stops = np.linspace(0, 1, len(colours))
    grid = np.linspace(0, 1, 256)
    table = np.stack([np.interp(grid, stops, colours[:, c]) for c in range(3)], axis=1).astype(np.uint8)
    grey = cv2.convertScaleAbs(value, alpha=255)
    return np.asarray(cv2.LUT(cv2.merge([grey] * 3), table[None]), np.uint8)


def modulate(picture: Picture, factor: Plane) -> Picture:
    """A picture times a plane (1 leaves it as it is), saturating."""
    return np.asarray(cv2.multiply(picture, cv2.merge([factor] * 3), dtype=cv2.CV_8U), np.uint8)


def mixed(a: Picture, b: Picture, share: Plane) -> Picture:
    """``a`` where ``share`` is 0, ``b`` where it is 1."""
    return np.asarray(cv2.blendLinear(a, b, 1 - share, share), np.uint8)


def roughened(rng: Rng, picture: Picture, strength: float) -> Picture:
    """Fine grain on parts of a surface: what photographs have at every scale and drawings lack."""
    h, w = picture.shape[:2]
    grain = noise(rng, h, w, rng.uniform(0.02, 0.12), rng.uniform(0.8, 1.1))
    grain += np.float32(strength * 0.5) * (rng.random((h, w), dtype=np.float32) - np.float32(0.5))
    place = noise(rng, h, w, 1.0, 0.5)
    return modulate(picture, 1 + np.float32(1.6 * strength) * (grain - np.float32(0.5)) * place)


def levelled(picture: Picture, brightness: float) -> Picture:
    """The same texture at a mean of ``brightness`` (0 to 255)."""
    mean = float(picture.mean())
    if mean > brightness:
        return np.asarray(cv2.convertScaleAbs(picture, alpha=brightness / mean), np.uint8)
    share = (brightness - mean) / (255 - mean)
    return np.asarray(cv2.convertScaleAbs(picture, alpha=1 - share, beta=255 * share), np.uint8)


def recoloured(rng: Rng, picture: Picture, strength: float = 1.0) -> Picture:
    """The same texture in another light: gain per channel, gamma."""
    gain = np.exp(rng.normal(0, 0.18 * strength, 3)) * math.exp(rng.normal(0, 0.25 * strength))
    gamma = math.exp(rng.normal(0, 0.25 * strength))
    grid = np.linspace(0, 1, 256)[:, None] ** gamma * 255 * gain
    return np.asarray(cv2.LUT(picture, np.clip(grid, 0, 255).astype(np.uint8)[None]), np.uint8)


def _material(rng: Rng, h: int, w: int) -> Picture:
    value = noise(rng, h, w, log_uniform(rng, 0.04, 1), rng.uniform(0.55, 0.95), log_uniform(rng, 0.4, 2.5))
    return ramp(value, palette(rng, int(rng.integers(2, 6))))


def _plain(rng: Rng, h: int, w: int) -> Picture:
    colours = palette(rng, 1) + np.linspace(-1, 1, 3)[:, None] * log_uniform(rng, 5, 50) + rng.normal(0, 4, (3, 3))
    return ramp(noise(rng, h, w, 1.0, rng.uniform(0.5, 0.9)), np.clip(colours, 0, 255).astype(np.float32))


def _fur(rng: Rng, h: int, w: int) -> Picture:
    stretch = log_uniform(rng, 4, 12)
    value = noise(
        rng, h, w, rng.uniform(0.1, 0.4), rng.uniform(0.7, 0.9), stretch if rng.random() < 0.5 else 1 / stretch
    )
    return ramp(0.7 * value + 0.3 * noise(rng, h, w), palette(rng, 3))


def _stripes(rng: Rng, h: int, w: int) -> Picture:
    angle, pitch = rng.uniform(0, math.pi), log_uniform(rng, 0.02, 0.3) * h
    x, y = np.arange(w, dtype=np.float32)[None], np.arange(h, dtype=np.float32)[:, None]
    phase = (x * math.cos(angle) + y * math.sin(angle)) / pitch + rng.uniform(0, 2.5) * noise(rng, h, w, 1.0, 0.4)
    value = 0.5 + 0.5 * np.sin(phase * (2 * math.pi))
    if rng.random() < 0.35:
        value = 0.5 * value + 0.25 + 0.25 * np.sin((y * math.cos(angle) - x * math.sin(angle)) * (2 * math.pi / pitch))
    if rng.random() < 0.5:
        value = np.clip((value - 0.5) * 6 + 0.5, 0, 1)
    return modulate(ramp(value.astype(np.float32), palette(rng, int(rng.integers(2, 5)))), 0.7 + 0.6 * noise(rng, h, w))


def _cells(rng: Rng, h: int, w: int) -> Picture:
    count = max(4, int(h * w / (log_uniform(rng, 0.04, 0.4) * h) ** 2))
    seeds = np.full((h, w), 255, np.uint8)
    seeds[rng.integers(0, h, count), rng.integers(0, w, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    colours = palette(rng, int(rng.integers(3, 9)))
    shades = np.clip(colours[rng.integers(0, len(colours), count + 1)] + rng.normal(0, 10, (count + 1, 3)), 0, 255)
    picture = shades.astype(np.uint8)[label]
    depth = rng.uniform(0, 0.6) / (float(distance.max()) + 1e-6)
    return modulate(picture, (1.1 - depth * distance) * (0.8 + 0.4 * noise(rng, h, w, 0.1)))


def _clutter(rng: Rng, h: int, w: int) -> Picture:
    """Leaves, stones, debris: hundreds of small overlapping shapes, darker below."""
    picture = ramp(noise(rng, h, w), palette(rng, 3) * 0.6)
    size = log_uniform(rng, 0.012, 0.12) * h + 1.5
    count = int(min(2.0 * h * w / size**2 * rng.uniform(0.3, 1), 1500))
    colours = palette(rng, int(rng.integers(3, 8)))
    chosen = np.clip(colours[rng.integers(0, len(colours), count)] * rng.uniform(0.6, 1.25, (count, 1)), 0, 255)
    centres = np.stack([rng.uniform(0, w, count), rng.uniform(0, h, count)], axis=1)
    axes = (
        size
        * np.exp(rng.normal(-0.3, 0.45, (count, 1)))
        * np.concatenate([np.ones((count, 1)), rng.uniform(0.15, 0.9) * np.ones((count, 1))], axis=1)
    )
    turn = rng.uniform(0, 180) + rng.normal(0, log_uniform(rng, 10, 120), count)
    corners = int(rng.choice([4, 6, 8]))
    around = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    unit = np.stack([np.cos(around), np.sin(around)], axis=1)[None] * axes[:, None]
    c, s = np.cos(np.deg2rad(turn))[:, None], np.sin(np.deg2rad(turn))[:, None]
    points = np.stack([unit[..., 0] * c - unit[..., 1] * s, unit[..., 0] * s + unit[..., 1] * c], axis=2)
    fixed = ((points + centres[:, None]) * 8).astype(np.int32)
    for index in range(count):
        cv2.fillConvexPoly(picture, fixed[index], chosen[index].tolist(), cv2.LINE_AA, 3)
    return picture


def _tiles(rng: Rng, h: int, w: int) -> Picture:
    """Bricks, planks, paving, window grids."""
    pitch_y = log_uniform(rng, 0.03, 0.35) * h + 3
    pitch_x = pitch_y * log_uniform(rng, 0.4, 5)
    x, y = np.arange(w, dtype=np.float32)[None], np.arange(h, dtype=np.float32)[:, None]
    row = np.floor(y / pitch_y)
    x = x + (row % 2) * pitch_x * rng.choice([0.0, 0.5]) + np.zeros_like(y)
    inset = np.minimum(np.minimum(x % pitch_x, pitch_x - x % pitch_x), np.minimum(y % pitch_y, pitch_y - y % pitch_y))
    ids = (np.floor(x / pitch_x) * 37 + row * 101).astype(np.int64) % 97
    colours = palette(rng, 4)
    tone = np.clip(colours[rng.integers(0, 4, 97)] * rng.uniform(0.85, 1.15, (97, 1)), 0, 255).astype(np.uint8)[ids]
    joint = np.clip((inset - rng.uniform(0.3, 2)) * 1.2, 0, 1).astype(np.float32)
    gap = np.broadcast_to(palette(rng, 1)[0].astype(np.uint8), (h, w, 3))
    return modulate(mixed(np.ascontiguousarray(gap), tone, joint), 0.75 + 0.5 * noise(rng, h, w, 0.3, 0.7))


def _spots(rng: Rng, h: int, w: int) -> Picture:
    value = noise(rng, h, w, log_uniform(rng, 0.06, 0.5), rng.uniform(0.2, 0.55))
    share = np.clip((value - rng.uniform(0.35, 0.65)) * log_uniform(rng, 6, 40) + 0.5, 0, 1)
    return mixed(_plain(rng, h, w), _plain(rng, h, w), share)


def _marks(rng: Rng, h: int, w: int) -> Picture:
    """Writing on a plain ground: signs, banners, shirts."""
    picture = _plain(rng, h, w)
    for _ in range(int(rng.integers(1, 5))):
        text = "".join(rng.choice(list(_TEXT), int(rng.integers(2, 12))))
        scale = log_uniform(rng, 0.1, 0.6) * h / 22
        place = (int(rng.uniform(-0.1, 0.6) * w), int(rng.uniform(0.2, 1) * h))
        weight = max(1, int(scale * rng.uniform(1.5, 5)))
        cv2.putText(
            picture, text, place, int(rng.integers(0, 5)), scale, palette(rng, 1)[0].tolist(), weight, cv2.LINE_AA
        )
    return picture


def _gradient(rng: Rng, h: int, w: int) -> Picture:
    angle = rng.uniform(0, 2 * math.pi)
    x, y = np.linspace(-0.5, 0.5, w, dtype=np.float32)[None], np.linspace(-0.5, 0.5, h, dtype=np.float32)[:, None]
    value = np.clip(0.5 + x * math.cos(angle) + y * math.sin(angle) + 0.1 * (noise(rng, h, w) - 0.5), 0, 1)
    return ramp(value.astype(np.float32), palette(rng, 3))


def _blend(rng: Rng, h: int, w: int) -> Picture:
    first, second = (
        texture(rng, h, w, pick(rng, {"material": 3, "cells": 1, "stripes": 1, "plain": 2})) for _ in (0, 1)
    )
    share = np.clip((noise(rng, h, w, 0.6, rng.uniform(0.3, 0.7)) - 0.5) * log_uniform(rng, 2, 30) + 0.5, 0, 1)
    return mixed(first, second, share)


def _of(rng: Rng, size: int, colour: tuple[float, float, float], spread: float, coarsest: float) -> Picture:
    ends = np.array(colour)[None] * np.exp(np.array([[-spread], [0.0], [spread]]))
    value = noise(rng, size, size, coarsest, rng.uniform(0.45, 0.7))
    return ramp(value, np.clip(ends * np.exp(rng.normal(0, 0.12)), 0, 255).astype(np.float32))


def flesh(rng: Rng, size: int) -> Picture:
    """Human skin, from pale to dark."""
    tone = rng.uniform(0.25, 1.0)
    return _of(rng, size, (232 * tone, 185 * tone**1.15, 155 * tone**1.25), 0.1, 1.0)


def hair(rng: Rng, size: int) -> Picture:
    """Hair or a helmet: black, brown, fair or painted."""
    if rng.random() < 0.25:
        return texture(rng, size, size, "plain")
    tone = log_uniform(rng, 18, 190)
    return _of(rng, size, (tone, tone * rng.uniform(0.7, 0.95), tone * rng.uniform(0.45, 0.9)), 0.3, 0.2)


def metal(rng: Rng, size: int) -> Picture:
    """Hubs, frames, engines: greys with bright and dark spots."""
    tone = rng.uniform(60, 190)
    return _of(rng, size, (tone, tone, tone * rng.uniform(0.95, 1.08)), rng.uniform(0.2, 0.9), rng.uniform(0.1, 0.5))


def glass(rng: Rng, size: int) -> Picture:
    """Window panes: dark, or a pale image of the sky."""
    tone = rng.uniform(12, 70) if rng.random() < 0.7 else rng.uniform(120, 220)
    return _of(rng, size, (tone * 0.95, tone, tone * rng.uniform(1, 1.2)), rng.uniform(0.1, 0.6), 1.0)


def rubber(rng: Rng, size: int) -> Picture:
    """Tyres and soles: nearly black."""
    tone = rng.uniform(12, 45)
    return _of(rng, size, (tone, tone, tone), 0.25, 0.2)


_MAKERS = {
    "material": _material,
    "plain": _plain,
    "fur": _fur,
    "stripes": _stripes,
    "cells": _cells,
    "clutter": _clutter,
    "tiles": _tiles,
    "spots": _spots,
    "marks": _marks,
    "gradient": _gradient,
    "blend": _blend,
}
SUBJECT = {"material": 2, "plain": 5, "fur": 1.5, "stripes": 1.2, "cells": 0.6, "clutter": 0.4, "tiles": 0.3,
           "spots": 1.2, "marks": 0.8, "gradient": 1, "blend": 1.2}  # fmt: skip
WORLD = {"material": 4, "plain": 2, "fur": 0.8, "stripes": 0.5, "cells": 0.8, "clutter": 4, "tiles": 1.6,
         "spots": 0.8, "marks": 0.6, "gradient": 0.5, "blend": 2}  # fmt: skip


def texture(rng: Rng, height: int, width: int, kind: str) -> Picture:
    """One texture of a kind in ``SUBJECT`` or ``WORLD``, whose weights say how often each occurs there."""
    picture = _MAKERS[kind](rng, height, width)
    if rng.random() < 0.6:
        picture = roughened(rng, picture, log_uniform(rng, 0.15, 1.2))
    if rng.random() < 0.1:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 2)), np.uint8)
    return picture
