"""Freed arrays go back to the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from roto.memory import available_bytes

MEASURE = """
import numpy as np, psutil
from roto.memory import return_large_arrays
return_large_arrays()
kept = []
for _ in range(40):
    large = [np.ones(1 << 21, np.uint8) for _ in range(20)]
    kept.append(np.ones(1 << 12, np.uint8))
    del large
print(psutil.Process().memory_info().rss / 1e6)
large = [np.ones(1 << 21, np.uint8) for _ in range(100)]
kept.append(np.ones(1 << 12, np.uint8))
del large
print(psutil.Process().memory_info().rss / 1e6)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only the C library of Linux is told so")
def test_two_hundred_megabytes_do_not_stay() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert after < before + 80  # some is kept for the next arrays


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    free = available_bytes(tmp_path)
    assert free > 100_000_000
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("700000\n")
    (tmp_path / "memory.stat").write_text("anon 600000\ninactive_file 50000\n")
    assert available_bytes(tmp_path) == 350_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(tmp_path) > 100_000_000
