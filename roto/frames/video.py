"""Any video that FFmpeg decodes, frame-accurate in both directions."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from roto.errors import SourceError
from roto.frames import pixels
from roto.frames.cursor import Cursor, DamagedPacket
from roto.frames.fingerprint import digest_of
from roto.frames.source import ClipInfo
from roto.frames.video_info import examine
from roto.image import Frame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

#: Bytes of the decoded pictures that are kept: a span of 854 x 480 is decoded once, whichever way it is walked.
WINDOW_BYTES = 96 << 20
_FEW = 2  # frames that are read one by one
_JPEG_CHROMA = ("mjpeg", "mpeg1video")  # chroma in the middle of its block of pixels


class VideoSource:
    """A :class:`~roto.frames.source.FrameSource` over one video stream.

    A picture is known by the packet that carries it, so frame N is the same picture however it is reached. Every
    pass has a decoder of its own; ``frame`` keeps one open near the last frame asked for. The pictures decoded last
    are kept for all of them: many clips have an entry every 250 frames only, from which each pass would start.
    """

    def __init__(
        self,
        path: Path,
        *,
        start: int | str | None = None,
        rate: Fraction | None = None,
        stream: int | None = None,
        keep_going: bool = False,
    ) -> None:
        av.logging.set_level(None)  # FFmpeg's chatter is not for the user's terminal
        self._path = path
        self._info, self._index, self._picture = examine(
            path, start=start, rate=rate, stream=stream, keep_going=keep_going
        )
        self._start_afresh()

    def __getstate__(self) -> tuple[Any, ...]:
        """Another process gets what is known of the clip and opens the file for itself."""
        return self._path, self._info, self._index, self._picture

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        av.logging.set_level(None)
        self._path, self._info, self._index, self._picture = state
        self._start_afresh()

    @property
    def info(self) -> ClipInfo:
        return self._info

    def frame(self, number: int) -> Frame:
        rank = self._rank(number)
        if rank in self._index.undecodable:
            raise self._lost(rank)
        return self._deliver(rank, self._fetch(rank))

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        """As the contract says; frames known to be missing are passed over when the clip was opened to keep going."""
        a, b = self._rank(first), self._rank(last)
        if abs(a - b) < _FEW:
            decoded = self._one_by_one(a, b)
        else:
            decoded = self._forward(a, b) if a < b else self._backward(a, b)
        return (self._deliver(rank, frame) for rank, frame in decoded)

    def time(self, number: int) -> Fraction:
        return self._index.times[self._rank(number)]

    def fingerprint(self) -> str:
        return digest_of([self._path])

    def close(self) -> None:
        with self._lock:
            self._stop_pass()
            self._recent.clear()

    def _start_afresh(self) -> None:
        self._recent = _Recent(WINDOW_BYTES)
        self._pass: Generator[tuple[int, VideoFrame]] | None = None
        self._next_rank = 0
        self._lock = threading.Lock()

    def _rank(self, number: int) -> int:
        if number not in self._info.range:
            raise SourceError(f"{self._path}: there is no frame {number}; the clip has frames {self._info.range}")
        return number - self._info.range.first

    def _deliver(self, rank: int, frame: VideoFrame) -> Frame:
        number = self._info.range.first + rank
        if (frame.width, frame.height) != self._picture.size:
            raise SourceError(
                f"{self._path}: frame {number} is {frame.width} x {frame.height}, the clip is "
                f"{self._picture.size[0]} x {self._picture.size[1]}; a clip has one size"
            )
        turn = self._picture.orientation.apply
        alpha = pixels.alpha_of(frame)
        if self._info.has_alpha and alpha is None:  # WebM leaves it out where a frame is opaque
            alpha = np.ones((frame.height, frame.width), np.float32)
        return Frame(
            number,
            turn(pixels.to_rgb(frame, chroma_centred=self._info.codec in _JPEG_CHROMA)),
            turn(alpha) if alpha is not None and self._info.has_alpha else None,
            self._index.times[rank],
        )

    def _fetch(self, rank: int) -> VideoFrame:
        """Random access: go on with the open pass when it is on the way to ``rank``, otherwise begin a new one."""
        with self._lock:
            kept = self._recent.get(rank)
            if kept is not None:
                return kept
            entry_rank, _ = self._index.frames.entry(rank)
            if self._pass is None or not entry_rank <= self._next_rank <= rank:
                self._stop_pass()
                self._pass = self._decode(rank, len(self._index.frames) - 1)
            self._next_rank = rank + 1
            try:
                for reached, frame in self._pass:
                    if reached == rank:
                        return frame
                    if reached > rank:
                        break
            except BaseException:
                self._stop_pass()
                raise
            self._stop_pass()
            raise self._lost(rank)

    def _stop_pass(self) -> None:
        if self._pass is not None:
            self._pass.close()
            self._pass = None

    def _one_by_one(self, first: int, last: int) -> Iterator[tuple[int, VideoFrame]]:
        for rank in dict.fromkeys((first, last)):
            if rank not in self._index.undecodable:
                yield rank, self._fetch(rank)

    def _forward(self, first: int, last: int) -> Iterator[tuple[int, VideoFrame]]:
        """What is kept, then what is decoded from the first that is not."""
        rank = self._next_decodable(first)
        while rank <= last:
            frame = self._recent.get(rank)
            if frame is None:
                yield from self._decode(rank, last)
                return
            yield rank, frame
            rank = self._next_decodable(rank + 1)

    def _backward(self, first: int, last: int) -> Iterator[tuple[int, VideoFrame]]:
        """From ``first`` down to ``last``: what is kept, and group by group, each decoded forward and given out in
        reverse.

        A group too large for the window is decoded again for every window's worth of it.
        """
        window = max(WINDOW_BYTES // self._picture.bytes, 4)
        while first >= last:
            frame = self._recent.get(first)
            if frame is not None:
                yield first, frame
                first -= 1
                continue
            begin = max(self._index.frames.entry(first)[0], last, first - window + 1)
            held = deque(self._decode(begin, first), maxlen=window)
            while held:
                yield held.pop()
            first = begin - 1

    def _decode(self, first: int, last: int) -> Generator[tuple[int, VideoFrame]]:
        """Pictures ``first`` to ``last`` by rank, without those known to be undecodable. SourceError for any other
        that does not come out.

        Decoding starts at the nearest entry. Where that does not lead to the picture (files mark entries that are
        none), it starts further back, at last from the beginning.
        """
        wanted = self._next_decodable(first)
        if wanted > last:
            return
        for back in (0, 1, len(self._index.frames.entries)):
            entry_rank, start = self._index.frames.entry(wanted, back)
            cursor = Cursor(
                self._path,
                self._picture.stream,
                self._index.packets,
                alpha=self._picture.alpha_decoder,
                keep_going=self._index.damaged,
            )
            try:
                for ordinal, frame in cursor.frames(start):
                    rank = self._index.frames.ranks.get(ordinal, -1)
                    if ordinal == start and not (frame.key_frame or start == 0 or self._index.intra):
                        self._index.frames.entries.remove((entry_rank, start))
                        break
                    if rank < entry_rank or rank in self._index.undecodable:
                        continue
                    self._recent.put(rank, frame)
                    if rank > wanted:
                        break
                    if rank == wanted:
                        yield rank, frame
                        wanted = self._next_decodable(rank + 1)
                    if wanted > last:
                        return
            except DamagedPacket as damage:
                if damage.ordinal != start or start == 0:
                    raise self._lost(self._index.frames.ranks.get(damage.ordinal, wanted)) from damage
            finally:
                cursor.close()
            if wanted > last or start == 0:
                break
        if wanted <= last:
            raise self._lost(wanted)

    def _next_decodable(self, rank: int) -> int:
        while rank in self._index.undecodable:
            rank += 1
        return rank

    def _lost(self, rank: int) -> SourceError:
        number = self._info.range.first + rank
        return SourceError(
            f"{self._path}: frame {number} is damaged and cannot be decoded; keep-going uses the frames that can be had"
        )


class _Recent:
    """The decoded pictures that came by last, up to a number of bytes. For any number of threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._frames: OrderedDict[int, VideoFrame] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, rank: int) -> VideoFrame | None:
        with self._lock:
            return self._frames.get(rank)

    def put(self, rank: int, frame: VideoFrame) -> None:
        with self._lock:
            if rank in self._frames:
                return
            self._frames[rank] = frame
            self._held += frame_bytes(frame)
            while self._held > self._limit and len(self._frames) > 1:
                _, oldest = self._frames.popitem(last=False)
                self._held -= frame_bytes(oldest)

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()
            self._held = 0


def frame_bytes(frame: VideoFrame) -> int:
    return sum(plane.buffer_size for plane in frame.planes)
