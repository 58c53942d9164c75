"""What a worker that does not see the work store needs for a task, and what it sends back.

Along go the document, the images of its masks, and the records of tasks before; plates have to be readable there, at
the same path or at one that ``maps`` gives. A worker keeps them in a folder of its own that stands for the document's;
what its store holds afterwards and did not before is the result.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from roto.batch.plan import BatchTask
from roto.batch.shot import DOCUMENT, BatchShot
from roto.batch.work import Opened, TaskResult, Worker
from roto.errors import RotoError
from roto.masks.paint import Paint
from roto.masks.prompted import Prompted
from roto.parallel import FINISH, WORK_EDGE
from roto.paths import resolve
from roto.pipeline import Shot
from roto.store import WORK_FOLDER, Shelf, Store, read_record, write_record

MAX_SENT_BYTES = 64 << 20  # of a document's images
_ANSWERS, _SPANS, _PART = "answers", "spans", ".part"
_RETURNED = "returned"  # a pass's name in a journal, of records that are not yet all there
_PACKED = 8  # shots that the sender holds open

# answers/KEY, spans/KEY/NUMBER, spans/KEY.part/PASS/NUMBER
_RECORD = re.compile(r"answers/[0-9a-f]{32}|spans/[0-9a-f]{32}(/-?[0-9]+|\.part/[a-z]+/-?[0-9]+)", re.ASCII)

Maps = tuple[tuple[str, str], ...]
Records = dict[str, bytes]  # payloads by their path in the store


@dataclass(frozen=True, slots=True)
class Parcel:
    """A task to go. ``files``: by their names in the document; ``maps``: prefixes of paths here, and what they are on
    the worker."""

    task: BatchTask
    document: bytes
    files: Mapping[str, bytes]
    maps: Maps
    records: Records

    @property
    def digest(self) -> str:
        """Of everything but the records: tasks that share it share an open shot."""
        digest = sha256(self.document)
        for name, data in sorted(self.files.items()):
            digest.update(f"\0{name}\0{len(data)}\0".encode(errors="surrogateescape") + data)
        digest.update(repr((self.task.shot, self.maps)).encode(errors="surrogateescape"))
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Returned:
    """What a task says, and the records that it leaves."""

    result: TaskResult
    records: Records


def read_maps(texts: list[str]) -> Maps:
    """``FROM=TO`` as pairs of absolute paths. RotoError for anything else."""
    maps = []
    for text in texts:
        start, equals, end = text.partition("=")
        if not equals or not Path(start).is_absolute() or not Path(end).is_absolute():
            raise RotoError(
                f"--map {text}: FROM=TO is needed, two absolute paths: what is FROM here is TO on the workers"
            )
        maps.append((start.rstrip("/") or "/", end.rstrip("/") or "/"))
    return tuple(sorted(maps, key=lambda pair: -len(pair[0])))


def mapped(path: Path, maps: Maps) -> Path:
    """Where a path of the sender's is on a worker."""
    for start, end in maps:
        if path.is_relative_to(start):
            return Path(end) / path.relative_to(start)
    return path


# -- sending ----------------------------------------------------------------------------------------------------------


class _Kept(Shelf):
    """Remembers which of its records a shot looked at."""

    def __init__(self, folder: Path, keep_bytes: int) -> None:
        super().__init__(folder, keep_bytes)
        self.asked: set[str] = set()

    def load(self, key: str) -> bytes | None:
        self.asked.add(key)
        return super().load(key)


class _Watched(Shot):
    @cached_property
    def store(self) -> Store:
        store = Store(self.folder / WORK_FOLDER)
        store.answers = _Kept(store.answers.folder, store.answers.keep_bytes)
        return store


class Packer(Worker):
    """Makes parcels of tasks whose stores are here, and puts what comes back into these."""

    def __init__(self, maps: Maps = ()) -> None:
        super().__init__(_PACKED)
        self._maps = maps

    def open_shot(self, batch: BatchShot) -> Shot:
        folder = Path(batch.document).parent
        return _Watched(batch.load(), folder, keep_going=batch.keep_going, device=batch.device)

    def pack(self, task: BatchTask) -> Parcel:
        """RotoError for a document that names more than can be sent along."""
        opened = self.opened(task.shot)
        shot = opened.shot
        records = dict(_of_pieces(task, opened) if task.kind == WORK_EDGE else _of_span(task, shot.store))
        asked = shot.store.answers.asked if isinstance(shot.store.answers, _Kept) else set[str]()
        for key in sorted(asked):
            data = read_record(shot.store.folder / _ANSWERS / key)
            if data is not None:
                records[f"{_ANSWERS}/{key}"] = data
        files = dict(_images(shot))
        if sum(map(len, files.values())) > MAX_SENT_BYTES:
            raise RotoError(
                f"{task.shot.document} names more than {MAX_SENT_BYTES >> 20} MiB of masks, too much to send with "
                "every task; put them where the workers see them, and say --store shared"
            )
        return Parcel(task, Path(task.shot.document).read_bytes(), files, self._maps, records)

    def unpack(self, task: BatchTask, returned: Returned) -> TaskResult:
        """Keep the records of a task that is done."""
        store = Store(Path(task.shot.document).parent / WORK_FOLDER)
        whole: set[str] = set()
        for path, data in _checked(returned.records):
            place, _, rest = path.partition("/")
            if place == _ANSWERS:
                write_record(store.folder / path, data)
                continue
            key, _, name = rest.partition("/")
            if key.endswith(_PART):
                kept_as, _, number = name.rpartition("/")
                store.journal(key.removesuffix(_PART)).save(kept_as, int(number), data)
            elif not store.journal(key).finished:
                store.journal(key).save(_RETURNED, int(name), data)
                whole.add(key)
        for key in whole:
            store.journal(key).finish(_RETURNED)
        return returned.result


