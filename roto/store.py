"""The work store: what was solved, kept under a hash of everything that it depends on.

Layout of a store folder::

    lock                          held by the run that works here
    spans/KEY.part/PASS/NUMBER    journal of a span that is being solved, one record a frame
    spans/KEY/NUMBER              a finished span; the folder appears by one atomic rename
    answers/KEY                   the matte that a segmenter answered to a prompt
    embeddings/KEY                what a segmenter saw in a picture

A record is a CRC-32 and the payload, written to a temporary name and renamed. A record that is torn (a crash of
the machine, a full disk) fails its CRC and counts as absent: it is solved again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from roto.errors import OutputError
from roto.files import write_atomically

WORK_FOLDER = ".roto"  # beside the document
KEEP_BYTES = 4 << 30  # finished spans that no current document needs are kept up to this size
KEEP_ANSWERS_BYTES = 1 << 30
KEEP_EMBEDDINGS_BYTES = 4 << 30  # two thousand pictures that SAM has seen


_TEMPORARY = ".tmp"


def content_key(parts: Any) -> str:
    """Hex key of a JSON-able description; equal descriptions have equal keys on every machine."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class SpanJournal:
    """The records of one span, while it is being solved and after. Safe to use from several processes as long as
    each writes its own names."""

    def __init__(self, spans: Path, key: str) -> None:
        self._partial = spans / f"{key}.part"
        self._final = spans / key

    def load(self, name: str, number: int) -> bytes | None:
        """The payload saved under a pass's name and a frame number, or None."""
        return read_record(self._partial / name / str(number))

    def save(self, name: str, number: int, data: bytes) -> None:
        write_record(self._partial / name / str(number), data)

    @property
    def finished(self) -> bool:
        return self._final.is_dir()

    def finish(self, name: str) -> None:
        """Make the records under ``name`` the span's result, at once, and drop the rest of the journal."""
        if not self.finished:
            sweep(self._partial / name)
            try:
                (self._partial / name).replace(self._final)
            except OSError:
                if not self.finished:  # by another, who had the same records
                    raise
        shutil.rmtree(self._partial, ignore_errors=True)

    def result(self, number: int) -> bytes | None:
        """The payload of a frame of the finished span; None where it is absent or damaged."""
        return read_record(self._final / str(number))

    def has_result(self, number: int) -> bool:
        """Whether the finished span holds a record of this frame (its CRC is checked when it is read)."""
        return (self._final / str(number)).is_file()

    def discard(self) -> None:
        """Forget a finished span whose records are damaged, so that it is solved again."""
        shutil.rmtree(self._final, ignore_errors=True)

    def touch(self) -> None:
        """Mark as used now, for :meth:`Store.prune`, and drop what a run that died while finishing left behind."""
        os.utime(self._final)
        shutil.rmtree(self._partial, ignore_errors=True)


class Shelf:
    """Records by key, held to a size: the longest unused go first. Safe to use from several processes."""

    def __init__(self, folder: Path, keep_bytes: int) -> None:
        self.folder, self.keep_bytes = folder, keep_bytes
        self._unchecked = 0  # bytes saved since the size was last looked at

    def load(self, key: str) -> bytes | None:
        """What was saved under a key, or None."""
        path = self.folder / key
        data = read_record(path)
        if data is not None:
            with suppress(OSError):  # another process may have dropped it meanwhile
                os.utime(path)
        return data

    def save(self, key: str, data: bytes) -> None:
        """Keep ``data``. OutputError where the folder cannot be written."""
        write_record(self.folder / key, data)
        self._unchecked += len(data)
        if self._unchecked > self.keep_bytes // 16:
            self.prune()

    def sweep(self) -> None:
        """Drop what processes that died while writing left; nobody may be writing."""
        sweep(self.folder)

    def prune(self) -> None:
        """Drop the longest unused records until the rest fits."""
        self._unchecked, kept = 0, 0
        for path, stat in sorted(_files(self.folder), key=lambda item: item[1].st_mtime_ns, reverse=True):
            kept += stat.st_size
            if kept > self.keep_bytes:
                path.unlink(missing_ok=True)


