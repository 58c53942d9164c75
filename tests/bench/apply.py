"""Frames per second of putting a layer over a background, beside FFmpeg's ``overlay``; and what effects cost.

    python tests/bench/apply.py [--frames 48] [--rounds 5] [--size 1920x1080]

Both read the same raw frames from files and write raw frames to nowhere, in turns, in this one run, on one thread.
FFmpeg gets RGBA with 8 bits of alpha, roto RGB and a float32 matte of the same numbers, as its layers have it: it reads
half as much again. FFmpeg's rows differ in the format that ``overlay`` blends in; the last is given raw YUV 4:2:0 in
place of RGB, which is half of the bytes and of the values, and other pictures. The time that FFmpeg needs for one
frame is taken off, so that its start does not count. Rates are medians over the rounds; so are the ratios, each of one
round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from roto.composite import EFFECT_FAMILY
from roto.composite.blend import blend
from roto.composite.light import light_of
from roto.composite.treat import treat
from roto.edge.colour import ColourOptions, straight_colour
from roto.image import Frame, bounding_box

Bytes = NDArray[np.uint8]

MATTES = ("disc", "soft")
RGB, YUV = ("rgb24", "rgba"), ("yuv420p", "yuva420p")
# by row: what overlay is told to blend in, and the raw frames that it gets and gives
ROWS = {
    "overlay=format=rgb": ("rgb", RGB),
    "overlay=format=gbrp": ("gbrp", RGB),
    "overlay (yuv420 by default)": ("yuv420", RGB),
    "overlay, raw yuv420p": ("yuv420", YUV),
}
EFFECTS = ("grade=0.5", "grade=0.5,contrast=1.2,saturation=0.8", "blur=4", "blur=40", "pixelate=24", "sharpen")


def texture(height: int, width: int, seed: int) -> Bytes:
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.random((height // 16 + 1, width // 16 + 1, 3), np.float32), (width, height))
    return (255 * (0.8 * coarse + 0.2 * rng.random((height, width, 3), np.float32))).astype(np.uint8)


def alpha_of(kind: str, height: int, width: int, step: int) -> Bytes:
    """A disc of a good quarter of the picture with an edge of 8 pixels, or a ramp that is partial nearly everywhere."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    if kind == "soft":
        return (255 * ((x + 7 * step) % width) / width).astype(np.uint8)
    distance = 0.4 * height - np.hypot(x - 0.4 * width - 8 * step, y - 0.5 * height)
    return np.rint(255 * np.clip(distance / 8 + 0.5, 0, 1)).astype(np.uint8)


def write_frames(folder: Path, kind: str, count: int, height: int, width: int) -> None:
    back, front = texture(height, width, 1), texture(height, width, 2)
    files = {name: (folder / f"{kind}.{name}").open("wb") for name in ("back", "rgba", "front", "matte")}
    for step in range(count):
        behind, alpha = np.roll(back, 9 * step, axis=1), alpha_of(kind, height, width, step)
        files["back"].write(behind.tobytes())
        files["rgba"].write(np.dstack([front, alpha]).tobytes())
        files["front"].write(front.tobytes())
        files["matte"].write((alpha / np.float32(255)).astype(np.float32).tobytes())
    for file in files.values():
        file.close()


def by_roto(folder: Path, kind: str, count: int, height: int, width: int) -> float:
    """Seconds for all frames but the first, which warms up as FFmpeg's is taken off."""
    started = 0.0
    with (
        (folder / f"{kind}.back").open("rb") as back,
        (folder / f"{kind}.front").open("rb") as front,
        (folder / f"{kind}.matte").open("rb") as mattes,
        Path(os.devnull).open("wb") as out,
    ):
        for step in range(count):
            if step == 1:
                started = time.perf_counter()
            behind, above = (
                np.fromfile(file, np.uint8, height * width * 3).reshape(height, width, 3) for file in (back, front)
            )
            matte = np.fromfile(mattes, np.float32, height * width).reshape(height, width)
            box = bounding_box(matte > 0)
            out.write(blend(behind, above[box.slices], matte, box))
    return time.perf_counter() - started


