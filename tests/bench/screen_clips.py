"""Small clips before green and blue screens with exact alpha, rendered: hair, veils, smoke, motion blur, motley cloth.

Subjects and their alpha are those of alpha_clips.py. Light mixes as it does in a camera, in linear light, and is
encoded as sRGB after that: ``plate = encoded(alpha F + (1 - alpha) B)``. Screens are lit unevenly, most have folds;
the subject wears their spill; noise is that of the encoded picture; one clip has a video's halved colour resolution, as
4:2:0 has. Everything follows from a clip's name and frame number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import alpha_clips
import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

WIDTH, HEIGHT, FRAMES = alpha_clips.WIDTH, alpha_clips.HEIGHT, alpha_clips.FRAMES


@dataclass(frozen=True, eq=False)
class ScreenFrame:
    """rgb: the plate, uint8 ``H x W x 3``. alpha: float32 ``H x W``. screen: the clean plate without noise, float32
    ``H x W x 3``, display-referred."""

    rgb: Bytes
    alpha: Floats
    screen: Floats


@dataclass(frozen=True, kw_only=True)
class Set:
    """What stands before what. screen, subject: colours in the middle, display-referred; without one the subject wears
    patches of all colours, yellow, cyan, grey, white and black among them. uneven: how much darker the screen gets, as
    a share of its light. noise: its deviation, encoded."""

    shape: str
    screen: tuple[float, float, float]
    subject: tuple[float, float, float] | None
    uneven: float
    folds: float = 0.0
    spill: float = 0.0
    noise: float = 0.01
    halved_colour: bool = False


SETS: dict[str, Set] = {
    "hair": Set(shape="hair", screen=(0.16, 0.66, 0.25), subject=(0.42, 0.27, 0.18), uneven=0.6, spill=0.12),
    "swing": Set(
        shape="swing", screen=(0.12, 0.25, 0.74), subject=(0.74, 0.3, 0.2), uneven=0.5, folds=0.1, spill=0.06,
        noise=0.015,
    ),
    "veil": Set(
        shape="veil", screen=(0.14, 0.72, 0.22), subject=(0.8, 0.76, 0.72), uneven=0.6, folds=0.06, spill=0.05,
        noise=0.008,
    ),
    "fair": Set(
        shape="hair", screen=(0.1, 0.22, 0.68), subject=(0.8, 0.66, 0.45), uneven=0.55, folds=0.12, spill=0.1,
        noise=0.015,
    ),
    "motley": Set(
        shape="lattice", screen=(0.2, 0.62, 0.3), subject=None, uneven=0.55, folds=0.15, spill=0.08, noise=0.012
    ),
    "whirl": Set(
        shape="swing", screen=(0.1, 0.7, 0.2), subject=(0.45, 0.35, 0.55), uneven=0.7, folds=0.08, spill=0.1,
        halved_colour=True,
    ),
    "gauze": Set(
        shape="veil", screen=(0.16, 0.3, 0.7), subject=(0.3, 0.28, 0.3), uneven=0.65, folds=0.1, noise=0.012
    ),
}  # fmt: skip
CHECKS: dict[str, Set] = {
    "curls": Set(
        shape="hair", screen=(0.2, 0.75, 0.3), subject=(0.15, 0.12, 0.11), uneven=0.75, folds=0.18, spill=0.14,
        noise=0.014, halved_colour=True,
    ),
    "banner": Set(
        shape="swing", screen=(0.14, 0.2, 0.6), subject=(0.85, 0.7, 0.2), uneven=0.4, folds=0.2, spill=0.08, noise=0.02
    ),
    "scarf": Set(
        shape="scarf", screen=(0.13, 0.27, 0.7), subject=(0.75, 0.2, 0.35), uneven=0.5, folds=0.16, spill=0.05,
        noise=0.01,
    ),
    "smoke": Set(
        shape="smoke", screen=(0.15, 0.68, 0.24), subject=(0.62, 0.62, 0.64), uneven=0.6, folds=0.08, spill=0.04,
        noise=0.01,
    ),
    "arm": Set(
        shape="arm", screen=(0.14, 0.7, 0.22), subject=(0.8, 0.58, 0.47), uneven=0.55, folds=0.1, spill=0.1,
        noise=0.012,
    ),
}  # fmt: skip
"""Clips that were rendered to check by, see keys.py."""
ALL = SETS | CHECKS


def encoded(light: Floats) -> Floats:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055)


def decoded(display: Floats) -> Floats:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4).astype(np.float32)


def render(name: str, number: int) -> ScreenFrame:
    """Frame 0 to ``FRAMES - 1`` of one of :data:`ALL`."""
    what = ALL[name]
    drawn = alpha_clips.render(what.shape, number)
    alpha = drawn.alpha[..., None]
    screen = _lit_screen(name)
    texture = decoded(drawn.foreground)
    grey = texture.mean(axis=2, keepdims=True)
    subject = (_patches() if what.subject is None else decoded(np.float32(what.subject))) * (
        0.4 + 0.6 * grey / grey.mean()
    )
    # materials vary in brightness above all; a tenth of the texture's own colours is left
    subject = subject * (1 + 0.1 * (texture / np.maximum(grey, 1e-3) - 1))
    # spill is strongest where the subject turns away from the camera, near its outline
    turned = cv2.GaussianBlur(1 - drawn.alpha, (0, 0), 7)[..., None] * 0.8 + 0.2
    subject = np.clip(subject, 0, 1) + what.spill * turned * screen
    mixed = encoded(np.clip(subject * alpha + screen * (1 - alpha), 0, 1).astype(np.float32))
    noise = np.random.default_rng([sum(name.encode()), number]).normal(0, what.noise, mixed.shape)
    rgb = np.rint(np.clip(mixed + noise, 0, 1) * 255).astype(np.uint8)
    return ScreenFrame(_halved_colour(rgb) if what.halved_colour else rgb, drawn.alpha, encoded(screen))


@cache
def _lit_screen(name: str) -> Floats:
    """Linear light of the screen: a lamp to one side, darker corners, folds."""
    what = ALL[name]
    rng = np.random.default_rng(sum(name.encode()))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    lamp_x, lamp_y = WIDTH * rng.uniform(0.2, 0.8), HEIGHT * rng.uniform(0.1, 0.6)
    away = np.hypot((x - lamp_x) / WIDTH, (y - lamp_y) / HEIGHT) / 0.9
    light = 1.15 - what.uneven * np.minimum(away, 1.2) ** 1.5
    grid = rng.uniform(-1, 1, (4, 14)).astype(np.float32)
    light *= 1 + what.folds * cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    colour = decoded(np.float32(what.screen))
    # what is lit less is also a little less saturated: light comes from the room too
    return (colour * light[..., None] + 0.01 * (1 - light[..., None])).clip(0, 1).astype(np.float32)


@cache
def _patches() -> Floats:
    colours = [(0.7, 0.6, 0.05), (0.05, 0.5, 0.55), (0.3, 0.3, 0.3), (0.75, 0.75, 0.75), (0.02, 0.02, 0.02)]
    colours += [(0.6, 0.05, 0.05), (0.1, 0.1, 0.5), (0.45, 0.25, 0.17), (0.5, 0.1, 0.45)]
    chosen = np.random.default_rng(3).integers(0, len(colours), (9, 12))
    grid = np.array(colours, np.float32)[chosen]
    return cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)


def _halved_colour(rgb: Bytes) -> Bytes:
    """Through 8-bit Y'CbCr with a quarter of the colour samples."""
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    small = cv2.resize(ycc[..., 1:], (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    ycc[..., 1:] = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)
