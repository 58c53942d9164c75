"""SHA-256 sums of large files, remembered for as long as size and time of change stay the same.

Hashing 2.5 GB takes seconds, so the sum is kept in a small record: beside the file in a folder of weights that can be
written, otherwise in the user's cache. A record that cannot be written or read costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from roto.errors import OutputError
from roto.files import write_atomically
from roto.weights.folders import cache_folder, search_folders

_CHUNK = 1 << 20


def sha256_of(path: Path, on_progress: Callable[[int, int], None] | None = None) -> str:
    """The file's sum, hexadecimal; ``on_progress(bytes done, bytes in all)``. OSError where it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if on_progress:
                on_progress(file.tell(), total)
    return digest.hexdigest()


def known_sha256(path: Path) -> str:
    """The file's sum, from a record when there is one that still holds. OSError where the file cannot be read."""
    before = _stamp(path)
    for record in _records(path):
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(record.read_text("utf-8"))
            if isinstance(kept, dict) and {name: kept.get(name) for name in before} == before:
                return str(kept["sha256"])
    total = sha256_of(path)
    if _stamp(path) == before:  # else it was written to while it was read
        remember(path, total)
    return total


def remember(path: Path, sha256: str) -> None:
    """Record the sum of a file as it is now."""
    data = json.dumps({**_stamp(path), "sha256": sha256}).encode() + b"\n"
    for record in _records(path):
        with contextlib.suppress(OutputError):
            write_atomically(record, data)
            return


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _records(path: Path) -> list[Path]:
    """Where the sum of a file may be recorded, the best place first. Other people's folders are not written to."""
    path = path.absolute()
    cached = cache_folder() / "sha256" / f"{hashlib.sha256(os.fsencode(path)).hexdigest()}.json"
    beside = path.with_name(f".{path.name}.sha256.json")
    return [beside, cached] if path.parent in search_folders() else [cached]
