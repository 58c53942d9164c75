"""Rendered clips with exact mattes, to train a small model on and to test it with.

Bodies of limbs, fish, blobs and boards move over brick, paving, pebbles, cells, cloth and noise. Every surface and
motion comes from a seed; the textures are those of the sample clips (``clips/texture.py``), which hold no photograph.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_CLIPS = Path(__file__).parents[2] / "clips"
TRAIN_SHELF, HELD_OUT_SHELF = 1, 2  # seeds of the surfaces
_FINE = 4  # shapes are drawn at this many times the size and averaged
_TILE = 320


@cache
def _texture() -> Any:
    """``clips/texture.py``, which stands alone."""
    spec = importlib.util.spec_from_file_location("clips_texture", _CLIPS / "texture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def palette(rng: np.random.Generator, count: int) -> Array:
    """Colours from all over, ``count x 3`` in [0, 1]."""
    hsv = np.stack([rng.uniform(0, 360, count), rng.uniform(0, 0.9, count), rng.uniform(0.12, 0.95, count)], -1)
    return np.asarray(cv2.cvtColor(hsv[None].astype(np.float32), cv2.COLOR_HSV2RGB)[0], np.float32)


def surface(seed: int) -> Array:
    """One texture tile, ``_TILE x _TILE x 3`` in [0, 1]; the kind goes round with the seed."""
    texture, rng = _texture(), np.random.default_rng([seed, 1])
    kind = seed % 8
    if kind == 0:
        out = (
            texture.brick_wall(seed, _TILE, _TILE, brick=(int(rng.integers(10, 26)), int(rng.integers(30, 70)))) ** 0.5
        )
    elif kind == 1:
        out = texture.paving(seed, _TILE) ** 0.5
    elif kind == 2:
        out = texture.pebbles(seed, _TILE) ** 0.5
    elif kind == 3:
        border, ids = texture.cells(seed, _TILE, int(rng.integers(5, 14)))
        out = palette(rng, 256)[ids % 256] * 0.3 + palette(rng, 1) * 0.6
        out = out * texture.smoothstep(0, 3, border)[..., None]
    elif kind == 4:
        folds = texture.fractal(seed, _TILE, _TILE, 2.2, stretch=float(rng.choice([0.3, 1, 3])))
        out = palette(rng, 1) * (1 + 0.12 * folds)[..., None]
    elif kind == 5:
        wave = np.sin(np.arange(_TILE) * 2 * np.pi * rng.integers(5, 24) / _TILE)[None, :, None].astype(np.float32)
        a, b = palette(rng, 2) * 0.4 + palette(rng, 1) * 0.6
        out = np.repeat(np.where(wave > rng.uniform(-0.5, 0.5), a, b), _TILE, axis=0)
        if rng.random() < 0.5:
            out = out.swapaxes(0, 1)
    else:
        noise = texture.fractal(seed, _TILE, _TILE, float(rng.uniform(0.8, 1.8)), coarsest=float(rng.uniform(2, 8)))
        a, b = palette(rng, 2) * 0.5 + palette(rng, 1) * 0.5
        out = texture.mix(np.broadcast_to(a, (_TILE, _TILE, 3)), b, np.clip(0.5 + 0.3 * noise, 0, 1))
    return np.clip(out, 0, 1).astype(np.float32)


class Picture(NamedTuple):
    """One frame: rgb uint8 ``H x W x 3``, and the exact matte of each subject's visible part, float32 ``H x W``."""

    rgb: NDArray[np.uint8]
    mattes: list[Array]


class Surfaces:
    """A shelf of tiles, each made once."""

    def __init__(self, seed: int, count: int) -> None:
        self._tiles = [surface(seed * 1000 + i) for i in range(count)]

    def cut(self, rng: np.random.Generator) -> Array:
        """Any tile, turned and scaled anyhow."""
        tile = self._tiles[int(rng.integers(len(self._tiles)))]
        tile = np.rot90(tile, int(rng.integers(4)))
        zoom = float(rng.uniform(1.0, 2.2))
        size = int(_TILE / zoom)
        y, x = rng.integers(0, _TILE - size + 1, 2)
        return np.ascontiguousarray(tile[y : y + size, x : x + size])


