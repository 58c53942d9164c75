"""Clips made on the spot: each frame carries its number in its pixels, so that no frame can pass for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

BLOCK = 8  # pixels a bit; survives lossy codecs
WIDTH, HEIGHT = 10 * BLOCK, 4 * BLOCK


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """RGB with the bits of ``number`` as black and white blocks along the top and noise-free grey below."""
    picture = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for bit in range(WIDTH // BLOCK):
        picture[: 2 * BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
    return picture


def number_in(pixels: NDArray[Any]) -> int:
    """The number that a picture from :func:`numbered_picture` carries, whatever a codec did to it."""
    level = pixels.astype(np.float64).mean(axis=2) / (65535 if pixels.dtype == np.uint16 else 255)
    centres = level[BLOCK, BLOCK // 2 :: BLOCK]
    return sum(1 << bit for bit, value in enumerate(centres) if value > 0.5)


def write_video(
    path: Path,
    count: int = 24,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: Fraction | int = 25,
    options: dict[str, str] | None = None,
    stamps: Sequence[int] | None = None,
    frames: Sequence[av.VideoFrame] | None = None,
    matrix: Sequence[int] | None = None,
    timecode: str | None = None,
    aspect: Fraction | None = None,
    prepare: Callable[[Any, Any], None] = lambda container, stream: None,
) -> Path:
    """Encode numbered pictures, or the given frames. ``stamps`` are times in 1/90000 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        if frames is None:
            frames = [
                av.VideoFrame.from_ndarray(numbered_picture(n), "rgb24").reformat(format=pix_fmt) for n in range(count)
            ]
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, pix_fmt
        if stamps is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 90000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if matrix is not None:
            stream.set_display_matrix(matrix)
        if timecode is not None:
            container.metadata["timecode"] = timecode
        prepare(container, stream)
        for number, frame in enumerate(frames):
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 90000)
            else:
                frame.pts, frame.time_base = number, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def make_video() -> Callable[..., Path]:
    return write_video


@pytest.fixture(scope="session")
def read_number() -> Callable[[NDArray[Any]], int]:
    return number_in
