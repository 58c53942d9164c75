"""Someone with long hair in front of a green screen: uneven light, folds, markers, spill, strands in the wind."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from film import HEIGHT, OVERSAMPLE, WIDTH, Sample, eased, handheld
from numpy.typing import NDArray
from solid import Colour, Point, bulk, canvas, limb
from texture import Array, fractal, relief, smoothstep, tint

_GREEN = np.array([0.026, 0.200, 0.040], np.float32)
_KNIT: Colour = (0.125, 0.112, 0.108)
_SKIN: Colour = (0.36, 0.19, 0.125)
_SKULL = 58.0  # pixels
_STRANDS, _POINTS = 4000, 18
_LAG = 5.5  # frames by which the tips follow the head
_FULL = 1 / 3.0  # linear light of code value 255 while strands are drawn in 8 bits


class GreenScreen:
    name = "greenscreen"
    seed = 37
    rate = Fraction(24000, 1001)
    frames = 48
    timecode: str | None = "01:00:00:00"
    keys = (0, 23, 47)
    exposure = 1.7
    saturation = 0.88
    grain = 2.4
    crf = 19

    @cached_property
    def _screen(self) -> Array:
        """The cloth on its frame, a good deal larger than the picture, at 2 texels a pixel."""
        height, width = 960, 1600
        folds = fractal(self.seed, height, width, 2.2, stretch=0.3, coarsest=3)
        folds = cv2.GaussianBlur(folds, (0, 0), 12) * 14
        blotch = fractal(self.seed + 1, height, width, 1.6, coarsest=2)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        lamps = 0.95 * np.exp(-(((x - 480) / 520) ** 2 + ((y - 330) / 520) ** 2))
        lamps += 0.60 * np.exp(-(((x - 1330) / 330) ** 2 + ((y - 520) / 420) ** 2))
        level = (0.30 + lamps) * (1 + 0.05 * blotch) * relief(folds, 0.42, 190)
        seam = 1 - 0.22 * np.exp(-(((x - 1052 - 3 * np.sin(y / 90)) / 2.4) ** 2))
        cloth = tint(level * seam, *_GREEN)
        cloth += (0.012 * lamps)[..., None] * np.array([1.0, 1.0, 0.9], np.float32)  # the weave's sheen is not green
        for cx in range(180, width, 340):
            for cy in range(150, height, 300):
                self._marker(cloth, cx + (cy // 300 % 2) * 90, cy)
        return cv2.GaussianBlur(cloth.astype(np.float32), (0, 0), 3.4)

    def _marker(self, cloth: Array, x: int, y: int) -> None:
        """A cross of tape, as trackers like them."""
        level = float(cloth[min(y, cloth.shape[0] - 1), min(x, cloth.shape[1] - 1), 1])
        colour = (0.02 * level, 0.38 * level, 0.10 * level)
        cv2.line(cloth, (x - 15, y), (x + 15, y), colour, 6)
        cv2.line(cloth, (x, y - 15), (x, y + 15), colour, 6)

    @cached_property
    def _weave(self) -> Array:
        """Knitted rows, a texture around 0."""
        y, x = np.mgrid[0:256, 0:256].astype(np.float32)
        rows = np.sin(y * 2 * np.pi / 16) * (0.7 + 0.3 * np.sin(x * 2 * np.pi / 8 + np.sin(y * 2 * np.pi / 16)))
        return (0.7 * rows + 0.35 * fractal(self.seed + 9, 256, 256, 0.7, coarsest=6)).astype(np.float32)

    @cached_property
    def _scalp(self) -> dict[str, NDArray[np.float64]]:
        """Every strand's root direction and character; farthest from the camera first."""
        rng = np.random.default_rng(self.seed + 20)
        root = rng.standard_normal((_STRANDS, 3))
        root /= np.linalg.norm(root, axis=1, keepdims=True)
        root[:, 1] = np.where(root[:, 1] < -0.55, -root[:, 1], root[:, 1])
        root[:, 2] = np.where(rng.uniform(size=_STRANDS) < 0.72, np.abs(root[:, 2]), root[:, 2])
        root = root[np.argsort(root[:, 2])]
        lock = rng.integers(0, 150, _STRANDS)
        lock_phase, lock_curl = rng.uniform(0, 2 * np.pi, 150), rng.uniform(0.5, 1.5, 150)
        return {
            "root": root,
            "phase": lock_phase[lock] + rng.normal(0, 0.28, _STRANDS),
            "curl": lock_curl[lock] * rng.uniform(0.8, 1.2, _STRANDS),
            "length": rng.uniform(128, 205, _STRANDS) * (0.86 + 0.14 * lock_curl[lock]),
            "wild": np.where(rng.uniform(size=_STRANDS) < 0.10, rng.uniform(0.5, 1.6, _STRANDS), 0.0),
            "tone": np.exp(rng.normal(0, 0.30, _STRANDS) + 0.38 * np.sin(lock_phase[lock] * 3)),
            "spill": rng.uniform(0, 1, _STRANDS),
        }

    def _yaw(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        out: NDArray[np.float64] = 0.52 * np.sin(2 * np.pi * time / 44 - 0.7)
        return out

    def _head(self, time: float) -> tuple[float, float, float]:
        """Middle of the skull on screen, and the camera's push-in as a scale."""
        dx, dy, _ = handheld(self.seed, time, 1.6)
        push = 1.0 + 0.05 * eased(time / self.frames)
        return WIDTH / 2 - 8 + dx * 1.2 + 9 * math.sin(0.075 * time), 128 + dy * 1.2 + 3 * math.sin(0.14 * time), push

    def _strands(self, time: float) -> NDArray[np.float64]:
        """Points of every strand on screen, ``strands x points x 2``."""
        hair = self._scalp
        s = np.linspace(0, 1, _POINTS)[None, :]
        x, y, push = self._head(time)
        root = hair["root"]
        yaw = self._yaw(time - _LAG * s**1.2)
        c, si = np.cos(yaw), np.sin(yaw)
        rx, ry, rz = (root[:, i, None] for i in range(3))
        out_x, out_z = c * rx + si * rz, c * rz - si * rx
        length = hair["length"][:, None]
        fall = length * s
        # Hair leaves the skull along it, hangs once past its widest, and keeps the distance it has reached.
        angle = np.arccos(np.clip(ry, -1, 1)) + fall / _SKULL / 1.25
        over_skull = np.minimum(angle, 0.62 * np.pi)
        side = np.sqrt(np.clip(1 - ry * ry, 1e-3, 1))
        radius = _SKULL * np.sin(over_skull) * (1 + 0.16 * np.sin(np.minimum(angle, 2.4)))
        hang = np.maximum(angle - 0.62 * np.pi, 0) * _SKULL * 1.25
        px = radius * out_x / side * (1 + 0.0024 * hang)
        py = -_SKULL * 1.12 * np.cos(over_skull) + hang
        phase, curl = hair["phase"][:, None], hair["curl"][:, None]
        wave = 11.0 * curl * s**0.8 * np.sin(9.5 * s + phase - 0.05 * time)
        wave += 9.0 * curl * s * np.sin(3.4 * s + 2 * phase + 0.03 * time)
        gust = (0.55 + 0.45 * np.sin(0.16 * time - 2.2 * s + 0.4 * phase)) * (4 + 15 * curl) * s**2
        wild = hair["wild"][:, None]
        stray = wild * s**1.3 * (26 * np.sin(phase * 5) + 14 * np.sin(0.21 * time + phase * 3 - 2 * s))
        rise = -wild * s * 22 * (0.6 + 0.4 * np.cos(phase * 7)) + 2.0 * curl * s * np.cos(8 * s + phase)
        px = px + wave + gust + stray + 3.0 * out_z * s
        py = py + rise
        return np.stack([x + px * push, y + py * push], axis=-1)

    def _hair(self, time: float) -> Array:
        """All strands as premultiplied RGBA, thin and half transparent where they are few."""
        hair = self._scalp
        points = self._strands(time)
        fixed = np.floor((points * OVERSAMPLE - 0.5) * 16 + 0.5).astype(np.int32)
        drawn = np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE, 4), np.uint8)
        base = np.array([0.070, 0.031, 0.014])
        for i in range(_STRANDS):
            colour = base * hair["tone"][i] + np.array([0.0, 0.006, 0.0]) * hair["spill"][i]
            code = np.clip(colour / _FULL * 255, 0, 255)
            width = 1 if hair["wild"][i] > 0 or i % 7 else 2
            cv2.polylines(drawn, [fixed[i]], False, (*code.tolist(), 255.0), width, cv2.LINE_AA, 4)
        out = drawn.astype(np.float32) * np.float32(_FULL / 255)
        out[..., 3] = drawn[..., 3].astype(np.float32) / 255
        return out

    def _gloss(self, time: float) -> Array:
        """Light on the mass of hair: a broken bright band over the skull, darker underneath, a rim at the right."""
        x, y, push = self._head(time)
        py, px = np.mgrid[0 : HEIGHT * OVERSAMPLE, 0 : WIDTH * OVERSAMPLE].astype(np.float32) / OVERSAMPLE
        dx, dy = (px - x) / (_SKULL * push), (py - y) / (_SKULL * push)
        turn = float(self._yaw(np.array(time)))
        band = np.exp(-(((dy + 0.50 - 0.22 * dx * dx) / 0.17) ** 2)) * np.exp(-(((dx + 0.25) / 0.75) ** 2))
        streaks = 1 + 0.5 * np.sin(dx * 31 + 8 * turn + 2 * np.sin(dy * 3)) * np.sin(dx * 13 - 3)
        lower = np.exp(-(((dy - 1.05 + 0.2 * dx) / 0.35) ** 2)) * np.exp(-(((dx + 0.35) / 0.6) ** 2))
        round_off = 1 - 0.5 * smoothstep(0.15, 1.3, np.abs(dx + 0.1))
        rim = smoothstep(0.72, 1.1, dx) * smoothstep(2.4, 0.2, dy) * 2.0
        return (0.55 + 2.6 * band * streaks + 0.8 * lower * streaks + rim).astype(np.float32) * (
            0.45 + 0.55 * round_off
        )

    def _body(self, time: float) -> Array:
        """Neck, shoulders and back in a knitted jumper, with the screen's green on every edge turned away."""
        _, y, push = self._head(time)
        layer = canvas()
        sway = 5 * math.sin(0.075 * time - 0.5)
        roll = 3.0 * math.sin(2 * math.pi * time / 44 - 1.2)
        place = _Placer(WIDTH / 2 - 8 + sway, y * 0.35 + 84, push)
        limb(layer, place(0, 28), place(0, 100), 34 * push, 40 * push, _SKIN, self._weave, 0.03)
        torso = [
            (place(0, 200), place(0, 420), 108 * push, 132 * push),
            (place(-50, 132 - roll * 0.5), place(-118, 165 - roll), 40 * push, 42 * push),
            (place(50, 132 + roll * 0.5), place(118, 165 + roll), 40 * push, 42 * push),
            (place(-124, 180 - roll), place(-152, 330), 44 * push, 54 * push),
            (place(124, 180 + roll), place(152, 330), 44 * push, 54 * push),
        ]
        bulk(layer, torso, 42, _KNIT, self._weave, 0.3)
        limb(layer, place(-34, 104), place(34, 104), 22 * push, 22 * push, _KNIT, self._weave, 0.42)
        alpha = layer[..., 3]
        small = cv2.resize(alpha, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        inner = cv2.resize(cv2.GaussianBlur(small, (0, 0), 7), (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE))
        spill = alpha * np.clip(1.25 - inner, 0, 1) ** 2
        layer[..., :3] += (spill * 0.55)[..., None] * _GREEN
        return layer

    def sample(self, time: float) -> Sample:
        dx, dy, roll = handheld(self.seed, time, 1.6)
        push = 1.0 + 0.025 * eased(time / self.frames)
        move = cv2.getRotationMatrix2D((800, 480), roll * 1.0, push)
        move[:, 2] += (-160 + 2 * dx, -120 + 2 * dy)
        size = (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE)
        light = cv2.warpAffine(self._screen, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        body, hair = self._body(time), self._hair(time)
        alpha = body[..., 3] * (1 - hair[..., 3]) + hair[..., 3]
        light = light * self._shadow(alpha)[..., None]
        light = light * (1 - body[..., 3:]) + body[..., :3] * self._shadow_of_hair(hair[..., 3])[..., None]
        through = np.clip(1.0 - cv2.blur(hair[..., 3], (25, 25)), 0, 1)
        through *= 1 - 0.9 * cv2.blur(body[..., 3], (15, 15))
        lit = hair[..., :3] * self._gloss(time)[..., None] + (hair[..., 3] * through * 0.40)[..., None] * _GREEN
        light = light * (1 - hair[..., 3:]) + lit
        return Sample(light.astype(np.float32), alpha)

    def _shadow(self, alpha: Array) -> Array:
        """A faint soft shadow on the screen, far behind."""
        small = cv2.resize(alpha, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_AREA)
        shift = np.array([[1.0, 0, 8], [0, 1.0, 1]])
        soft = cv2.GaussianBlur(cv2.warpAffine(small, shift, (WIDTH // 8, HEIGHT // 8)), (0, 0), 5)
        return 1 - 0.28 * cv2.resize(soft, (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE), interpolation=cv2.INTER_CUBIC)

    def _shadow_of_hair(self, alpha: Array) -> Array:
        """The hair's shadow on neck and back."""
        small = cv2.resize(alpha, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        shift = np.array([[1.0, 0, 3], [0, 1.0, 5]])
        soft = cv2.GaussianBlur(cv2.warpAffine(small, shift, (WIDTH // 2, HEIGHT // 2)), (0, 0), 4)
        return 1 - 0.6 * cv2.resize(soft, (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE))


class _Placer:
    """Body coordinates (pixels around the middle of the neck's top) to the screen, under the camera's push-in."""

    def __init__(self, x: float, y: float, push: float) -> None:
        self.x, self.y, self.push = x, y, push

    def __call__(self, dx: float, dy: float) -> Point:
        return self.x + dx * self.push, self.y + dy * self.push
