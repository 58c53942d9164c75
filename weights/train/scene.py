"""Training clips rendered from nothing but a seed: one subject, its exact matte, and a world that tries to confuse.

``render_clip(seed)`` draws everything at random: the subject (people, animals, vehicles, blobs), its skins and motion,
the camera, a panorama with things in it, look-alikes, occluders, shadows, film. Sizes follow the picture's height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Camera, Film
from .scene_actor import SLOTS, Actor, Shot
from .scene_air import Dapple, Dust, Wind
from .scene_curves import Rng, log_uniform, pick
from .scene_figure import Stroke
from .scene_paint import backward_flow, paint
from .scene_world import Layer, curtain, panorama
from .subjects import KINDS
from .textures import Picture, recoloured

LEAST, MOST = 0.007, 0.40  # the subject's share of frame 0
_ATTEMPTS = 12


@dataclass(frozen=True)
class RenderedClip:
    """A rendered clip.

    rgb: uint8 ``T x H x W x 3``; alpha: uint8 ``T x H x W``, the subject's visible share of each pixel (255 = all of
    it), occlusion and motion blur included; present: bool ``T``, whether any of it can be seen.
    flow: None, or float16 ``T - 1 x H x W x 2``: for each pixel of frame ``t + 1`` that shows the subject, the way in
    pixels (x, y) to where the same spot of its skin was in frame ``t``; NaN elsewhere and for what only came into view.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    present: NDArray[np.bool_]
    flow: NDArray[np.float16] | None = None


def render_clip(seed: int, frames: int = 48, width: int = 480, height: int = 270, flow: bool = False) -> RenderedClip:
    """Render one clip; the same arguments give the same bytes, and ``flow`` adds the subject's exact motion.

    In frame 0 the subject (alpha above 127) covers between ``LEAST`` and ``MOST`` of the picture; later it may leave,
    return, or be hidden.

    Raises:
        ValueError: a clip of less than 2 frames or smaller than 32 x 32 pixels.
    """
    if frames < 2 or width < 32 or height < 32:
        raise ValueError(f"a clip needs at least 2 frames of 32 x 32 pixels, not {frames} of {width} x {height}")
    for attempt in range(_ATTEMPTS):
        scene = _Scene(np.random.default_rng([seed, attempt]), frames, width, height, plain=attempt > 5)
        if scene.opens_well():
            break
    rgb = np.empty((frames, height, width, 3), np.uint8)
    alpha = np.empty((frames, height, width), np.uint8)
    for t in range(frames):
        rgb[t], alpha[t] = scene.frame(t)
    motion = None
    if flow:
        motion = np.stack([scene.flow(t) for t in range(1, frames)])
        motion[alpha[1:] <= 127] = np.nan
    return RenderedClip(rgb, alpha, np.asarray((alpha > 127).any(axis=(1, 2))), motion)