class Subject:
    """Something that moves: parts as polygons around its own middle, in units of the picture's shorter side."""

    def __init__(self, rng: np.random.Generator, shelf: Surfaces, behind: Array) -> None:
        self._rng_phase = rng.uniform(0, 2 * np.pi, 12)
        self.kind = str(rng.choice(["blob", "body", "fish", "board"], p=[0.35, 0.3, 0.2, 0.15]))
        self.size = float(rng.uniform(0.2, 0.46))
        self.place = rng.uniform((0.2, 0.2), (0.8, 0.8))
        self.speed = rng.uniform(-0.012, 0.012, 2)
        self.turn, self.spin = float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.03, 0.03))
        if self.kind != "body":
            self.turn *= 6
        self._amount = rng.uniform(0, 1, 12)
        self._own = float(rng.uniform(0.25, 0.75))  # how much of the colour is the parts' own
        for _ in range(20):  # nobody could click what looks like its ground
            self._tile, self._colours = shelf.cut(rng), palette(rng, 4)
            looks = self._own * self._colours + (1 - self._own) * self._tile.mean((0, 1))
            if np.linalg.norm(looks - behind, axis=1).min() > 0.2:
                break
        self._light = float(rng.uniform(0, 2 * np.pi))
        self._shade = float(rng.uniform(0, 0.35))

    def parts(self, time: float) -> list[tuple[int, NDArray[np.float64]]]:
        """(colour, polygon ``N x 2``) each, about one unit large, later ones in front."""
        swing = np.sin(self._rng_phase + 0.25 * time) * self._amount
        return getattr(self, f"_{self.kind}")(swing)

    def _blob(self, swing: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
        angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        radius = np.ones_like(angle)
        for k in range(2, 6):
            radius += 0.5 / k * self._amount[k] * np.cos(k * angle + self._rng_phase[k] + 0.3 * swing[k])
        squash = 0.6 + 0.4 * self._amount[0]
        return [(0, np.stack([radius * np.cos(angle), squash * radius * np.sin(angle)], -1))]

    def _board(self, swing: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
        count = int(3 + self._amount[0] * 4)
        angle = np.arange(count) * 2 * np.pi / count + 0.15 * swing[:count]
        radius = 0.8 + 0.3 * self._amount[1 : count + 1]
        return [(0, np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1))]

    def _fish(self, swing: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
        along = np.linspace(-1.3, 1.3, 9)
        bend = 0.35 * np.sin(along * 1.6 + self._rng_phase[0] + swing[0] * 2)
        girth = (0.28 + 0.2 * self._amount[1]) * np.sqrt(np.clip(1 - (along / 1.45) ** 2, 0.02, 1))
        girth *= 0.75 + 0.25 * np.tanh(along * 1.5)
        parts = [(1, _limb((-1.1, bend[1]), (-1.7, bend[0] + 0.35 * swing[1]), 0.1, 0.32))]
        parts.append((1, _limb((0.1, bend[5]), (-0.2, bend[4] + 0.75), 0.16, 0.1)))
        spine = list(zip(along, bend, strict=True))
        return parts + [(0, _limb(spine[i], spine[i + 1], girth[i], girth[i + 1])) for i in range(8)]

    def _body(self, swing: NDArray[np.float64]) -> list[tuple[int, NDArray[np.float64]]]:
        stout = 0.8 + 0.5 * self._amount[0]
        parts = []
        for side, k in ((-1, 1), (1, 4)):
            hip, angle = (0.16 * side, 0.25), 0.3 * side + 0.5 * swing[k]
            knee = (hip[0] + 0.55 * np.sin(angle), hip[1] + 0.55 * np.cos(angle))
            foot = (knee[0] + 0.5 * np.sin(angle * 0.4), knee[1] + 0.5 * np.cos(angle * 0.4))
            parts += [
                (1, _limb(knee, foot, 0.13 * stout, 0.1 * stout)),
                (1, _limb(hip, knee, 0.17 * stout, 0.13 * stout)),
            ]
        for side, k in ((-1, 7), (1, 9)):
            shoulder, angle = (0.27 * side, -0.5), 0.7 * side + 1.1 * swing[k]
            elbow = (shoulder[0] + 0.42 * np.sin(angle), shoulder[1] + 0.42 * np.cos(angle))
            angle += 0.8 * swing[k + 1]
            hand = (elbow[0] + 0.42 * np.sin(angle), elbow[1] + 0.42 * np.cos(angle))
            parts += [
                (2, _limb(elbow, hand, 0.09 * stout, 0.08 * stout)),
                (0, _limb(shoulder, elbow, 0.12 * stout, 0.09 * stout)),
            ]
        parts.append((0, _limb((0, -0.45), (0.05 * swing[6], 0.3), 0.3 * stout, 0.24 * stout)))
        parts.append((2, _limb((0.1 * swing[2], -0.98), (0.08 * swing[2], -0.85), 0.2, 0.18)))
        if self._amount[3] > 0.5:
            parts.append((3, _limb((0.1 * swing[2], -1.08), (0.1 * swing[2], -1.0), 0.19, 0.2)))
        return parts

    def draw(self, time: float, zoom: float, width: int, height: int) -> tuple[Array, Array]:
        """(straight colour ``H x W x 3`` in [0, 1], coverage ``H x W``)."""
        unit = self.size * min(width, height)
        centre = (self.place + self.speed * time) * (width, height)
        angle = self.turn + self.spin * time
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        drawn = np.zeros((height * _FINE, width * _FINE), np.uint8)
        for colour, polygon in self.parts(time):
            fixed = np.rint(((polygon * unit) @ turn + centre) * _FINE * 16 - 8).astype(np.int32)
            cv2.fillPoly(drawn, [fixed], colour + 1, cv2.LINE_8, 4)
        covered = cv2.resize((drawn > 0).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        labels = drawn[_FINE // 2 :: _FINE, _FINE // 2 :: _FINE]
        plain = cv2.dilate(labels, np.ones((3, 3), np.uint8)) if labels.any() else labels
        colours = np.concatenate([self._colours[:1], self._colours])[np.where(labels > 0, labels, plain)]
        colour = self._own * colours + (1 - self._own) * self._clothed(centre, zoom, width, height)
        depth = cv2.GaussianBlur(covered, (0, 0), max(unit * 0.18, 1.0))
        dy, dx = np.gradient(depth)
        lit = 1 + self._shade * unit * 0.6 * (dx * np.cos(self._light) + dy * np.sin(self._light))
        return np.clip(colour * lit[..., None], 0, 1).astype(np.float32), covered

    def _clothed(self, centre: NDArray[np.float64], zoom: float, width: int, height: int) -> Array:
        """The tile, moving along with the subject."""
        move = np.array([[zoom, 0, centre[0]], [0, zoom, centre[1]]], np.float64)
        return np.asarray(cv2.warpAffine(self._tile, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.float32)


def _limb(a: Any, b: Any, ra: float, rb: float) -> NDArray[np.float64]:
    """Outline of a tapering rounded limb: the hull of two circles."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    both = np.concatenate([np.asarray(a) + ra * circle, np.asarray(b) + rb * circle]).astype(np.float32)
    return np.asarray(cv2.convexHull(both)[:, 0], np.float64)


class Clip:
    """A clip of one to three subjects; anything about it follows from its seed and its shelf of surfaces."""

    def __init__(self, seed: int, shelf: Surfaces, width: int = 256, height: int = 144) -> None:
        rng = np.random.default_rng([seed, 7])
        self.width, self.height = width, height
        self._back = shelf.cut(rng)
        self._tint = 0.6 + 0.8 * palette(rng, 1)[0]
        self._pan = rng.uniform(-2, 2, 2)
        self._haze = float(rng.uniform(0, 0.3))
        self._blur, self._grain = float(rng.uniform(0.3, 0.8)), float(rng.uniform(0, 6))
        self._gain, self._seed = float(rng.uniform(0.75, 1.15)), seed
        behind = (self._back.mean((0, 1)) * self._tint) * (1 - self._haze) + self._haze * 0.5
        self.subjects = [Subject(rng, shelf, behind) for _ in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])))]

    def frame(self, time: int) -> Picture:
        zoom = max(self.width, self.height) / 256
        move = np.array([[zoom, 0, self._pan[0] * time], [0, zoom, self._pan[1] * time]], np.float64)
        size = (self.width, self.height)
        picture = cv2.warpAffine(self._back, move, size, borderMode=cv2.BORDER_REFLECT) * self._tint.astype(np.float32)
        picture = picture * (1 - self._haze) + self._haze * 0.5
        mattes: list[Array] = []
        for subject in self.subjects:
            colour, covered = subject.draw(time, zoom, *size)
            picture = picture * (1 - covered[..., None]) + colour * covered[..., None]
            mattes = [matte * (1 - covered) for matte in mattes]
            mattes.append(covered)
        picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), self._blur)
        noise = np.random.default_rng([self._seed, 11, time]).standard_normal(picture.shape, np.float32) * self._grain
        rgb = np.clip(picture * np.float32(255 * self._gain) + noise, 0, 255)
        return Picture(np.rint(rgb).astype(np.uint8), mattes)


def held_out(clips: int, subjects: int, first: int = 0) -> list[tuple[NDArray[np.uint8], Array]]:
    """Pictures of clips of so many subjects, 320 x 180, whose seeds and surfaces the training has not seen, with each
    subject's exact matte; those that are hardly in the picture are left out. Seeds are counted from ``first``: those
    that were looked at while training was steered are not those that judge it."""
    shelf, found, seed = Surfaces(HELD_OUT_SHELF + first, 16), [], first - 1
    while clips:
        seed += 1
        clip = Clip(seed, shelf, 320, 180)
        if len(clip.subjects) == subjects:
            picture = clip.frame(3 + seed % 6)
            found += [(picture.rgb, matte) for matte in picture.mattes if matte.sum() > 800]
            clips -= 1
    return found


def click(matte: Array) -> tuple[float, float]:
    """The interior point farthest from the edge: what an artist would click, by a fixed rule."""
    inside = np.pad((matte > 0.5).astype(np.uint8), 1)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    y, x = np.unravel_index(int(distance.argmax()), distance.shape)
    return float(x) + 0.5, float(y) + 0.5
