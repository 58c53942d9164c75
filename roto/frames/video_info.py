"""Everything known of a video before it is read: stream, geometry, timing, colour, and what a user should know."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.filter import Graph
from av.stream import Disposition
from av.video.frame import VideoFrame

from roto.errors import SourceError
from roto.frames import pixels
from roto.frames.cursor import ALPHA_DECODERS, Cursor, DamagedPacket
from roto.frames.limits import check_size
from roto.frames.orientation import UPRIGHT, Orientation, from_display_matrix
from roto.frames.packets import open_container
from roto.frames.rate import average_rate, constant_rate
from roto.frames.source import ClipInfo
from roto.frames.video_index import VideoIndex, build_index
from roto.timing import FrameRange, timecode_to_frame

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class Picture:
    """How the stream's pictures are stored and shown.

    stream: which of the file's video streams. size: width and height as decoded, before the orientation.
    bytes: memory of one decoded picture. alpha_decoder: alpha lies beside the picture and needs libvpx.
    """

    stream: int
    size: tuple[int, int]
    bytes: int
    orientation: Orientation
    alpha_decoder: bool


@dataclass(frozen=True, slots=True)
class _Header:
    """What the file says before a picture is looked at. claimed: seconds it says it lasts, 0 where it can't be told."""

    codec: str
    position: int
    alpha_beside: bool
    rates: tuple[Fraction | None, ...]
    timecode: str | None
    aspect: Fraction
    claimed: Fraction
    notes: list[str]


def examine(
    path: Path, *, start: int | str | None, rate: Fraction | None, stream: int | None, keep_going: bool
) -> tuple[ClipInfo, VideoIndex, Picture]:
    """Index a video and describe it. SourceError when it is none, or is damaged and ``keep_going`` is off."""
    with open_container(path) as container:
        video, header = _read_header(path, container, stream)
        index = build_index(path, container, video, header.position, alpha=header.alpha_beside, keep_going=keep_going)
    if rate is not None:
        index = index.retimed(rate)
    first = _first_picture(path, header.position, index, alpha=header.alpha_beside)
    check_size(path, first.width, first.height)
    orientation, turn_notes = _orientation(first)
    picture = Picture(
        stream=header.position,
        size=(first.width, first.height),
        bytes=sum(plane.buffer_size for plane in first.planes),
        orientation=orientation,
        alpha_decoder=header.alpha_beside,
    )
    steady = constant_rate(index.times, index.packets.time_base, (rate, *header.rates))
    rate = steady or average_rate(index.times, header.rates)
    number = _first_number(path, start, header.timecode, rate)
    width, height = orientation.size(first.width, first.height)
    fields = _field_order(first)
    notes = [
        *header.notes,
        *turn_notes,
        *_timing_notes(index, steady is None, rate, header.claimed),
        *([] if fields == "progressive" else [f"interlaced ({fields}): both fields of a frame are kept together"]),
        *_colour_notes(first),
        *(["the file is cut short or damaged"] if index.packets.damaged is not None else []),
    ]
    info = ClipInfo(
        path=str(path),
        kind="video",
        codec=header.codec,
        width=width,
        height=height,
        range=FrameRange(number, number + len(index.frames) - 1),
        rate=rate,
        bits=pixels.bits_of(first.format),
        has_alpha=pixels.has_alpha(first.format),
        pixel_aspect=orientation.pixel_aspect(header.aspect),
        rotation=orientation.degrees,
        field_order=fields,
        timecode=header.timecode,
        colour=pixels.tags_of(first),
        variable_rate=steady is None,
        missing=tuple(number + rank for rank in sorted(index.undecodable)),
        notes=tuple(notes),
    )
    return info, index, picture


def _read_header(path: Path, container: InputContainer, stream: int | None) -> tuple[VideoStream, _Header]:
    video, position, notes = _choose_stream(path, container, stream)
    check_size(path, video.codec_context.width, video.codec_context.height)
    codec = video.codec_context.name
    # Matroska says how long it should be, and a file cut short passes for a whole one otherwise.
    tells = len(container.streams) == 1 and container.format.name.startswith("matroska")
    header = _Header(
        codec=codec,
        position=position,
        alpha_beside=video.metadata.get("alpha_mode") == "1" and codec in ALPHA_DECODERS,
        rates=(video.average_rate, video.guessed_rate, video.base_rate),
        timecode=_timecode(container, video),
        aspect=video.sample_aspect_ratio or Fraction(1),
        claimed=Fraction(container.duration or 0, av.time_base) if tells else Fraction(0),
        notes=notes,
    )
    return video, header


