"""A few kills, damaged records and full disks, at seeded moments; ``tests/bench/chaos.py`` makes hundreds of them."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

if sys.platform == "win32":
    pytest.skip("kills by signals", allow_module_level=True)


def load() -> ModuleType:
    path = Path(__file__).parents[1] / "bench" / "chaos.py"
    spec = importlib.util.spec_from_file_location("bench_chaos", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_disturbed_batch_ends_in_the_bytes_of_one_that_nobody_disturbed(tmp_path: Path) -> None:
    bench = load()
    manifest, out = bench.write_manifest(bench.render(tmp_path), 2), tmp_path / "out"
    wanted, seconds = bench.undisturbed(manifest, out, 2)
    assert {Path(name).suffix for name in wanted} == {".png", ".mkv", ".exr", ".csv", ".json", ".html"}
    chaos = bench.Chaos(manifest, out, wanted, random.Random(7), longest_s=0.8 * seconds)
    for what in ("full", "driver", "worker", "vanish", "driver", "truncate", "worker", "flip", "driver", "old"):
        chaos.disturb(what)
    chaos.finish()
    assert chaos.wrong == [], "\n".join(chaos.wrong)
    assert chaos.done["kills"] >= 3
