"""Where a model computes, how exactly, and what is said when its memory runs out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from roto.errors import BackendUnavailable, RotoError

DEVICES = ("auto", "cpu", "cuda", "mps")
_MISSING = {"cuda": "no NVIDIA or AMD GPU that torch can use", "mps": "no Apple GPU that torch can use"}
_MEMORY = ("out of memory", "alloc_failed", "can't allocate memory", "not enough memory")


def resolve(device: str) -> str:
    """``cpu``, ``cuda`` or ``mps``. ``auto`` is a GPU where there is one; BackendUnavailable when another device is
    asked for than there is."""
    if device not in DEVICES:
        raise RotoError(f"there is no device {device!r}, choose from {', '.join(DEVICES)}")
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, usable in there.items() if usable)
    if not there[device]:
        raise BackendUnavailable(f"the device {device}", f"there is {_MISSING[device]}; use --device auto or cpu")
    return device


def precision(device: str) -> str:
    """The type in which a large network is best computed on a resolved device: ``bfloat16`` where the processor or
    GPU multiplies in it, ``float16`` on older GPUs, ``float32`` elsewhere."""
    import torch

    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device == "cpu" and _processor_has_bf16():
        return "bfloat16"
    return "float32"


def _processor_has_bf16() -> bool:
    import torch

    features: dict[str, Any] = dict(getattr(torch.cpu, "get_capabilities", dict)())
    return any(bool(features.get(name)) for name in ("avx512_bf16", "amx_bf16", "amx_tile", "arm_bf16", "bf16"))


def computing(device: str, kind: str) -> Any:
    """A context in which torch computes matrix products on ``device`` in ``kind`` (see :func:`precision`)."""
    if kind == "float32":
        return nullcontext()
    import torch

    return torch.autocast(device, dtype=getattr(torch, kind))


@contextmanager
def repeatable() -> Iterator[None]:
    """One thread inside torch's operations: how a sum is split over threads shows in its last bits, and results must
    not depend on how many cores a machine has. Frames run in parallel processes instead."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def enough_memory(model: str, device: str) -> Iterator[None]:
    """Turns torch's several ways to run out of memory into a RotoError that says which ``model`` needed it."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not (isinstance(error, MemoryError) or any(text in str(error).lower() for text in _MEMORY)):
            raise
        remedies = ["a smaller model", "fewer --workers"]
        if device != "cpu":
            remedies.insert(1, "--device cpu")
        place = "the computer's memory" if device == "cpu" else f"the memory of the device {device}"
        raise RotoError(f"{model} does not fit into {place}; try {', '.join(remedies)}") from error
