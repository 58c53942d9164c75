"""Small clips with exact alpha, exact foreground and exact background, rendered: hair, glass, motion blur, holes.

Each frame is the mean of many still instants across the shutter, each drawn at ``_OVER`` times the size and averaged
down, so alpha is the share of a pixel that is covered and the plate is ``alpha F + (1 - alpha) B`` to the last bit
before noise. Everything follows from a clip's name and frame number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WIDTH, HEIGHT, FRAMES = 320, 240, 12
_OVER = 4
_NOISE = 0.004  # standard deviation, about one step of 8 bits


@dataclass(frozen=True, eq=False)
class AlphaFrame:
    """rgb: the plate, float32 ``H x W x 3`` in steps of 1/255. alpha ``H x W``. foreground and background
    ``H x W x 3``: straight colours, everywhere, also where alpha is 0 or 1."""

    rgb: Floats
    alpha: Floats
    foreground: Floats
    background: Floats


def render(name: str, frame: int) -> AlphaFrame:
    """Frame 0 to ``FRAMES - 1`` of one of :data:`CLIPS` or :data:`BEFORE_SCREENS`."""
    shape, instants, colours = (CLIPS | BEFORE_SCREENS)[name]
    moments = frame + 0.5 * (np.arange(instants) + 0.5) / instants
    alpha = np.mean([_covered(shape, moment) for moment in moments], axis=0, dtype=np.float32)
    seed = sum(name.encode())
    foreground = _shifted(_texture(seed + 1, colours[0], coarse=24), 2.0 * frame, 0.5 * frame)
    background = _shifted(_texture(seed + 2, colours[1], coarse=10), -1.0 * frame, 0.0)
    mixed = foreground * alpha[..., None] + background * (1 - alpha[..., None])
    noise = np.random.default_rng([seed, frame]).normal(0, _NOISE, mixed.shape)
    rgb = np.rint(np.clip(mixed + noise, 0, 1) * 255).astype(np.float32) / np.float32(255)
    return AlphaFrame(rgb, alpha, foreground, background)


def true_trimap(alpha: Floats, width_px: int = 10) -> NDArray[np.uint8]:
    """What is partial, grown by ``width_px``."""
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width_px + 1,) * 2)
    unknown = cv2.dilate(((alpha > 0.004) & (alpha < 0.996)).astype(np.uint8), brush) > 0
    return np.where(unknown, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)


def _covered(shape: Callable[[Floats, float], None], moment: float) -> Floats:
    large = np.zeros((HEIGHT * _OVER, WIDTH * _OVER), np.float32)
    shape(large, moment)
    return np.asarray(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.float32)


def _points(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels to OpenCV's fixed point with four fractional bits, on the large canvas."""
    return np.rint((points * _OVER - 0.5) * 16).astype(np.int32)


def _disc(canvas: Floats, x: float, y: float, radius: float, value: float) -> None:
    centre = tuple(int(v) for v in _points(np.array([x, y])))
    cv2.circle(canvas, centre, round(radius * _OVER * 16), value, -1, cv2.LINE_8, 4)


def _hair(canvas: Floats, moment: float) -> None:
    """A head whose strands, a third to one pixel wide, wave."""
    rng = np.random.default_rng(7)
    x, y = 150 + moment, 150.0
    _disc(canvas, x, y, 50, 1.0)
    along = np.linspace(0, 1, 24)
    for _ in range(260):
        angle, length, bend = rng.uniform(-np.pi, 0), rng.uniform(20, 62), rng.normal(0, 14)
        phase, thick = rng.uniform(0, 2 * np.pi), int(rng.integers(1, 5))
        sway = (bend + 4 * np.sin(0.5 * moment + phase)) * along**2
        out = 46 + length * along
        toward = np.array([np.cos(angle), np.sin(angle)])
        line = (x, y) + out[:, None] * toward + sway[:, None] * (-toward[1], toward[0])
        cv2.polylines(canvas, [_points(line)], False, 1.0, thick, cv2.LINE_8, 4)


def _veil(canvas: Floats, moment: float) -> None:
    """A solid core inside a veil that lets 20 to 80 percent through."""
    x, y = 160 + 1.5 * moment, 120.0
    down, across = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]].astype(np.float32) / _OVER
    inside = ((across - x) / 95) ** 2 + ((down - y) / 80) ** 2 < 1
    canvas[inside] = (0.5 + 0.3 * np.sin(across / 14 + 0.4 * moment) * np.cos(down / 19))[inside]
    _disc(canvas, x, y, 38, 1.0)


def _swing(canvas: Floats, moment: float) -> None:
    """A bar that turns fast enough to be blurred over 15 px at its ends."""
    angle = 0.35 * moment
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-100, -16], [100, -16], [100, 16], [-100, 16]]) @ turn.T + (160, 120)
    cv2.fillPoly(canvas, [_points(corners)], 1.0, cv2.LINE_8, 4)
    _disc(canvas, 160, 120, 36, 1.0)


def _lattice(canvas: Floats, moment: float) -> None:
    """A disc with holes, of which a trimap around the whole knows nothing."""
    x, y = 150 + 1.2 * moment, 120.0
    _disc(canvas, x, y, 88, 1.0)
    for i in range(-3, 4):
        for j in range(-3, 4):
            if 1 < np.hypot(i, j) < 3.2:
                _disc(canvas, x + 24 * i, y + 24 * j, 5 + (i + 3 * j) % 4, 0.0)


