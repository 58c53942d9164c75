"""The world behind and before the subject: wide stitched panoramas full of things, and sheets that occlude.

Widths and heights are in pixels; a panorama is as wide as the camera's path needs, so that a pan keeps revealing new
ground and nothing is ever mirrored at the picture's border.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene_curves import Rng, log_uniform, pick
from .subjects import blob
from .subjects_vehicles import polygon
from .textures import WORLD, Picture, Plane, mixed, modulate, noise, palette, ramp, recoloured, roughened, texture


@dataclass
class Layer:
    """A sheet of the world: what it shows, where it covers (None: everywhere), and how fast it passes."""

    picture: Picture
    cover: Picture | None
    parallax: float

    def show(
        self, matrix: NDArray[np.float64], width: int, height: int, crisp: bool = False
    ) -> tuple[Picture, Plane | None]:
        """Its picture and cover (float32 in [0, 1]) as seen; ``matrix`` goes from the picture to the sheet."""
        flags = (cv2.INTER_CUBIC if crisp else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(self.picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        if self.cover is None:
            return np.asarray(seen, np.uint8), None
        cover = cv2.warpAffine(self.cover, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(seen, np.uint8), cover.astype(np.float32) * np.float32(1 / 255)

    def bent(self, maps: tuple[Plane, Plane], crisp: bool = False) -> Picture:
        """Its picture through maps from each pixel to the sheet."""
        how = cv2.INTER_CUBIC if crisp else cv2.INTER_LINEAR
        return np.asarray(cv2.remap(self.picture, *maps, how, borderMode=cv2.BORDER_REFLECT), np.uint8)


def stitched(rng: Rng, height: int, width: int, unit: int, weights: dict[str, float], own: list[Picture]) -> Picture:
    """A strip of many different textures side by side; ``unit`` is the picture's height in pixels."""
    out = np.empty((height, width, 3), np.uint8)
    x, longest = 0, log_uniform(rng, 2, 20)
    while x < width:
        span = min(int(log_uniform(rng, 0.4, longest) * unit), width - x)
        if width - x - span < unit // 3:
            span = width - x
        overlap = min(int(unit * rng.choice([0.0, 0.02, 0.3])), x)
        total = span + overlap
        piece = texture(rng, height, total, pick(rng, weights))
        if own and rng.random() < 0.12:
            patch = own[int(rng.integers(len(own)))]
            piece = np.tile(patch, (height // patch.shape[0] + 1, total // patch.shape[1] + 1, 1))[:height, :total]
            piece = recoloured(rng, np.ascontiguousarray(piece), 0.3)
        if overlap:
            edge = np.clip(
                np.linspace(0, 1, overlap, dtype=np.float32)[None] * 3 - 2 * noise(rng, height, overlap), 0, 1
            )
            piece[:, :overlap] = mixed(out[:, x - overlap : x], np.ascontiguousarray(piece[:, :overlap]), edge)
        out[:, x - overlap : x + span] = piece
        x += span
    return out


def _sky(rng: Rng, height: int, width: int) -> Picture:
    low, high = palette(rng, 2, rng.uniform(0, 0.35))
    colours = np.clip(np.stack([high, low]) * rng.uniform(0.9, 1.5) + rng.uniform(20, 90), 0, 255).astype(np.float32)
    value = np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, axis=1)
    clouds = noise(rng, height, width, 1.0, 0.55, rng.uniform(1, 4)) * rng.choice([0.0, 0.4, 1.0])
    return ramp(np.clip(value * 0.8 + clouds * 0.4, 0, 1), colours)


def _ground(rng: Rng, height: int, width: int, unit: int, own: list[Picture]) -> Picture:
    """Ground in perspective: finer and flatter towards the horizon."""
    weights = {"material": 4, "plain": 3, "clutter": 2, "tiles": 1, "blend": 2, "fur": 1, "stripes": 0.3}
    tall = int(height * 1.2) + 8
    flat = stitched(rng, tall, width, unit, weights, own)
    for _ in range(int(rng.integers(0, 5))):  # lines and patches painted on it
        shape = polygon(rng, log_uniform(rng, 0.1, 2) * unit, log_uniform(rng, 0.02, 0.2) * unit)
        shape = shape + np.array([rng.uniform(0, width), rng.uniform(0, tall)])
        cv2.fillPoly(flat, [(shape * 8).astype(np.int32)], palette(rng, 1)[0].tolist(), cv2.LINE_AA, 3)
    depth = rng.uniform(0.05, 0.6)
    row = (np.arange(height, dtype=np.float32) + 0.5) / height
    source = tall * (row * (1 + depth) / (row + depth)) ** 1.0
    x = np.repeat(np.arange(width, dtype=np.float32)[None], height, axis=0)
    return np.asarray(cv2.remap(flat, x, np.repeat(source[:, None], width, axis=1), cv2.INTER_LINEAR), np.uint8)


def stamp(rng: Rng, world: Picture, mask: Picture, skin: Picture, x: int, y: int, shade: bool = True) -> None:
    """Lay ``skin`` where ``mask`` covers, with its top left corner at (x, y); darker towards the bottom."""
    h, w = mask.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, world.shape[1]), min(y + h, world.shape[0])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    cut = (slice(y0 - y, y1 - y), slice(x0 - x, x1 - x))
    cover = mask[cut].astype(np.float32) * np.float32(1 / 255)
    piece = np.ascontiguousarray(skin[cut])
    if shade:
        slope = np.linspace(rng.uniform(0.9, 1.25), rng.uniform(0.45, 1), y1 - y0, dtype=np.float32)[:, None]
        piece = modulate(piece, np.repeat(slope, x1 - x0, axis=1))
    world[y0:y1, x0:x1] = mixed(np.ascontiguousarray(world[y0:y1, x0:x1]), piece, cover)


