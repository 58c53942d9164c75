"""Hashes of what was delivered, in ``delivery.json`` beside it: they travel along, and tell what has changed since."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roto.errors import OutputError, RotoError
from roto.files import write_atomically
from roto.shot.file import load_json

DELIVERY = "delivery.json"
VERSION = 1
_OWN = (DELIVERY, "report.html", "batch.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What has become of deliveries. Paths of files that are missing, that differ from their hashes, and that no
    delivery knows in a folder of one; ``sound``: how many are as they were."""

    deliveries: tuple[Path, ...]
    sound: int
    missing: tuple[Path, ...]
    changed: tuple[Path, ...]
    extra: tuple[Path, ...]

    @property
    def whole(self) -> bool:
        return not (self.missing or self.changed or self.extra)


def write_delivery(out: Path, files: Sequence[Path], *, owns_folder: bool) -> Path:
    """Write the hashes of ``files`` into ``out``, names relative to it. ``owns_folder``: there is nothing else there.
    OutputError where a file cannot be read."""
    entries = {}
    for name, file in sorted((Path(os.path.relpath(file, out)).as_posix(), file) for file in files):
        digest, size = _hashed(file)
        entries[name] = {"sha256": digest, "bytes": size}
    data: dict[str, Any] = {"version": VERSION, "owns_folder": owns_folder, "files": entries}
    path, text = (
        out / DELIVERY,
        (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(errors="surrogateescape"),
    )
    if not (path.is_file() and path.read_bytes() == text):
        write_atomically(path, text)
    return path


def verify(deliveries: Iterable[Path]) -> Verified:
    """Look at every file of the deliveries. RotoError for one that is not there or is none."""
    sound, missing, changed, extra = 0, list[Path](), list[Path](), list[Path]()
    paths = tuple(dict.fromkeys(deliveries))
    known: set[Path] = set()
    folders: dict[Path, bool] = {}
    for path in paths:
        entries, owns = _read(path)
        if owns:
            folders[path.parent] = True
        for name, entry in entries.items():
            file = Path(os.path.normpath(path.parent / name))
            known.add(file)
            if file.parent != path.parent:
                folders.setdefault(file.parent, False)
            try:
                if file.stat().st_size == entry["bytes"] and _hashed(file)[0] == entry["sha256"]:
                    sound += 1
                else:
                    changed.append(file)
            except FileNotFoundError:
                missing.append(file)
    for folder in folders:
        extra += [file for file in _visible(folder) if file not in known]
    return Verified(
        deliveries=paths, sound=sound, missing=tuple(missing), changed=tuple(changed), extra=tuple(sorted(set(extra)))
    )


def deliveries_in(folder: Path) -> list[Path]:
    """The delivery of a folder, or those below it, in order. RotoError where there is none."""
    found = [Path(root) / DELIVERY for root, folders, names in os.walk(folder) if DELIVERY in names]
    if not found:
        raise RotoError(f"{folder} holds no {DELIVERY}; 'roto batch' writes it with what it delivers")
    return sorted(found)


def _read(path: Path) -> tuple[dict[str, dict[str, Any]], bool]:
    try:
        data = load_json(path)
        if data["version"] != VERSION:
            raise RotoError(f"{path} is of version {data['version']!r}, this roto reads {VERSION}")
        for entry in data["files"].values():
            if not isinstance(entry["sha256"], str) or not isinstance(entry["bytes"], int):
                raise TypeError
        return dict(data["files"]), bool(data["owns_folder"])
    except RotoError as error:
        raise RotoError(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None
    except (KeyError, TypeError, AttributeError):
        raise RotoError(f"{path} is no delivery of roto's") from None


def _visible(folder: Path) -> Iterator[Path]:
    """What stands in a folder and is neither hidden nor written beside deliveries by roto itself."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        own = path.name in _OWN or path.name.endswith(".roto.json")
        if path.is_file() and not path.name.startswith(".") and not own:
            yield path


def _hashed(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}") from None
    return digest.hexdigest(), size