def _scarf(canvas: Floats, moment: float) -> None:
    """A band of thin cloth that waves and is nowhere opaque: denser in its folds, with a hem."""
    down, across = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]].astype(np.float32) / _OVER
    middle = 120 + 38 * np.sin(across / 52 + 0.35 * moment) + 9 * np.sin(across / 17 - 0.2 * moment)
    half = 34 + 8 * np.sin(across / 31 - 0.3 * moment)
    off = np.abs(down - middle)
    inside = (off < half) & (across > 22) & (across < 296)
    folds = 0.45 + 0.2 * np.sin(down / 9 + 2 * np.sin(across / 40)) + 0.08 * np.sin(across / 7 + 0.5 * moment)
    cloth = np.where(off > half - 2.5, 0.8, np.clip(folds, 0.15, 0.75))
    canvas[inside] = cloth[inside]


def _smoke(canvas: Floats, moment: float) -> None:
    """A plume that rises from a small solid source, widens, and thins out to nothing."""
    down, across = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]].astype(np.float32) / _OVER
    height = np.clip(205 - down, 0, None)
    middle = 150 + 0.12 * height * np.sin(height / 34 - 0.4 * moment)
    wide = 9 + 0.33 * height
    rng, curls = np.random.default_rng(29), np.zeros(canvas.shape, np.float32)
    for step, strength in ((40, 0.5), (18, 0.3), (8, 0.2)):
        grid = rng.uniform(-1, 1, (HEIGHT // step + 8, WIDTH // step + 8)).astype(np.float32)
        field = cv2.resize(grid, (canvas.shape[1], canvas.shape[0] * 2), interpolation=cv2.INTER_CUBIC)
        start = int(canvas.shape[0] * 0.5 + 3 * _OVER * moment)
        curls += np.float32(strength) * field[start : start + canvas.shape[0]]
    body = np.exp(-(((across - middle) / wide) ** 2)) * np.exp(-height / 190) * (down < 207)
    canvas[:] = np.clip(body * (0.75 + 0.5 * curls), 0, 0.92)
    _disc(canvas, 150, 212, 15, 1.0)


def _arm(canvas: Floats, moment: float) -> None:
    """A body at the border and an arm that strikes, blurred over some 40 px at the hand; fingers a few pixels wide."""
    cv2.rectangle(canvas, (0, 60 * _OVER), (62 * _OVER, canvas.shape[0]), 1.0, -1)
    _disc(canvas, 34, 48, 27, 1.0)
    shoulder, angle = np.array([56.0, 96.0]), -0.9 + 0.32 * moment
    fore = angle + 0.35 * np.sin(0.8 * moment)
    elbow = shoulder + 78 * np.array([np.cos(angle), np.sin(angle)])
    hand = elbow + 74 * np.array([np.cos(fore), np.sin(fore)])
    for start, end, thick in ((shoulder, elbow, 25), (elbow, hand, 19)):
        cv2.polylines(canvas, [_points(np.stack([start, end]))], False, 1.0, thick * _OVER, cv2.LINE_8, 4)
    _disc(canvas, *hand, 13, 1.0)
    for spread in (-0.5, -0.2, 0.1, 0.4):
        tip = hand + 30 * np.array([np.cos(fore + spread), np.sin(fore + spread)])
        cv2.polylines(canvas, [_points(np.stack([hand, tip]))], False, 1.0, 5 * _OVER, cv2.LINE_8, 4)


Colours = tuple[tuple[float, float, float], tuple[float, float, float]]
CLIPS: dict[str, tuple[Callable[[Floats, float], None], int, Colours]] = {
    "hair": (_hair, 1, ((0.45, 0.28, 0.14), (0.25, 0.42, 0.52))),
    "veil": (_veil, 1, ((0.75, 0.66, 0.62), (0.22, 0.30, 0.20))),
    "swing": (_swing, 24, ((0.70, 0.25, 0.15), (0.40, 0.42, 0.30))),
    "lattice": (_lattice, 1, ((0.62, 0.45, 0.22), (0.28, 0.30, 0.42))),
}
"""Name: the shape at a moment in frames, instants of its shutter of 180 degrees, mean colours of both sides."""
BEFORE_SCREENS: dict[str, tuple[Callable[[Floats, float], None], int, Colours]] = {
    "scarf": (_scarf, 1, ((0.70, 0.30, 0.42), (0.25, 0.30, 0.40))),
    "smoke": (_smoke, 1, ((0.60, 0.60, 0.60), (0.25, 0.35, 0.25))),
    "arm": (_arm, 24, ((0.70, 0.50, 0.40), (0.30, 0.40, 0.30))),
}
"""More of them, for screen_clips.py alone."""


def _texture(seed: int, colour: tuple[float, float, float], coarse: int) -> Floats:
    """Coloured noise over three octaves around a colour, in [0.02, 0.98]; wider than the picture, to move in."""
    rng = np.random.default_rng(seed)
    size = (WIDTH + 64, HEIGHT + 64)
    total = np.zeros((size[1], size[0], 3), np.float32)
    for step, strength in ((coarse * 2, 0.16), (coarse, 0.10), (3, 0.04)):
        grid = rng.uniform(-1, 1, (size[1] // step + 3, size[0] // step + 3, 3)).astype(np.float32)
        total += np.float32(strength) * cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(total + np.float32(colour), 0.02, 0.98).astype(np.float32)


def _shifted(texture: Floats, x: float, y: float) -> Floats:
    move = np.array([[1, 0, x - 32], [0, 1, y - 32]], np.float32)
    return np.asarray(cv2.warpAffine(texture, move, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.float32)
