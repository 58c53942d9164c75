"""How many processes a machine bears."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import roto.parallel
from roto.edge import Grow, Refine
from roto.parallel import default_workers


def shot(memory_bytes: int, on_gpu: bool = False, edge: tuple[Any, ...] = ()) -> Any:
    models = SimpleNamespace(memory_bytes=lambda options: memory_bytes, on_gpu=on_gpu)
    source = SimpleNamespace(info=SimpleNamespace(width=4096, height=2160))
    return SimpleNamespace(models=models, layers=(SimpleNamespace(track=None, stack=None, edge=edge),), source=source)


@pytest.fixture(autouse=True)
def eight_cores_and_ten_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roto.parallel, "cores", lambda: 8)
    monkeypatch.setattr(roto.parallel, "available_bytes", lambda: 10_000_000_000)


def test_a_process_for_each_core() -> None:
    assert default_workers(shot(0)) == 8


@pytest.mark.parametrize(("needed", "workers"), [(100_000_000, 8), (4_000_000_000, 2), (20_000_000_000, 1)])
def test_as_many_models_as_fit_into_memory(needed: int, workers: int) -> None:
    assert default_workers(shot(needed)) == workers


def test_a_gpu_is_shared_by_two() -> None:
    assert default_workers(shot(4_000_000_000, on_gpu=True)) == 2


def test_as_many_refined_frames_of_4k_as_fit_into_memory() -> None:
    assert default_workers(shot(0, edge=(Grow(px=1), Refine()))) == 8
    assert default_workers(shot(0, edge=(Refine(),) * 2, on_gpu=True)) == 8
    assert 4096 * 2160 * 100 < Refine().memory_bytes(4096, 2160) < 1_300_000_000


def test_a_small_machine_refines_4k_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roto.parallel, "available_bytes", lambda: 2_000_000_000)
    assert default_workers(shot(0, edge=(Refine(),))) == 1
