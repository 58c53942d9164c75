"""Memory that goes back to the system when a frame is done with."""

from __future__ import annotations

import ctypes
import sys

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