def shape_mask(rng: Rng, kind: str, h: int, w: int) -> Picture:
    """The cover of one thing in the world, ``h x w``."""
    mask = np.zeros((h, w), np.uint8)
    centre = np.array([w / 2, h / 2])

    def fill(points: np.ndarray) -> None:
        cv2.fillPoly(mask, [(np.asarray(points) * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)

    if kind in ("bush", "tree"):
        cloud = blob(rng, 0.42, 0.42 if kind == "bush" else 0.3, 0.3) + np.array([0.5, 0.5 if kind == "bush" else 0.35])
        fill(cloud * [w, h])
        ragged = noise(rng, h, w, 0.15, 0.8)
        soft = cv2.blur(mask, (max(3, w // 6), max(3, h // 6))).astype(np.float32) / 255
        mask[:] = cv2.convertScaleAbs(np.clip((soft - ragged) * 5 + 0.5, 0, 1), alpha=255)
        if kind == "tree":
            half = w * rng.uniform(0.02, 0.08)
            fill(
                np.array(
                    [[w / 2 - half, h], [w / 2 - half * 0.6, h * 0.3], [w / 2 + half * 0.6, h * 0.3], [w / 2 + half, h]]
                )
            )
    elif kind == "rock":
        fill(polygon(rng, w * 0.48, h * 0.48) + centre)
    elif kind == "lump":
        fill(blob(rng, w * 0.4, h * 0.4, 0.25) + centre)
    elif kind == "fence":
        step = max(4, int(w / rng.integers(4, 24)))
        bar = max(1, int(step * rng.uniform(0.06, 0.4)))
        for x in range(0, w, step):
            mask[:, x : x + bar] = 255
        for y in rng.integers(0, h, int(rng.integers(1, 4))):
            mask[y : y + bar] = 255
    elif kind == "figure":
        fill(blob(rng, w * 0.28, h * 0.2, 0.08) + np.array([w / 2, h * 0.38]))
        fill(blob(rng, h * 0.07, h * 0.08, 0.05, 16) + np.array([w / 2, h * 0.12]))
        for side in (-1, 1):
            foot = w / 2 + side * w * rng.uniform(0.02, 0.3)
            fill(
                np.array(
                    [
                        [w / 2 - w * 0.2, h * 0.45],
                        [foot - w * 0.07, h],
                        [foot + w * 0.07, h],
                        [w / 2 + w * 0.2, h * 0.45],
                    ]
                )
            )
    else:
        mask[:] = 255
    return np.asarray(mask, np.uint8)


_THINGS = {"bush": 3, "tree": 2.5, "rock": 1.2, "lump": 1.5, "fence": 1, "figure": 1.5, "slab": 3, "pole": 2}
_CLOTHES = {"bush": "clutter", "tree": "clutter", "rock": "material", "figure": "spots"}


def populate(
    rng: Rng, world: Picture, unit: int, horizon: tuple[float, float], own: list[Picture], density: float
) -> None:
    """Set things into a panorama, far ones first; some wear the subject's own skins."""
    height, width = world.shape[:2]
    count = int(density * width / unit) + 1
    feet = np.sort(rng.uniform(horizon[0] * height, min(horizon[1] * height, height * 1.05), count))
    skins = [texture(rng, unit // 2, unit // 2, pick(rng, WORLD)) for _ in range(5)]
    foliage = [texture(rng, unit // 2, unit // 2, "clutter") for _ in range(2)]
    for foot in feet:
        kind = pick(rng, _THINGS)
        h = int(log_uniform(rng, 0.04, 0.75) * unit) + 4
        w = int(h * {"pole": 0.06, "figure": 0.42, "fence": 3.0}.get(kind, log_uniform(rng, 0.4, 2.5))) + 2
        w = min(w, 2 * unit)
        pool = foliage if kind in ("bush", "tree") else skins
        if own and rng.random() < 0.14:
            pool = own
        source = pool[int(rng.integers(len(pool)))]
        if rng.random() < 0.6:
            source = recoloured(rng, source, 0.6)
        zoom = log_uniform(rng, 0.6, 1.6)
        skin = cv2.resize(source, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
        skin = np.tile(skin, (h // skin.shape[0] + 1, w // skin.shape[1] + 1, 1))[:h, :w]
        if kind == "slab" and rng.random() < 0.5:
            skin = texture(rng, h, w, pick(rng, {"tiles": 3, "marks": 2, "plain": 2, "gradient": 1}))
        stamp(
            rng,
            world,
            shape_mask(rng, kind, h, w),
            np.ascontiguousarray(skin),
            int(rng.uniform(-w, width)),
            int(foot) - h,
        )


def panorama(rng: Rng, height: int, width: int, unit: int, own: list[Picture]) -> Picture:
    """A whole background, opaque: open country, a wall with a floor, seen from above, or a thicket."""
    style = pick(rng, {"open": 5, "wall": 3, "above": 1.2, "thicket": 1.2, "water": 1})
    density = log_uniform(rng, 1.5, 25)
    if style in ("above", "thicket"):
        world = stitched(
            rng, height, width, unit, WORLD if style == "above" else {"clutter": 4, "blend": 1, "fur": 1}, own
        )
        populate(rng, world, unit, (0.1, 1.3), own, density)
    else:
        horizon = rng.uniform(0.25, 0.75)
        edge = int(height * horizon)
        upper = _sky(rng, edge, width) if style != "wall" else stitched(rng, edge, width, unit, WORLD, own)
        world = np.empty((height, width, 3), np.uint8)
        world[:edge] = upper
        world[edge:] = _ground(rng, height - edge, width, unit, own)
        if style == "open":
            for _ in range(int(rng.integers(1, 4))):  # hills, woods, a skyline
                _ridge(rng, world, edge, unit)
        populate(rng, world, unit, (horizon, horizon + rng.uniform(0.02, 0.5)), own, density)
    if rng.random() < 0.7:
        world = roughened(rng, world, log_uniform(rng, 0.1, 0.8))
    light = noise(rng, height, width, 1.0, rng.uniform(0.3, 0.6))
    world = modulate(world, 1 + rng.uniform(0, 0.5) * (light - 0.5))
    if rng.random() < 0.2:  # cast shadows lie about
        dark = np.clip((noise(rng, height, width, 0.5, 0.5) - rng.uniform(0.45, 0.7)) * 20, 0, 1)
        world = modulate(world, 1 - rng.uniform(0.2, 0.6) * dark)
    return world


def _ridge(rng: Rng, world: Picture, edge: int, unit: int) -> None:
    tall = int(log_uniform(rng, 0.06, 0.5) * unit) + 4
    top = max(edge - tall, 0)
    h, width = edge + 2 - top, world.shape[1]
    line = noise(
        rng, 8, width, 1.0, rng.uniform(0.3, 0.8), width / 8 / max(2, int(width / unit * rng.uniform(0.5, 6)))
    )[4]
    y = np.arange(h, dtype=np.float32)[:, None]
    if rng.random() < 0.4:
        ragged = 0.25 * h * noise(rng, h, width, 0.3, 0.75)
    else:
        ragged = np.zeros((1, 1), np.float32)
    cover = np.clip(y - (line[None] * h * rng.uniform(0.3, 1)) - ragged + 0.5, 0, 1).astype(np.float32)
    skin = stitched(rng, h, width, unit, {"clutter": 3, "material": 2, "plain": 2, "tiles": 1}, [])
    if rng.random() < 0.4:
        haze = np.broadcast_to(palette(rng, 1, 0.15)[0].astype(np.uint8), skin.shape)
        skin = np.asarray(cv2.addWeighted(skin, 0.5, np.ascontiguousarray(haze), 0.5, 0), np.uint8)
    world[top : edge + 2] = mixed(np.ascontiguousarray(world[top : edge + 2]), skin, np.ascontiguousarray(cover))


def _blades(rng: Rng, cover: Picture, unit: int) -> None:
    """Stems that rise from the lower edge, bend, and thin out towards their tips."""
    height, width = cover.shape
    tallest, crowd = rng.uniform(0.25, 0.95) * height, log_uniform(rng, 4, 60) * width / unit
    bend, thick = rng.normal(0, 0.15) * unit, log_uniform(rng, 0.003, 0.014) * unit
    along = np.linspace(0, 1, 9)
    for _ in range(int(crowd) + 1):
        tall, lean = tallest * rng.uniform(0.4, 1), bend + rng.normal(0, 0.12) * unit
        x = rng.uniform(-0.1 * unit, width + 0.1 * unit) + lean * along**2
        y, half = height - tall * along, thick * rng.uniform(0.5, 1.2) * (1 - 0.8 * along)
        shape = np.stack([np.append(x - half, (x + half)[::-1]), np.append(y, y[::-1])], 1)
        cv2.fillPoly(cover, [(shape * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)


def curtain(rng: Rng, height: int, width: int, unit: int, own: list[Picture]) -> tuple[Picture, Picture]:
    """An occluding sheet and its cover: poles, rails, foliage, blobs, blades of grass, a mesh."""
    cover = np.zeros((height, width), np.uint8)
    kind = pick(rng, {"poles": 3, "foliage": 2, "rail": 1, "blobs": 1.5, "blades": 1.5, "mesh": 0.5})
    if kind == "foliage":
        share = rng.uniform(0.55, 0.8)
        value = 0.6 * noise(rng, height, width, 0.7, 0.5) + 0.4 * noise(rng, height, width, 0.08, 0.7)
        slope = np.linspace(-0.25, 0.25, height, dtype=np.float32)[:, None] * rng.choice([-1.0, 1.0, 0.0])
        cover[:] = cv2.convertScaleAbs(np.clip((value + slope - share) * rng.uniform(10, 40), 0, 1), alpha=255)
    elif kind == "mesh":
        step, thin = max(6, int(unit * rng.uniform(0.04, 0.15))), max(1, int(unit * 0.004))
        for k in range(-height, width, step):
            cv2.line(cover, (k, 0), (k + height, height), 255, thin, cv2.LINE_AA)
            cv2.line(cover, (k + height, 0), (k, height), 255, thin, cv2.LINE_AA)
    elif kind == "blades":
        _blades(rng, cover, unit)
    else:
        for _ in range(int(rng.integers(1, 3) + rng.uniform(0.2, 1.2) * width / unit)):
            x, wide = rng.uniform(0, width), log_uniform(rng, 0.01, 0.15) * unit
            if kind == "poles":
                lean = rng.normal(0, 0.1) * unit
                shape = np.array([[x, 0], [x + wide, 0], [x + wide + lean, height], [x + lean, height]])
            elif kind == "rail":
                y = rng.uniform(0.3, 0.95) * height
                shape = np.array([[0, y], [width, y + rng.normal(0, 0.1) * unit], [width, y + wide], [0, y + wide]])
            else:
                size = np.exp(rng.uniform(-2.5, -1, 2)) * unit
                shape = blob(rng, size[0], size[1], 0.25) + np.array([x, rng.uniform(0.2, 1) * height])
            cv2.fillPoly(cover, [(shape * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    picture = stitched(rng, height, width, unit, {"clutter": 3, "material": 2, "plain": 3}, own)
    if rng.random() < 0.3:
        picture = modulate(picture, np.full((height, width), rng.uniform(0.2, 0.6), np.float32))
    sigma = 0.5 if kind in ("mesh", "blades") else float(rng.choice([0.5, 1.5, math.sqrt(unit) / 3]))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8), np.asarray(
        cv2.GaussianBlur(cover, (0, 0), sigma), np.uint8
    )
