"""Tasks with dependencies, and who runs them: the one scheduler, of a shot's own run and of a batch's.

Nothing here knows what a task does. A pool runs what it is given, anywhere; tasks talk to each other through the work
store alone, so that the bytes never depend on who ran what, or in which order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from roto.errors import RotoError

_POLL_S = 0.2
_LOOK = 16  # ready tasks that a pool may choose among: the first may need more memory than there is

_KEPT = "what is solved is kept: run the same command again, with fewer --workers"

Seconds = dict[str, float]
OnFrame = Callable[["Task", int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """Something to run once all tasks of ``after`` are done. ``work`` is what a pool is given, picklable; None is done
    as soon as it may start. Tasks of a low ``rank`` start first, of one rank the longest, by ``frames``. A ``group``
    fails as a whole, once none of its tasks runs any more; without one, at once. ``memory_bytes``: what a process needs
    for it, about, itself included; 0 where that is little."""

    id: str
    work: Any
    group: str = ""
    after: tuple[str, ...] = ()
    rank: int = 0
    frames: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """A task that ran, and what it returned."""

    task: Task
    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that cannot be done. ``trace`` is empty where the error is the user's to mend."""

    task: Task
    error: Exception
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A task whose worker is gone; ``reason`` says how, after "a worker". ``attempt`` is the next one to be made."""

    task: Task
    reason: str
    attempt: int = 1


Event = Done | Failed | Lost


class Pool(Protocol):
    """Who runs tasks: processes here, a cluster."""

    @property
    def running(self) -> int:
        """How many tasks run now."""

    def take(self, ready: Sequence[Task]) -> list[Task]:
        """Start those of ``ready``, best first, that there is room for now, and say which."""

    def wait(self, timeout_s: float, on_frame: OnFrame) -> Sequence[Event]:
        """What became of running tasks; returns once there is news, or after a while. ``on_frame`` is told of every
        frame that a task has done."""

    def close(self) -> None:
        """End everything, what runs included."""


class Graph:
    """Which tasks there are, and which may start. What is done is remembered until its group is forgotten."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}  # not done yet
        self._missing: dict[str, set[str]] = {}  # by task: those it waits for
        self._followers: dict[str, list[str]] = {}
        self._groups: dict[str, set[str]] = {}  # those not done yet
        self._done: dict[str, set[str]] = {}
        self._ready: list[tuple[int, int, int, str]] = []  # sorted
        self._places: dict[str, tuple[int, int, int, str]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, tasks: Iterable[Task]) -> None:
        """ValueError for an id that is there already, or for one to wait for that is not."""
        added = list(tasks)
        for task in added:
            if task.id in self._tasks:
                raise ValueError(f"task {task.id} is there already")
            self._tasks[task.id] = task
            self._groups.setdefault(task.group, set()).add(task.id)
        for task in added:
            done = self._done.get(task.group, set())
            missing = {each for each in task.after if each not in done}
            unknown = [each for each in missing if each not in self._tasks]
            if unknown:
                raise ValueError(f"task {task.id} waits for {unknown[0]}, which is not there")
            if missing:
                self._missing[task.id] = missing
                for each in missing:
                    self._followers.setdefault(each, []).append(task.id)
        for task in added:
            if task.id in self._tasks and task.id not in self._missing and task.id not in self._places:
                self._offer(task)

    def first(self, count: int) -> list[Task]:
        """The next tasks to start, best first."""
        return [self._tasks[place[-1]] for place in self._ready[:count]]

    def start(self, task: Task) -> None:
        place = self._places.pop(task.id)
        del self._ready[bisect_left(self._ready, place)]

    def again(self, task: Task) -> None:
        """Start it once more, if its group still stands."""
        if task.id in self._tasks:
            self._offer(task)

    def finish(self, task: Task) -> bool:
        """It is done. False where its group has failed meanwhile."""
        if task.id not in self._tasks:
            return False
        del self._tasks[task.id]
        self._groups[task.group].discard(task.id)
        self._done.setdefault(task.group, set()).add(task.id)
        for name in self._followers.pop(task.id, ()):
            missing = self._missing.get(name)
            if missing is not None:
                missing.discard(task.id)
                if not missing:
                    del self._missing[name]
                    self._offer(self._tasks[name])
        return True

    def drop(self, group: str) -> None:
        """Forget a group: what is done of it, what is not, and what waits."""
        for name in self._groups.pop(group, ()):
            place = self._places.pop(name, None)
            if place is not None:
                del self._ready[bisect_left(self._ready, place)]
            del self._tasks[name]
            self._missing.pop(name, None)
            self._followers.pop(name, None)
        self._done.pop(group, None)

    def _offer(self, task: Task) -> None:
        if task.work is None:
            self.finish(task)
            return
        self._count += 1
        place = self._places[task.id] = (task.rank, -task.frames, self._count, task.id)
        insort(self._ready, place)


@dataclass
class Run:
    """One run of a graph on a pool. ``on_event`` is told what became of each task; it may add tasks to the graph. A
    task whose worker is gone is started again ``retries`` times, then it fails."""

    graph: Graph
    pool: Pool
    on_event: Callable[[Event], None]
    on_frame: OnFrame
    retries: int = 0
    _attempts: dict[str, int] = field(default_factory=dict)
    _running: dict[str, set[str]] = field(default_factory=dict)  # by group
    _failed: dict[str, Failed] = field(default_factory=dict)  # by group, while some of it still runs

    def until_done(self, feed: Callable[[], None] = lambda: None) -> None:
        """Run until nothing is left. ``feed`` is called whenever there may be room for more tasks."""
        while True:
            feed()
            while taken := self.pool.take(self.graph.first(_LOOK)):
                for task in taken:
                    self.graph.start(task)
                    self._running.setdefault(task.group, set()).add(task.id)
            if not self.pool.running and not len(self.graph):
                return
            for event in self.pool.wait(_POLL_S, self.on_frame):
                self._heed(event)

    def _heed(self, event: Event) -> None:
        group = event.task.group
        running = self._running[group]
        running.discard(event.task.id)
        if group not in self._failed:
            self._heed_standing(event)
        # what still runs writes, and must not meet those who begin the group anew, or clean up after it
        if group in self._failed and not (running and group):
            self.on_event(self._failed.pop(group))
        if not running:
            self._running.pop(group, None)

    def _heed_standing(self, event: Event) -> None:
        """An event of a group that has not failed."""
        task = event.task
        if isinstance(event, Done):
            self._attempts.pop(task.id, None)
            if self.graph.finish(task):
                self.on_event(event)
            return
        if isinstance(event, Lost):
            attempt = self._attempts[task.id] = self._attempts.get(task.id, 0) + 1
            if attempt <= self.retries:
                self.graph.again(task)
                self.on_event(Lost(task, event.reason, attempt))
                return
            times = "" if attempt == 1 else f", {attempt} times"
            event = Failed(task, RotoError(f"a worker {event.reason}{times}; {_KEPT}"))
        self.graph.drop(task.group)
        self._failed[task.group] = event