class Store:
    """A store folder, made when something is first kept in it; one run at a time works in it (see :meth:`locked`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spans = folder / "spans"
        self.answers = Shelf(folder / "answers", KEEP_ANSWERS_BYTES)
        self.embeddings = Shelf(folder / "embeddings", KEEP_EMBEDDINGS_BYTES)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store for one run. OutputError at once when another run holds it."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "lock", timeout=0)
        try:
            self.spans.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise OutputError(
                f"another roto run is working in {self.folder.parent}; wait for it, or choose another output folder"
            ) from None
        except OSError as error:
            raise OutputError(f"cannot write to {self.folder}: {error.strerror}") from None
        try:
            self.sweep()
            yield
        finally:
            lock.release()

    def sweep(self) -> None:
        """Drop what processes that died while writing left; nobody may be working here."""
        for shelf in (self.answers, self.embeddings):
            shelf.sweep()

    def journal(self, key: str) -> SpanJournal:
        return SpanJournal(self.spans, key)

    def prune(self, needed: Iterable[str], keep_bytes: int = KEEP_BYTES) -> None:
        """Drop finished spans that are not ``needed``, the longest unused first, until those kept beside the needed
        ones fit in ``keep_bytes``. Undoing an edit soon after is therefore free."""
        wanted = set(needed)
        spare = [path for path in self.spans.iterdir() if path.name.removesuffix(".part") not in wanted]
        spare.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        kept = 0
        for path in spare:
            kept += sum(entry.stat().st_size for entry in path.rglob("*") if entry.is_file())
            if kept > keep_bytes:
                shutil.rmtree(path, ignore_errors=True)


class OutputRecord:
    """Which files roto exported here, of which kind, from what, and what they looked like when it was done.

    A file may be replaced without asking only while it is exactly as roto left it. The record is a JSON file a kind,
    ``OUT/.roto/outputs/KIND.json``, so that several processes may each write a kind; names in it are relative to
    ``OUT``. An entry is the kind, the key, the file's state, and the state it was about to get from a run that may have
    died before it could say that it was done. ``path`` is ``OUT/.roto/outputs.json``, where all of it stood once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path.with_suffix("")
        self._known: dict[str, list[str]] = _entries(path)
        split = [_entries(file) for file in sorted(self._folder.glob("*.json"))]
        kinds = {entry[0] for entries in split for entry in entries.values()}
        self._known = {name: entry for name, entry in self._known.items() if entry[0] not in kinds}
        for entries in split:
            self._known |= entries

    def is_ours(self, target: Path) -> bool:
        """True while the file ``target`` is as roto left it."""
        entry = self._known.get(self._name(target))
        return entry is not None and _state(target) in entry[2:]

    def is_current(self, target: Path, key: str) -> bool:
        """True when ``target`` was made from what ``key`` describes and nobody changed it since."""
        entry = self._known.get(self._name(target))
        return entry is not None and entry[1:] == [key, _state(target)]

    def expect(self, kind: str, finished: Mapping[Path, Path]) -> None:
        """Record files of a kind that are about to get their final names: ``{final name: finished file}``. They are
        ours from then on, whether or not the run lives to :meth:`replace`."""
        for target, file in finished.items():
            known = self._known.get(self._name(target), [kind, "", "absent"])
            self._known[self._name(target)] = [*known[:3], _state(file)]
        self._save(kind)

    def replace(self, kind: str, targets: Iterable[Path], key: str) -> None:
        """Record a kind's files as just written. What an earlier run of the kind left beyond them is removed, so that
        a shorter range leaves no stale frames; a file that somebody changed stays."""
        written = {self._name(target): target for target in targets}
        root = self._path.parent.parent
        for name in [name for name, entry in self._known.items() if entry[0] == kind and name not in written]:
            if self.is_ours(root / name):
                (root / name).unlink(missing_ok=True)
            del self._known[name]
        for name, target in written.items():
            self._known[name] = [kind, key, _state(target)]
        self._save(kind)

    def sweep(self) -> None:
        """Remove what processes that died while saving left; nobody may be saving."""
        for left in self._folder.glob(".*.json.????????"):
            left.unlink(missing_ok=True)

    def kinds(self) -> dict[str, str]:
        """Every kind that has files here, and the key of what they were made from."""
        return {kind: key for kind, key, *_ in self._known.values()}

    def _save(self, kind: str) -> None:
        entries = {name: entry for name, entry in self._known.items() if entry[0] == kind}
        data = json.dumps(entries, indent=0, sort_keys=True).encode() + b"\n"
        write_atomically(self._folder / f"{kind}.json", data)

    def _name(self, target: Path) -> str:
        return Path(os.path.relpath(target, self._path.parent.parent)).as_posix()


def write_record(path: Path, data: bytes) -> None:
    """Keep a payload. OutputError where it cannot be written."""
    # machines that share a store have processes of one number
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}{_TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(zlib.crc32(data).to_bytes(4, "big") + data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}; what is solved so far is kept") from error


def read_record(path: Path) -> bytes | None:
    """A record's payload; None where it is absent or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) < 4 or zlib.crc32(data[4:]) != int.from_bytes(data[:4], "big"):
        return None
    return data[4:]


def _entries(path: Path) -> dict[str, list[str]]:
    """What a record's file says; nothing where there is none, or it is damaged."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def sweep(folder: Path) -> None:
    """Remove the temporary files of writers that died."""
    for path in folder.glob(f"*{_TEMPORARY}"):
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a folder and their state; none where there is no such folder."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                yield path, path.stat()


def _state(target: Path) -> str:
    """Size and modification time: cheap, and different after any edit."""
    try:
        stat = target.stat()
    except OSError:
        return "absent"
    return f"{stat.st_size} {stat.st_mtime_ns}"
