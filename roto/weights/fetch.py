"""Bringing official weights: into the folder, once, whole and checked, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from roto.errors import BackendUnavailable
from roto.weights.checksum import remember, sha256_of
from roto.weights.download import Download, FetchError, OnProgress, Patience
from roto.weights.files import WeightsFile, find
from roto.weights.folders import address, get_folder, is_offline, without_password
from roto.weights.table import Entry, entry_of


def fetch(
    name: str,
    *,
    offline: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[], None] | None = None,
    patience: Patience | None = None,
) -> WeightsFile:
    """The official weights of that name; brought from their address where they are not here, or not right.

    ``on_progress(bytes here, bytes in all)`` while they come; ``on_wait()`` once when another process is bringing them
    already. The file has its final name only after its SHA-256 was found right; what came of a broken download is kept
    as ``FILE.part`` and gone on from. FetchError with the reason and what to do.
    """
    entry = entry_of(name)
    here = _right(entry)
    if here:
        return here
    if offline or is_offline():
        raise FetchError(
            f"{name} is not here, and offline nothing is brought; get it without --offline and ROTO_OFFLINE, "
            f"or put {entry.file} into {get_folder()}"
        )
    url, folder = address(entry), get_folder()
    with _alone(folder, entry, on_wait):
        return _right(entry) or _bring(entry, url, folder, on_progress, patience or Patience())


def _right(entry: Entry) -> WeightsFile | None:
    try:
        return find(entry.name)
    except BackendUnavailable:
        return None


def _bring(entry: Entry, url: str, folder: Path, on_progress: OnProgress | None, patience: Patience) -> WeightsFile:
    part, path = folder / f"{entry.file}.part", folder / entry.file
    download = Download(entry, url, part, patience, on_progress)
    download.run()
    found = sha256_of(part)
    if found != entry.sha256 and download.joined:  # the file may have changed between the pieces
        download.discard()
        download.run()
        found = sha256_of(part)
    if found != entry.sha256:
        download.discard()
        raise FetchError(
            f"{without_password(url)} sent {entry.bytes} bytes that are not the official {entry.name}: "
            f"their SHA-256 is {found}; nothing is kept; set ROTO_WEIGHTS_URL to a mirror that has it"
        )
    with _in_words(folder):
        download.finish(path)
    remember(path, found)
    return WeightsFile(entry.name, path, found)


@contextlib.contextmanager
def _alone(folder: Path, entry: Entry, on_wait: Callable[[], None] | None) -> Iterator[None]:
    """Hold the entry's lock in the folder, which is made where it is missing."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f".{entry.file}.lock")
    with _in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait:
                on_wait()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _in_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FetchError(
            f"{folder} cannot be written: {error.strerror or error}; set ROTO_WEIGHTS to a folder that can be, "
            "or unset it for your own"
        ) from None
