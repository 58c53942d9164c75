"""How a batch scales: workers, thousands of shots, and a cluster whose workers are killed.

    python tests/bench/scale.py [workers] [simulation] [kills] [--shots N] [--simulated 10000] [--spans 8]
                                [--pools processes dask]
                                [--rounds 3] [--every 5] [--kills 6] [--work FOLDER]

workers     The same real batch (a rendered clip, tracked by flow) by 1 and by 2 worker processes: frames a second, and
            their ratio. What the machine does besides shows in it: each is run so many times in turn, the best counts.
simulation  A SIMULATION, no pixel is computed: as many shots and spans as asked, whose tasks return at once, so that
            what is left is the scheduling. Time a task and this process's memory over the run, with worker processes
            and with Dask; then the time of the same command when everything is done.
kills       Two Dask workers in processes of their own, one of them killed with SIGKILL every so many seconds and
            another started, and the final bytes against a run that nobody disturbed.

Prints tables; the exit code is 1 if bytes differ or memory grows with the number of shots.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import psutil
from chaos import render, shown

from roto.batch.cluster import Cluster, cluster_pool
from roto.batch.find import Found, find_shots
from roto.batch.finish import LayerSummary, Summary, _remember
from roto.batch.local import local_pool
from roto.batch.plan import BatchTask, ShotPlan
from roto.batch.run import BatchRun
from roto.batch.shot import DOCUMENT, BatchShot
from roto.batch.work import TaskResult
from roto.processes import Processes, Runner
from roto.schedule import Pool, Task
from roto.shot.document import VERSION
from roto.shot.file import load

_FARM = importlib.util.spec_from_file_location("farm", Path(__file__).parents[1] / "batch" / "farm.py")
assert _FARM is not None
assert _FARM.loader is not None
_farm = sys.modules["farm"] = importlib.util.module_from_spec(_FARM)  # dataclasses look their module up
_FARM.loader.exec_module(_farm)
farm = _farm.farm

SETTINGS = BatchShot(name="", document="", out="", root="", exports=())
WORKERS = 2
ROUNDS = 3
GROWTH_BYTES = 96 << 20  # of this process between a quarter and the end of a simulation, its list of shots included


def run_batch(
    shots: tuple[Found, ...], pool: Pool, tell: Callable[[dict[str, Any]], None] = lambda e: None
) -> BatchRun:
    run = BatchRun(shots, retries=20, tell=tell)
    run.run(pool)
    failed = [state.error for state in run.states if state.error]
    if failed:
        raise SystemExit(f"{len(failed)} shots failed: {failed[0]}")
    return run


# -- real tasks -------------------------------------------------------------------------------------------------------


def real_shots(folder: Path, count: int) -> tuple[Found, ...]:
    """Shots of a rendered clip, larger than the chaos test's so that a task is work."""
    if not (folder / "clip").is_dir():
        render(folder)
        for path in (*(folder / "clip").iterdir(), folder / "key.png"):
            cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), (640, 480)))
    lines = ["defaults = {exports = ['png'], track = {propagator = 'classical', segmenter = 'local'}}"]
    for index in range(count):
        lines += ["[[shot]]", f"name = 'sh{index:03d}'", "source = 'clip/shot.####.png'", "masks = {1001 = 'key.png'}"]
    manifest = folder / "night.toml"
    manifest.write_text("\n".join(lines) + "\n")
    return find_shots([str(manifest)], SETTINGS, folder / "out").shots


def measure_workers(folder: Path, count: int, rounds: int) -> None:
    best: dict[int, float] = {}
    for _ in range(rounds):
        for workers in (1, WORKERS):
            shutil.rmtree(folder / "out", ignore_errors=True)
            started: list[float] = []

            def note(told: dict[str, Any], started: list[float] = started) -> None:
                if told["event"] == "progress" and not started:
                    started.append(time.monotonic())  # the processes are up

            run = run_batch(real_shots(folder, count), local_pool(workers), note)
            best[workers] = max(best.get(workers, 0), run.frames / (time.monotonic() - started[0]))
    print(f"\n{'workers':>8}{'frames of work a second':>26}{'ratio':>8}")
    for workers, rate in best.items():
        print(f"{workers:>8}{rate:>26.1f}{rate / best[1]:>8.2f}")


