"""An image sequence, or one still, as a source of frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from roto.errors import SourceError
from roto.frames.fingerprint import digest_of
from roto.frames.pattern import Sequence, listed
from roto.frames.picture import ImageInfo
from roto.frames.source import LINEAR_NOTE, ClipInfo
from roto.frames.still import read_image, read_image_info
from roto.image import Frame
from roto.timing import FrameRange, timecode_to_frame

DEFAULT_RATE = Fraction(24)
_AHEAD = 2  # images read ahead of the one being used


class SequenceSource:
    """A :class:`~roto.frames.source.FrameSource` over image files, one a frame.

    Numbers that have no file are listed in ``info.missing``; asking for one is a SourceError, and ``frames`` passes
    over them. ``start`` renumbers the frames so that the first has that number.
    """

    def __init__(
        self,
        sequence: Sequence,
        *,
        kind: str = "sequence",
        start: int | str | None = None,
        rate: Fraction | None = None,
        keep_going: bool = False,
    ) -> None:
        self._paths = dict(sequence.files)
        self._readable = _readable(self._paths) if keep_going else set(self._paths)
        if not self._readable:
            raise SourceError(f"{sequence.name}: none of its {len(self._paths)} images can be read")
        first_number, last_number = min(self._paths), max(self._paths)
        header = read_image_info(self._paths[min(self._readable)])
        self._shift = _first_number(sequence.name, start, first_number, header, rate) - first_number
        numbers = FrameRange(first_number + self._shift, last_number + self._shift)
        absent = [n + self._shift for n in range(first_number, last_number + 1) if n not in self._readable]
        self._rate = rate or header.rate or DEFAULT_RATE
        self._info = _describe(sequence, kind, header, numbers, self._rate, tuple(absent), rate is not None)

    @property
    def info(self) -> ClipInfo:
        return self._info

    def frame(self, number: int) -> Frame:
        self._check(number)
        if number - self._shift not in self._readable:
            raise SourceError(f"{self._info.path}: frame {number} is missing")
        return self._read(number)

    def file(self, number: int) -> Path:
        """The image of a frame."""
        self._check(number)
        return self._paths[number - self._shift]

    def frames(self, first: int, last: int) -> Iterator[Frame]:
        self._check(first)
        self._check(last)
        step = 1 if last >= first else -1
        return self._ahead(n for n in range(first, last + step, step) if n - self._shift in self._readable)

    def time(self, number: int) -> Fraction:
        self._check(number)
        return (number - self._info.range.first) / self._rate

    def fingerprint(self) -> str:
        return digest_of(list(self._paths.values()))

    def close(self) -> None:
        """Nothing stays open between frames."""

    def _check(self, number: int) -> None:
        if number not in self._info.range:
            raise SourceError(f"{self._info.path}: there is no frame {number}; it has frames {self._info.range}")

    def _read(self, number: int) -> Frame:
        path = self._paths[number - self._shift]
        image = read_image(path)
        height, width = image.pixels.shape[:2]
        if (width, height) != (self._info.width, self._info.height):
            raise SourceError(
                f"{path}: {width} x {height}, the sequence is {self._info.width} x {self._info.height}; "
                "all its images must have one size"
            )
        premultiplied = image.alpha is not None and image.info.codec == "exr"
        time, linear = self.time(number), image.info.linear
        return Frame(number, image.pixels, image.alpha, time, linear, premultiplied=premultiplied)

    def _ahead(self, numbers: Iterable[int]) -> Iterator[Frame]:
        """Read a little ahead in one thread; decoding leaves Python free to work on the frame before."""
        waiting: deque[Future[Frame]] = deque()
        pool = ThreadPoolExecutor(1, thread_name_prefix="roto-read")
        try:
            for number in numbers:
                waiting.append(pool.submit(self._read, number))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # who reads no further may be collected anywhere, while a thread starts too: to wait there never ends
            pool.shutdown(wait=False, cancel_futures=True)


def _readable(paths: dict[int, Path]) -> set[int]:
    """The numbers whose images can be read to their end: one is held at a time."""
    good: set[int] = set()
    for number, path in paths.items():
        try:
            read_image(path)
        except SourceError:
            continue
        good.add(number)
    return good


def _first_number(name: str, start: int | str | None, own: int, header: ImageInfo, rate: Fraction | None) -> int:
    if start is None:
        return own
    if isinstance(start, int):
        return start
    if header.timecode is None:
        raise SourceError(f"{name}: its images carry no time code to number by; give the first number instead")
    return timecode_to_frame(header.timecode, rate or header.rate or DEFAULT_RATE)


def _describe(
    sequence: Sequence,
    kind: str,
    header: ImageInfo,
    numbers: FrameRange,
    rate: Fraction,
    missing: tuple[int, ...],
    rate_given: bool,
) -> ClipInfo:
    notes = list(header.notes)
    if kind == "sequence" and not rate_given and header.rate is None:
        notes.append(f"the images name no frame rate: {rate} is assumed")
    if not sequence.numbered:
        notes.append("the names hold no frame numbers: numbered from 0 in natural order")
    if sequence.ignored:
        notes.append(f"{sequence.ignored} other images in the folder are not part of the sequence")
    if header.linear:
        notes.append(LINEAR_NOTE)
    if missing:
        notes.append(f"missing frames: {listed(missing)}")
    return ClipInfo(
        path=sequence.name,
        kind=kind,
        codec=header.codec,
        width=header.width,
        height=header.height,
        range=numbers,
        rate=rate,
        bits=header.bits,
        half=header.half,
        has_alpha=header.has_alpha,
        linear=header.linear,
        pixel_aspect=header.pixel_aspect,
        rotation=header.rotation,
        timecode=header.timecode,
        colour=header.colour,
        missing=missing,
        notes=tuple(notes),
    )
