"""A koi seen from above: it bends as it swims, its fins let light through, and a lily pad's leaf hides part of it."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property

import cv2
import numpy as np
from film import HEIGHT, OVERSAMPLE, WIDTH, Sample, eased, handheld
from numpy.typing import NDArray
from solid import window
from texture import Array, caustics, fractal, mix, pebbles, smoothstep, tint

_LENGTH = 225.0  # pixels from nose to the root of the tail
_TILE = 1024

Grid = tuple[tuple[slice, slice], Array, Array]


class Koi:
    name = "koi"
    seed = 23
    rate = Fraction(25)
    frames = 50
    timecode: str | None = None
    keys = (0, 24, 49)
    exposure = 1.5
    saturation = 0.9
    grain = 2.6
    crf = 21

    @cached_property
    def _bed(self) -> Array:
        silt = 1 + 0.3 * fractal(self.seed + 50, _TILE, _TILE, 1.5, coarsest=2)
        bed = pebbles(self.seed, _TILE) * np.clip(silt, 0.35, 1.6)[..., None]
        return cv2.GaussianBlur(bed.astype(np.float32), (0, 0), 1.0)

    @cached_property
    def _nets(self) -> tuple[Array, Array]:
        return caustics(self.seed + 70, _TILE), caustics(self.seed + 80, _TILE)

    @cached_property
    def _sky(self) -> Array:
        """What the surface mirrors: clouds and the dark of trees, soft."""
        return smoothstep(-0.9, 1.8, fractal(self.seed + 90, _TILE, _TILE, 1.8, coarsest=2))

    @cached_property
    def _skin(self) -> Array:
        """The koi's back, ``H x W x 3``: along the body in x (0 the nose), across in y; white, orange, some black."""
        height, width = 160, 512
        blotch = fractal(5, height, width, 1.55, stretch=0.8, coarsest=3)
        blotch += 0.25 * fractal(6, height, width, 0.9, coarsest=12)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        scales = 1 + 0.10 * np.sin(x * 0.42 + (y // 7 % 2) * np.pi) * np.cos(y * 0.45)
        skin = np.ones((height, width, 1), np.float32) * np.array([0.78, 0.72, 0.62], np.float32)
        orange = np.array([0.80, 0.20, 0.025], np.float32)
        skin = mix(skin, np.broadcast_to(orange, skin.shape), smoothstep(-0.05, 0.14, blotch))
        black = np.broadcast_to(np.array([0.03, 0.03, 0.035], np.float32), skin.shape)
        skin = mix(skin, black, 0.9 * smoothstep(1.0, 1.15, -np.roll(blotch, 70, axis=1)))
        return skin * scales[..., None]

    @cached_property
    def _pads(self) -> Array:
        """Lily pads on the surface, premultiplied RGBA: texels are pixels at the oversampled size."""
        height, width = 1000, 1500
        pads = np.zeros((height, width, 4), np.float32)
        grain = fractal(self.seed + 30, height, width, 1.0, coarsest=10)
        rng = np.random.default_rng(self.seed + 31)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        for cx, cy, radius, notch in (
            (835, 660, 118, 2.3),
            (1010, 800, 150, 4.2),
            (60, 250, 190, 0.6),
            (1290, 210, 165, 3.3),
        ):
            dx, dy = x - cx, y - cy
            distance, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
            off = np.abs((angle - notch + np.pi) % (2 * np.pi) - np.pi)
            edge = radius * (1 + 0.02 * np.sin(7 * angle) + 0.012 * np.sin(13 * angle + 1))
            inside = smoothstep(-1, 1, np.minimum(edge - distance, (off - 0.14) * distance))
            veins = np.exp(-((np.sin(angle * 9 + 0.6 * np.sin(distance / 60)) * distance / 26) ** 2))
            tone = (1 + 0.16 * grain) * (0.72 + 0.36 * distance / radius) + 0.35 * veins
            tone *= 1 - 0.4 * np.exp(-(((edge - distance) / 5) ** 2))
            leaf = tint(tone * rng.uniform(0.85, 1.1), 0.050, 0.092, 0.024)
            wet = smoothstep(1.0, 2.0, fractal(int(cx), height, width, 1.5, coarsest=8))
            leaf += wet[..., None] * np.array([0.10, 0.13, 0.13], np.float32)
            pads[..., :3] = pads[..., :3] * (1 - inside)[..., None] + leaf * inside[..., None]
            pads[..., 3] = pads[..., 3] * (1 - inside) + inside
        return cv2.GaussianBlur(pads, (0, 0), 1.2)

    def _camera(self, time: float) -> tuple[float, float, float]:
        dx, dy, roll = handheld(self.seed, time, 2.4)
        return 46 * eased((time + 10) / 70) + dx, -10 * time / self.frames + dy, roll

    def _swimmer(self, time: float, camera: tuple[float, float, float]) -> tuple[float, float, float]:
        """The koi's nose on screen and its heading in radians (0: to the right)."""
        p = time / (self.frames - 1)
        heading = 0.42 - 0.75 * eased(p) + 0.10 * math.sin(2.2 * math.pi * p)
        x = 300 + 290 * (p + 0.10 * math.sin(math.pi * p)) - camera[0]
        y = 158 + 104 * eased(p * 0.9 + 0.08) - 92 * p * p - camera[1]
        return x, y, heading

    def _grid(self, time: float, nose: tuple[float, float, float], shift: float) -> Grid | None:
        """Body coordinates around the koi: ``u`` along (0 nose, 1 tail root), ``v`` across in pixels, waves and all."""
        x, y, heading = nose
        reach = _LENGTH * 1.55
        part = window(x - reach, y - reach + shift, x + reach * 0.4, y + reach + shift)
        if part is None:
            return None
        rows, columns, px, py = part
        px = px + np.sin(py * np.float32(0.09) + np.float32(0.31 * time)) * np.float32(0.9)  # refraction by small waves
        py = py + np.sin(px * np.float32(0.075) - np.float32(0.27 * time)) * np.float32(0.9)
        dx, dy = px - np.float32(x), py - np.float32(y + shift)
        c, s = np.float32(math.cos(heading)), np.float32(math.sin(heading))
        u = -(dx * c + dy * s) / np.float32(_LENGTH)
        v = -dx * s + dy * c
        turn = 0.42 * (self._swimmer(time + 3, (0, 0, 0))[2] - self._swimmer(time - 3, (0, 0, 0))[2])
        sway = np.clip(u, 0, 1.6)
        sway = np.where(sway < 0.8, sway * sway, 0.64 + 0.9 * (sway - 0.8))  # bends, then trails straight
        wave = (0.012 + 0.088 * sway) * np.sin(4.6 * u.astype(np.float64) - 0.62 * time).astype(np.float32)
        return (rows, columns), u, (v - np.float32(_LENGTH) * (wave + np.float32(turn) * sway)).astype(np.float32)

    def _coverages(self, u: Array, v: Array, time: float) -> tuple[Array, Array, Array, Array]:
        """How much of each sample body, tail and side fins cover, and the body's half width in pixels."""
        size = np.float32(_LENGTH)
        inside = np.clip(u, 0, 1)
        half = size * (0.235 * np.sqrt(inside) * (1 - inside) ** 0.9 * (1 + 0.55 * inside) + 0.024 * inside)
        body = np.minimum(half - np.abs(v), np.minimum(u, 1.06 - u) * size * 0.6)
        spread = np.clip(u - 0.93, 0, 1)
        beat = np.float32(0.10 * math.sin(0.62 * time + 1.0))
        lean = v - size * beat * spread * 2
        tail_half = size * (0.02 + 0.42 * spread**0.8)
        fork = 1.30 + 0.14 * np.clip(np.abs(lean) / (tail_half + 1), 0, 1) ** 1.4
        tail = np.minimum(tail_half - np.abs(lean), np.minimum(u - 0.93, fork - u) * size * 0.8)
        fins = np.full_like(v, -9.0)
        for root, sweep, long, wide in ((0.27, 1.05, 0.30, 0.085), (0.60, 0.8, 0.17, 0.05)):
            flap = sweep + 0.16 * math.sin(0.4 * time + root * 9)
            along_u, along_v = math.cos(flap), math.sin(flap)
            du, dv = u - root, (np.abs(v) - half * 0.55) / size
            t = (du * along_u + dv * along_v) / long
            across = du * -along_v + dv * along_u
            width = wide * np.sqrt(np.clip(t * (1.15 - t) * 2.6, 0, 1)) * np.clip(0.35 + t, 0, 1)
            fins = np.maximum(fins, np.minimum(width - np.abs(across), np.minimum(t, 1.1 - t) * long) * size)
        return body, tail, np.maximum(fins, -9.0), half

    def _fish(self, light: Array, alpha: Array, time: float, nose: tuple[float, float, float], net: Array) -> None:
        """Draw the koi over ``light`` and into ``alpha``."""
        grid = self._grid(time, nose, 0.0)
        if grid is None:
            return
        where, u, v = grid
        body, tail, fins, half = self._coverages(u, v, time)
        rays = 0.72 + 0.28 * np.sin(np.abs(v) * 0.9 / (0.25 + np.abs(u - 0.9)))
        soft = np.clip(0.5 + tail * 0.8, 0, 1) * np.clip(1.0 - 0.9 * (u - 0.95), 0.66, 0.92) * (0.8 + 0.2 * rays)
        thin = np.clip(0.5 + fins * 0.9, 0, 1) * 0.70 * (0.8 + 0.2 * rays)
        solid = np.clip(0.5 + body * OVERSAMPLE, 0, 1)
        across = np.clip(v / (half + 0.5), -1, 1)
        nz = np.sqrt(np.clip(1 - across * across, 0.03, 1))
        heading = nose[2]
        shade = 0.28 + 0.5 * nz + 0.32 * np.clip(across * (0.7 * math.cos(heading)) * -1, -1, 1)
        skin = cv2.remap(self._skin, np.clip(u, 0, 1) * 508 + 1, (across * 0.5 + 0.5) * 156 + 1, cv2.INTER_LINEAR)
        ridge = np.exp(-((v / 2.4) ** 2)) * ((u > 0.30) & (u < 0.78))
        eye = np.exp(-(((u - 0.085) * 70) ** 2 + ((np.abs(v) - half * 0.82) / 1.7) ** 2))
        gill = 1 - 0.3 * np.exp(-(((u - 0.2 - 0.0006 * v * v) * 120) ** 2))
        skin = (
            skin
            * (shade * gill * (1 - 0.3 * ridge) * (1 - 0.9 * eye))[..., None]
            * (0.62 + 0.42 * net[where])[..., None]
        )
        fin = np.array([0.60, 0.36, 0.20], np.float32) * ((0.5 + 0.3 * rays) * (0.7 + 0.35 * net[where]))[..., None]
        for colour, cover in ((fin, thin), (fin, soft), (skin, solid)):
            light[where] = mix(light[where], colour.astype(np.float32), cover.astype(np.float32))
            alpha[where] = alpha[where] * (1 - cover) + cover

    def _shadow(self, time: float, nose: tuple[float, float, float]) -> Array:
        """The koi's soft shadow on the bed, lower and to the right."""
        dark = np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE), np.float32)
        grid = self._grid(time, (nose[0] + 16, nose[1], nose[2]), 26.0)
        if grid is not None:
            body, tail, fins, _ = self._coverages(grid[1], grid[2], time)
            dark[grid[0]] = np.clip(0.5 + np.maximum(np.maximum(body, tail * 0.7), fins * 0.5), 0, 1)
        small = cv2.GaussianBlur(cv2.resize(dark, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA), (0, 0), 3.2)
        return 1 - 0.62 * cv2.resize(small, (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE))

    def sample(self, time: float) -> Sample:
        camera = self._camera(time)
        x, y = self._pixels(camera[2])
        ripple_x = 3.0 * np.sin(y * 0.024 + 0.23 * time) + 1.6 * np.sin(x * 0.041 - 0.31 * time)
        ripple_y = 3.0 * np.sin(x * 0.021 - 0.2 * time) + 1.6 * np.sin(y * 0.037 + 0.27 * time)
        bed_x, bed_y = x + camera[0] * 1.8 + ripple_x, y + camera[1] * 1.8 + ripple_y
        light = _tiled(self._bed, bed_x, bed_y)
        first, second = self._nets
        net = np.minimum(
            _tiled(first, bed_x * 0.9 + 2.6 * time, bed_y * 0.9 + 1.1 * time),
            _tiled(second, bed_x * 1.1 - 1.7 * time, bed_y * 1.1 + 2.2 * time),
        )
        net = net * 1.5
        nose = self._swimmer(time, camera)
        bob = 1.6 * math.sin(0.17 * time)
        pads, shade = self._floating(-150 - camera[0] * 2.2 + bob, -140 - camera[1] * 2.2 + 0.7 * bob)
        light = light * ((0.42 + 0.62 * net) * self._shadow(time, nose) * shade)[..., None]
        light = light * np.array([0.80, 1.0, 0.88], np.float32) + np.array([0.004, 0.012, 0.009], np.float32)
        alpha = np.zeros(light.shape[:2], np.float32)
        self._fish(light, alpha, time, nose, net)
        sky = _tiled(self._sky, x * 0.8 + ripple_x * 5 + camera[0], y * 0.8 + ripple_y * 5)
        light = light * 0.97 + (sky * smoothstep(900, -500, y + 0.35 * x))[..., None] * np.array(
            [0.05, 0.065, 0.075], np.float32
        )
        light = light * (1 - pads[..., 3:]) + pads[..., :3]
        return Sample(light.astype(np.float32), (alpha * (1 - pads[..., 3])).astype(np.float32))

    def _floating(self, x: float, y: float) -> tuple[Array, Array]:
        """The pads where they float, and what light their shadow leaves on the bed."""
        size = (WIDTH * OVERSAMPLE, HEIGHT * OVERSAMPLE)
        pads = cv2.warpAffine(self._pads, np.array([[1.0, 0, x], [0, 1.0, y]]), size, flags=cv2.INTER_LINEAR)
        fallen = cv2.warpAffine(
            self._pads[..., 3], np.array([[0.5, 0, x / 2 + 17], [0, 0.5, y / 2 + 24]]), (WIDTH, HEIGHT)
        )
        return pads, 1 - 0.6 * cv2.resize(cv2.GaussianBlur(fallen, (0, 0), 4), size)

    def _pixels(self, roll: float) -> tuple[Array, Array]:
        """Coordinates of every oversampled pixel, rolled around the middle of the picture."""
        y, x = np.mgrid[0 : HEIGHT * OVERSAMPLE, 0 : WIDTH * OVERSAMPLE].astype(np.float32)
        x, y = x - WIDTH, y - HEIGHT
        c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
        return (c * x - s * y + WIDTH).astype(np.float32), (s * x + c * y + HEIGHT).astype(np.float32)


def _tiled(texture: Array, x: NDArray[np.float32], y: NDArray[np.float32]) -> Array:
    """A periodic texture at any coordinates."""
    size = np.float32(texture.shape[0])
    return cv2.remap(texture, x % size, y % size, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
