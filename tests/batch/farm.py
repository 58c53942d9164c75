"""A Dask cluster on this machine, its scheduler and workers processes of their own, as on a farm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import roto

_START_S = 60.0


@dataclass
class Farm:
    """``address`` of the scheduler; its processes."""

    folder: Path
    address: str = ""
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        name = f"w{len(self.workers)}"
        flags = ["--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard", "--no-nanny", "--name", name]
        flags += ["--death-timeout", "20", "--local-directory", str(self.folder / name)]
        process = self._start("dask_worker", self.address, *flags, *arguments, cwd=cwd)
        self.workers.append(process)
        return process

    def start_scheduler(self) -> None:
        found = self.folder / "scheduler.json"
        flags = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(found)]
        self.scheduler = self._start("dask_scheduler", *flags)
        deadline = time.monotonic() + _START_S
        while not found.is_file() or not found.read_text().rstrip().endswith("}"):
            assert self.scheduler.poll() is None, "the scheduler did not start"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        import json

        self.address = json.loads(found.read_text())["address"]

    def close(self) -> None:
        for process in (*self.workers, *([self.scheduler] if self.scheduler else [])):
            process.kill()
            process.wait()

    def _start(self, module: str, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(Path(roto.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
            env=environment,
            cwd=cwd or self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def farm(folder: Path, workers: int) -> Iterator[Farm]:
    folder.mkdir(parents=True, exist_ok=True)
    running = Farm(folder)
    try:
        running.start_scheduler()
        for _ in range(workers):
            running.start_worker()
        yield running
    finally:
        running.close()
