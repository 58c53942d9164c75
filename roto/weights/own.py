"""The weights that we train ourselves: small, packaged with roto, listed in ``weights/propagators.json``."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from typing import Any

from roto.errors import BackendUnavailable

_FOLDER = "roto.weights.data"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWeights:
    """One set of our weights. ``identity`` is the SHA-256 sum that its file must have."""

    name: str  # of the propagator that runs with it: "learned"
    file: str
    identity: str
    licence: str  # an SPDX identifier
    trained_on: str

    def problem(self) -> str | None:
        """Why it cannot be used here, or None. Nothing is hashed and torch is not imported."""
        if not resources.files(_FOLDER).joinpath(self.file).is_file():
            return f"its weights {self.file} are missing from this installation; install roto again"
        if find_spec("torch") is None:
            return "torch is not installed; 'pip install torch' brings it"
        return None

    def data(self) -> bytes:
        """Its file as it is packaged. FileNotFoundError where it is missing."""
        return resources.files(_FOLDER).joinpath(self.file).read_bytes()

    def is_right(self, data: bytes) -> bool:
        """Whether this is the file that the table means."""
        return hashlib.sha256(data).hexdigest() == self.identity

    def state(self) -> dict[str, Any]:
        """State dictionaries by the network's name, on the CPU. Nothing that the file holds is run.
        BackendUnavailable when it is not here or not what the table says."""
        problem = self.problem()
        if problem is None:
            data = self.data()
            if not self.is_right(data):
                problem = f"its weights {self.file} are damaged; install roto again"
        if problem is not None:
            raise BackendUnavailable(self.name, problem)
        import torch

        return dict(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))


@cache
def own_weights() -> Mapping[str, OwnWeights]:
    """The sets by name, in the table's order."""
    data = json.loads(resources.files(_FOLDER).joinpath("propagators.json").read_text("utf-8"))
    return {row["name"]: OwnWeights(**row) for row in data["weights"]}
