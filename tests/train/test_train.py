"""Training end to end, as small as it gets: an interrupted run ends in the very weights of one that was not."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from roto.track.learned.certainty import FACTS
from roto.track.learned.networks import Networks
from roto.track.learned.planes import FUSION_PLANES, MEMORY_PX, PROPAGATION_PLANES
from roto.track.learned.propagate import EFFORTS

ROOT = Path(__file__).parents[2]
CROP_PX = 176


class Here:
    """A pool of workers that is this process."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(call(*arguments))
        return future


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    """The module, its clips of seven frames of 112 x 80, one step of fitting each, all in this process."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        module = importlib.import_module("weights.train.train")
        gather = importlib.import_module("weights.train.gather")
        render, gathered = gather.render_clip, gather.gather
        patch.setattr(gather, "render_clip", lambda seed, frames: render(seed, frames, 112, 80))
        patch.setattr(module, "gather", lambda job: gathered(replace(job, frames=7)))
        patch.setattr(module, "ProcessPoolExecutor", Here)
        yield module
    torch.set_num_threads(threads)


def run(train: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch, rounds: int = 2) -> None:
    options = {"rounds": rounds, "clips": 1, "steps": 2, "batch": 2, "fit-steps": 1, "workers": 1, "seed": 5}
    arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["train", "--work", str(folder), *arguments])
    train.main()


@pytest.fixture(scope="module")
def trained(train: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two rounds."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        run(train, folder, patch)
    return folder


def tensors(state: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(state, torch.Tensor):
        yield name, state
    elif isinstance(state, dict):
        for key, value in state.items():
            yield from tensors(value, f"{name}/{key}")


def test_a_run_leaves_weights_that_run(trained: Path) -> None:
    weights = torch.load(trained / "weights.pt", weights_only=True)
    networks = Networks.from_weights(weights)
    planes = np.random.default_rng(1).standard_normal((PROPAGATION_PLANES, 32, 48)).astype(np.float32)
    memory = networks.remember(np.ones((1, 6, MEMORY_PX, MEMORY_PX), np.float32))
    assert np.isfinite(networks.propagate(planes, np.zeros((32, 48), np.float32), memory)).all()
    assert weights["propagation"]["body.out.weight"].abs().max() > 0  # it has learned something
    assert weights["fusion"]["body.out.weight"].abs().max() > 0
    assert weights["confidence"]["weights"].shape == (FACTS,)
    assert weights["confidence"]["weights"].abs().max() > 0
    rows = [json.loads(line) for line in (trained / "progress.jsonl").read_text().splitlines()]
    assert [row["round"] for row in rows] == [0, 1, 2]
    assert [row["loss"] > 0 for row in rows] == [False, True, True]
    assert not list(trained.glob("*.part"))


def test_samples_are_what_the_networks_saw(trained: Path) -> None:
    stored = torch.load(trained / "samples-0001-000.pt", weights_only=True)
    for kind, planes in (("propagation", PROPAGATION_PLANES), ("fusion", FUSION_PLANES)):
        seen = stored[kind]
        count = len(seen["prior"])
        assert seen["planes"].shape == (count, planes, CROP_PX, CROP_PX)
        assert seen["prior"].shape == seen["truth"].shape == (count, CROP_PX, CROP_PX)
        assert (seen["planes"].dtype, seen["truth"].dtype) == (torch.float16, torch.uint8)
        assert seen["memories"].shape[1:] == (2, 6, MEMORY_PX, MEMORY_PX)
        assert seen["memory"].shape == (count,)
        assert seen["memory"].max() < len(seen["memories"])
        assert seen["truth"].max() == 255
    assert stored["facts"].shape[1] == FACTS + 1
    assert ((stored["facts"][:, -1] >= 0) & (stored["facts"][:, -1] <= 1)).all()


def test_an_interrupted_run_ends_in_the_same_weights(
    train: ModuleType, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = train.gather

    def dies(job: Any) -> Any:
        if job.round == 1:
            raise KeyboardInterrupt
        return gather(job)

    with monkeypatch.context() as patch:
        patch.setattr(train, "gather", dies)
        with pytest.raises(KeyboardInterrupt):
            run(train, tmp_path, monkeypatch)
    assert not (tmp_path / "samples-0001-000.pt").exists()
    run(train, tmp_path, monkeypatch)
    for name in ("weights.pt", "checkpoint.pt"):
        ours, theirs = (dict(tensors(torch.load(at / name, weights_only=True))) for at in (tmp_path, trained))
        assert ours.keys() == theirs.keys()
        assert [key for key, value in ours.items() if not torch.equal(value, theirs[key])] == []


def test_a_run_that_is_whole_does_nothing(train: ModuleType, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (trained / "weights.pt").read_bytes()
    monkeypatch.setattr(train, "gather", lambda job: pytest.fail("a clip was asked for"))
    run(train, trained, monkeypatch)
    assert (trained / "weights.pt").read_bytes() == before


def test_the_regression_finds_what_made_the_overlaps(train: ModuleType) -> None:
    known = torch.randn(4000, FACTS, generator=torch.Generator().manual_seed(1)).double()
    made = torch.linspace(-1, 1, FACTS).double()
    rows = torch.cat([known, torch.sigmoid(known @ made)[:, None]], 1).float()
    torch.testing.assert_close(train.regressed([rows[:1000], rows[1000:]]), made.float(), rtol=0, atol=0.05)


def test_clips_are_looked_at_as_the_qualities_look() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        gather, rollout = (importlib.import_module(f"weights.train.{name}") for name in ("gather", "rollout"))
    rng = np.random.default_rng(1)
    efforts = [gather._effort(rollout.Effort(fit_steps=7), rng) for _ in range(300)]
    fast, normal = ((EFFORTS[name].detail, EFFORTS[name].pace) for name in ("fast", "normal"))
    assert {(effort.detail, effort.pace, effort.fit_steps) for effort in efforts} == {
        (*normal, 7),
        (*fast, 7),
        (*fast, 0),
    }