def _of_span(task: BatchTask, store: Store) -> Iterator[tuple[str, bytes]]:
    """The journal of a span as far as a task of it reads that: of passes, their own and no other."""
    folder = store.spans / f"{task.key}{_PART}"
    for name, path in _below(folder):
        first = name.partition("/")[0]
        if task.kind in (FINISH, first) or first not in ("forward", "backward"):
            data = read_record(path)
            if data is not None:
                yield f"{_SPANS}/{folder.name}/{name}", data


def _of_pieces(task: BatchTask, opened: Opened) -> Iterator[tuple[str, bytes]]:
    """The solved frames that a piece looks at: within the reach of all layers' steps and entries, and the frame before
    them, against which coverage is compared."""
    opened.settled()
    shot = opened.shot
    reach = 1 + sum(planned.reach(planned.edge) for planned in shot.layers)
    for span in shot.spans():
        for number in range(max(span.first, task.first - reach), min(span.last, task.last + reach) + 1):
            data = shot.store.journal(span.key).result(number)
            if data is not None:
                yield f"{_SPANS}/{span.key}/{number}", data


def _images(shot: Shot) -> Iterator[tuple[str, bytes]]:
    """The images of masks that a document names, and the single files of its stacks. What is a sequence or a video is
    as a plate is."""
    names: list[str] = []
    for layer in shot.document.layers:
        for shape in (shape for keyframe in layer.keyframes for shape in keyframe.shapes):
            names += [shape.file] if isinstance(shape, Paint) else []
            names += [shape.mask] if isinstance(shape, Prompted) and shape.mask else []
        names += [file for entry in layer.stack or () for file in entry.files]
    for name in dict.fromkeys(names):
        path = shot.locate(name)
        if path.is_file() and path.stat().st_size <= MAX_SENT_BYTES and path.suffix.lower() not in _VIDEO:
            yield name, path.read_bytes()


_VIDEO = (".mov", ".mp4", ".mkv", ".avi", ".mxf", ".webm", ".m4v")


# -- on a worker ------------------------------------------------------------------------------------------------------


class Guest(Worker):
    """Runs parcels in folders of its own below ``folder``, one for each of the latest shots."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._places: OrderedDict[str, Callable[[str], Path]] = OrderedDict()  # by document

    def open_shot(self, batch: BatchShot) -> Shot:
        locate = self._places[batch.document]
        folder = Path(batch.document).parent
        return Shot(batch.load(), folder, keep_going=batch.keep_going, device=batch.device, locate=locate)

    def run(self, parcel: Parcel, on_frame: Callable[[int], None]) -> Returned:
        folder = self._folder / parcel.digest
        document = folder / DOCUMENT
        if str(document) not in self._places:
            self._unwrap(parcel, folder)
        self._places.move_to_end(str(document))
        store = folder / WORK_FOLDER
        shutil.rmtree(store / _SPANS, ignore_errors=True)  # of another task
        for name, data in _checked(parcel.records):
            write_record(store / name, data)
        task = replace(parcel.task, shot=replace(parcel.task.shot, document=str(document)))
        result = self(task, on_frame)
        found: Records = {}
        for part in (_SPANS, _ANSWERS):
            for name, path in _below(store / part):
                kept = None if f"{part}/{name}" in parcel.records else read_record(path)
                if kept is not None:
                    found[f"{part}/{name}"] = kept
        return Returned(result, found)

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _unwrap(self, parcel: Parcel, folder: Path) -> None:
        while len(self._places) > self._count:
            oldest, _ = self._places.popitem(last=False)
            shutil.rmtree(Path(oldest).parent, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DOCUMENT).write_bytes(parcel.document)
        sent: dict[str, Path] = {}
        for index, (name, data) in enumerate(parcel.files.items()):
            sent[name] = folder / f"{index}" / Path(name).name
            sent[name].parent.mkdir(exist_ok=True)
            sent[name].write_bytes(data)
        start, maps = Path(parcel.task.shot.document).parent, parcel.maps

        def locate(name: str) -> Path:
            return sent.get(name) or mapped(resolve(name, start), maps)

        self._places[str(folder / DOCUMENT)] = locate


def _checked(records: Records) -> Iterator[tuple[str, bytes]]:
    """RotoError for a record that names anything but a place in a store."""
    for path, data in records.items():
        if not _RECORD.fullmatch(path):
            raise RotoError(f"{path!r} is no record of a work store; what sent it is no roto, or a damaged one")
        yield path, data


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Records below a folder, and their names there."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if not name.endswith(".tmp"):
                yield path.relative_to(folder).as_posix(), path
