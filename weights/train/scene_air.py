"""What lies between lens and world: wind and waves that bend it, dappled light, dust and spray."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene_curves import BEAT, Rng, log_uniform
from .textures import Picture, Plane, modulate, noise


class Wind:
    """A shimmer of the backdrop: leaves in the wind, waves on water. Some regions move, others stay."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self._size = width, height
        self._speed = rng.normal(0, 0.01, 2) * height
        self._rate = 2 * math.pi * log_uniform(rng, 0.5, 8) / BEAT
        self._room = int(0.5 * height)
        h, w = height + self._room, width + self._room
        coarse = log_uniform(rng, 0.03, 0.4)
        still = np.clip(noise(rng, h, w, 1.0, 0.4) * 2 - rng.uniform(0, 1), 0, 1)
        reach = np.float32(log_uniform(rng, 0.002, 0.02) * height)
        self._fields = [(noise(rng, h, w, coarse, 0.4, 2.0) - np.float32(0.5)) * reach * still for _ in range(3)]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._x, self._y = x, y

    def bend(self, matrix: NDArray[np.float64], t: float) -> tuple[Plane, Plane]:
        """Where each pixel looks on a sheet whose ``2 x 3`` matrix from picture to sheet is given."""
        width, height = self._size
        place = [abs(int(self._room / 2 * (1 + math.sin(v * t / self._room * 4)))) for v in self._speed]
        window = slice(place[1], place[1] + height), slice(place[0], place[0] + width)
        c, s = math.cos(self._rate * t), math.sin(self._rate * t)
        first, second, third = (field[window] for field in self._fields)
        (a, b, tx), (d, e, ty) = matrix.astype(np.float32)
        dx, dy = first * c + second * s, third * c - first * s
        return self._x * a + self._y * b + (dx + tx), self._x * d + self._y * e + (dy + ty)


class Dapple:
    """Light and shade that lie on the world and that actors pass through, as under trees."""

    def __init__(self, rng: Rng, height: int, width: int) -> None:
        value = noise(rng, height, width, log_uniform(rng, 0.15, 1.0), rng.uniform(0.2, 0.55))
        share = np.clip((value - rng.uniform(0.35, 0.65)) * log_uniform(rng, 4, 30) + 0.5, 0, 1)
        self._map = np.asarray(cv2.convertScaleAbs(1 - rng.uniform(0.2, 0.65) * share, alpha=255), np.uint8)

    def light(self, picture: Picture, matrix: NDArray[np.float64]) -> Picture:
        """The picture in this light; ``matrix`` goes from the picture to the world."""
        size = picture.shape[1], picture.shape[0]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(self._map, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(cv2.multiply(picture, cv2.merge([seen] * 3), scale=1 / 255), np.uint8)


class Dust:
    """Puffs thrown up where the subject touches the ground: dust, spray, tyre smoke. No part of the subject."""

    def __init__(self, rng: Rng, width: int, height: int) -> None:
        self._size = width, height
        self._life = rng.uniform(5, 20)
        self._grow = log_uniform(rng, 0.02, 0.12) * height
        self._strength = rng.uniform(0.3, 0.9)
        self._rise = rng.uniform(0, 0.006) * height
        self._throws = rng.normal(0, 1, (31, 3))
        tone = rng.uniform(120, 250) * np.exp(rng.normal(0, 0.08, 3))
        plain = np.full((height, width, 3), np.clip(tone, 0, 255), np.uint8)
        self._veil = modulate(plain, 0.85 + 0.3 * noise(rng, height, width))

    def share(self, feet: list[tuple[float, float]], t: float) -> Plane:
        """How much of each pixel the puffs veil at frame ``t``, given where the subject's foot would be now for each
        whole frame of the past, newest first (pixels)."""
        width, height = self._size
        mask = np.zeros((height // 4 + 1, width // 4 + 1), np.uint8)
        newest = int(t)
        for age, (x, y) in enumerate(feet[: int(self._life)]):
            dx, dy, size = self._throws[(newest - age) % len(self._throws)]
            grown = self._grow * (0.3 + age / self._life) * math.exp(0.3 * size)
            centre = int((x + dx * grown * 0.5) / 4), int((y - self._rise * age + dy * grown * 0.2) / 4)
            fade = 255 * self._strength * (1 - age / self._life)
            if max(map(abs, centre)) < 4 * width:
                cv2.circle(mask, centre, max(1, int(grown / 4)), float(max(fade, mask[0, 0])), -1, cv2.LINE_AA)
        soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, self._grow / 10))
        return cv2.resize(soft, (width, height)).astype(np.float32) * np.float32(1 / 255)

    def veil(self, picture: Picture, share: Plane) -> Picture:
        """The picture behind that much dust."""
        return np.asarray(cv2.blendLinear(picture, self._veil, 1 - share, share), np.uint8)
