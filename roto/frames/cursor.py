"""One pass of a decoder through a video stream, from a packet that decoding can start at."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.video.codeccontext import VideoCodecContext

from roto.errors import SourceError
from roto.frames.limits import decoder_threads
from roto.frames.packets import PacketTable, open_container

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: FFmpeg's own VP8 and VP9 decoders drop the alpha that WebM carries beside the picture; libvpx's keep it.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

Numbered = Iterator[tuple[int, "Packet[VideoStream]"]]


class DamagedPacket(Exception):  # noqa: N818 - it names what was met
    """A packet that cannot be read or decoded; ``ordinal`` says which."""

    def __init__(self, ordinal: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.ordinal = ordinal


class Cursor:
    """Decodes forward and yields ``(ordinal, frame)`` in the order of display. One use, then close it.

    Each packet is stamped with its ordinal in place of its timestamps before the decoder sees it. The stamp comes
    back on the decoded frame through all reordering and threading, so a picture is known by the packet it came from
    even where timestamps are missing or wrong.
    """

    def __init__(self, path: Path, stream: int, table: PacketTable, *, alpha: bool, keep_going: bool) -> None:
        """``alpha``: decode with libvpx. ``keep_going``: note damaged packets and go on, with one thread, since what
        several threads make of damage differs from run to run."""
        self._path, self._stream, self._table, self._alpha = path, stream, table, alpha
        self._keep_going = keep_going
        self._container = open_container(path)
        self.damaged: list[int] = []

    def frames(self, start: int = 0) -> Iterator[tuple[int, VideoFrame]]:
        """Decode from the packet with ordinal ``start`` to the end of the stream.

        A packet that cannot be decoded raises DamagedPacket, or is noted in ``damaged`` when told to keep going.
        """
        decoder = self._decoder()
        if start > 0:
            self._prime(decoder)
        packets = self._packets(start)
        ordinal, packet = start, None
        while True:
            try:
                ordinal, packet = next(packets, (ordinal, None))
                if packet is not None:
                    packet.pts = packet.dts = ordinal
                decoded = decoder.decode(packet)
            except av.error.EOFError:
                packet, decoded = None, []
            except av.error.FFmpegError as error:
                if not self._keep_going:
                    raise DamagedPacket(ordinal, error) from error
                self.damaged.append(ordinal)
                decoded = []
            for frame in decoded:
                if frame.pts is not None:
                    yield frame.pts, frame
            if packet is None:
                return

    def close(self) -> None:
        self._container.close()

    def _video(self) -> VideoStream:
        return self._container.streams.video[self._stream]

    def _decoder(self) -> VideoCodecContext:
        context = self._video().codec_context
        if self._alpha:
            alpha = av.CodecContext.create(ALPHA_DECODERS[context.name], "r")
            if not isinstance(alpha, VideoCodecContext):
                raise SourceError(f"{self._path}: this build of FFmpeg has no {ALPHA_DECODERS[context.name]} decoder")
            context = alpha
        if not context.is_open:
            context.thread_type = "NONE" if self._keep_going else "AUTO"
            context.thread_count = 1 if self._keep_going else decoder_threads()
        return context

    def _prime(self, decoder: VideoCodecContext) -> None:
        """Show an H.264 decoder the first packet before a seek.

        x264 says there which of its versions made the stream, and 4:4:4 streams decode differently for old ones.
        """
        if decoder.name != "h264":
            return
        try:
            decoder.decode(next(self._demux(), None))
        except av.error.FFmpegError:
            return  # it will be met again, and reported, by whoever asks for its picture

    def _packets(self, start: int) -> Numbered:
        """Packets from ordinal ``start`` on: by seeking where the table can prove where the seek has landed."""
        if start > 0 and self._table.unambiguous:
            for timestamp in dict.fromkeys(self._table.identities[start][:2]):
                landed = None if timestamp is None else self._seek(timestamp, start)
                if landed is not None:
                    return landed
            self._container.close()
            self._container = open_container(self._path)
        return self._from_beginning(start)

    def _seek(self, timestamp: int, start: int) -> Numbered | None:
        """Packets from ``start`` on, or None when the seek fails or lands beyond it or nobody knows where."""
        try:
            self._container.seek(timestamp, stream=self._video())
            packets = self._demux()
            first = next(packets, None)
        except av.error.FFmpegError:
            return None
        landed = None if first is None else self._table.ordinal(first)
        if first is None or landed is None or landed > start:
            return None
        numbered = enumerate(chain([first], packets), landed)
        return ((ordinal, packet) for ordinal, packet in numbered if ordinal >= start)

    def _from_beginning(self, start: int) -> Numbered:
        return ((ordinal, packet) for ordinal, packet in enumerate(self._demux()) if ordinal >= start)

    def _demux(self) -> Iterator[Packet[VideoStream]]:
        """The stream's packets, without the empty ones that stand for a repeated picture or the end."""
        return (packet for packet in self._container.demux(self._video()) if packet.size > 0)
