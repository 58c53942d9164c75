"""The weights that are here: which there are, and one of them as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roto.errors import BackendUnavailable
from roto.weights.checksum import known_sha256
from roto.weights.folders import locate
from roto.weights.table import WEIGHTS, Entry

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A checkpoint on the disk: the ``roto.segment.segmenter.Checkpoint`` of a file."""

    name: str  # "vit_b", or the name of the file
    path: Path
    identity: str  # SHA-256 of the file, hexadecimal

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors by name, on the CPU, mapped from the file where its format allows that.

        Only tensors are read: nothing that the file holds is run. BackendUnavailable with the reason when it is
        damaged, hostile or something else than a state dict."""
        from roto.weights.checkpoint import UnreadableCheckpoint, read_state

        try:
            return read_state(self.path)
        except UnreadableCheckpoint as problem:
            what, remedy = _words(self.name)
            raise BackendUnavailable(what, f"{self.path}: {problem}; {remedy}") from None


def present() -> tuple[str, ...]:
    """The names of the table whose files are here, by name and size, in the table's order. Nothing is hashed."""
    return tuple(name for name, entry in WEIGHTS.items() if _here(entry))


def find(name_or_file: str) -> WeightsFile:
    """The weights of that name in the table, or a checkpoint file of one's own.

    BackendUnavailable when they are not here, or are not what the table says, with the command that brings them.
    """
    entry = WEIGHTS.get(name_or_file)
    return _official(entry) if entry else _own(Path(name_or_file).expanduser())


def _official(entry: Entry) -> WeightsFile:
    path = locate(entry)
    again = f"'roto weights get {entry.name}' brings it again ({entry.size})"
    if path is None:
        raise BackendUnavailable(
            entry.title, f"its weights are not here; 'roto weights get {entry.name}' brings them ({entry.size})"
        )
    size = path.stat().st_size
    if size != entry.bytes:
        raise BackendUnavailable(
            entry.title, f"{path} holds {size} bytes where the official file has {entry.bytes}; {again}"
        )
    identity = _identity(entry.title, path)
    if identity != entry.sha256:
        raise BackendUnavailable(entry.title, f"{path} is not the official file: its SHA-256 is {identity}; {again}")
    return WeightsFile(entry.name, path, identity)


def _own(path: Path) -> WeightsFile:
    if not path.is_file():
        raise BackendUnavailable(
            f"the checkpoint {path}", f"there is no such file; give a checkpoint's path, or one of {', '.join(WEIGHTS)}"
        )
    return WeightsFile(path.name, path, _identity(f"the checkpoint {path}", path))


def _identity(what: str, path: Path) -> str:
    try:
        return known_sha256(path)
    except OSError as error:
        raise BackendUnavailable(what, f"{path} cannot be read: {error.strerror}") from None


def _here(entry: Entry) -> bool:
    path = locate(entry)
    return path is not None and path.stat().st_size == entry.bytes


def _words(name: str) -> tuple[str, str]:
    entry = WEIGHTS.get(name)
    if entry:
        return entry.title, f"'roto weights get {name}' brings it again ({entry.size})"
    return "the checkpoint", "give a checkpoint saved by torch.save(model.state_dict())"
