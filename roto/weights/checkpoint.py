"""Reading a checkpoint: tensors and nothing else, whatever the file holds."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_NESTED = ("model", "state_dict")  # where training scripts put the state of the model


class UnreadableCheckpoint(Exception):  # noqa: N818 - says what is the matter with the file
    """What is wrong with a file, as the end of a sentence that names it."""


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name, on the CPU, mapped from the file where its format allows that.

    Takes a state dict, or one under ``model`` or ``state_dict``. Runs no code of the file: ``weights_only`` refuses
    whatever is not tensors and plain values. UnreadableCheckpoint with the reason otherwise.
    """
    problem = _not_a_checkpoint(path)
    if problem:
        raise UnreadableCheckpoint(problem)
    return _state_of(_load(path))


def _not_a_checkpoint(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not head:
        return "it is empty"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{"):
        return "it holds text, not weights, as when a web page is saved in their place"
    return None


def _load(path: Path) -> Any:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error):
            raise UnreadableCheckpoint("it holds more than tensors, and nothing of that is run or read") from None
        raise UnreadableCheckpoint("it is damaged, or not a checkpoint") from None
    except OSError as error:
        raise UnreadableCheckpoint(f"it cannot be read: {error.strerror or error}") from None
    except Exception:
        raise UnreadableCheckpoint("it is damaged, or not a checkpoint") from None


def _state_of(loaded: Any) -> dict[str, torch.Tensor]:
    import torch

    for key in _NESTED:
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict):
        raise UnreadableCheckpoint(f"it holds a {type(loaded).__name__}, not tensors by name")
    if not loaded:
        raise UnreadableCheckpoint("it holds no tensors")
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise UnreadableCheckpoint(f"{name!r} in it is a {type(value).__name__}, not a tensor by name")
    return dict(loaded)
