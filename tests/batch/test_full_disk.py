"""A few small disks that fill up; ``tests/bench/full_disk.py`` tries all sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
POSSIBLE = "import sys; sys.path.insert(0, sys.argv[1]); import full_disk; sys.exit(not full_disk.possible())"


@pytest.fixture(autouse=True)
def _needs_a_disk_of_its_own() -> None:
    if sys.platform != "linux" or subprocess.run([sys.executable, "-c", POSSIBLE, str(BENCH)]).returncode != 0:
        pytest.skip("file systems of one's own cannot be mounted here")


def test_a_batch_on_a_full_disk_leaves_nothing_half_written_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    program = [sys.executable, str(BENCH / "full_disk.py"), "--sizes", "3", "--files", "3", "--work", str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True)
    met = dict(line.split()[:2] for line in done.stdout.splitlines() if not line.startswith(" "))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no" in met  # no room
    assert met["wrong"] == "0"


def test_what_failed_is_said_where_the_page_has_no_room_either(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(BENCH)!r})
import full_disk
from pathlib import Path
folder = Path({str(tmp_path)!r})
disk = full_disk.Disk(full_disk.write_manifest(full_disk.render(folder), 1), folder / "out")
with full_disk.mounted(disk.out, "size=16384"):
    print(disk.batch().stderr)
"""
    private = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", program]
    done = subprocess.run(private, capture_output=True, text=True, check=True)
    first, *others = done.stdout.strip().splitlines()
    assert first.startswith("roto: sh000 failed: cannot write ")
    assert "No space left on device" in first
    assert [line.endswith("batch.html cannot be written: No space left on device") for line in others] == [True]
