"""Worker processes: one that is killed loses its task alone, none is left over, memory and threads are bounded."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import psutil
import pytest

import roto.processes
from roto.errors import RotoError
from roto.frames.limits import decoder_threads
from roto.processes import Processes, Runner, WorkerCrash
from roto.schedule import Done, Event, Failed, Graph, Lost, Run, Task

ROOT = Path(__file__).resolve().parents[1]


def start() -> Runner:
    return work


def work(what: str, on_frame: Callable[[int], None]) -> Any:
    match what:
        case "threads":
            return cv2.getNumThreads(), decoder_threads(), os.environ["OMP_NUM_THREADS"]
        case "refuse":
            raise RotoError("that is no clip")
        case "crash":
            raise KeyError("lost")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "frames":
            for number in range(1000):
                on_frame(number)
                time.sleep(0.05)
    return os.getpid()


@pytest.fixture(autouse=True)
def _find_this_file_in_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker is told to call is looked up by its name."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
def pool() -> Iterator[Processes]:
    pool = Processes(2, start)
    yield pool
    pool.close()


def run(pool: Processes, tasks: list[Task], retries: int = 0) -> dict[str, Event]:
    events: dict[str, Event] = {}
    graph = Graph()
    graph.add(tasks)
    Run(graph, pool, lambda event: events.update({event.task.id: event}), lambda *_: None, retries).until_done()
    return events


def test_what_tasks_return_and_what_they_raise(pool: Processes) -> None:
    events = run(pool, [Task(name, name, group=name) for name in ("refuse", "crash", "pid", "threads")])
    refused, crashed, done, threads = (events[name] for name in ("refuse", "crash", "pid", "threads"))
    assert isinstance(refused, Failed)
    assert (str(refused.error), refused.trace) == ("that is no clip", "")
    assert isinstance(crashed, Failed)
    assert isinstance(crashed.error, WorkerCrash)
    assert "KeyError: 'lost'" in str(crashed.error)
    assert "in work" in crashed.trace
    assert isinstance(done, Done)
    assert done.result != os.getpid()
    each = max(roto.processes.cores() // 2, 1)
    assert isinstance(threads, Done)
    assert threads.result == (each, each, os.environ.get("OMP_NUM_THREADS", str(each)))


def test_a_killed_worker_loses_its_own_task_only(pool: Processes) -> None:
    tasks = [Task("die", "die", group="a"), *(Task(f"pid {i}", "pid", group="b") for i in range(4))]
    events = run(pool, tasks, retries=1)
    lost = events.pop("die")
    assert isinstance(lost, Failed)
    assert "was killed by SIGKILL, perhaps for memory, 2 times" in str(lost.error)
    assert all(isinstance(event, Done) for event in events.values())


def test_closing_ends_what_runs(pool: Processes) -> None:
    assert pool.take([Task("frames", "frames")])
    frames: list[int] = []
    while len(frames) < 2:
        pool.wait(1, lambda task, number: frames.append(number))
    ids = pool.process_ids
    pool.close()
    assert frames[:2] == [0, 1]
    assert not any(map(psutil.pid_exists, ids))


def test_a_task_waits_for_memory_and_one_alone_never(pool: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roto.processes, "available_bytes", lambda: 2 << 30)
    large = [Task("1", "frames", memory_bytes=8 << 30), Task("2", "pid", memory_bytes=8 << 30), Task("3", "pid")]
    assert [task.id for task in pool.take(large)] == ["1", "3"]


def test_a_worker_that_dies_between_tasks_is_replaced(pool: Processes) -> None:
    assert isinstance(run(pool, [Task("a", "pid")])["a"], Done)
    for number in pool.process_ids:
        os.kill(number, signal.SIGKILL)
        psutil.Process(number).wait()
    assert isinstance(run(pool, [Task("b", "pid")], retries=1)["b"], Done)


def test_a_lost_task_is_told(pool: Processes) -> None:
    events: list[Event] = []
    graph = Graph()
    graph.add([Task("die", "die")])
    Run(graph, pool, events.append, lambda *_: None, 1).until_done()
    assert [type(event) for event in events] == [Lost, Failed]
