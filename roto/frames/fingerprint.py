"""A digest of files that changes when their content can have changed, and not when their folder is moved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from roto.frames.files import unreadable

_BLOCK = 64 << 10
_WHOLE = 256 << 20  # up to this many bytes in all, every byte is read
_SAMPLES = 16


def digest_of(paths: Sequence[Path]) -> str:
    """SHA-256 over the files in the given order.

    A small clip is read whole, and names its bytes alone. Of a large one each file adds its size, its modification
    time and 16 blocks of 64 KiB spread from its head to its tail; copying it without its times gives a new digest.
    A single file's name does not count, the names within a sequence do. SourceError when one cannot be read.
    """
    try:
        return _digest(paths)
    except OSError as error:
        raise unreadable(Path(str(error.filename or paths[0])), error) from error


def _digest(paths: Sequence[Path]) -> str:
    sizes = [path.stat().st_size for path in paths]
    whole = sum(sizes) <= _WHOLE
    digest = hashlib.sha256()
    for path, size in zip(paths, sizes, strict=True):
        name = path.name if len(paths) > 1 else ""
        changed = "" if whole else path.stat().st_mtime_ns
        digest.update(f"{name}\0{size}\0{changed}\0".encode(errors="surrogateescape"))
        with path.open("rb") as file:
            for offset in _all(size) if whole else _spread(size):
                file.seek(offset)
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()


def _all(size: int) -> range:
    return range(0, size, _BLOCK)


def _spread(size: int) -> Sequence[int]:
    if size <= _SAMPLES * _BLOCK:
        return _all(size)
    return [(size - _BLOCK) * sample // (_SAMPLES - 1) for sample in range(_SAMPLES)]
