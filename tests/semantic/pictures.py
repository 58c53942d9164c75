"""Rendered pictures of which it is known what is sky, leaves and skin."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 240, 160

Picture = NDArray[np.uint8]
Inside = NDArray[np.bool_]


def noise(seed: int, scale: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float32]:
    """Smooth noise of so many pixels a bump, of mean 0 and deviation about 1, ``height x width x 1``."""
    coarse = np.random.default_rng(seed).normal(size=(height // scale + 2, width // scale + 2)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]


def finished(picture: NDArray[np.float32], seed: int = 9) -> Picture:
    """With a camera's blur and grain."""
    blurred = cv2.GaussianBlur(np.asarray(picture, np.float32), (0, 0), 0.7)
    grain = np.random.default_rng(seed).normal(0, 1.0, blurred.shape)
    return np.clip(blurred + grain, 0, 255).astype(np.uint8)


def rocks(seed: int = 1) -> NDArray[np.float32]:
    """Brown, rough ground everywhere."""
    return np.float32((96, 82, 70)) + 16 * noise(seed, 3) + 18 * noise(seed + 1, 12)


def landscape(shift: int = 0, clear: tuple[int, int, int] = (120, 165, 225)) -> tuple[Picture, Inside]:
    """Sky over a wavy horizon, brighter towards it, above rocks, and where the sky is. shift: pixels to the right."""
    x = np.arange(WIDTH) - shift
    horizon = 80 + 12 * np.sin(x / 23) + 5 * np.sin(x / 7)
    rows = np.arange(HEIGHT)[:, None] + 0.5
    inside = rows < horizon
    down = (rows / HEIGHT)[..., None]
    sky = np.float32(clear) * (1 - 0.3 * down) + 235 * 0.3 * down + 0 * rocks()
    return finished(np.where(inside[..., None], sky, np.roll(rocks(), shift, axis=1)), 9 + shift), inside


def meadow() -> tuple[Picture, Inside]:
    """A rough green meadow below rocks, and where it is."""
    inside = np.arange(HEIGHT)[:, None] + 0 * np.arange(WIDTH) > 90 + 10 * np.sin(np.arange(WIDTH) / 30)
    grass = np.float32((88, 122, 48)) + 16 * noise(5, 2) + 14 * noise(6, 6)
    return finished(np.where(inside[..., None], grass, rocks())), inside


def face() -> tuple[Picture, Inside]:
    """A smooth oval of the colour of skin before a grey wall, and where it is."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = ((x - 130) / 34) ** 2 + ((y - 80) / 46) ** 2 < 1
    skin = np.float32((205, 150, 125)) * (0.85 + 0.2 * (1 - ((x - 120) / 60) ** 2))[..., None]
    wall = np.float32((120, 124, 130)) + 3 * noise(7, 20)
    return finished(np.where(inside[..., None], skin, wall)), inside


def painted(colour: tuple[int, int, int]) -> Picture:
    """A smooth wall of one colour over rocks: no sky, no leaf, no skin, whatever its colour."""
    picture = np.where(np.arange(HEIGHT)[:, None, None] < 90, np.float32(colour) + 2 * noise(8, 30), rocks())
    return finished(picture)
