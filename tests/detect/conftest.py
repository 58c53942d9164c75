"""Rendered clips: a camera that pans over texture, with or without a disc that goes its own way, and exact mattes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.find import working_picture
from roto.detect.propose import neighbours_of, same_shot
from roto.timing import FrameRange

WIDTH, HEIGHT, COUNT = 240, 160, 13


@dataclass(frozen=True)
class Panned:
    """Frames 0 to 12, uint8 RGB, and the exact matte of what moves in them."""

    frames: list[NDArray[np.uint8]]
    mattes: list[NDArray[np.float32]]

    @property
    def range(self) -> FrameRange:
        return FrameRange(0, len(self.frames) - 1)

    def read(self, numbers: object) -> dict[int, NDArray[np.uint8]]:
        return {number: working_picture(self.frames[number]) for number in numbers}  # type: ignore[attr-defined]

    def around(self, number: int) -> dict[int, NDArray[np.uint8]]:
        return same_shot(number, self.read(neighbours_of(number, self.range)))


def texture(seed: int, height: int, width: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.random((height // n + 2, width // n + 2, 3), np.float32), (width, height)) for n in (3, 9)]
    return np.asarray(0.5 * layers[0] + 0.5 * layers[1], np.float32)


def render(
    disc: float,
    *,
    pan: float = 3.0,
    disc_speed: tuple[float, float] = (-2.0, 1.0),
    noise: float = 0.01,
    count: int = COUNT,
) -> Panned:
    """``disc`` is its radius, 0 for none; speeds are in pixels a frame, the disc's those that are seen."""
    back = texture(1, HEIGHT + 40, WIDTH + 120) * 0.6
    fore = texture(2, HEIGHT, WIDTH) * 0.5 + np.array([0.4, 0.25, 0.05], np.float32)
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    frames, mattes = [], []
    for i in range(count):
        dx, dy = disc_speed[0] * (i - 6), disc_speed[1] * (i - 6)
        matte = np.clip(disc + 0.5 - np.hypot(x - 125 - dx, y - 80 - dy), 0, 1).astype(np.float32)
        if disc == 0:
            matte[:] = 0
        plate = cv2.remap(back, x + np.float32(10 + pan * i), y + np.float32(10 + pan / 3 * i), cv2.INTER_CUBIC)
        own = cv2.remap(fore, x - np.float32(dx), y - np.float32(dy), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        picture = plate + (own - plate) * matte[..., None] + rng.normal(0, noise, plate.shape)
        frames.append(np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8))
        mattes.append(matte)
    return Panned(frames, mattes)


@pytest.fixture(scope="session")
def disc() -> Panned:
    return render(26)


@pytest.fixture(scope="session")
def bare() -> Panned:
    """The pan without anything that moves by itself."""
    return render(0)


@pytest.fixture(scope="session")
def flower() -> NDArray[np.uint8]:
    """A still: one red blob left of the middle of a quiet green picture."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    blob = np.clip(30.5 - np.hypot(x - 100, y - 85), 0, 1)[..., None]
    ground = np.array([0.25, 0.4, 0.2]) + 0.06 * texture(7, HEIGHT, WIDTH)
    picture = ground + (np.array([0.8, 0.15, 0.1]) - ground) * blob
    return np.asarray(picture * 255, np.uint8)


@pytest.fixture(scope="session")
def flower_matte() -> NDArray[np.float32]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.clip(30.5 - np.hypot(x - 100, y - 85), 0, 1).astype(np.float32)