class _Scene:
    """Everything that a clip consists of, and how it looks at any instant."""

    def __init__(self, rng: Rng, frames: int, width: int, height: int, plain: bool) -> None:
        """``plain`` leaves out whatever could hide the subject."""
        self.width, self.height = width, height
        self.camera = Camera(rng, frames, width, height)
        self._shot = Shot(frames, width, height, self.camera)
        kind = pick(rng, {name: weight for name, (weight, _) in KINDS.items()})
        path = "hold" if plain else pick(rng, {"hold": 5, "cross": 2.5, "leave": 0.9, "exit": 0.4, "rest": 1.2})
        self.subject = Actor(rng, self._shot, kind, log_uniform(rng, 0.011, 0.22), path)
        self._reach = self.camera.reach(frames)
        own = self._own_patches(rng)
        self.back = [self._backdrop(rng, own)]
        if rng.random() < 0.18:
            self._camouflage(rng)
        self.behind: list[Actor] = []
        self.before: list[Actor] = []
        self.sheets: list[Layer] = []
        self._cast(rng, plain)
        if rng.random() < 0.25:
            self.back.append(self._sheet(rng, rng.uniform(0.75, 1.0), own))
        if not plain and rng.random() < 0.38:
            self.sheets.append(self._sheet(rng, rng.uniform(1.0, 1.6), own))
        self.film = Film(rng, width, height)
        self._shutter = 0.0 if rng.random() < 0.3 else rng.uniform(0.2, 0.9)
        self._shadow: tuple[float, float, float] | None = None
        if rng.random() < 0.6:
            self._shadow = (rng.normal(0, 0.6), rng.choice([-1, 1]) * rng.uniform(0.03, 0.35), rng.uniform(0.2, 0.65))
        others = len(self.behind) + len(self.before)
        self._exposures = 7 if others < 2 else 5 if others < 5 else 3
        self._softness = log_uniform(rng, 0.003, 0.03) * height
        self._wind = Wind(rng, width, height) if rng.random() < 0.2 else None
        wide, high, _, _ = self._extent(1.0)
        self._dapple = Dapple(rng, high, wide) if rng.random() < 0.15 else None
        self._dust = Dust(rng, width, height) if rng.random() < 0.1 else None
        self._mirrored = rng.uniform(0.15, 0.5) if rng.random() < 0.08 else 0.0

    def _own_patches(self, rng: Rng) -> list[Picture]:
        """Pieces of the subject's skins for the world to wear."""
        if rng.random() < 0.4:
            return []
        return [self.subject.skins[i] for i in rng.integers(0, SLOTS, 3)]

    def _extent(self, parallax: float) -> tuple[int, int, float, float]:
        """Width and height of a sheet that the camera never leaves, and the offset to its view at pan 0."""
        (x0, y0), (x1, y1) = self._reach
        mx, my = 0.22 * self.width, 0.22 * self.height
        width = self.width + parallax * (x1 - x0) + 2 * mx
        height = self.height + parallax * (y1 - y0) + 2 * my
        return int(width) + 2, int(height) + 2, mx - parallax * x0, my - parallax * y0

    def _backdrop(self, rng: Rng, own: list[Picture]) -> Layer:
        parallax = float(rng.choice([1.0, 0.7]))
        width, height, _, _ = self._extent(parallax)
        picture = panorama(rng, height, width, self.height, own)
        sigma = float(rng.choice([0.0, 0.6, 1.5, 3.5], p=[0.7, 0.12, 0.12, 0.06])) * self.height / 270
        if sigma:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
        return Layer(picture, None, parallax)

    def _sheet(self, rng: Rng, parallax: float, own: list[Picture]) -> Layer:
        width, height, _, _ = self._extent(parallax)
        return Layer(*curtain(rng, height, width, self.height, own), parallax)

    def _camouflage(self, rng: Rng) -> None:
        world = self.back[0].picture
        size = min(int(0.6 * self.height), world.shape[0] - 1, world.shape[1] - 1)
        stock = []
        for _ in range(3):
            y, x = int(rng.integers(0, world.shape[0] - size)), int(rng.integers(0, world.shape[1] - size))
            stock.append(recoloured(rng, np.ascontiguousarray(world[y : y + size, x : x + size]), 0.4))
        skins = [stock[i] for i in rng.integers(0, 3, SLOTS)]
        self.subject.skins = self.subject.figure.skins = skins

    def _cast(self, rng: Rng, plain: bool) -> None:
        """Other actors: passers-by, look-alikes, something large that sweeps past."""
        weights = {name: weight for name, (weight, _) in KINDS.items()}
        for _ in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.34, 0.28, 0.2, 0.12, 0.06]))):
            alike = rng.random() < 0.45
            kind = self.subject.kind if alike else pick(rng, weights)
            skins = self.subject.skins if alike and rng.random() < 0.75 else None
            if skins is not None and rng.random() < 0.5:
                table = {id(skin): recoloured(rng, skin, 0.4) for skin in skins}
                skins = [table[id(skin)] for skin in skins]
            path = pick(rng, {"world": 4, "hold": 2, "cross": 2, "sweep": 1})
            start = (rng.uniform(-0.1, 1.1) * self.width, rng.uniform(0.3, 0.8) * self.height)
            actor = Actor(rng, self._shot, kind, log_uniform(rng, 0.004, 0.08), path, skins, start)
            (self.before if not plain and rng.random() < 0.35 else self.behind).append(actor)
        if rng.random() < 0.1:
            self._crowd(rng, plain)
        if not plain and rng.random() < 0.1:
            start = (0.5 * self.width, 0.5 * self.height)
            self.before.append(Actor(rng, self._shot, pick(rng, {"lump": 2, "vehicle": 1}), 0.35, "sweep", None, start))

    def _crowd(self, rng: Rng, plain: bool) -> None:
        """Many of the subject's kind, dressed alike, near it."""
        area = log_uniform(rng, 0.004, 0.04)
        for _ in range(int(rng.integers(3, 7))):
            start = (rng.uniform(0, 1) * self.width, rng.uniform(0.35, 0.75) * self.height)
            path, size = pick(rng, {"world": 2, "hold": 1}), area * rng.uniform(0.6, 1.6)
            actor = Actor(rng, self._shot, self.subject.kind, size, path, self.subject.skins, start)
            (self.before if not plain and rng.random() < 0.25 else self.behind).append(actor)

    def opens_well(self) -> bool:
        """Whether frame 0 shows as much of the subject as promised; what hides it is dropped if that helps."""
        for _ in range(2):
            picture, seen = self._expose(0)
            share = float((seen > 0.5).mean())
            if LEAST * 1.05 <= share <= MOST * 0.97:
                self.film.meter(picture)
                return True
            self.before, self.sheets = [], []
        return False

    def frame(self, t: int) -> tuple[Picture, NDArray[np.uint8]]:
        """RGB and alpha of frame ``t``."""
        picture, seen = self._expose(t)
        return self.film.develop(picture, t), np.asarray(cv2.convertScaleAbs(seen, alpha=255), np.uint8)

    def flow(self, t: int) -> NDArray[np.float16]:
        """The subject's backward flow from frame ``t`` to the one before, as if nothing hid it."""
        now, before = self.subject.strokes(t), self.subject.strokes(t - 1)
        return backward_flow(now, before, self.height, self.width).astype(np.float16)

    def _expose(self, t: int) -> tuple[Picture, NDArray[np.float32]]:
        shade = self._shade(t)
        pan = math.dist(self.camera.pan(t), self.camera.pan(t + 1))
        others = [actor.drift(t) for actor in (*self.behind, *self.before)]
        travel = max(self.subject.speed(t), pan, *others) * self._shutter
        count = 1 if travel < 1 else min(2 * math.ceil(travel / 4) + 1, self._exposures)
        if count == 1:
            return self._instant(t, shade, crisp=True)
        light = np.zeros((self.height, self.width, 3), np.float32)
        cover = np.zeros((self.height, self.width), np.float32)
        for k in range(count):
            picture, seen = self._instant(t + self._shutter * (k / (count - 1) - 0.5), shade)
            cv2.accumulate(picture, light)
            cover += seen
        light8 = np.asarray(cv2.convertScaleAbs(light, alpha=1 / count), np.uint8)
        return light8, cover * np.float32(1 / count)

    def _instant(self, t: float, shade: Picture | None, crisp: bool = False) -> tuple[Picture, NDArray[np.float32]]:
        """The scene at one instant under ``shade``, and the subject's visible share (float32, [0, 1])."""
        picture = np.empty((self.height, self.width, 3), np.uint8)
        seen = np.zeros((self.height, self.width), np.float32)
        for layer in self.back:
            picture = self._overlay(picture, seen, layer, t, crisp)
        cast = [(actor, actor.strokes(t)) for actor in (*self.behind, self.subject, *self.before)]
        if shade is not None:
            picture = np.asarray(cv2.multiply(picture, shade, scale=1 / 255), np.uint8)
        if self._mirrored:
            picture = self._reflected(picture, cast[len(self.behind)][1])
        for actor, strokes in cast:
            paint(picture, seen, strokes, actor is self.subject, actor.relief, crisp)
            if actor is self.subject and self._dust is not None:
                picture = self._dust.veil(picture, self._dust.share(self._feet(strokes, t), t))
        if self._dapple is not None:
            picture = self._dapple.light(picture, self._sight(1.0, t))
        for layer in self.sheets:
            picture = self._overlay(picture, seen, layer, t, crisp)
        return picture, seen

    def _sight(self, parallax: float, t: float) -> NDArray[np.float64]:
        """The 2 x 3 matrix from the picture to a sheet at frame ``t``."""
        _, _, ox, oy = self._extent(parallax)
        x, y = self.camera.pan(t)
        matrix = np.asarray(cv2.invertAffineTransform(self.camera.lens(t)), np.float64)
        matrix[:, 2] += (ox + parallax * x, oy + parallax * y)
        return matrix

    def _feet(self, strokes: list[Stroke], t: float) -> list[tuple[float, float]]:
        """Where the ground that the subject touched in each frame of the past has come to, newest first."""
        if not strokes:
            return []
        foot = max(float(outline[:, 1].max()) for stroke in strokes for outline in stroke.outlines)
        here, (px, py) = self.subject.place(t), self.camera.pan(t)
        out = []
        for past in range(int(t), max(int(t) - 20, -1), -1):
            then, (qx, qy) = self.subject.place(past), self.camera.pan(past)
            out.append((then.x - (px - qx), foot + then.y - here.y - (py - qy)))
        return out

    def _overlay(self, picture: Picture, seen: NDArray[np.float32], layer: Layer, t: float, crisp: bool) -> Picture:
        matrix = self._sight(layer.parallax, t)
        if self._wind is not None and layer is self.back[0]:
            return layer.bent(self._wind.bend(matrix, t), crisp)
        shown, cover = layer.show(matrix, self.width, self.height, crisp)
        if cover is None:
            return shown
        rest = 1 - cover
        seen *= rest
        return np.asarray(cv2.blendLinear(shown, picture, cover, rest), np.uint8)

    def _shade(self, t: float) -> Picture | None:
        """Soft shadows on the ground, 255 where there are none: every silhouette laid down from its lowest point."""
        if self._shadow is None:
            return None
        lean, flat, strength = self._shadow
        mask = np.zeros((self.height // 2, self.width // 2), np.uint8)
        for actor in (*self.behind, self.subject, *self.before):
            strokes = actor.strokes(t)
            if not strokes:
                continue
            foot = max(float(outline[:, 1].max()) for stroke in strokes for outline in stroke.outlines)
            for stroke in strokes:
                for outline in stroke.outlines:
                    up = foot - outline[:, 1]
                    laid = np.stack([outline[:, 0] + lean * up * abs(flat) * 3, foot - flat * up], axis=1) / 2
                    cv2.fillPoly(mask, [np.clip(laid * 8, -1e5, 1e5).astype(np.int32)], 255, cv2.LINE_8, 3)
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, self._softness / 2))
        dark = cv2.convertScaleAbs(cv2.resize(soft, (self.width, self.height)), alpha=strength)
        return np.asarray(cv2.merge([cv2.bitwise_not(dark)] * 3), np.uint8)

    def _reflected(self, picture: Picture, strokes: list[Stroke]) -> Picture:
        """The subject's image in water or a polished floor, below its lowest point."""
        if not strokes:
            return picture
        foot = max(float(outline[:, 1].max()) for stroke in strokes for outline in stroke.outlines)
        flip = np.array([[1.0, 0.0], [0.0, -0.9]])
        move = np.array([0.0, 1.9 * foot])
        below = [
            Stroke([o @ flip + move for o in s.outlines], s.skin,
                   np.column_stack([flip @ s.matrix[:, :2], flip @ s.matrix[:, 2] + move]), s.depth, s.gain, s.holes)
            for s in strokes
        ]  # fmt: skip
        drawn = picture.copy()
        paint(drawn, np.zeros(picture.shape[:2], np.float32), below, False)
        return np.asarray(cv2.addWeighted(picture, 1 - self._mirrored, drawn, self._mirrored, 0), np.uint8)
