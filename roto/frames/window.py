"""A window over a source: its frames by number, cheap where they are asked for nearly in order."""

from __future__ import annotations

from collections.abc import Iterator

from roto.frames.source import ClipInfo, FrameSource
from roto.image import Frame


class FrameWindow:
    """Frames of a source by number, streaming as long as they are asked for nearly in order; ``size`` of them are
    kept."""

    def __init__(self, source: FrameSource, size: int) -> None:
        self._source, self._size = source, size
        self._kept: dict[int, Frame] = {}
        self._coming: Iterator[Frame] = iter(())
        self._next: int | None = None

    @property
    def info(self) -> ClipInfo:
        return self._source.info

    def frame(self, number: int) -> Frame:
        if number not in self._kept:
            if self._next is None or not self._next <= number < self._next + self._size:
                self._coming = self._source.frames(number, self._source.info.range.last)
                self._next = number
                self._kept.clear()
            while self._next <= number:
                self._kept[self._next] = next(self._coming)
                self._next += 1
            for old in sorted(self._kept)[: -self._size]:
                del self._kept[old]
        return self._kept[number]
