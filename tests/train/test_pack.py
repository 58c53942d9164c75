"""Packing: what a run left becomes a file of the project and a row of its table."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from roto.track.learned.certainty import FACTS
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.networks import Networks
from roto.weights.own import OwnWeights

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module; it puts what it packs into ``tmp_path``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        module = importlib.import_module("weights.train.pack")
        patch.setattr(module, "FOLDER", tmp_path)
        patch.setattr(module, "TABLE", tmp_path / "propagators.json")
        yield module


def run(pack: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "learned", **more: str) -> None:
    nets = {"propagation": PropagationNet(), "fusion": FusionNet(), "appearance": AppearanceNet()}
    state = {kind: net.state_dict() for kind, net in nets.items()}
    torch.save(state | {"confidence": {"weights": torch.ones(FACTS)}}, folder / "weights.pt")
    words = [word for option, value in more.items() for word in (f"--{option}", value)]
    arguments = [str(folder / "weights.pt"), name, "--trained-on", "nothing", *words]
    monkeypatch.setattr(sys, "argv", ["pack", *arguments])
    pack.main()


def test_what_was_packed_is_what_roto_runs(pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(pack, tmp_path, monkeypatch)
    (row,) = json.loads((tmp_path / "propagators.json").read_text())["weights"]
    weights, data = OwnWeights(**row), (tmp_path / "learned.pt").read_bytes()
    assert weights.identity == hashlib.sha256(data).hexdigest()
    assert weights.is_right(data)
    assert len(data) < 10_000_000
    state = torch.load(tmp_path / "learned.pt", weights_only=True)
    kept = [x for net in state.values() for x in net.values()]
    assert {x.dtype for x in kept} == {torch.float16, torch.int64}
    Networks.from_weights(state)


def test_a_set_takes_the_place_of_its_own_name_alone(
    pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pack, tmp_path, monkeypatch, "other", licence="MIT")
    for _ in range(2):
        run(pack, tmp_path, monkeypatch)
    rows = json.loads((tmp_path / "propagators.json").read_text())["weights"]
    assert [(row["name"], row["file"], row["licence"]) for row in rows] == [
        ("other", "other.pt", "MIT"),
        ("learned", "learned.pt", "Apache-2.0"),
    ]


def test_the_mean_of_two_sets_lies_between_them(
    pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pack, tmp_path, monkeypatch)
    later = torch.load(tmp_path / "weights.pt", weights_only=True)
    earlier = {kind: {name: x + 2 for name, x in net.items()} for kind, net in later.items()}
    for share, less in ((0.5, 1.0), (0.25, 1.5)):
        mean = pack.averaged(later, earlier, share)
        for kind, net in later.items():
            for name, x in net.items():
                torch.testing.assert_close(mean[kind][name], x + less if x.is_floating_point() else x)


def test_the_same_weights_pack_into_the_same_bytes(pack: ModuleType) -> None:
    state = {"net": {"weight": torch.randn(8, 4, 3, 3), "count": torch.tensor(3)}}
    channels_last = {"net": {name: x.clone() for name, x in state["net"].items()}}
    channels_last["net"]["weight"] = state["net"]["weight"].contiguous(memory_format=torch.channels_last)
    assert pack.packed(state) == pack.packed(channels_last)


def test_a_network_can_stay_as_it_was_earlier(
    pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(pack, tmp_path, monkeypatch)
    earlier = torch.load(tmp_path / "weights.pt", weights_only=True)
    earlier["confidence"]["weights"] = torch.full((FACTS,), 3.0)
    earlier["appearance"] = {n: x + 2 for n, x in earlier["appearance"].items()}
    torch.save(earlier, tmp_path / "earlier.pt")
    run(pack, tmp_path, monkeypatch, average=str(tmp_path / "earlier.pt"), keep="confidence")
    new, kept = (torch.load(tmp_path / name, weights_only=True) for name in ("weights.pt", "learned.pt"))
    assert (kept["confidence"]["weights"] == 3).all()
    name = next(n for n, x in new["appearance"].items() if x.is_floating_point())
    assert not torch.equal(kept["appearance"][name].float(), earlier["appearance"][name].half().float())
    with pytest.raises(SystemExit):
        run(pack, tmp_path, monkeypatch, keep="confidence")
    assert "--average" in capsys.readouterr().err
