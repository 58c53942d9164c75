"""Memory: how much there is, and that it goes back to the system when a frame is done with."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of mallopt(3)
_LARGE_BYTES = 16 << 20
_SPARE_BYTES = 64 << 20
_ARENAS = 2


def return_large_arrays() -> None:
    """Have this process's allocator give large arrays back as soon as they are freed, and keep a little spare.

    glibc raises the limit of what is large by itself to 32 MB, and what lies between the frames of a long run then
    keeps the heap from shrinking: at 1080p a worker held twice what it used. With a limit that is set, it would give
    back whatever is free at the heap's end after every array, to ask for it again, cleared, for the next: up to a
    third of a run was spent there. Does nothing on other C libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _SPARE_BYTES)
        mallopt(_M_ARENA_MAX, _ARENAS)


def available_bytes(control_group: Path = Path("/sys/fs/cgroup")) -> int:
    """How much memory processes may take now without driving the machine into swap, or their container over its
    limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # no such limit here
        limit = int((control_group / "memory.max").read_text())
        used = int((control_group / "memory.current").read_text())
        reclaimable = dict(line.split() for line in (control_group / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + int(reclaimable.get("inactive_file", 0)))
    return max(free, 0)