def by_ffmpeg(folder: Path, kind: str, row: str, count: int, height: int, width: int) -> float:
    """Seconds for all frames, less those for one."""
    return _overlay(folder, kind, row, count, height, width) - _overlay(folder, kind, row, 1, height, width)


def _overlay(folder: Path, kind: str, row: str, count: int, height: int, width: int) -> float:
    form, (base, above) = ROWS[row]
    suffix = ".yuv" if (base, above) == YUV else ""
    raw = ["-f", "rawvideo", "-s", f"{width}x{height}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-filter_complex_threads", "1"]
    command += [*raw, "-pix_fmt", base, "-i", str(folder / f"{kind}.back{suffix}")]
    command += [*raw, "-pix_fmt", above, "-i", str(folder / f"{kind}.rgba{suffix}")]
    command += ["-filter_complex", f"[0][1]overlay=format={form}", "-frames:v", str(count), "-threads", "1"]
    command += ["-f", "rawvideo", "-pix_fmt", base, os.devnull]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def as_yuv(folder: Path, kind: str, height: int, width: int) -> None:
    for name, given, wanted in (("back", "rgb24", "yuv420p"), ("rgba", "rgba", "yuva420p")):
        raw = ["-f", "rawvideo", "-s", f"{width}x{height}", "-pix_fmt", given, "-i", str(folder / f"{kind}.{name}")]
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-nostdin",
            *raw,
            "-pix_fmt",
            wanted,
            "-f",
            "rawvideo",
        ]
        subprocess.run([*command, str(folder / f"{kind}.{name}.yuv")], check=True)


def race(
    folder: Path, kind: str, count: int, rounds: int, height: int, width: int
) -> Iterator[tuple[str, float, float]]:
    """For every row its name, frames a second, and roto's rate by it."""
    write_frames(folder, kind, count, height, width)
    as_yuv(folder, kind, height, width)
    seconds: dict[str, list[float]] = {name: [] for name in ("roto", *ROWS)}
    for _ in range(rounds):
        seconds["roto"].append(by_roto(folder, kind, count, height, width))
        for row in ROWS:
            seconds[row].append(by_ffmpeg(folder, kind, row, count, height, width))
    for file in folder.glob(f"{kind}.*"):
        file.unlink()
    for name, each in seconds.items():
        yield name, (count - 1) / median(each), median(o / r for o, r in zip(each, seconds["roto"], strict=True))


def effect_times(height: int, width: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Milliseconds a frame inside the disc, 8 bits."""
    plate = Frame(0, texture(height, width, 1))
    matte = (alpha_of("disc", height, width, 0) / np.float32(255)).astype(np.float32)
    behind, light = texture(height, width, 2), light_of(linear=False)

    def timed(work: Callable[[], object]) -> float:
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            work()
            times.append(time.perf_counter() - started)
        return 1000 * median(times)

    yield "background alone", timed(lambda: treat(plate, matte, [], light, behind=behind))
    in_linear = light_of(linear=False, blend_in="linear")
    yield "background alone, in linear light", timed(lambda: treat(plate, matte, [], in_linear, behind=behind))
    for text in EFFECTS:
        effect = EFFECT_FAMILY.parse(text)
        yield text, timed(lambda effect=effect: treat(plate, matte, [effect], light))
    original = plate.rgb_float()
    yield "the layer's own colour", timed(lambda: straight_colour(original, matte, ColourOptions()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", default="1920x1080")
    args = parser.parse_args()
    width, height = (int(part) for part in args.size.split("x"))
    cv2.setNumThreads(1)
    print(f"{width} x {height}, {args.frames} frames, median of {args.rounds} rounds\n")
    print(f"{'matte':<8}{'':<30}{'frames a second':>16}{'roto by it':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in MATTES:
            for name, rate, ratio in race(Path(folder), kind, args.frames, args.rounds, height, width):
                print(f"{kind:<8}{name:<30}{rate:>16.0f}{ratio:>12.2f}")
    print(f"\n{'inside a disc of a quarter of the frame':<42}{'ms a frame':>12}")
    for name, milliseconds in effect_times(height, width, args.rounds):
        print(f"{name:<42}{milliseconds:>12.1f}")


if __name__ == "__main__":
    main()
