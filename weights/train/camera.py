"""Where the camera looks at each instant, and what film does to what it saw."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene_curves import Curve, Rng, log_uniform, pace, pick, wave
from .textures import Picture, Plane, noise


class Camera:
    """Pan (pixels of the world), shake, zoom and roll as functions of time."""

    def __init__(self, rng: Rng, frames: int, width: int, height: int) -> None:
        self.width, self.height = width, height
        style = pick(rng, {"static": 2, "drift": 3, "pan": 4})
        speed = {"static": 0.0, "drift": log_uniform(rng, 0.0005, 0.01), "pan": log_uniform(rng, 0.004, 0.08)}[style]
        heading = rng.normal(0, 0.12) + (math.pi if rng.random() < 0.5 else 0)
        self._pace = pace(rng, frames)
        self._vx, self._vy = speed * width * math.cos(heading), speed * width * math.sin(heading) * 0.4
        wander = float(rng.choice([0.0, 0.05, 0.25])) * height if style != "static" else 0.0
        self._wx, self._wy = wave(rng, wander, (0.3, 2.5)), wave(rng, wander * 0.3, (0.3, 2.5))
        shake = float(rng.choice([0.0, 0.002, 0.008], p=[0.45, 0.35, 0.2])) * height
        self._sx, self._sy = wave(rng, shake, (3, 14)), wave(rng, shake, (3, 14))
        self._roll = wave(rng, float(rng.choice([0.0, 0.004, 0.03], p=[0.4, 0.45, 0.15])), (0.3, 4))
        growth = rng.normal(0, 0.18) if rng.random() < 0.35 else 0.0
        breathe = wave(rng, 0.03 if style != "static" else 0.0, (0.3, 1.5))
        self._zoom: Curve = lambda t: growth * (t / frames - 0.5) + breathe(t)

    def pan(self, t: float) -> tuple[float, float]:
        """How far the view has travelled over the world, in pixels."""
        lived = self._pace(t)
        return self._vx * lived + self._wx(t), self._vy * lived + self._wy(t)

    def shake(self, t: float) -> tuple[float, float, float, float]:
        """Offset x and y in pixels, zoom, roll in radians."""
        return self._sx(t), self._sy(t), math.exp(self._zoom(t)), self._roll(t)

    def lens(self, t: float) -> NDArray[np.float64]:
        """The 2 x 3 matrix that shake, zoom and roll do to the steady picture."""
        sx, sy, zoom, roll = self.shake(t)
        c, s = zoom * math.cos(roll), zoom * math.sin(roll)
        mx, my = self.width / 2, self.height / 2
        return np.array([[c, -s, mx - c * mx + s * my + sx], [s, c, my - s * mx - c * my + sy]])

    def reach(self, frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest pan of the clip, each (x, y)."""
        path = np.array([self.pan(t) for t in np.linspace(-1, frames, 2 * frames)])
        return path.min(axis=0), path.max(axis=0)


