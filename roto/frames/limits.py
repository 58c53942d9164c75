"""How large a picture may be, and how many threads may decode it. A header can claim any size; reading must not try to
allocate it."""

from __future__ import annotations

from pathlib import Path

from roto.errors import SourceError

MAX_SIDE = 65_535
MAX_PIXELS = 16_384 * 16_384


def check_size(path: Path | str, width: int, height: int) -> None:
    """SourceError unless ``width x height`` is a picture of sensible size (at most 16384 x 16384 pixels)."""
    if width < 1 or height < 1:
        raise SourceError(f"{path}: its header gives no picture size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise SourceError(f"{path}: its header claims {width} x {height} pixels; at most 16384 x 16384 are read")


_threads = 0


def bound_threads(count: int) -> None:
    """Decode videos on at most ``count`` threads in this process from now on, 0 for as many as there are cores. What
    is decoded is the same."""
    global _threads
    _threads = count


def decoder_threads() -> int:
    return _threads
