"""What every segmenter can do: answer a prompt on a picture."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roto.segment.prompt import Candidate, Prompt


class Segmenter(Protocol):
    """One way to answer prompts. The expensive look at a picture is a value of its own, an embedding, computed once
    and asked as often as wanted, by every prompt and every layer."""

    name: str  # "local", "sam"
    identity: str  # whatever its answers depend on besides picture and prompt: method, version, checksum of weights

    def embed(self, rgb: NDArray[np.uint8]) -> Any:
        """The embedding of one picture, uint8 ``H x W x 3``."""

    def pack(self, embedding: Any) -> bytes:
        """An embedding as bytes; equal pictures give equal bytes. Empty where it is cheaper to compute than to keep."""

    def unpack(self, data: bytes) -> Any:
        """The inverse of :meth:`pack`: its answers are the same, to the bit."""

    def answer(self, embedding: Any, prompt: Prompt) -> tuple[Candidate, ...]:
        """Answers to a prompt on the embedded picture, the best first, at least one. An answer may be empty."""


class Checkpoint(Protocol):
    """The weights of a model, wherever they are kept."""

    @property
    def name(self) -> str:
        """The model's, "vit_b", or that of the file."""

    @property
    def identity(self) -> str:
        """SHA-256 of the file, hexadecimal."""

    def state(self) -> dict[str, Any]:
        """The tensors by name, on the CPU. BackendUnavailable with the reason when the file does not hold them."""