class Film:
    """Exposure, colour, haze, defocus, sharpening, grain and compression."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self._rng = rng
        self._gain = wave(rng, float(rng.choice([0.0, 0.03, 0.15], p=[0.4, 0.4, 0.2])), (0.3, 2))
        self._flicker = float(rng.choice([0.0, 0.02], p=[0.85, 0.15]))
        tint = float(rng.choice([0.0, 0.03], p=[0.7, 0.3]))
        self._tint = [wave(rng, tint, (0.2, 1)) for _ in range(3)]
        cast = np.exp(rng.normal(0, 0.04, 3))
        self._level = float(np.clip(rng.normal(112, 26), 50, 180))
        curve = np.linspace(0, 1, 256)[:, None]
        contrast = rng.uniform(0, 0.8)
        curve = curve * (1 - contrast) + contrast * (curve * curve * (3 - 2 * curve))
        lift = rng.uniform(0, 0.06) if rng.random() < 0.5 else 0.0
        vivid = float(np.clip(rng.normal(0.95, 0.25), 0.2, 1.4))
        grey = np.array([0.3, 0.59, 0.11]) * np.exp(rng.normal(0, 0.1, (3, 1)))  # colours of a place are related
        self._colours = (vivid * np.eye(3) + (1 - vivid) * grey).astype(np.float32)
        self._curve = (lift + (1 - lift) * curve) * cast * 255
        self._blur = float(rng.choice([0.0, 0.5, 0.9], p=[0.75, 0.15, 0.1])) * height / 270
        self._sharp = float(rng.choice([0.0, 0.6, 1.2, 2.0], p=[0.2, 0.3, 0.3, 0.2]))
        strength = float(rng.choice([0.0, 1.5, 4.0, 8.0], p=[0.35, 0.35, 0.2, 0.1]))
        self._grain = None
        if strength:
            bank = np.clip(rng.normal(0, strength, (height + 61, width + 67)), -40, 40)
            self._grain = cv2.merge([bank.astype(np.int16)] * 3)
        self._quality = int(rng.uniform(35, 97)) if rng.random() < 0.8 else None
        self._vignette: Picture | None = None
        if rng.random() < 0.3:
            y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
            fall = np.clip(255 * (1 - rng.uniform(0.1, 0.5) * (x * x + y * y) / 2), 0, 255).astype(np.uint8)
            self._vignette = np.asarray(cv2.merge([fall] * 3), np.uint8)
        self._smoke: Plane | None = None
        if rng.random() < 0.12:
            thick = (noise(rng, height * 2, width * 2, 0.5, 0.5) - rng.uniform(0.4, 0.7)) * 2
            self._smoke = np.asarray(np.clip(thick, 0, rng.uniform(0.2, 0.6)), np.float32)
            self._veil = np.full((height, width, 3), rng.uniform(120, 235) * np.exp(rng.normal(0, 0.05, 3)), np.float32)
            self._veil = np.clip(self._veil, 0, 255).astype(np.uint8)
            self._wind = rng.normal(0, 0.01, 2) * height, rng.uniform(0.3, 0.7, 2)

    def meter(self, picture: Picture) -> None:
        """Set the exposure once by how bright ``picture`` is."""
        mean = float(np.interp(picture.mean(), np.arange(256), self._curve.mean(axis=1)))
        gamma = math.log(self._level / 255) / math.log(float(np.clip(mean, 8, 247)) / 255)
        self._curve = 255 * np.clip(self._curve / 255, 0, 1) ** float(np.clip(gamma, 0.45, 1.8))

    def develop(self, picture: Picture, t: float) -> Picture:
        """One frame as the viewer gets it."""
        height, width = picture.shape[:2]
        if self._smoke is not None:
            (vx, vy), (px, py) = self._wind
            x, y = int(px * width + vx * t) % width, int(py * height + vy * t) % height
            share = self._smoke[y : y + height, x : x + width]
            picture = np.asarray(cv2.blendLinear(picture, self._veil, 1 - share, share), np.uint8)
        if self._vignette is not None:
            picture = np.asarray(cv2.multiply(picture, self._vignette, scale=1 / 255), np.uint8)
        if self._blur:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), self._blur), np.uint8)
        if self._sharp:
            soft = cv2.GaussianBlur(picture, (0, 0), 0.9)
            picture = np.asarray(cv2.addWeighted(picture, 1 + self._sharp, soft, -self._sharp, 0), np.uint8)
        picture = np.asarray(cv2.transform(picture, self._colours), np.uint8)
        gain = math.exp(self._gain(t) + self._flicker * self._rng.normal())
        colour = gain * np.exp([tint(t) for tint in self._tint])
        table = np.clip(self._curve * colour, 0, 255).astype(np.uint8)
        picture = np.asarray(cv2.LUT(picture, table[None]), np.uint8)
        if self._grain is not None:
            y, x = int(self._rng.integers(0, 61)), int(self._rng.integers(0, 67))
            picture = np.asarray(
                cv2.add(picture, self._grain[y : y + height, x : x + width], dtype=cv2.CV_8U), np.uint8
            )
        if self._quality is not None:
            quality = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
            _, coded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
            picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)
        return picture
