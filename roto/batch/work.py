"""Running one task by its value, in any process: what a worker does, here, on a cluster or on a render farm.

A task may be run twice, or by two at once: the records and the files are the same, and appear whole or not at all.
"""

from __future__ import annotations

import platform
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from roto.batch.finish import Summary, finish_shot
from roto.batch.plan import EXPORT, PLAN, REPORT, SETTLE, BatchTask, ShotPlan, plan_shot, record_of
from roto.batch.shot import BatchShot
from roto.errors import RotoError
from roto.job.run import deliver, find_exporters, sort_exports
from roto.mattes import PlannedPiece, plan_pieces
from roto.parallel import WORK_EDGE, run_step
from roto.pipeline import EDGE_VERSION, ENGINE_VERSION, PlannedSpan, Shot
from roto.processes import Runner
from roto.schedule import Seconds
from roto.settle import about_stacks, settle

LIBRARIES = ("roto", "numpy", "opencv-python", "torch", "av", "pillow", "OpenEXR", "isal", "zlib-ng", "openimageio")
_OPEN = 2  # shots that a worker holds open

OnFrame = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task says when it is done; most have written files and say how long that took, by stage."""

    seconds: Seconds = field(default_factory=dict)
    plan: ShotPlan | None = None
    summary: Summary | None = None


def fingerprint() -> dict[str, str]:
    """What decides about bytes beside the input: roto, its engine, and the libraries that compute or encode."""
    found = {"engine": str(ENGINE_VERSION), "edge": str(EDGE_VERSION), "machine": platform.machine()}
    found["python"] = ".".join(platform.python_version_tuple()[:2])
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def refusal(wanted: dict[str, str], where: str = "this worker") -> str | None:
    """Why a worker may not take part in a batch that was started elsewhere, or None."""
    own = fingerprint()
    differing = [f"{name} {own.get(name)} (the batch has {each})" for name, each in wanted.items() if own[name] != each]
    if not differing:
        return None
    return f"{where} has {', '.join(differing)}: its bytes could differ; install the same there"


def start_worker(wanted: dict[str, str]) -> Runner:
    """For :class:`roto.processes.Processes`, and whatever else starts workers. RotoError for one that differs."""
    reason = refusal(wanted)
    if reason is not None:
        raise RotoError(reason)
    return Worker()


@dataclass(eq=False)
class Opened:
    """A shot that is open. ``state``: of its document when it was opened."""

    shot: Shot
    state: tuple[int, int]
    decided: list[str] | None = None
    pieces: dict[tuple[int, int], PlannedPiece] = field(default_factory=dict)

    def settled(self) -> list[str]:
        """Have what the shot leaves to its clip decided; a line for each."""
        if self.decided is None:
            self.decided = settle(self.shot, self.shot.store)
        return self.decided

    def piece(self, layer: int, first: int) -> PlannedPiece | None:
        self.settled()
        if not self.pieces:
            self.pieces = {(piece.layer, piece.first): piece for piece in plan_pieces(self.shot)}
        return self.pieces.get((layer, first))


class Worker:
    """Runs tasks, one at a time; holds the latest shots open."""

    def __init__(self, count: int = _OPEN) -> None:
        self._count = count
        self._open: OrderedDict[BatchShot, Opened] = OrderedDict()

    def __call__(self, task: BatchTask, on_frame: OnFrame) -> TaskResult:
        started = time.perf_counter()
        opened = self.opened(task.shot)
        shot, store = opened.shot, opened.shot.store
        if task.kind == PLAN:
            return TaskResult({"plan": time.perf_counter() - started}, plan=plan_shot(task.shot, shot))
        if task.kind == SETTLE:
            opened.settled()
            return TaskResult({"settle": time.perf_counter() - started})
        if task.kind == EXPORT:
            opened.settled()
            return TaskResult(_export(task, shot, on_frame))
        if task.kind == REPORT:
            summary = finish_shot(task.shot, shot, [*opened.settled(), *about_stacks(shot, store)])
            return TaskResult({"report": time.perf_counter() - started}, summary=summary)
        return TaskResult(run_step(shot, store, _work(task, opened), task.kind, on_frame))

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].shot.close()

    def open_shot(self, batch: BatchShot) -> Shot:
        return Shot(batch.load(), Path(batch.document).parent, keep_going=batch.keep_going, device=batch.device)

    def opened(self, batch: BatchShot) -> Opened:
        path = Path(batch.document)
        known = self._open.get(batch)
        if known is not None and known.state != _state(path):
            known.shot.close()
            del self._open[batch]
            known = None
        if known is None:
            while len(self._open) >= self._count:
                self._open.popitem(last=False)[1].shot.close()
            state = _state(path)
            shot = self.open_shot(batch)
            known = self._open[batch] = Opened(shot, state)
        self._open.move_to_end(batch)
        return known


def _work(task: BatchTask, opened: Opened) -> PlannedSpan | PlannedPiece:
    """The span or piece that a task names."""
    found: PlannedSpan | PlannedPiece | None
    if task.kind == WORK_EDGE:
        found = opened.piece(task.layer, task.first)
    else:
        spans = opened.shot.layers[task.layer].spans if task.layer < len(opened.shot.layers) else ()
        found = next((span for span in spans if (span.first, span.last) == (task.first, task.last)), None)
    if found is None or (task.key is not None and found.key != task.key):
        raise RotoError(
            f"{task.shot.document}, or what it names, has changed since its shot was planned; "
            "run the same command again"
        )
    return found


def _export(task: BatchTask, shot: Shot, on_frame: OnFrame) -> Seconds:
    batch, seconds = task.shot, dict[str, float]()
    record = record_of(batch)
    exporters = find_exporters([task.export])
    root, names = Path(batch.root), batch.export_names()
    wanted, _ = sort_exports(shot, record, root, exporters, batch.overwrite, names)
    if wanted:
        deliver(shot, shot.store, record, wanted, seconds, lambda what, done, total: on_frame(done))
    return seconds


def _state(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise RotoError(f"{path}: cannot be read: {error.strerror}") from None
    return stat.st_size, stat.st_mtime_ns


def run_task(data: dict[str, Any]) -> TaskResult:
    """Run one task from its JSON, as a render farm does, in a process of its own."""
    return Worker()(BatchTask.from_json(data), lambda number: None)
