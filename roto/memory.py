"""Memory: how much there is, and that it goes back to the system when a frame is done with."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of mallopt(3)
_THRESHOLD_BYTES = 4 << 20
_ARENAS = 2


def return_large_arrays() -> None:
    """Have this process's allocator give arrays of a megabyte or more back as soon as they are freed.

    glibc raises that limit by itself to 32 MB, and what lies between the frames of a long run then keeps the heap from
    shrinking: at 1080p a worker held twice what it used. Does nothing on other C libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
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
