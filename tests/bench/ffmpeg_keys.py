"""FFmpeg's ``chromakey`` and ``colorkey`` filters as a program's user has them, at the best of a grid of settings."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

FILTERS = {"chromakey": "yuva444p", "colorkey": "rgba"}
SIMILARITIES = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4)
BLENDS = (0.0, 0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4)


def ffmpeg_key(frames: Sequence[Bytes], filter_name: str, colour: str, similarity: float, blend: float) -> list[Floats]:
    """Mattes, float32 ``H x W`` in steps of 1/255, of raw frames ``H x W x 3``."""
    from imageio_ffmpeg import get_ffmpeg_exe

    height, width = frames[0].shape[:2]
    # rgb24 goes in and full-range grey comes out, so that neither end costs the filter any precision
    steps = f"format={FILTERS[filter_name]},{filter_name}={colour}:{similarity}:{blend},alphaextract"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-i", "-", "-vf", steps, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = np.stack(frames).tobytes()
    done = subprocess.run(command, input=raw, capture_output=True, check=True)
    mattes = np.frombuffer(done.stdout, np.uint8).reshape(len(frames), height, width)
    return [matte.astype(np.float32) / np.float32(255) for matte in mattes]


def best_of_grid(
    frames: Sequence[Bytes], filter_name: str, colour: str, errors: Callable[[list[Floats]], Sequence[float]]
) -> list[tuple[float, float, float]]:
    """For each error by itself: its least mean over the frames, and the similarity and blend that give it."""
    found: list[tuple[float, float, float]] = []
    for similarity, blend in itertools.product(SIMILARITIES, BLENDS):
        values = errors(ffmpeg_key(frames, filter_name, colour, similarity, blend))
        tried = [(value, similarity, blend) for value in values]
        found = [min(pair) for pair in zip(found, tried, strict=True)] if found else tried
    return found
