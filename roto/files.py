"""Writing a file as a whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from pathlib import Path

from roto.errors import OutputError


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file durably: a new one beside it, flushed to the disk, then renamed. Makes the folder it lies in.

    OutputError where the folder cannot be written or the disk is full; nothing is left of the attempt."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()


def sweep_beside(path: Path) -> None:
    """Remove what processes that died while writing ``path`` left beside it. Nobody may be writing it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????"):
        left.unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask, which mkstemp ignores and a delivered file must not."""
    current = os.umask(0)
    os.umask(current)
    return current
