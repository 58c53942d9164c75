"""A small clip to export, and readers that share no code with roto: the ffmpeg program, Pillow, OpenImageIO."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame, ExportJob
from roto.frames.source import ClipInfo, ColourTags
from roto.image import Frame
from roto.timing import FrameRange


def make_clip(**changes: Any) -> ClipInfo:
    """A clip of frames 1001-1100 that starts two frames before an hour, so that time codes carry."""
    facts: dict[str, Any] = {
        "path": "shot.mov",
        "kind": "video",
        "codec": "h264",
        "width": 160,
        "height": 120,
        "range": FrameRange(1001, 1100),
        "rate": Fraction(30000, 1001),
        "bits": 8,
        "timecode": "00:59:59;28",
        "colour": ColourTags(9, 16, 9, False),
    }
    return ClipInfo(**{**facts, **changes})


def make_frames(job: ExportJob, dtype: type = np.uint8) -> list[ExportFrame]:
    """A soft disc that moves over a coloured ramp; layer "fg" has it, every other layer is absent."""
    width, height = job.clip.width, job.clip.height
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ramp = np.stack([x / width, y / height, (x + y) / (width + height)], axis=-1)
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    plate = (ramp * top).astype(dtype)
    frames = []
    for number in range(job.first, job.last + 1):
        centre = width / 3 + 4 * (number - job.first)
        disc = np.clip((height / 3 - np.hypot(x - centre, y - height / 2)) / 15 + 0.5, 0, 1).astype(np.float32)
        frames.append(ExportFrame(number, {"fg": disc}, Frame(number, plate)))
    return frames


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., ExportJob]:
    """``make_job(count=3, folder=..., layers=..., clip=dict(...), **fields)``: frames from 1003 on."""

    def make(count: int = 3, *, clip: Mapping[str, Any] | None = None, **fields: Any) -> ExportJob:
        defaults = {"folder": tmp_path / "out", "layers": ("fg",), "first": 1003, "last": 1003 + count - 1}
        return ExportJob(clip=make_clip(**(clip or {})), **{**defaults, **fields})

    return make


@pytest.fixture(scope="session")
def frames_of() -> Callable[..., list[ExportFrame]]:
    return make_frames


@pytest.fixture(scope="session")
def export() -> Callable[..., tuple[Path, ...]]:
    """``export(kind, job, frames)``: the finished files."""

    def run(kind: str, job: ExportJob, frames: list[ExportFrame]) -> tuple[Path, ...]:
        with EXPORTERS[kind].open(job) as writer:
            for frame in frames:
                writer.write(frame)
        return writer.files

    return run


@pytest.fixture(scope="session")
def assert_nearest() -> Callable[..., None]:
    """``assert_nearest(codes, frames, top)``: every code of layer "fg" is ``matte * top`` rounded to a neighbour, the
    nearest but for float32's own rounding."""

    def check(codes: NDArray[Any], frames: list[ExportFrame], top: int) -> None:
        exact = np.stack([frame.mattes["fg"].astype(np.float64) * top for frame in frames])
        assert np.abs(codes - exact).max() <= 0.5 + 2**-8

    return check


class Ffmpeg:
    """The ffmpeg program of imageio-ffmpeg: another build than the libraries that roto writes with."""

    def __init__(self) -> None:
        import imageio_ffmpeg

        self._program = imageio_ffmpeg.get_ffmpeg_exe()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [self._program, "-nostdin", "-hide_banner", *arguments]
        return subprocess.run(command, capture_output=True, check=False)

    def describe(self, path: Path) -> str:
        """What ffmpeg prints about a file."""
        return self.run("-i", str(path)).stderr.decode()

    def decode(self, path: Path, pixel_format: str, *, decoder: str | None = None) -> NDArray[Any]:
        """Every frame as ``N x H x W x channels``, by ffmpeg's own conversion to a packed or grey format."""
        channels = {"gray": 1, "gray16le": 1, "rgb24": 3, "rgba": 4, "rgba64le": 4}[pixel_format]
        dtype = "<u2" if pixel_format.endswith("le") else "u1"
        picked = ["-c:v", decoder] if decoder else []
        exact = ["-sws_flags", "accurate_rnd+full_chroma_int+bicubic"]
        output = ["-map", "0:v", "-fps_mode", "passthrough", *exact, "-f", "rawvideo", "-pix_fmt", pixel_format, "-"]
        done = self.run("-v", "error", *picked, "-i", str(path), *output)
        assert done.returncode == 0, done.stderr.decode()
        width, height = self.size(path)
        return np.frombuffer(done.stdout, dtype).reshape(-1, height, width, channels)

    def planes(self, path: Path, pixel_format: str, plane: str, *, decoder: str | None = None) -> NDArray[np.uint16]:
        """One plane ("y" or "a") as it is coded, ``N x H x W`` in 16 bits."""
        picked = ["-c:v", decoder] if decoder else []
        output = ["-map", "0:v", "-fps_mode", "passthrough", "-vf", f"format={pixel_format},extractplanes={plane}"]
        done = self.run("-v", "error", *picked, "-i", str(path), *output, "-f", "rawvideo", "-")
        assert done.returncode == 0, done.stderr.decode()
        width, height = self.size(path)
        dtype = "<u2" if pixel_format.endswith("le") else "u1"
        return np.frombuffer(done.stdout, dtype).reshape(-1, height, width).astype(np.uint16)

    def size(self, path: Path) -> tuple[int, int]:
        found = re.search(r"Video: .*?, (\d+)x(\d+)", self.describe(path))
        assert found, self.describe(path)
        return int(found[1]), int(found[2])

    def times(self, path: Path) -> list[Fraction]:
        """Presentation times of the packets in seconds."""
        text = self.run(
            "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framecrc", "-"
        ).stdout.decode()
        base = re.search(r"#tb 0: (\d+)/(\d+)", text)
        assert base, text
        tick = Fraction(int(base[1]), int(base[2]))
        return [int(line.split(",")[2]) * tick for line in text.splitlines() if not line.startswith("#")]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg()