# -- a simulation -----------------------------------------------------------------------------------------------------


def simulated_shots(folder: Path, count: int) -> tuple[Found, ...]:
    """Documents that name a picture, in a folder each."""
    render(folder)
    document = {
        "version": VERSION,
        "source": {"path": "../clip/shot.1001.png"},
        "track": {"propagator": "classical", "segmenter": "local"},
        "layers": [{"name": "matte", "keyframes": [{"frame": 1001, "absent": True}]}],
    }
    shots = []
    for index in range(count):
        out = folder / f"sh{index:05d}"
        out.mkdir(parents=True, exist_ok=True)
        (out / DOCUMENT).write_text(json.dumps(document))
        shot = BatchShot(
            name=f"sh{index:05d}", document=str(out / DOCUMENT), out=str(out), root=str(out), exports=("png",)
        )
        shots.append(Found(shot, str(index)))
    return tuple(shots)


def simulated_task(task: BatchTask, spans: int) -> TaskResult:
    """What a task returns, without what it would compute."""
    if task.kind == "plan":
        return TaskResult(plan=simulated_plan(task.shot, spans))
    if task.kind != "report":
        return TaskResult({task.kind: 0.0})
    low = LayerSummary("matte", 1.0, 1001, 1.0, None, None, ())
    out = Path(task.shot.out)
    summary = Summary(frames=spans, layers=(low,), files=1, report="report.html", picture="x" * 12_000)
    (out / "matte.png").write_bytes(b"simulated")
    document = load(Path(task.shot.document))
    layers = [SimpleNamespace(layer=layer, track=document.track_options(layer)) for layer in document.layers]
    _remember(task.shot, SimpleNamespace(document=document, layers=layers), [out / "matte.png"], summary)  # type: ignore[arg-type]
    return TaskResult({"report": 0.0}, summary=summary)


def simulated_plan(shot: BatchShot, spans: int) -> ShotPlan:
    make = partial(BatchTask, shot=shot, memory_bytes=0)
    tasks: list[BatchTask] = []
    for span in range(spans):
        name = f"{shot.name}/{span}"
        tasks += [make(id=f"{name}/{kind}", kind=kind, frames=12) for kind in ("forward", "backward")]
        after = (f"{name}/forward", f"{name}/backward")
        tasks.append(make(id=f"{name}/finish", kind="finish", frames=12, after=after))
    solved = tuple(task.id for task in tasks if task.kind == "finish")
    tasks.append(make(id=f"{shot.name}/export", kind="export", after=solved))
    tasks.append(make(id=f"{shot.name}/report", kind="report", after=(tasks[-1].id,)))
    return ShotPlan(tasks=tuple(tasks), frames=12 * spans, spans=spans, spans_solved=0, keys=())


def start_simulated(spans: int) -> Runner:
    return lambda task, on_frame: simulated_task(task, spans)


def simulated_on_dask(task: BatchTask, spans: int, topic: str) -> TaskResult:
    return simulated_task(task, spans)


class SimulatedCluster(Cluster):
    """A cluster whose tasks are simulated."""

    spans = 0

    def call(self, task: Task) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return simulated_on_dask, (task.work, self.spans)


