"""Writing a file as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from roto.errors import OutputError

_RANDOM = 8  # letters that tempfile.mkstemp puts after a prefix


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


def sweep_beside(*paths: Path) -> None:
    """Remove what processes that died while writing one of ``paths`` left beside it. Nobody may be writing them. Each
    folder is looked at once."""
    wanted = {(str(path.parent), f".{path.name}") for path in paths}
    for folder in {folder for folder, _ in wanted}:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            for entry in entries:
                hidden, _, ending = entry.name.rpartition(".")
                if len(ending) == _RANDOM and (folder, hidden) in wanted:
                    Path(entry).unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask, which mkstemp ignores and a delivered file must not."""
    current = os.umask(0)
    os.umask(current)
    return current
