"""The order of tasks, what a failure takes with it, and how often a lost task is started again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from roto.errors import RotoError
from roto.schedule import Done, Event, Failed, Graph, Lost, OnFrame, Run, Task


class Scripted:
    """A pool of one that does what its script says of a task, by turns; without a line it is done."""

    def __init__(self, script: dict[str, list[str]] | None = None) -> None:
        self.script = script or {}
        self.order: list[str] = []
        self._task: Task | None = None

    @property
    def running(self) -> int:
        return self._task is not None

    def take(self, ready: Sequence[Task]) -> list[Task]:
        if self._task is not None or not ready:
            return []
        self._task = ready[0]
        return [ready[0]]

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        assert self._task is not None
        task, self._task = self._task, None
        self.order.append(task.id)
        what = self.script.get(task.id) or ["done"]
        match what.pop(0):
            case "fail":
                return [Failed(task, RotoError("no"))]
            case "lose":
                return [Lost(task, "was killed")]
        return [Done(task, task.id)]

    def close(self) -> None: ...


def run(tasks: list[Task], pool: Scripted, retries: int = 0) -> list[Event]:
    graph, events = Graph(), list[Event]()
    graph.add(tasks)
    Run(graph, pool, events.append, lambda task, number: None, retries).until_done()
    return events


def test_a_task_starts_after_those_that_it_waits_for_then_by_rank_then_the_longest() -> None:
    tasks = [
        Task("last", 1, after=("barrier",), rank=-5),
        Task("barrier", None, after=("short", "long")),
        Task("later", 1, rank=1, frames=99),
        Task("short", 1, frames=1),
        Task("long", 1, frames=9),
    ]
    pool = Scripted()
    run(tasks, pool)
    assert pool.order == ["long", "short", "last", "later"]


def test_a_failure_takes_its_group_and_nothing_else() -> None:
    tasks = [
        Task("a1", 1, "a"),
        Task("a2", 1, "a", after=("a1",)),
        Task("a3", 1, "a"),
        Task("b1", 1, "b"),
        Task("b2", 1, "b", after=("b1",)),
    ]
    pool = Scripted({"a1": ["fail"]})
    events = run(tasks, pool)
    assert pool.order == ["a1", "b1", "b2"]
    assert [type(event) for event in events] == [Failed, Done, Done]


@pytest.mark.parametrize(("retries", "lost", "done"), [(2, 2, True), (1, 2, False), (0, 1, False)])
def test_a_lost_task_is_started_again_so_many_times(retries: int, lost: int, done: bool) -> None:
    pool = Scripted({"a": ["lose"] * lost})
    events = run([Task("a", 1)], pool, retries)
    assert isinstance(events[-1], Done) == done
    if not done:
        assert isinstance(events[-1], Failed)
        assert str(events[-1].error).startswith("a worker was killed")


def test_a_result_may_bring_more_tasks() -> None:
    graph, pool = Graph(), Scripted()

    def on_event(event: Event) -> None:
        if event.task.id == "plan":
            graph.add([Task("two", 1, after=("plan", "one")), Task("one", 1, after=("plan",))])

    graph.add([Task("plan", 1)])
    Run(graph, pool, on_event, lambda task, number: None).until_done()
    assert pool.order == ["plan", "one", "two"]


def test_what_is_not_there_cannot_be_waited_for() -> None:
    graph = Graph()
    with pytest.raises(ValueError, match="waits for b, which is not there"):
        graph.add([Task("a", 1, after=("b",))])


class Wide(Scripted):
    """A pool without bounds: what runs ends in turn, as the script says."""

    def __init__(self, script: dict[str, list[str]]) -> None:
        super().__init__(script)
        self._tasks: list[Task] = []

    @property
    def running(self) -> int:
        return len(self._tasks)

    def take(self, ready: Sequence[Task]) -> list[Task]:
        self._tasks += ready
        return list(ready)

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        self._task = self._tasks.pop(0)
        return super().wait(timeout_s, on_frame)


def test_a_group_fails_once_and_only_when_nothing_of_it_runs_any_more() -> None:
    tasks = [Task(name, 1, "a") for name in ("a1", "a2", "a3", "a4")] + [Task("b1", 1, "b")]
    pool = Wide({"a1": ["fail"], "a2": ["fail"], "a3": ["lose"]})
    events = run(tasks, pool, retries=3)
    assert pool.order == ["a1", "a2", "a3", "a4", "b1"]
    assert [(type(event), event.task.id) for event in events] == [(Failed, "a1"), (Done, "b1")]


def test_a_group_that_is_begun_anew_does_not_meet_what_ran_of_it_before() -> None:
    graph, pool = Graph(), Wide({"a1": ["fail"]})
    graph.add([Task("a1", 1, "a"), Task("a2", 1, "a"), Task("a3", 1, "a")])
    told: list[tuple[str, int]] = []

    def heed(event: Event) -> None:
        told.append((event.task.id, pool.running))
        if isinstance(event, Failed):
            graph.add([Task("a1", 2, "a"), Task("a3", 2, "a", after=("a1",))])

    Run(graph, pool, heed, lambda task, number: None).until_done()
    assert told == [("a1", 0), ("a1", 0), ("a3", 0)]
    assert pool.order == ["a1", "a2", "a3", "a1", "a3"]
