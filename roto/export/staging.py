"""Files that appear whole or not at all.

Everything is written into a hidden folder beside its final place, ``OUT/.KIND.part-XXXX``, under its final relative
name, and moved when all of it is finished and on the disk: a folder that is new appears in one rename; into a folder
that exists (another kind's images, an older run) the files are moved one by one, each atomically. After an error, or a
crash at any moment, there is at most a hidden folder, and the next run removes what a crash left.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

from roto.errors import OutputError

_FLUSHED_AT_ONCE = 8  # files


class Staging:
    """A hidden folder for ``targets`` (relative paths) of ``folder``. OSError where it cannot be made or filled."""

    def __init__(self, folder: Path, kind: str, targets: Sequence[Path], overwrite: bool) -> None:
        self.folder = folder
        self.targets = tuple(targets)
        self.overwrite = overwrite
        refuse_existing([folder / target for target in targets], overwrite)
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f".{kind}.part-"
        _sweep(folder, prefix)
        self.root = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        self._lock = _locked(self.root)

    def path(self, target: Path) -> Path:
        """Where to write ``target`` for now; its folder exists."""
        path = self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self) -> tuple[Path, ...]:
        """Give every target its final name. Nothing of it is left when this fails half-way."""
        with ThreadPoolExecutor(_FLUSHED_AT_ONCE) as threads:  # a disk, or a server, takes them together
            for flushed in [threads.submit(_flush, self.root / target) for target in self.targets]:
                flushed.result()
        moved: list[Path] = []
        try:
            refuse_existing([self.folder / target for target in self.targets], self.overwrite)
            entries: dict[str, list[Path]] = {}
            for target in self.targets:
                entries.setdefault(target.parts[0], []).append(target)
            for entry, inside in entries.items():
                if self._appears(entry):
                    moved += inside
                    continue
                for target in inside:
                    (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
                    moved.append(target)
                    (self.root / target).replace(self.folder / target)
            if sys.platform != "win32":  # there a folder is not a file
                _flush(self.folder)
        except BaseException:
            for target in moved:
                (self.folder / target).unlink(missing_ok=True)
            raise
        finally:
            self.discard()
        return tuple(self.folder / target for target in self.targets)

    def _appears(self, entry: str) -> bool:
        """Give a new folder, or a file of its own, its final name at once. False where there is one of that name."""
        if (self.folder / entry).exists():
            return False
        try:
            (self.root / entry).rename(self.folder / entry)
        except OSError:
            if (self.folder / entry).is_dir():  # made by another meanwhile
                return False
            raise
        return True

    def discard(self) -> None:
        """Remove whatever has no final name yet."""
        self._lock.close()
        shutil.rmtree(self.root, ignore_errors=True)


def refuse_existing(paths: Sequence[Path], overwrite: bool) -> None:
    """OutputError when one of the files exists and must not be replaced, or when something else has its name."""
    for path in paths:
        if path.is_dir():
            raise OutputError(f"{path} is a folder, and a file of that name is to be written; remove it or choose -o")
        if path.parent.exists() and not path.parent.is_dir():
            raise OutputError(f"{path.parent} is a file, and a folder is needed there; remove it or choose another -o")
        if not overwrite and path.exists():
            raise OutputError(f"{path} exists already; pass --overwrite to replace it, or choose another -o")


def _locked(root: Path) -> IO[bytes]:
    """An open file that says, as long as this process lives, that ``root`` is being written."""
    lock = (root / ".lock").open("wb")
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # a file system without locks: then nobody can take one either
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def sweep_staging(folder: Path) -> None:
    """Remove the hidden folders of all kinds of runs that died."""
    _sweep(folder, ".*.part-")


def _sweep(folder: Path, prefix: str) -> None:
    """Remove the hidden folders of runs that died. Without locks (Windows) nobody can tell, and they stay."""
    if sys.platform != "win32":
        for leftover in folder.glob(f"{prefix}*"):
            with contextlib.suppress(OSError), (leftover / ".lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover, ignore_errors=True)


def _flush(path: Path) -> None:
    """Have the disk hold what was written, before the final name says so."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
