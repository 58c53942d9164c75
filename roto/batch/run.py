"""Running a batch: which shots are started, what became of their tasks, and what is said of it.

Shots are planned a few ahead, so that the cores stay busy across them and the memory of this process stays flat,
however many there are. A shot that fails takes nothing else with it. Who runs the tasks is a pool's business.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from roto.batch.events import Tell, event
from roto.batch.find import Found
from roto.batch.finish import Summary, finished
from roto.batch.plan import BatchTask, ShotPlan, as_task, planning
from roto.batch.prepare import make_document, sweep
from roto.batch.work import TaskResult, fingerprint
from roto.errors import DamagedRecord, OutputError, RotoError
from roto.schedule import Done, Event, Failed, Graph, Lost, Pool, Run, Task
from roto.store import WORK_FOLDER, Store

AHEAD_SHOTS = 32
AHEAD_TASKS = 4000

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


@dataclass(eq=False)
class ShotState:
    """How a shot stands. ``frames`` and ``total`` count what its tasks tell of; ``current``: nothing was missing."""

    found: Found
    rank: int
    status: str = WAITING
    frames: int = 0
    total: int = 0
    started: float = 0.0
    elapsed_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    retries: int = 0
    replanned: int = 0
    plan: ShotPlan | None = None
    summary: Summary | None = None
    error: str = ""
    current: bool = False

    @property
    def name(self) -> str:
        return self.found.shot.name


class BatchRun:
    """A run of a batch's shots. ``states`` has how each stands, in their order; read it whenever ``tell`` is called."""

    def __init__(self, shots: tuple[Found, ...], *, retries: int = 2, tell: Tell = lambda event: None) -> None:
        self.states = [ShotState(found, rank) for rank, found in enumerate(shots)]
        self.started = time.monotonic()
        self.seconds: dict[str, float] = defaultdict(float)
        self.frames = 0
        self.retried = 0
        self._retries, self._tell = retries, tell
        self._by_name = {state.name: state for state in self.states}
        self._waiting: Iterator[ShotState] = iter(self.states)
        self._fed = False
        self._active = 0
        self._graph = Graph()
        self._told: dict[str, int] = defaultdict(int)  # frames by task that runs
        self._stores = _Stores()
        self._versions = fingerprint()

    @property
    def succeeded(self) -> bool:
        return all(state.status == DONE for state in self.states)

    @property
    def left(self) -> int:
        """Frames that are still to be told of, by those that are planned; the others count as the mean of these."""
        planned = [state for state in self.states if state.total and state.status == RUNNING]
        rest = sum(state.total - state.frames for state in planned)
        known = [state.total for state in self.states if state.total]
        waiting = sum(state.status == WAITING for state in self.states)
        return rest + (waiting * sum(known) // len(known) if known else 0)

    def run(self, pool: Pool) -> None:
        """Run until every shot is done or has failed. The pool is closed in the end, whatever happens."""
        self._tell(event("batch", shots=len(self.states), versions=self._versions))
        try:
            Run(self._graph, pool, self._heed, self._on_frame, self._retries).until_done(self._feed)
        finally:
            pool.close()
            self._stores.close()
        counts = {status: sum(state.status == status for state in self.states) for status in (DONE, FAILED)}
        seconds = {stage: round(spent, 3) for stage, spent in self.seconds.items()}
        elapsed = round(time.monotonic() - self.started, 3)
        self._tell(event("finished", **counts, retries=self.retried, elapsed_s=elapsed, seconds=seconds))

    # -- starting shots

    def _feed(self) -> None:
        while not self._fed and self._active < AHEAD_SHOTS and len(self._graph) < AHEAD_TASKS:
            state = next(self._waiting, None)
            if state is None:
                self._fed = True
                return
            self._start(state)

    def _start(self, state: ShotState) -> None:
        shot = state.found.shot
        state.started = time.monotonic()
        try:
            make_document(state.found)
            summary = finished(shot, self._versions)
            if summary is not None:
                state.current = True
                self._clean(state)
                self._end(state, DONE, summary=summary)
                return
            self._stores.hold(state.name, Path(shot.document).parent / WORK_FOLDER)
            sweep(state.found)
        except RotoError as error:
            self._end(state, FAILED, error=str(error))
            return
        state.status = RUNNING
        self._active += 1
        self._tell(event("started", shot=state.name, document=shot.document))
        self._graph.add([as_task(planning(shot), -1)])

    def _clean(self, state: ShotState) -> None:
        """Remove what a run left that was killed when all of a shot was done."""
        with suppress(OutputError):  # another run works there: it does so itself
            self._stores.hold(state.name, Path(state.found.shot.document).parent / WORK_FOLDER)
            sweep(state.found)
            self._stores.release(state.name, ())

    # -- what became of tasks

    def _on_frame(self, task: Task, number: int) -> None:
        state = self._by_name[task.group]
        if state.status == RUNNING and self._told[task.id] < task.frames:
            self._told[task.id] += 1
            state.frames += 1
            self.frames += 1
            self._tell(event("progress", shot=state.name, frames=state.frames, of=state.total, task=task.id))

    def _heed(self, happened: Event) -> None:
        task, state = happened.task, self._by_name[happened.task.group]
        if isinstance(happened, Done):
            self._done(state, task.work, happened.result)
        elif isinstance(happened, Lost):
            self._take_back(state, task)
            state.retries += 1
            self.retried += 1
            self._tell(event("retry", shot=state.name, task=task.id, attempt=happened.attempt, reason=happened.reason))
        else:
            self._failed(state, happened)

    def _done(self, state: ShotState, task: BatchTask, result: TaskResult) -> None:
        rest = task.frames - self._told.pop(task.id, 0)  # of what was there already nothing is told
        state.frames += rest
        self.frames += rest
        for stage, spent in result.seconds.items():
            state.seconds[stage] += spent
            self.seconds[stage] += spent
        seconds = {stage: round(spent, 4) for stage, spent in result.seconds.items()}
        self._tell(event("task", shot=state.name, task=task.id, frames=task.frames, seconds=seconds))
        if result.plan is not None:
            state.plan = result.plan
            state.frames, state.total = 0, result.plan.work
            self._graph.add(as_task(each, state.rank) for each in result.plan.tasks)
            self._tell(
                event(
                    "planned",
                    shot=state.name,
                    tasks=len(result.plan.tasks),
                    frames=result.plan.frames,
                    spans=result.plan.spans,
                    spans_solved=result.plan.spans_solved,
                )
            )
        if result.summary is not None:
            sweep(state.found)  # what killed workers left: nobody works at the shot any more
            self._leave(state)
            self._end(state, DONE, summary=result.summary)

    def _failed(self, state: ShotState, happened: Failed) -> None:
        for name in [name for name in self._told if name.startswith(f"{state.name}/")]:
            del self._told[name]
        if isinstance(happened.error, DamagedRecord) and state.replanned < max(self._retries, 1):
            state.replanned += 1
            self._tell(event("retry", shot=state.name, task=happened.task.id, attempt=1, reason=str(happened.error)))
            self._graph.add([as_task(planning(state.found.shot), -1)])
            return
        self._leave(state)
        self._end(state, FAILED, error=str(happened.error) or repr(happened.error), trace=happened.trace)

    def _take_back(self, state: ShotState, task: Task) -> None:
        """What a task that is run again has told of."""
        told = self._told.pop(task.id, 0)
        state.frames -= told
        self.frames -= told

    def _leave(self, state: ShotState) -> None:
        self._active -= 1
        self._graph.drop(state.name)
        self._stores.release(state.name, state.plan.keys if state.plan is not None else ())

    def _end(
        self, state: ShotState, status: str, *, summary: Summary | None = None, error: str = "", trace: str = ""
    ) -> None:
        # of thousands of shots the pictures would fill the memory: they are read again for the page
        state.status, state.error = status, error
        state.summary = None if summary is None else replace(summary, picture="")
        state.elapsed_s = time.monotonic() - state.started
        facts = {"shot": state.name, "elapsed_s": round(state.elapsed_s, 3)}
        if summary is None:
            self._tell(event(FAILED, **facts, error=error, **({"trace": trace} if trace else {})))
            return
        weakest = summary.weakest
        self._tell(
            event(
                DONE,
                **facts,
                current=state.current,
                frames=summary.frames,
                files=summary.files,
                mean_confidence=round(summary.mean_confidence, 4),
                weakest={"layer": weakest.name, "frame": weakest.weakest, "confidence": weakest.weakest_confidence},
                seconds={stage: round(spent, 3) for stage, spent in state.seconds.items()},
            )
        )
        state.plan = None


class _Stores:
    """The work stores of the shots that run: one run at a time works in each; pruned when the last shot leaves it."""

    def __init__(self) -> None:
        self._open: dict[Path, ExitStack] = {}
        self._users: dict[Path, set[str]] = {}
        self._keys: dict[Path, list[str]] = {}
        self._of: dict[str, Path] = {}

    def hold(self, name: str, folder: Path) -> None:
        """OutputError when another run works there."""
        if folder not in self._open:
            stack = ExitStack()
            stack.enter_context(Store(folder).locked())
            self._open[folder] = stack
            self._users[folder], self._keys[folder] = set(), []
        self._users[folder].add(name)
        self._of[name] = folder

    def release(self, name: str, keys: tuple[str, ...]) -> None:
        folder = self._of.pop(name)
        self._users[folder].discard(name)
        self._keys[folder] += keys
        if not self._users[folder]:
            needed = self._keys.pop(folder)
            store = Store(folder)
            store.sweep()
            if needed:
                store.prune(needed)
            self._open.pop(folder).close()

    def close(self) -> None:
        for stack in self._open.values():
            stack.close()
        self._open.clear()
