"""Short clips of soft subjects with exact alpha, foreground and background, rendered in float.

Every subject is a function of time that draws itself, premultiplied, over nothing; the plate is that over a background
of its own motion: ``plate = alpha * foreground + (1 - alpha) * background``. What it draws is averaged over sub-pixels
and, where it is blurred by its motion, over the open shutter, alpha and colour by the same sums, so that both are exact
for the plate. The same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

WIDTH, HEIGHT, FRAMES = 320, 240, 12
_FINE = 4  # sub-pixels along a side
_SUBFRAMES = 48
_SHUTTER = 0.5  # of a frame, centred on it


class Drawn(NamedTuple):
    """A subject at one time: premultiplied colour ``H x W x 3`` and alpha ``H x W``."""

    premultiplied: Array
    alpha: Array


class SoftFrame(NamedTuple):
    """One frame, float32: ``H x W x 3`` and ``H x W``. ``foreground`` is straight, and black where alpha is 0."""

    plate: Array
    alpha: Array
    foreground: Array
    background: Array


@cache
def noise(seed: int, height: int, width: int, coarsest: int = 48) -> Array:
    """Coloured noise over several octaves, in [0, 1], ``H x W x 3``."""
    rng, total = np.random.default_rng(seed), np.zeros((height, width, 3), np.float32)
    size = float(coarsest)
    while size >= 2:
        grid = rng.random((int(height / size) + 3, int(width / size) + 3, 3), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(size**0.6)
        size /= 2.5
    low, high = total.min(), total.max()
    texture = (total - low) / (high - low)
    texture.setflags(write=False)
    return texture


def averaged(fine: Array, times: int = _FINE) -> Array:
    """Means over blocks of ``times x times`` sub-pixels."""
    height, width = fine.shape[0] // times, fine.shape[1] // times
    blocks = fine.reshape(height, times, width, times, *fine.shape[2:])
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64), np.float32)


def centres(times: int = 1) -> tuple[Array, Array]:
    """x and y of the centres of all (sub-)pixels, in pixels of the picture."""
    y, x = np.indices((HEIGHT * times, WIDTH * times), np.float32)
    return (x + np.float32(0.5)) / times, (y + np.float32(0.5)) / times


def hair(time: float) -> Drawn:
    """A head with long thin strands that sway: a quarter of a pixel to one pixel wide."""
    return _strands(time, seed=11, count=420, length=(50, 105), radii=(38, 46), sway=9.0, tint=(0.42, 0.27, 0.14))


def fur(time: float) -> Drawn:
    """A round body with a dense, short coat."""
    return _strands(time, seed=12, count=1500, length=(8, 24), radii=(70, 52), sway=3.0, tint=(0.75, 0.7, 0.62))


def veil(time: float) -> Drawn:
    """A cloth that lets between a tenth and nine tenths of the background through, with a hard outline."""
    x, y = centres(2)
    edge = 88 + 9 * np.sin(y / 23 + time / 3) + 5 * np.sin(y / 9 - time / 2)
    inside = (np.abs(x - 160 - 3 * time) < edge) & (np.abs(y - 120) < 92 + 4 * np.sin(x / 17 + time / 2))
    folds = 0.5 + 0.28 * np.sin(x / 11 + 2.2 * np.sin(y / 40 + time / 4)) + 0.12 * np.sin(y / 6 + x / 19)
    alpha = np.where(inside, np.clip(folds, 0.1, 0.9), 0).astype(np.float32)
    colour = 0.25 + 0.7 * _moved(noise(21, HEIGHT * 2, WIDTH * 2, 90), 6 * time, 0) * np.float32([0.9, 0.55, 0.75])
    return _premultiplied(colour, alpha, 2)


def ball(time: float) -> Drawn:
    """A patterned ball, blurred by up to 20 px as it flies."""

    def sharp(moment: float) -> Drawn:
        x, y = centres()
        middle = 45 + 21 * moment, 130 - 70 * np.sin(np.pi * moment / 12)
        alpha = np.clip(34.5 - np.hypot(x - middle[0], y - middle[1]), 0, 1)
        pattern = noise(31, HEIGHT, WIDTH, 16) * np.float32([0.95, 0.5, 0.2]) + np.float32([0.05, 0.1, 0.1])
        return _premultiplied(_moved(pattern, middle[0] - 160, middle[1] - 120), alpha, 1)

    return _exposed(sharp, time)


def fan(time: float) -> Drawn:
    """Three blades that turn by 14 degrees a frame: sharp at the hub, blurred at their tips."""

    def sharp(moment: float) -> Drawn:
        x, y = centres(2)
        angle = np.arctan2(y - 120, x - 160) + np.radians(14 * moment)
        radius = np.hypot(x - 160, y - 120)
        blade = 108 * np.abs(np.cos(1.5 * angle)) ** 0.7
        alpha = np.clip((np.maximum(blade, 14) - radius) / 1.5 + 0.5, 0, 1)
        colour = np.float32([0.2, 0.45, 0.7]) + 0.25 * np.cos(radius / 4 + 2 * angle)[..., None]
        return _premultiplied(colour.astype(np.float32), alpha, 2)

    return _exposed(sharp, time)


def defocused(time: float) -> Drawn:
    """A shape close to the lens, its edge a blur of some 20 px."""
    x, y = centres()
    lobes = np.arctan2(y - 120, x - 150) * 5 + time / 4
    alpha = np.clip(74.5 + 18 * np.sin(lobes) - np.hypot(x - 150 - 2 * time, y - 120), 0, 1)
    colour = 0.1 + 0.8 * _moved(noise(41, HEIGHT, WIDTH, 60), 2 * time, 0) * np.float32([0.4, 0.9, 0.8])
    sharp = _premultiplied(colour, alpha, 1)
    return Drawn(*(np.asarray(cv2.GaussianBlur(part, (0, 0), 5.0), np.float32) for part in sharp))


def net(time: float) -> Drawn:
    """A turning net of wires one to two pixels wide: nothing of it is wholly opaque for long."""
    x, y = centres(_FINE)
    turn = np.radians(2.5 * time + 10)
    u = np.cos(turn) * (x - 160) + np.sin(turn) * (y - 120) + 3 * time
    v = np.cos(turn) * (y - 120) - np.sin(turn) * (x - 160)
    wires = (np.abs((u + 7) % 14 - 7) < 0.9) | (np.abs((v + 7) % 14 - 7) < 0.6)
    alpha = (wires & (np.hypot(x - 160, y - 120) < 100)).astype(np.float32)
    shade = (0.55 + 0.35 * np.sin(u / 13) * np.cos(v / 17)).astype(np.float32)
    return _premultiplied(shade[..., None] * np.float32([1.0, 0.8, 0.3]), alpha, _FINE)


SUBJECTS: dict[str, Callable[[float], Drawn]] = {
    "hair": hair,
    "fur": fur,
    "veil": veil,
    "ball": ball,
    "fan": fan,
    "defocused": defocused,
    "net": net,
}


def foliage(time: float) -> Array:
    """Strong, coarse to fine texture that pans."""
    return _moved(noise(51, HEIGHT, WIDTH * 2), 3 * time, 0)[:, :WIDTH] * np.float32([0.75, 1.0, 0.6])


def window_light(time: float) -> Array:
    """Dark with bright panes, far above 1 as in scene-linear plates."""
    x, y = centres()
    panes = ((x + 2 * time) % 80 > 26) & (y % 110 > 30)
    light = np.where(panes[..., None], np.float32([5.0, 5.6, 6.4]), np.float32([0.06, 0.05, 0.05]))
    light = light * (0.5 + _moved(noise(52, HEIGHT, WIDTH), 2 * time, 0))
    return np.asarray(cv2.GaussianBlur(light, (0, 0), 1.2), np.float32)


def green_screen(time: float) -> Array:
    """Green, lit unevenly."""
    x, y = centres()
    light = 0.8 + 0.25 * np.cos((x - 120 - time) / 140) * np.cos((y - 90) / 110)
    return np.asarray(light[..., None] * np.float32([0.12, 0.72, 0.2]), np.float32)


BACKGROUNDS: dict[str, Callable[[float], Array]] = {
    "foliage": foliage,
    "window light": window_light,
    "green screen": green_screen,
}


def soft_frame(subject: str, background: str, time: float) -> SoftFrame:
    """One frame of ``SUBJECTS[subject]`` over ``BACKGROUNDS[background]`` at ``time``, in frames from the start."""
    drawn, behind = SUBJECTS[subject](time), BACKGROUNDS[background](time)
    alpha = np.clip(drawn.alpha, 0, 1)
    plate = drawn.premultiplied + (1 - alpha[..., None]) * behind
    straight = drawn.premultiplied / np.maximum(alpha, np.float32(1e-6))[..., None]
    return SoftFrame(plate, alpha, np.where(alpha[..., None] > 0, straight, np.float32(0)), behind)


def soft_clip(subject: str, background: str, frames: int = FRAMES) -> list[SoftFrame]:
    return [soft_frame(subject, background, time) for time in range(frames)]


def _strands(
    time: float,
    *,
    seed: int,
    count: int,
    length: tuple[float, float],
    radii: tuple[float, float],
    sway: float,
    tint: tuple[float, float, float],
) -> Drawn:
    """Curved strands that grow out of an ellipse, each of one colour, the later ones in front."""
    rng = np.random.default_rng(seed)
    angle, reach, bend, phase = (rng.uniform(0, 1, count) for _ in range(4))
    angle, reach = 2 * np.pi * angle, length[0] + (length[1] - length[0]) * reach
    width = rng.choice([1, 1, 2, 3, 4], count)
    centre = np.array([150 + 2.5 * time, 118])
    palette = np.float32(tint) * rng.uniform(0.45, 1.5, (count + 2, 1)).astype(np.float32)
    which = np.zeros((HEIGHT * _FINE, WIDTH * _FINE), np.int32)
    axes = [int(radii[0] * _FINE), int(radii[1] * _FINE)]
    cv2.ellipse(which, [int(c * _FINE) for c in centre], axes, 0, 0, 360, 1, -1)
    along = np.linspace(0, 1, 14)[:, None]
    for n in range(count):
        out = np.array([np.cos(angle[n]), np.sin(angle[n])])
        side = np.array([-out[1], out[0]])
        root = centre + 0.97 * out * radii
        moved = sway * np.sin(0.5 * time + 2 * np.pi * phase[n]) + (bend[n] - 0.5) * reach[n]
        path = root + along * reach[n] * out + along**2 * moved * side + along**2 * (0, 0.25 * reach[n])
        points = np.rint(path * _FINE * 16).astype(np.int32)
        cv2.polylines(which, [points], False, n + 2, int(width[n]), cv2.LINE_8, 4)
    colour = palette[np.maximum(which - 1, 0)]
    shade = cv2.resize(0.7 + 0.6 * noise(seed, HEIGHT, WIDTH, 20), which.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return _premultiplied(colour * shade, (which > 0).astype(np.float32), _FINE)


def _premultiplied(colour: Array, alpha: Array, times: int) -> Drawn:
    alpha = np.asarray(alpha, np.float32)
    return Drawn(averaged(np.asarray(colour, np.float32) * alpha[..., None], times), averaged(alpha, times))


def _exposed(sharp: Callable[[float], Drawn], time: float) -> Drawn:
    """The mean of a sharp subject over the open shutter."""
    moments = [sharp(time + _SHUTTER * ((n + 0.5) / _SUBFRAMES - 0.5)) for n in range(_SUBFRAMES)]
    colour, alpha = (np.mean([each[part] for each in moments], axis=0, dtype=np.float64) for part in range(2))
    return Drawn(colour.astype(np.float32), alpha.astype(np.float32))


def _moved(picture: Array, right: float, down: float) -> Array:
    """A picture shifted by a fraction of pixels, continued by its mirror image."""
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = picture.shape[1::-1]
    return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101), np.float32)
