"""Worker processes on this machine: each runs a task at a time, and none outlives the process that started it.

A worker that is killed loses its own task and nothing else. Threads are bounded, so that N workers do not fight for
the cores; a task starts only while what it needs fits into the memory that is free.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from roto.errors import RotoError
from roto.memory import available_bytes, return_large_arrays
from roto.schedule import Done, Event, Failed, Lost, OnFrame, Task

_END_S = 10.0  # to end a frame that is being worked
_RESERVE = 256 << 20  # bytes that are left to the rest of the machine
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Runner = Callable[[Any, Callable[[int], None]], Any]
"""``runner(work, on_frame)`` in a worker: runs a task's work, tells ``on_frame`` of each frame, returns the result."""


class WorkerCrash(Exception):  # noqa: N818 - says what happened
    """A bug that a worker met; its text is the exception's, without the trace."""


class _Stopped(BaseException):
    """The pool is closing."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    task: Task | None = None

    def memory_bytes(self) -> int:
        """What it holds now."""
        import psutil

        try:
            return int(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:
            return 0


class Processes:
    """A pool of ``count`` processes, started as they are needed. ``start(*arguments)``, called in each of them, gives
    its runner; both have to be picklable."""

    def __init__(self, count: int, start: Callable[..., Runner], arguments: tuple[Any, ...] = ()) -> None:
        self._count, self._start, self._arguments = count, start, arguments
        self._threads = max(cores() // count, 1)
        self._workers: list[_Worker] = []

    @property
    def running(self) -> int:
        return sum(worker.task is not None for worker in self._workers)

    @property
    def process_ids(self) -> list[int]:
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def take(self, ready: Sequence[Task]) -> list[Task]:
        taken = []
        for task in ready:
            idle = next((worker for worker in self._workers if worker.task is None), None)
            if idle is None and len(self._workers) >= self._count:
                break
            if not self._fits(task, idle):
                continue
            worker = idle or self._new_worker()
            with suppress(OSError):  # it is gone: wait() will see that
                worker.pipe.send(task.work)
            worker.task = task
            taken.append(task)
        return taken

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        events: list[Event] = []
        for pipe in connection.wait(list(busy), timeout_s):
            worker = busy[pipe]  # type: ignore[index]
            try:
                while worker.task is not None and worker.pipe.poll():
                    event = self._heard(worker.task, worker.pipe.recv(), on_frame)
                    if event is not None:
                        worker.task = None
                        events.append(event)
            except (EOFError, OSError):
                if worker.task is not None:
                    events.append(Lost(worker.task, _end_of(worker)))
                self._workers.remove(worker)
        return events

    def close(self) -> None:
        for worker in self._workers:
            with suppress(OSError):
                worker.pipe.send(None)
        deadline = time.monotonic() + _END_S
        for worker in self._workers:
            _drain(worker.pipe, worker.process, deadline)
            if worker.process.is_alive():
                worker.process.kill()
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def _heard(self, task: Task, message: Any, on_frame: OnFrame) -> Event | None:
        what, *rest = message
        if what == "frame":
            on_frame(task, *rest)
            return None
        return Done(task, *rest) if what == "done" else Failed(task, *rest)

    def _fits(self, task: Task, idle: _Worker | None) -> bool:
        """Whether the task may start beside those that run: what they have not taken yet counts as taken. One alone
        may always."""
        busy = [worker for worker in self._workers if worker.task is not None]
        if not busy or not task.memory_bytes:
            return True
        promised = sum(max(each.task.memory_bytes - each.memory_bytes(), 0) for each in busy if each.task is not None)
        needed = max(task.memory_bytes - (idle.memory_bytes() if idle else 0), 0)
        return promised + needed + _RESERVE <= available_bytes()

    def _new_worker(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, self._threads, self._start, self._arguments)
        process = context.Process(target=_serve, args=arguments, daemon=True)
        with interrupts_held(), _bounded(self._threads):
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker


class Here:
    """A pool that is this process: a task at a time."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._task: Task | None = None

    @property
    def running(self) -> int:
        return self._task is not None

    def take(self, ready: Sequence[Task]) -> list[Task]:
        if self._task is not None or not ready:
            return []
        self._task = ready[0]
        return [self._task]

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        task, self._task = self._task, None
        if task is None:
            return []
        try:
            return [Done(task, self._runner(task.work, lambda number: on_frame(task, number)))]
        except RotoError as error:
            return [Failed(task, error)]

    def close(self) -> None:
        self._task = None


def _drain(pipe: Connection, process: SpawnProcess, deadline: float) -> None:
    """Let a worker end by itself: it may be telling something that nobody waits for any more."""
    with suppress(EOFError, OSError):
        while (left := deadline - time.monotonic()) > 0:
            if pipe.poll(left):
                pipe.recv()
    process.join(max(deadline - time.monotonic(), 0))


def _end_of(worker: _Worker) -> str:
    worker.process.join(_END_S)
    code = worker.process.exitcode
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"was killed by {name}" + (", perhaps for memory" if name == "SIGKILL" else "")
    return f"ended with exit code {code}"


# -- in a worker ----------------------------------------------------------------------------------------------------


def _serve(pipe: Connection, threads: int, start: Callable[..., Runner], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return_large_arrays()
    bound_libraries(threads)
    runner: Runner | None = None
    with suppress(EOFError, OSError, _Stopped):
        while (work := pipe.recv()) is not None:
            try:
                runner = runner or start(*arguments)
                message: tuple[Any, ...] = ("done", runner(work, lambda number: _tell_frame(pipe, number)))
            except RotoError as error:
                message = ("failed", error)
            except MemoryError:
                message = ("failed", RotoError("the memory is not enough; take fewer --workers"))
            except Exception as error:
                trace = traceback.format_exc()
                message = ("failed", WorkerCrash(f"{type(error).__name__}: {error}"), trace)
            pipe.send(message)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)  # all that is kept is on the disk: taking large libraries down by turns is half a second for nothing


def _tell_frame(pipe: Connection, number: int) -> None:
    if pipe.poll():  # nothing but the end comes while a task runs
        raise _Stopped
    pipe.send(("frame", number))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def bound_libraries(threads: int) -> None:
    import cv2

    from roto.frames.limits import bound_threads

    cv2.setNumThreads(threads)
    bound_threads(threads)


@contextmanager
def _bounded(threads: int) -> Iterator[None]:
    """What the libraries of a process that is started meanwhile read as they are loaded; what the user set stays."""
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, str(threads)))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and a process that is started meanwhile never sees one: while it is
    still importing, it would print a traceback. (Windows has no mask that a process inherits.)"""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    resource_tracker.ensure_running()  # which unblocks the signal
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))  # another thread may take it
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)