def _choose_stream(path: Path, container: InputContainer, asked: int | None) -> tuple[VideoStream, int, list[str]]:
    """The video stream to read, its place among the file's video streams, and a note where there was a choice."""
    if container.format.name == "tty":
        raise SourceError(f"{path}: a text file, not a video or image")
    streams = container.streams.video
    real = [at for at, video in enumerate(streams) if not video.disposition & Disposition.attached_pic]
    if not real:
        raise SourceError(f"{path}: no video stream in it" + (" (sound only)" if container.streams.audio else ""))
    if asked is not None and asked not in real:
        raise SourceError(f"{path}: there is no video stream {asked}; it has {', '.join(map(str, real))}")
    position = asked
    if position is None:
        position = next((at for at in real if streams[at].disposition & Disposition.default), real[0])
    video = streams[position]
    if video.codec_context is None:
        raise SourceError(f"{path}: FFmpeg has no decoder for its video")
    notes = [] if len(real) == 1 else [f"{len(real)} video streams; stream {position} is used"]
    return video, position, notes


def _first_picture(path: Path, position: int, index: VideoIndex, *, alpha: bool) -> VideoFrame:
    cursor = Cursor(path, position, index.packets, alpha=alpha, keep_going=index.damaged)
    try:
        for ordinal, frame in cursor.frames():
            if ordinal in index.frames.ranks:
                return frame
    except DamagedPacket as damage:
        raise SourceError(f"{path}: its first frames are damaged and cannot be decoded") from damage
    finally:
        cursor.close()
    raise SourceError(f"{path}: not one frame can be decoded")


def _orientation(frame: VideoFrame) -> tuple[Orientation, list[str]]:
    side_data: Any = frame.side_data
    for data in side_data:
        if data.type.name == "DISPLAYMATRIX":
            found = from_display_matrix(np.frombuffer(bytes(data), np.int32)[:9].reshape(3, 3))
            if found is None:
                return UPRIGHT, ["its display matrix is no quarter turn and is ignored"]
            return found, ["mirrored as its display matrix asks"] if found.mirrored else []
    return UPRIGHT, []


def _field_order(frame: VideoFrame) -> str:
    """``progressive``, ``tff`` or ``bff``.

    Containers often say it wrong, and PyAV does not show the decoded frame's own flag, so FFmpeg is asked to split
    the frame into its fields: the first one out is the first one shown. The frame is painted over for it.
    """
    if not frame.interlaced_frame:
        return "progressive"
    frame.make_writable()
    luma = frame.planes[0]
    lines = (bytes(luma.line_size) + b"\xff" * luma.line_size) * (luma.height // 2 + 1)
    luma.update(lines[: luma.buffer_size])
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25))
    split, sink = graph.add("separatefields"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(sink)
    graph.configure()
    graph.push(frame)
    field = graph.pull()
    if not isinstance(field, VideoFrame):
        raise TypeError(f"a video filter gave {type(field).__name__}")
    return "tff" if bytes(field.planes[0])[0] == 0 else "bff"


def _timecode(container: InputContainer, video: VideoStream) -> str | None:
    """Of the stream itself, of a time code track, or of the file."""
    places = [video.metadata, *(stream.metadata for stream in container.streams), container.metadata]
    for metadata in places:
        for key, value in metadata.items():
            if key.lower() == "timecode" and value:
                return value
    return None


def _first_number(path: Path, start: int | str | None, timecode: str | None, rate: Fraction) -> int:
    if start is None:
        return 0
    if isinstance(start, int):
        return start
    if timecode is None:
        raise SourceError(f"{path}: it carries no time code to number its frames by; give the first number instead")
    return timecode_to_frame(timecode, rate)


def _timing_notes(index: VideoIndex, variable: bool, rate: Fraction, claimed: Fraction) -> list[str]:
    notes = []
    if variable:
        notes.append(f"variable frame rate, {float(rate):.3f} frames a second on average")
    if not index.timed:
        notes.append(f"no usable timestamps: {float(rate):g} frames a second are assumed")
    there = index.times[-1] + 1 / rate
    if claimed > there * Fraction(11, 10) + 1 / rate:
        notes.append(f"its header claims {float(claimed):.2f} s, its frames last {float(there):.2f} s: cut short?")
    return notes


def _colour_notes(frame: VideoFrame) -> list[str]:
    if frame.format.is_rgb or len(frame.format.components) < 3:
        return []
    tags = pixels.tags_of(frame)
    matrix = pixels.assumed_matrix(tags, frame.width, frame.height)
    if matrix == tags.matrix:
        return []
    name = "BT.709" if matrix == 1 else "BT.601"
    said = "unspecified" if tags.matrix == 2 else f"code {tags.matrix}, which is not handled"
    return [f"colour matrix {said}: {name} is assumed, as players do"]
