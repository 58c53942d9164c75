"""What a working picture looks like at each pixel: its colour as a person would name it, and its texture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.segment.colour import Lab, to_lab

Plane = NDArray[np.float32]

_TEXTURE_PX = 1.5
_COARSE_PX = 3.0
_AROUND_PX = 6.0
_WEBER, _DARK = 0.06, 12.0  # texture that shows as much everywhere is this share of a lightness that is not black


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """float32 ``H x W`` each, CIE Lab of the display-referred picture.

    lightness: 0 to 100. chroma: 0 or more. hue_deg: 0 to 360, about 40 for skin, 120 for leaves, 270 for blue.
    green_red: Lab's a. texture: the mean change of lightness from pixel to pixel. relative_texture: 1 where texture is
        as plain as it is in most things with texture, whatever the light.
    brightest: the lightness of the picture's brightest two per cent.
    lab: 8-bit Lab, uint8 ``H x W x 3``, for colour models.
    """

    rgb: NDArray[np.uint8]
    lab: Lab
    lightness: Plane
    chroma: Plane
    hue_deg: Plane
    green_red: Plane
    blue_yellow: Plane
    texture: Plane
    relative_texture: Plane
    brightest: float


def look_at(rgb: NDArray[np.uint8]) -> Look:
    """Of a working picture. To be run within :func:`roto.motion.flow.one_thread`."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    lightness, a, b = (np.ascontiguousarray(lab[..., index], np.float32) for index in range(3))
    change = np.hypot(cv2.Sobel(lightness, -1, 1, 0) / 8, cv2.Sobel(lightness, -1, 0, 1) / 8)
    texture, coarse = (np.asarray(cv2.GaussianBlur(change, (0, 0), px)) for px in (_TEXTURE_PX, _COARSE_PX))
    around = np.maximum(cv2.GaussianBlur(lightness, (0, 0), _AROUND_PX), np.float32(_DARK))
    return Look(
        rgb=rgb,
        lab=to_lab(rgb),
        lightness=lightness,
        chroma=np.asarray(np.hypot(a, b), np.float32),
        hue_deg=np.asarray(np.degrees(np.arctan2(b, a)) % 360, np.float32),
        green_red=a,
        blue_yellow=b,
        texture=np.asarray(texture, np.float32),
        relative_texture=np.asarray(coarse / (np.float32(_WEBER) * around), np.float32),
        brightest=max(float(np.percentile(lightness, 98)), 1.0),
    )


def within(values: Plane, low: float, high: float, soft: float) -> Plane:
    """1 for values from ``low`` to ``high``, falling off as a normal distribution of deviation ``soft`` beyond."""
    away = np.maximum(np.maximum(low - values, values - high), 0) / np.float32(soft)
    return np.asarray(np.exp(np.float32(-0.5) * away * away), np.float32)
