"""Videos: one file a layer through PyAV, with the source's timing, time code, pixel aspect and colour tags.

A codec is a small file of its own (prores.py, ffv1.py ...): how pixels become planes, and the encoder's options.
Threads are fixed in number and nothing in a file tells when or where it was written: the same frames give the same
bytes, however many cores there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from roto.errors import OutputError
from roto.export.exporter import ExportFrame, ExportJob
from roto.export.naming import job_timecode, job_times, time_base, video_path
from roto.export.pixels import Integers
from roto.export.staging import Staging
from roto.export.writer import StagedWriter
from roto.frames.source import ColourTags
from roto.image import Frame, Matte

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_THREADS = 4  # fixed, since an encoder's bytes can depend on it
_BUFFER = 1 << 20
_FINEST_RATE = 1 << 20  # FFmpeg's fractions have 31 bits


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes in the order of a FFmpeg pixel format, and the colour that they are in. ``coded`` are the tags that the
    coded frames have, where the codec knows fewer than the container."""

    pixel_format: str
    planes: list[Integers]  # H x W, or H x W x channels where the format is packed
    tags: ColourTags
    coded: ColourTags | None = None


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder of FFmpeg, its options, and whether it refuses odd widths."""

    encoder: str
    options: Mapping[str, str]
    even_width: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoExporter:
    """One codec in one container. ``paint`` makes the encoder's picture of a matte and, where it needs it, a plate."""

    name: str
    summary: str
    tag: str = ""
    extension: str
    container: str  # FFmpeg's name of the muxer
    codecs: tuple[Codec, ...]  # the first that takes the clip's size is used
    needs_plate: bool
    paint: Callable[[Matte, Frame | None, ColourTags], Picture]  # given the tags of the source
    set_pixel_aspect: Callable[[IO[bytes], Fraction], None] | None = None  # where FFmpeg's muxer does not do it
    place: Path | None = None  # in the folder, where the user names it; for one layer

    @property
    def numbered(self) -> bool:
        return False

    def unavailable(self) -> str | None:
        import av

        for codec in self.codecs:
            try:
                av.Codec(codec.encoder, "w")
            except av.codec.codec.UnknownCodecError:
                return f"PyAV {av.__version__} was built without the encoder {codec.encoder}; install av from PyPI"
        return None

    def targets(self, job: ExportJob) -> tuple[Path, ...]:
        job_times(job)  # refuses times that a video cannot have
        return tuple(job.folder / path for path in self._paths(job))

    def open(self, job: ExportJob) -> StagedWriter:
        return StagedWriter(
            self.name, job, self._paths(job), self.needs_plate, lambda staging: _Videos(self, job, staging)
        )

    def path(self, job: ExportJob, layer: str) -> Path:
        if self.place is not None:
            return self.place
        return video_path(layer, self.tag, self.extension) if job.name is None else job.name(layer, None)

    def _paths(self, job: ExportJob) -> list[Path]:
        return [self.path(job, layer) for layer in job.layers]


class _Videos:
    """The open files of a job, one a layer."""

    def __init__(self, exporter: VideoExporter, job: ExportJob, staging: Staging) -> None:
        times = job_times(job)
        self._first = job.first
        self._tags = job.clip.colour
        self._paint = exporter.paint
        self._times = (*times, times[-1] + (times[-1] - times[-2] if len(times) > 1 else 1 / job.clip.rate))
        self._open: dict[str, _Video] = {}
        try:
            for layer in job.layers:
                self._open[layer] = _Video(exporter, job, staging.path(exporter.path(job, layer)), times)
        except BaseException:
            self.abandon()
            raise

    def add(self, frame: ExportFrame) -> None:
        place = frame.number - self._first
        for layer, matte in frame.mattes.items():
            self._open[layer].add(
                self._paint(matte, frame.colours.get(layer, frame.plate), self._tags), *self._times[place : place + 2]
            )

    def close(self) -> None:
        for video in self._open.values():
            video.close()

    def abandon(self) -> None:
        for video in self._open.values():
            video.abandon()


class _Sink:
    """What a container writes to: the file, until that is given up. A container that is closed then still writes out
    what it has buffered, and if the disk is full PyAV prints that to standard error."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.given_up = False
        self.seek, self.tell, self.read = file.seek, file.tell, file.read

    def write(self, data: bytes) -> int:
        return len(data) if self.given_up else self._file.write(data)


class _Video:
    """One file. The encoder opens with the first picture, which knows the pixel format and the colour tags."""

    def __init__(self, exporter: VideoExporter, job: ExportJob, path: Path, times: tuple[Fraction, ...]) -> None:
        import av

        self._exporter = exporter
        self._job = job
        self._codec = next(c for c in exporter.codecs if not (c.even_width and job.clip.width % 2))
        self._time_base = time_base(times, job.clip.rate)
        self._file: IO[bytes] = path.open("w+b")
        self._sink = _Sink(self._file)
        self._container: OutputContainer = av.open(
            self._sink, "w", format=exporter.container, buffer_size=_BUFFER, container_options={"fflags": "+bitexact"}
        )
        self._stream: VideoStream | None = None

    def add(self, picture: Picture, time: Fraction, until: Fraction) -> None:
        import av

        try:
            if self._stream is None:
                self._stream = self._started(picture)
            frame = self._frame(picture)
            frame.pts = round(time / self._time_base)
            frame.duration = round(until / self._time_base) - frame.pts
            frame.time_base = self._time_base
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        import av

        try:
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
        except av.FFmpegError as error:
            raise self._failed(error) from error
        if self._exporter.set_pixel_aspect is not None:
            self._exporter.set_pixel_aspect(self._file, self._job.clip.pixel_aspect)
        self._file.close()

    def abandon(self) -> None:
        import av

        self._sink.given_up = True
        for part in (self._container, self._file):
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):  # the file is thrown away
                part.close()

    def _started(self, picture: Picture) -> VideoStream:
        clip = self._job.clip
        options = {**self._codec.options, "flags": "+bitexact"}
        rate = clip.rate.limit_denominator(_FINEST_RATE)
        stream = cast("VideoStream", self._container.add_stream(self._codec.encoder, rate, options))
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = clip.width, clip.height, picture.pixel_format
        context.time_base = stream.time_base = self._time_base
        context.sample_aspect_ratio = clip.pixel_aspect
        context.thread_count = _THREADS
        _tag(context, picture.tags)
        timecode = job_timecode(self._job, self._job.first)
        if timecode is not None:
            self._container.metadata["timecode"] = timecode
        return stream

    def _frame(self, picture: Picture) -> av.VideoFrame:
        import av

        frame = av.VideoFrame(self._job.clip.width, self._job.clip.height, picture.pixel_format)
        for plane, values in zip(frame.planes, picture.planes, strict=True):
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            data = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
            rows[: len(data), : data.shape[1]] = data
        _tag(frame, picture.coded or picture.tags)
        return frame

    def _failed(self, error: av.FFmpegError) -> OSError | OutputError:
        if isinstance(error, OSError):
            return error
        clip, reason = self._job.clip, error.strerror or error
        return OutputError(
            f"{self._exporter.name}: FFmpeg's {self._codec.encoder} failed on pictures of "
            f"{clip.width} x {clip.height} ({reason}); choose another kind of export"
        )


def _tag(target: Any, tags: ColourTags) -> None:
    """Set the colour tags of a codec context or a frame (FFmpeg wants both)."""
    target.color_primaries = tags.primaries
    target.color_trc = tags.transfer
    target.colorspace = tags.matrix
    target.color_range = 2 if tags.full_range else 1
