"""The camera: opens its shutter on a scene, develops what it saw, and writes plate and matte.

A scene is sampled many times while the shutter is open, at twice the final size. Plate and matte are averaged and
scaled by the very same sums, so that the matte is the exact share of the light in each pixel that comes from the
subject: motion blur, soft edges and whatever stands in front included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from texture import Array, fractal

WIDTH, HEIGHT = 640, 360
OVERSAMPLE = 2
SHUTTER_SAMPLES = 8
SHUTTER = 0.5  # of a frame: a 180 degree shutter, opening at the frame's own time


class Sample(NamedTuple):
    """One instant at ``OVERSAMPLE`` times the size: linear ``H x W x 3`` light, the subject's visible share."""

    light: Array
    visible: Array


class Scene(Protocol):
    name: str
    seed: int
    rate: Fraction
    frames: int
    timecode: str | None
    keys: tuple[int, ...]  # counted from the clip's first frame
    exposure: float
    saturation: float
    grain: float  # deviation in 8-bit code values at mid grey
    crf: int

    def sample(self, time: float) -> Sample:
        """The scene at ``time``, in frames from the start."""


def expose(scene: Scene, index: int) -> tuple[Array, Array]:
    """Light and matte of one frame at final size, float32: ``H x W x 3`` and ``H x W`` in [0, 1]."""
    light = np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE, 3), np.float32)
    matte = np.zeros((HEIGHT * OVERSAMPLE, WIDTH * OVERSAMPLE), np.float32)
    for step in range(SHUTTER_SAMPLES):
        sample = scene.sample(index + SHUTTER * step / SHUTTER_SAMPLES)
        light += sample.light
        matte += sample.visible
    return halved(light / SHUTTER_SAMPLES), np.clip(halved(matte / SHUTTER_SAMPLES), 0, 1)


def halved(image: Array) -> Array:
    """Half the size by the (1 3 3 1) / 8 kernel: the softness of a lens, in additions that every CPU does alike."""
    edge = [(1, 1), (1, 1)] + [(0, 0)] * (image.ndim - 2)
    wide = np.pad(image, edge, mode="edge")
    rows = (wide[0:-3:2] + 3 * wide[1:-2:2] + 3 * wide[2:-1:2] + wide[3::2]) / 8
    out: Array = (rows[:, 0:-3:2] + 3 * rows[:, 1:-2:2] + 3 * rows[:, 2:-1:2] + rows[:, 3::2]) / 8
    return out


def develop(scene: Scene, light: Array, index: int) -> NDArray[np.uint8]:
    """Scene-linear light to display RGB: exposure, a little glow, falling-off corners, film curve, grain."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    radius = ((x - WIDTH / 2) ** 2 + (y - HEIGHT / 2) ** 2) / (WIDTH / 2) ** 2
    glow = cv2.GaussianBlur(light, (0, 0), 9)
    value = (light * 0.95 + glow * 0.05) * (scene.exposure * (1 - 0.28 * radius))[..., None]
    curved = np.clip(value * (2.51 * value + 0.03) / (value * (2.43 * value + 0.59) + 0.14), 0, 1)  # Narkowicz' fit
    display = np.where(curved <= 0.0031308, 12.92 * curved, 1.055 * np.power(np.maximum(curved, 1e-6), 1 / 2.4) - 0.055)
    luma = display @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    display = luma[..., None] + (display - luma[..., None]) * scene.saturation
    weight = scene.grain * (0.35 + 2.6 * luma * (1 - luma))
    grain = fractal(scene.seed * 7919 + index, HEIGHT, WIDTH, 0.25) * weight
    tinge = np.random.default_rng([scene.seed, index]).standard_normal((HEIGHT, WIDTH, 3)) * (0.35 * weight)[..., None]
    return np.clip(display * 255 + grain[..., None] + tinge + 0.5, 0, 255).astype(np.uint8)


def shot_frame(scene: Scene, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Plate (``H x W x 3``) and matte (``H x W``) of one frame, 8 bits, as they are written."""
    light, matte = expose(scene, index)
    return develop(scene, light, index), (matte * 255 + 0.5).astype(np.uint8)


def write_clip(scene: Scene, frames: Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]], folder: Path) -> None:
    """Write ``plate.mp4`` (H.264, BT.709) and ``alpha.mkv`` (FFV1, 8-bit grey) into ``folder``."""
    exact = {"fflags": "bitexact"}  # Matroska would draw a random number otherwise
    with (
        av.open(str(folder / "plate.mp4"), "w") as plates,
        av.open(str(folder / "alpha.mkv"), "w", options=exact) as mattes,
    ):
        plate = plates.add_stream("libx264", rate=scene.rate)
        plate.pix_fmt = "yuv420p"
        plate.options = {"crf": str(scene.crf), "preset": "veryslow", "threads": "1", "g": "24"}
        matte = mattes.add_stream("ffv1", rate=scene.rate)
        matte.pix_fmt = "gray"
        matte.options = {"level": "3", "coder": "1", "context": "1", "slices": "4"}
        if scene.timecode is not None:
            plate.metadata["timecode"] = scene.timecode
        for stream in (plate, matte):
            stream.width, stream.height = WIDTH, HEIGHT
        context = plate.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 1, 1, 1, 1
        for rgb, grey in frames:
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            plates.mux(plate.encode(picture))
            mattes.mux(matte.encode(av.VideoFrame.from_ndarray(grey, format="gray")))
        plates.mux(plate.encode(None))
        mattes.mux(matte.encode(None))


def handheld(seed: int, time: float, strength: float) -> tuple[float, float, float]:
    """The unrest of a hand-held camera: shift in x and y (pixels) and roll (degrees)."""
    phases = np.random.default_rng(seed).uniform(0, 2 * math.pi, (3, 3))
    speeds, amounts = (0.11, 0.26, 0.55), (1.0, 0.45, 0.15)
    x, y, roll = (
        sum(math.sin(speed * time + phase) * amount for speed, phase, amount in zip(speeds, row, amounts, strict=True))
        for row in phases
    )
    return strength * x, strength * 0.8 * y, strength * 0.06 * roll


def eased(t: float) -> float:
    """0 to 1 with a gentle start and end."""
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)
