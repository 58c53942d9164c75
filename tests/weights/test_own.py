"""Our own weights: what is said when they are not there, damaged, or cannot be run; and what is taken instead."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import roto.weights.own
from roto.errors import BackendUnavailable
from roto.models import Models
from roto.track.learned.certainty import FACTS
from roto.track.options import TrackOptions
from roto.track.propagators import networks_of
from roto.weights.own import OwnWeights, own_weights


def untrained() -> bytes:
    import torch

    from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet

    nets = {"propagation": PropagationNet(), "fusion": FusionNet(), "appearance": AppearanceNet()}
    state: dict[str, Any] = {name: net.half().state_dict() for name, net in nets.items()}
    state["confidence"] = {"weights": torch.zeros(FACTS).half()}
    data = io.BytesIO()
    torch.save(state, data)
    return data.getvalue()


@pytest.fixture(scope="module")
def trained() -> bytes:
    return untrained()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder in which the table and the files are looked for; there is no set in it."""
    (tmp_path / "propagators.json").write_text('{"weights": []}')
    monkeypatch.setattr(roto.weights.own, "resources", SimpleNamespace(files=lambda package: tmp_path))
    monkeypatch.setattr("roto.models.present", lambda: ())  # nobody's SAM
    own_weights.cache_clear()
    networks_of.cache_clear()
    yield tmp_path
    own_weights.cache_clear()
    networks_of.cache_clear()


@pytest.fixture
def packaged(folder: Path) -> Callable[[bytes], OwnWeights]:
    """Puts a set into the folder."""

    def put(data: bytes) -> OwnWeights:
        (folder / "learned.pt").write_bytes(data)
        row = {
            "name": "learned",
            "file": "learned.pt",
            "identity": hashlib.sha256(data).hexdigest(),
            "licence": "Apache-2.0",
            "trained_on": "nothing",
        }
        (folder / "propagators.json").write_text(json.dumps({"weights": [row]}))
        own_weights.cache_clear()
        return own_weights()["learned"]

    return put


AUTO, BY_NAME = TrackOptions(), TrackOptions(propagator="learned")


def test_weights_that_are_here_are_taken_and_run(packaged: Callable[[bytes], OwnWeights], trained: bytes) -> None:
    weights = packaged(trained)
    models = Models("cpu")
    assert weights.problem() is None
    assert set(weights.state()) == {"propagation", "fusion", "appearance", "confidence"}
    assert models.chosen_propagator(AUTO).taken == "learned"
    assert models.propagator(AUTO).name == models.propagator(BY_NAME).name == "learned"
    assert weights.identity in models.describe(AUTO)


def test_they_are_read_once_a_process(
    packaged: Callable[[bytes], OwnWeights], trained: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged(trained)
    read: list[str] = []
    state = OwnWeights.state
    monkeypatch.setattr(OwnWeights, "state", lambda self: read.append(self.name) or state(self))
    for options in (AUTO, BY_NAME, AUTO):
        Models("cpu").propagator(options)
    assert read == ["learned"]


def no_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "propagators.json").write_text('{"weights": []}')
    own_weights.cache_clear()


def no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "learned.pt").unlink()


def no_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roto.weights.own, "find_spec", lambda name: None)


MISSING = [
    (no_file, "its weights learned.pt are missing from this installation; install roto again"),
    (no_torch, "torch is not installed; 'pip install torch' brings it"),
]


@pytest.mark.parametrize(("lose", "why"), [*MISSING, (no_set, "its weights are not packaged")])
def test_without_them_auto_is_classical_and_says_why(
    packaged: Callable[[bytes], OwnWeights],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trained: bytes,
    lose: Callable[[Path, pytest.MonkeyPatch], None],
    why: str,
) -> None:
    packaged(trained)
    lose(folder, monkeypatch)
    models = Models("cpu")
    chosen = models.chosen_propagator(AUTO)
    assert (chosen.wanted, chosen.taken) == ("auto", "classical")
    assert why in chosen.why
    assert models.propagator(AUTO).name == "classical"
    assert models.why_not(AUTO) is None
    assert not models.fits(AUTO)
    assert models.describe(AUTO)[0] == "classical"


@pytest.mark.parametrize(("lose", "why"), [*MISSING, (no_set, "its weights were not read")])
def test_asked_for_by_name_nothing_takes_its_place(
    packaged: Callable[[bytes], OwnWeights],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trained: bytes,
    lose: Callable[[Path, pytest.MonkeyPatch], None],
    why: str,
) -> None:
    packaged(trained)
    lose(folder, monkeypatch)
    models = Models("cpu")
    with pytest.raises(BackendUnavailable, match="learned is not available: ") as failure:
        models.propagator(BY_NAME)
    assert failure.value.reason == why
    assert models.why_not(BY_NAME) == why


@pytest.mark.parametrize("damage", ["shorter", "changed", "empty"])
def test_a_damaged_file_is_never_loaded(
    packaged: Callable[[bytes], OwnWeights], folder: Path, monkeypatch: pytest.MonkeyPatch, trained: bytes, damage: str
) -> None:
    weights = packaged(trained)
    broken = {"shorter": trained[:-1], "changed": trained[:5000] + b"?" + trained[5001:], "empty": b""}[damage]
    (folder / "learned.pt").write_bytes(broken)
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(BackendUnavailable, match=r"its weights learned\.pt are damaged; install roto again"):
        weights.state()
    assert "damaged" in (Models("cpu").why_not(AUTO) or "")


def test_flow_alone_is_not_overruled(packaged: Callable[[bytes], OwnWeights], trained: bytes) -> None:
    packaged(trained)
    assert Models("cpu").chosen_propagator(TrackOptions(segmenter="none")).taken == "classical"


def test_trained_anew_they_make_another_result(packaged: Callable[[bytes], OwnWeights], trained: bytes) -> None:
    packaged(trained)
    before = Models("cpu").describe(AUTO)
    packaged(trained + b" ")
    assert Models("cpu").describe(AUTO) != before


def test_the_table_and_the_files_in_the_tree_belong_together() -> None:
    for weights in own_weights().values():
        assert weights.is_right(weights.data())
        assert len(weights.data()) < 10_000_000
        assert weights.trained_on
        assert all(np.isfinite(x.numpy()).all() for net in weights.state().values() for x in net.values())