@dataclass
class Watch:
    """Memory of this process by shots that are done, and how many tasks were."""

    shots: int
    tasks: int = 0
    done: int = 0
    bytes: dict[int, int] = field(default_factory=dict)  # by quarter

    def __call__(self, told: dict[str, Any]) -> None:
        self.tasks += told["event"] == "task"
        if told["event"] == "done":
            self.done += 1
            if self.done * 4 % self.shots < 4:
                self.bytes[self.done * 4 // self.shots] = psutil.Process().memory_info().rss


def measure_simulation(folder: Path, count: int, spans: int, names: Sequence[str]) -> bool:
    SimulatedCluster.spans = spans
    print(f"\nSIMULATION of {count} shots x {spans} spans: tasks that compute nothing, {WORKERS} workers")
    print(
        f"{'pool':<12}{'tasks':>9}{'ms a task':>11}  {'driver, MiB at 1/4, 2/4, 3/4, 4/4':<36}{'finished again, s':>18}"
    )
    flat = True
    for name in names:
        shutil.rmtree(folder, ignore_errors=True)
        if name == "processes":
            flat &= simulate(name, folder, count, lambda: Processes(WORKERS, start_simulated, (spans,)))
        else:
            with farm(folder.parent / "farm", WORKERS) as running:  # its scheduler is no part of this process
                flat &= simulate(name, folder, count, partial(cluster_pool, running.address, print, SimulatedCluster))
    return flat


def simulate(name: str, folder: Path, count: int, make: Callable[[], Pool]) -> bool:
    """Run and run again; whether this process's memory stayed as it was."""
    shots, watch = simulated_shots(folder, count), Watch(count)
    pool = make()
    started = time.monotonic()
    run_batch(shots, pool, watch)
    elapsed = time.monotonic() - started
    again = time.monotonic()
    run = run_batch(shots, make())
    again = time.monotonic() - again
    if not all(state.current for state in run.states):
        raise SystemExit("a finished batch was not seen to be finished")
    memory = [watch.bytes[quarter] for quarter in sorted(watch.bytes)]
    told = ", ".join(f"{each / (1 << 20):.0f}" for each in memory)
    print(f"{name:<12}{watch.tasks:>9}{1000 * elapsed / watch.tasks:>11.2f}  {told:<26}{again:>18.1f}", flush=True)
    return memory[-1] - memory[0] < GROWTH_BYTES


# -- kills ------------------------------------------------------------------------------------------------------------


def measure_kills(folder: Path, count: int, every_s: float, kills: int) -> bool:
    shots = real_shots(folder, count)
    run_batch(shots, local_pool(1))
    wanted = shown(folder / "out")
    same, killed, rounds = True, 0, 0
    started = time.monotonic()
    with farm(folder / "farm", WORKERS) as running:
        while killed < kills:
            rounds += 1
            shutil.rmtree(folder / "out", ignore_errors=True)
            over = threading.Event()

            def kill(over: threading.Event = over) -> None:
                nonlocal killed
                while not over.wait(every_s):
                    victim = running.workers[killed]
                    victim.kill()
                    victim.wait()
                    killed += 1
                    running.start_worker()

            killer = threading.Thread(target=kill)
            killer.start()
            try:
                run_batch(shots, cluster_pool(running.address))
            finally:
                over.set()
                killer.join()
            same &= shown(folder / "out") == wanted
    elapsed = time.monotonic() - started
    print(f"\n{'dask workers':>13}{'killed':>8}{'one every, s':>14}{'runs':>6}{'seconds':>9}  bytes")
    print(f"{WORKERS:>13}{killed:>8}{every_s:>14g}{rounds:>6}{elapsed:>9.0f}  {'the same' if same else 'DIFFERENT'}")
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="workers, simulation, kills; all of them if none")
    parser.add_argument("--shots", type=int, default=8)
    parser.add_argument("--simulated", type=int, default=10_000)
    parser.add_argument("--spans", type=int, default=8)
    parser.add_argument("--pools", nargs="+", choices=("processes", "dask"), default=("processes", "dask"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    parts = args.parts or ["workers", "simulation", "kills"]
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.work or Path(temporary)
        good = True
        if "workers" in parts:
            measure_workers(folder / "real", args.shots, args.rounds)
        if "simulation" in parts:
            good &= measure_simulation(folder / "simulation", args.simulated, args.spans, args.pools)
        if "kills" in parts:
            good &= measure_kills(folder / "kills", args.shots, args.every, args.kills)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
