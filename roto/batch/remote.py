"""A worker of a cluster: whether it may take part, and how it runs a task. Imported there, by name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from roto.batch.parcel import Guest, Parcel, Returned
from roto.batch.plan import BatchTask
from roto.batch.work import TaskResult, Worker, refusal
from roto.memory import return_large_arrays
from roto.processes import bound_libraries

TELL_EVERY_S = 0.5
AnyWorker = TypeVar("AnyWorker", bound=Worker)
_own = threading.local()  # a thread of a worker runs a task at a time


class Withdrawn(Exception):  # noqa: N818 - says what happened
    """Nobody waits for the task any more."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a worker offers, or, in ``refused``, why it may not take part."""

    name: str
    refused: str | None = None
    gpu: bool = False


async def join(wanted: dict[str, str], ours: str, memory: str, threads: int | None, *, dask_worker: Any) -> Joined:
    """Let a worker take tasks of the batch whose fingerprint is ``wanted``: it gets the resource ``ours``, one for each
    of its threads, and ``memory``, in bytes. ``threads``: what a task may use; None: as its Dask worker has."""
    name = f"worker {dask_worker.name} at {dask_worker.address}"
    reason = refusal(wanted, name)
    if reason is not None:
        return Joined(name, refused=reason)
    return_large_arrays()
    bound_libraries(threads or 1)
    count = dask_worker.state.nthreads
    await dask_worker.set_resources(**{ours: count, memory: _memory_bytes(dask_worker)})
    return Joined(name, gpu="GPU" in dask_worker.state.total_resources)


def _memory_bytes(dask_worker: Any) -> int:
    import psutil

    limit = dask_worker.memory_manager.memory_limit
    return int(limit or psutil.virtual_memory().total)


def run_here(task: BatchTask, topic: str) -> TaskResult:
    """Run a task in a thread of a worker; frames that it has done are told of under ``topic``, some at a time."""
    frames = Frames(task.id, topic)
    with _worker(topic, Worker) as worker:
        result = worker(task, frames)
    frames.tell()
    return result


def run_parcel(parcel: Parcel, topic: str) -> Returned:
    """Run a task that was sent with what it needs."""
    from distributed import get_worker

    frames = Frames(parcel.task.id, topic)
    folder = Path(get_worker().local_directory) / f"{topic}-{threading.get_ident()}"
    with _worker(topic, lambda: Guest(folder)) as worker:
        returned = worker.run(parcel, frames)
    frames.tell()
    return returned


@contextmanager
def _worker(topic: str, make: Callable[[], AnyWorker]) -> Iterator[AnyWorker]:
    """This thread's, for as long as one batch runs: what another left open may have changed since. One whose task
    ended in the middle is not used again."""
    if getattr(_own, "topic", None) != topic:
        _drop()
        _own.worker, _own.topic = make(), topic
    try:
        yield _own.worker
    except BaseException:
        _drop()
        raise


def _drop() -> None:
    if getattr(_own, "topic", None) is not None:
        _own.topic = None
        _own.worker.close()


class Frames:
    """Counts frames and tells the driver. Withdrawn once nobody waits for the task."""

    def __init__(self, task: str, topic: str) -> None:
        from distributed import get_worker

        self._worker = get_worker()
        self._key = self._worker.get_current_task()
        self._task, self._topic = task, topic
        self._numbers: list[int] = []
        self._next = time.monotonic() + TELL_EVERY_S

    def __call__(self, number: int) -> None:
        self._numbers.append(number)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_EVERY_S
            state = self._worker.state.tasks.get(self._key)
            if state is None or state.state == "cancelled":
                raise Withdrawn(self._task)
            self.tell()

    def tell(self) -> None:
        if self._numbers:
            self._worker.log_event(self._topic, _message(self._task, self._numbers))
            self._numbers = []


def _message(task: str, numbers: list[int]) -> Mapping[str, Any]:
    return {"task": task, "frames": numbers}
