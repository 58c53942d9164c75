"""An actor: a figure with its skins, and the path it takes over the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .camera import Camera
from .scene_curves import BEAT, Curve, Rng, log_uniform, pace, pick, through, wave
from .scene_figure import Figure, Placement, Stroke
from .scene_paint import silhouette
from .subjects import KINDS, TURNING
from .textures import SUBJECT, Picture, flesh, glass, hair, levelled, metal, rubber, texture

SLOTS = 8  # figures number their skins 0 to 7; a clip's textures are dealt to them


@dataclass
class Shot:
    """What every actor of a clip has to know: frames, picture size in pixels, the camera."""

    frames: int
    width: int
    height: int
    camera: Camera


class Actor:
    """One figure on its way. ``skins`` holds ``SLOTS`` pictures and may be exchanged until the first stroke."""

    def __init__(
        self,
        rng: Rng,
        shot: Shot,
        kind: str,
        area: float,
        path: str,
        skins: list[Picture] | None = None,
        start: tuple[float, float] | None = None,
    ) -> None:
        """``area`` is the share of the picture that the silhouette covers at first; ``start`` in pixels."""
        self.kind, self._shot = kind, shot
        height, width, frames = shot.height, shot.width, shot.frames
        self.figure = Figure(rng, [np.zeros((2, 2, 3), np.uint8)] * SLOTS, 100.0)
        KINDS[kind][1](rng, self.figure)
        self._pace = pace(rng, frames)
        self._rate = log_uniform(rng, 0.4, 5) / BEAT
        self._lived: Curve = lambda t: self._pace(t) * self._rate
        self._turns(rng, kind)
        self._travels(rng, path, start)
        self._mirror = self._heading() < 0 if rng.random() < 0.85 else rng.random() < 0.5
        self._scale = 0.5 * height
        small = 4
        at = self.place(0.0)
        at.x, at.y, at.scale = width / 2 / small, height / 2 / small, 0.5 * height / small
        every = np.concatenate([outline for stroke in self.strokes_at(0.0, at) for outline in stroke.outlines])
        off = ((every.min(axis=0) + every.max(axis=0)) / 2 - (at.x, at.y)) @ np.linalg.inv(at.plane()).T
        self.figure.middle = off * (math.cos(at.yaw), 1.0)
        measured = float(silhouette(self.strokes_at(0.0, at), height // small, width // small).mean())
        self._scale *= math.sqrt(area / max(measured, 2e-3))
        self._scale = float(np.clip(self._scale, 0.1 * height, 2.2 * height))
        self.figure.density = float(np.clip(self._scale, 0.15 * height, 1.5 * height))
        self.skins = skins or self._dressed(rng, height)
        self.figure.skins = self.skins

    def _dressed(self, rng: Rng, height: int) -> list[Picture]:
        size = int(np.clip(self._scale, 0.15 * height, height))
        stock = [texture(rng, size, size, pick(rng, SUBJECT)) for _ in range(int(rng.integers(2, 6)))]
        if rng.random() < 0.85:  # light beside dark: a white shirt, black trousers
            stock = [levelled(skin, rng.beta(0.5, 0.6) * 225 + 15) for skin in stock]
        skins = [stock[i] for i in rng.integers(0, len(stock), SLOTS)]
        if rng.random() < 0.6:  # flesh, hair, levelled, metal, glass and rubber in their own colours
            for slot, make in enumerate((flesh, hair, metal, glass, rubber), 3):
                skins[slot] = make(rng, size // 2)
        return skins

    def _turns(self, rng: Rng, kind: str) -> None:
        turning = rng.random() < TURNING.get(kind, 0.15)
        facing = rng.normal(0, 0.5) if turning else rng.normal(0, 0.25)
        trend = rng.normal(0, 1.6) if turning and rng.random() < 0.6 else 0.0
        sway = wave(rng, float(rng.choice([0.1, 0.5, 1.2])) if turning else 0.05, (0.3, 2))
        self._yaw: Curve = lambda t: facing + trend * (t / BEAT - 0.3) + sway(t)
        tilt = rng.uniform(-0.05, 0.35) if kind == "vehicle" else rng.normal(0, 0.1)
        nod = wave(rng, 0.05, (0.3, 2))
        self._pitch: Curve = lambda t: tilt + nod(t)
        free = kind in ("lump", "ball", "chain", "flock")
        spin = rng.normal(0, 1.0) if free and rng.random() < 0.5 else 0.0
        rock = wave(rng, float(rng.choice([0.03, 0.15, 0.5], p=[0.6, 0.3, 0.1])), (0.3, 4))
        self._roll: Curve = lambda t: spin * t / BEAT + rock(t)
        self._shear = wave(rng, float(rng.choice([0.0, 0.04, 0.15], p=[0.6, 0.25, 0.15])), (0.3, 3))
        self._aspect = wave(rng, float(rng.choice([0.0, 0.05, 0.2], p=[0.55, 0.3, 0.15])), (0.3, 3))
        self._perspective = rng.uniform(0, 0.7) if kind == "vehicle" else rng.uniform(0, 0.25)
        self.relief = float(rng.choice([0.0, 0.3, 0.6, 0.9], p=[0.12, 0.23, 0.35, 0.3]))
        self._ripple = float(rng.choice([0.0, 0.015, 0.04], p=[0.6, 0.25, 0.15]))

    def _travels(self, rng: Rng, path: str, start: tuple[float, float] | None) -> None:
        shot = self._shot
        width, height, frames = shot.width, shot.height, shot.frames
        fastest = log_uniform(rng, 0.0015, 0.06) * width
        cycles = (0.3, float(rng.choice([1.2, 3.0])))
        reach = min(rng.uniform(0.05, 0.28) * width, fastest * BEAT / (4 * cycles[1]))
        wx, wy = wave(rng, reach * 0.7, cycles), wave(rng, reach * rng.uniform(0.1, 0.5), cycles)
        hop = float(rng.choice([0.0, 0.02, 0.15], p=[0.6, 0.25, 0.15])) * height
        beat = math.pi * log_uniform(rng, 1, 8) / BEAT
        x, y = start or (width * rng.normal(0.5, 0.12), height * rng.normal(0.52, 0.09))
        side = 1.0 if rng.random() < 0.5 else -1.0
        if path == "cross":
            x0, x1 = width * (0.5 - side * rng.uniform(0.15, 0.4)), width * (0.5 + side * rng.uniform(0.0, 0.4))
            gx = through([0, frames - 1], [x0 - x, x1 - x])
        elif path == "leave":
            out, back = sorted(rng.uniform(0.25, 0.75, 2) * frames)
            away = side * width * rng.uniform(0.7, 1.0)
            gx = through(
                [out * 0.4, out, max(back, out + 2), max(back, out + 2) + (frames - back) * 0.7], [0, away, away, 0]
            )
        elif path == "exit":
            gx = through([frames * rng.uniform(0.3, 0.7), frames], [0, side * width * rng.uniform(0.5, 0.9)])
        elif path == "sweep":
            middle, half = rng.uniform(0.3, 0.7) * frames, rng.uniform(0.12, 0.4) * frames
            gx = through([middle - half, middle + half], [-side * 1.4 * width, side * 1.4 * width])
        elif path == "world":
            drift = rng.normal(0, 0.006) * width

            def gx(t: float) -> float:
                return shot.camera.pan(0)[0] - shot.camera.pan(t)[0] + drift * t

        elif path == "rest":  # at rest in the world, as far as the picture allows

            def gx(t: float) -> float:
                past = shot.camera.pan(0)[0] - shot.camera.pan(t)[0]
                return 0.35 * width * math.tanh(past / (0.35 * width))

        else:
            gx = through([0], [0])
        self._x: Curve = lambda t: x + gx(t) + wx(t) - wx(0)
        self._y: Curve = lambda t: y + wy(t) - wy(0) - hop * abs(math.sin(beat * t))
        growth = rng.normal(0, 0.5) if rng.random() < 0.3 else 0.0
        breathe = wave(rng, float(rng.choice([0.02, 0.12])), (0.3, 2))
        self._growth: Curve = lambda t: float(np.clip(growth * t / frames + breathe(t) - breathe(0), -1.1, 0.9))

    def _heading(self) -> float:
        last = self._shot.frames - 1.0
        camera = self._shot.camera
        return (self._x(last) - self._x(0)) + (camera.pan(last)[0] - camera.pan(0)[0])

    def place(self, t: float) -> Placement:
        """Where it is at frame ``t``, the camera's shake, zoom and roll included."""
        camera = self._shot.camera
        lens = camera.lens(t)
        x, y = self._x(t), self._y(t)
        _, _, zoom, roll = camera.shake(t)
        scale = getattr(self, "_scale", 1.0) * math.exp(self._growth(t)) * zoom
        return Placement(
            x=float(lens[0] @ (x, y, 1)),
            y=float(lens[1] @ (x, y, 1)),
            scale=scale,
            yaw=self._yaw(t),
            pitch=self._pitch(t),
            roll=self._roll(t) + roll,
            shear=self._shear(t),
            aspect=math.exp(self._aspect(t)),
            perspective=self._perspective,
            ripple=self._ripple,
            mirror=self._mirror,
        )

    def strokes_at(self, t: float, place: Placement) -> list[Stroke]:
        """Its parts at frame ``t`` as placed, farthest first."""
        return self.figure.strokes(self._lived(t), place)

    def strokes(self, t: float) -> list[Stroke]:
        """Its parts at frame ``t``, farthest first."""
        return self.strokes_at(t, self.place(t))

    def drift(self, t: float) -> float:
        """Pixels that it moves as a whole from frame ``t`` to the next; 0 while it is out of sight."""
        x, y, reach = self._x(t), self._y(t), self._scale
        if not (-reach < x < self._shot.width + reach and -reach < y < self._shot.height + reach):
            return 0.0
        return math.hypot(self._x(t + 1) - x, self._y(t + 1) - y)

    def speed(self, t: float) -> float:
        """Pixels that its fastest part moves from frame ``t`` to the next."""
        here, there = (self.figure.marks(self._lived(u), self.place(u)) for u in (t, t + 1))
        return float(np.hypot(*(there - here).T).max())
