"""Frames per second from decode to PNG, beside pure DIS flow on the same frames; stages; peak memory.

    python tests/bench/speed.py [--frames 100] [--workers N] [--size 854x480] [--quality fast,normal,best]

Everything is measured in this one run, on clips that it renders itself: a textured subject that moves and turns over
a textured, panning background. "fps" counts everything; "apart" leaves out the seconds that went into fitting to the
keyframes, which the workers are taken to share evenly. Peak memory is the sum over roto's processes, sampled every
half second: to read it more often takes a tenth of the processors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

Image = NDArray[np.uint8]
_SAMPLED_S = 0.5


def texture(height: int, width: int, seed: int) -> NDArray[np.float32]:
    """Smooth coloured noise over several octaves, 0-255."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for octave in (64, 24, 8, 3):
        grid = rng.random((height // octave + 2, width // octave + 2, 3), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * octave**0.5
    total -= total.min()
    return total * (255 / total.max())


class Scene:
    """A subject that fills about a tenth of the picture, whatever its size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.back = texture(height + height // 2, width * 2, 1)
        self.fore = texture(height, width, 2) * 0.7 + (70, 20, 0)

    def matte(self, t: int) -> Image:
        phase = t * 2 * np.pi / 120
        centre = (self.width * (0.5 + 0.22 * np.sin(phase)), self.height * (0.5 + 0.1 * np.sin(2 * phase)))
        axes = (self.width * 0.11 * (1 + 0.15 * np.sin(3 * phase)), self.height * 0.26)
        matte = np.zeros((self.height, self.width), np.uint8)
        fixed = [round(v * 16) for v in (*centre, *axes)]
        cv2.ellipse(matte, tuple(fixed[:2]), tuple(fixed[2:]), np.degrees(phase), 0, 360, 255, -1, cv2.LINE_AA, 4)
        return matte

    def frame(self, t: int) -> Image:
        pan = round(self.width * (0.4 + 0.35 * np.sin(t * 2 * np.pi / 200)))
        back = self.back[: self.height, pan : pan + self.width]
        shift = np.float32([[1, 0, self.width * 0.22 * np.sin(t * 2 * np.pi / 120)], [0, 1, 0]])
        fore = cv2.warpAffine(self.fore, shift, (self.width, self.height), borderMode=cv2.BORDER_REFLECT)
        alpha = self.matte(t)[..., None].astype(np.float32) / 255
        return np.clip(fore * alpha + back * (1 - alpha), 0, 255).astype(np.uint8)


def render(folder: Path, width: int, height: int, frames: int) -> tuple[Path, list[tuple[int, Path]]]:
    """A clip and keyframe masks at every fiftieth frame."""
    scene = Scene(width, height)
    path = folder / f"{width}x{height}_{frames}.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for t in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene.frame(t), format="rgb24")))
        container.mux(stream.encode())
    keys = []
    for t in [*range(0, frames - 1, 50), frames - 1]:
        keys.append((t, folder / f"{path.stem}.{t}.png"))
        cv2.imwrite(str(keys[-1][1]), scene.matte(t))
    return path, keys


@dataclass(frozen=True)
class Measured:
    """A run: seconds by stage, summed over the workers, wall seconds, and the peak memory of all processes in MB."""

    stages: dict[str, float]
    seconds: float
    peak: float


def run_roto(clip: Path, keys: list[tuple[int, Path]], out: Path, workers: int, quality: str | None) -> Measured:
    command = [sys.executable, "-m", "roto", "track", str(clip), "-o", str(out), "--json", "--workers", str(workers)]
    if quality:
        command += ["--quality", quality]
    for number, file in keys:
        command += ["--mask", f"{number}={file}"]
    started = time.perf_counter()
    answer = out.with_suffix(".json")  # a file: nobody empties a pipe while memory is sampled
    with answer.open("w") as file:
        process = subprocess.Popen(command, stdout=file)
    peak, tree = 0.0, psutil.Process(process.pid)
    while process.poll() is None:
        resident = 0
        try:
            for each in [tree, *tree.children(recursive=True)]:
                resident += each.memory_full_info().pss
        except psutil.NoSuchProcess:
            pass
        peak = max(peak, resident / 1e6)
        time.sleep(_SAMPLED_S)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}")
    return Measured(json.loads(answer.read_text())["seconds"], seconds, peak)


def pure_flow(clip: Path) -> float:
    """Frames a second of decoding and DIS medium, both directions, full frame, one thread, on the first 100 frames."""
    cv2.setNumThreads(1)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    started, count, previous = time.perf_counter(), 0, None
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            grey = cv2.cvtColor(frame.to_ndarray(format="rgb24"), cv2.COLOR_RGB2GRAY)
            if previous is not None:
                dis.calc(previous, grey, None)
                dis.calc(grey, previous, None)
            previous, count = grey, count + 1
            if count == 100:
                break
    return count / (time.perf_counter() - started)


def measure(clip: Path, keys: list[tuple[int, Path]], frames: int, workers: int, quality: str | None) -> Measured:
    """A run from scratch, and its line of the table."""
    with tempfile.TemporaryDirectory() as out:
        found = run_roto(clip, keys, Path(out) / "out", workers, quality)
    flow, work = pure_flow(clip), sum(found.stages.values())
    shares = ", ".join(f"{name} {100 * spent / work:.0f}%" for name, spent in found.stages.items())
    fitting = found.stages.get("fitting", 0.0)
    fps, apart = frames / found.seconds, frames / (found.seconds - fitting / min(workers, len(keys) - 1))
    print(
        f"{clip.stem:>16} {quality or '':>7} {fps:7.2f} {apart:7.2f} {fitting:10.1f} {flow:8.2f} {apart / flow:6.2f}"
        f" {found.peak:8.0f}   {shares}",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--size", default="854x480")
    parser.add_argument("--workers", type=int, default=psutil.cpu_count() or 1)
    parser.add_argument("--quality", default="", help="qualities, with commas; the default one by default")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    sizes = [(width, height, args.frames), (width, height, args.frames * 10), (1920, 1080, args.frames)]
    with tempfile.TemporaryDirectory() as folder:
        clips = [render(Path(folder), w, h, frames) for w, h, frames in sizes]
        print(
            f"{'clip':>16} {'quality':>7} {'fps':>7} {'apart':>7} {'fitting, s':>10} {'DIS fps':>8} {'ratio':>6}"
            f" {'peak MB':>8}   stages (share of the work)"
        )
        for quality in args.quality.split(","):
            short, long, large = (
                measure(clip, keys, frames, args.workers, quality)
                for (clip, keys), (_, _, frames) in zip(clips, sizes, strict=True)
            )
            print(
                f"memory at {args.frames * 10} frames is {long.peak / short.peak:.2f} times that at {args.frames}, "
                f"time at 1080p {large.seconds / short.seconds:.2f} times that at {args.size}"
            )


if __name__ == "__main__":
    main()
