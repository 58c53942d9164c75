"""Solving every span of a shot, and the costly part of its edges, on this machine's cores.

A pass (one direction through one span) is the unit of work. Fitting to a span's keyframes, where that is done, comes
before it; blending and smoothing come when a span's passes are done, pieces of edges when all spans are. Tasks only
talk to each other through the work store, so the bytes are the same for any number of workers, and whatever dies, the
next run goes on from the last journalled frame.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psutil

from roto.errors import RotoError
from roto.mattes import PlannedPiece, plan_pieces, work_piece
from roto.memory import return_large_arrays
from roto.pipeline import PlannedSpan, Shot
from roto.shot.read import read_document, write_document
from roto.solve import fit_span, passes, solve_pass, solve_span
from roto.store import Store

FIT = "fit"
FINISH = "finish"
WORK_EDGE = "edge"
SOLVED = "solved"
_POLL_S = 0.2

Work = PlannedSpan | PlannedPiece
Seconds = dict[str, float]
OnProgress = Callable[[int, int], None]


_ON_A_GPU = 2  # while one worker's frame is on the GPU, the other's is in flow


def default_workers(shot: Shot) -> int:
    """As many as this process may use cores; where a model re-segments, or a step of the edge or an entry of a
    stack needs much, as many as fit into what memory there is, or as keep a GPU busy."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    models = max((shot.models.memory_bytes(planned.track) for planned in shot.layers), default=0)
    if models and shot.models.on_gpu:
        return min(cores, _ON_A_GPU)
    size = shot.source.info.width, shot.source.info.height
    parts = [each for planned in shot.layers for each in (*(planned.stack or ()), *planned.edge)]
    needed = max(models, *(part.memory_bytes(*size) for part in parts), 0)
    if needed == 0:
        return cores
    return max(min(cores, int(psutil.virtual_memory().available) // needed), 1)


def solve_shot(
    shot: Shot, store: Store, *, workers: int = 1, edges: bool = True, on_progress: OnProgress | None = None
) -> Seconds:
    """Solve every span, and with ``edges`` work every piece of an edge, that the store does not hold yet. Returns the
    seconds spent in each stage, summed over workers.

    ``on_progress(done, total)`` counts frames: one for each pass, one for blending and smoothing, one for the edge.
    """
    return_large_arrays()
    pending = [span for span in shot.spans() if not _is_whole(store, span)]
    pieces = [piece for piece in plan_pieces(shot) if not _is_whole(store, piece)] if edges else []
    tasks = {span: list(passes(shot.layers[span.layer].span(span))) for span in pending}
    total = sum((span.last - span.first + 1) * (len(names) + 1) for span, names in tasks.items())
    total += sum(piece.last - piece.first + 1 for piece in pieces)
    report = on_progress or (lambda done, total: None)
    report(0, total)
    if not pending and not pieces:
        return {}
    workers = min(workers, max(sum(len(names) or 1 for names in tasks.values()), len(pieces)))
    for layer in shot.layers:
        layer.forget()
    if workers <= 1:
        return _solve_here(shot, store, tasks, pieces, total, report)
    return _solve_in_pool(shot, store, tasks, pieces, total, workers, report)


def _is_whole(store: Store, work: Work) -> bool:
    journal = store.journal(work.key)
    if not journal.finished:
        return False
    if not all(journal.has_result(number) for number in range(work.first, work.last + 1)):
        journal.discard()
        return False
    journal.touch()
    return True


def _run_task(shot: Shot, store: Store, span: Work, task: str, on_frame: Callable[[int], None]) -> Seconds:
    started = time.perf_counter()
    if isinstance(span, PlannedPiece):
        work_piece(shot, span, store, on_frame)
        return {"edge": time.perf_counter() - started}
    layer = shot.layers[span.layer]
    journal = store.journal(span.key)
    whole, propagator = layer.span(span), shot.models.propagator(layer.track)
    if task == FIT:
        fit_span(whole, shot.read, propagator, journal)
        return {"fitting": time.perf_counter() - started}
    if task == FINISH:
        for solved in solve_span(whole, shot.read, propagator, layer.track, layer.smooth, journal):
            journal.save(SOLVED, solved.number, solved.encode())
            on_frame(solved.number)
        journal.finish(SOLVED)
        return {"blend and smooth": time.perf_counter() - started}
    solve_pass(whole, task, shot.read, propagator, layer.track, journal, on_frame)
    models = propagator.seconds
    return {"propagate": time.perf_counter() - started - sum(models.values()), **models}


def _solve_here(
    shot: Shot,
    store: Store,
    tasks: dict[PlannedSpan, list[str]],
    pieces: list[PlannedPiece],
    total: int,
    report: OnProgress,
) -> Seconds:
    done = 0

    def on_frame(number: int) -> None:
        nonlocal done
        done += 1
        report(done, total)

    seconds: Seconds = defaultdict(float)
    jobs: list[tuple[Work, str]]
    jobs = [(span, task) for span, names in tasks.items() for task in [*_fits(shot, span, names), *names, FINISH]]
    jobs += [(piece, WORK_EDGE) for piece in pieces]
    for work, task in jobs:
        for stage, spent in _run_task(shot, store, work, task, on_frame).items():
            seconds[stage] += spent
    return dict(seconds)


def _fits(shot: Shot, span: PlannedSpan, names: list[str]) -> list[str]:
    """The task that must be done before the span's passes, if there is one."""
    return [FIT] if names and shot.models.fits(shot.layers[span.layer].track) else []


# -- worker processes ---------------------------------------------------------------------------------------------


class _Worker:
    """What a worker process holds: its own open source, its store and the counter it shares with the others."""

    def __init__(
        self,
        document: Any,
        folder: Path,
        keep_going: bool,
        device: str,
        store: Path,
        counter: Synchronized[int],
        stop: Event,
    ) -> None:
        self.shot = Shot(read_document(document), folder, keep_going=keep_going, device=device)
        self.store = Store(store)
        self.counter, self.stop = counter, stop

    def on_frame(self, number: int) -> None:
        if self.stop.is_set():
            raise RotoError("stopped")
        with self.counter.get_lock():
            self.counter.value += 1


_worker: _Worker | None = None


def _start_worker(*state: Any) -> None:
    global _worker
    return_large_arrays()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(*state)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and a process that is started meanwhile never sees one: while it is
    still importing, it would print a traceback. (Windows has no mask that a process inherits.)"""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
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


def _run_in_worker(work: Work, task: str) -> tuple[Work, str, Seconds]:
    if _worker is None:
        raise RuntimeError("a worker process was not started by this module")
    return work, task, _run_task(_worker.shot, _worker.store, work, task, _worker.on_frame)


def _solve_in_pool(
    shot: Shot,
    store: Store,
    tasks: dict[PlannedSpan, list[str]],
    pieces: list[PlannedPiece],
    total: int,
    workers: int,
    report: OnProgress,
) -> Seconds:
    context: SpawnContext = multiprocessing.get_context("spawn")
    counter: Synchronized[int] = context.Value("q", 0)
    stop = context.Event()
    state = (write_document(shot.document), shot.folder, shot.keep_going, shot.models.device, store.folder)
    seconds: Seconds = defaultdict(float)
    left = {span: len(names) for span, names in tasks.items()}
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(*state, counter, stop)
    ) as pool:

        def submit(work: Work, task: str) -> Future[tuple[Work, str, Seconds]]:
            with _interrupts_held():  # the pool starts its processes here
                return pool.submit(_run_in_worker, work, task)

        running: set[Future[tuple[Work, str, Seconds]]] = set()
        waiting = list(pieces)
        try:
            for span, names in _longest_first(tasks):
                running |= {submit(span, name) for name in _fits(shot, span, names) or names or [FINISH]}
            while running or waiting:
                if not left:
                    running |= {submit(piece, WORK_EDGE) for piece in waiting}
                    waiting = []
                finished, running = wait(running, _POLL_S, FIRST_COMPLETED)
                report(counter.value, total)
                for future in finished:
                    work, task, spent = future.result()
                    for stage, value in spent.items():
                        seconds[stage] += value
                    if isinstance(work, PlannedPiece):
                        continue
                    if task == FIT:
                        running |= {submit(work, name) for name in tasks[work]}
                    elif task == FINISH:
                        del left[work]
                    else:
                        left[work] -= 1
                        if left[work] == 0:
                            running.add(submit(work, FINISH))
        except BrokenProcessPool:
            raise RotoError(
                "a worker process was killed, perhaps for memory; what is solved is kept: "
                "run the same command again, with fewer --workers"
            ) from None
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    return dict(seconds)


def _longest_first(tasks: dict[PlannedSpan, list[str]]) -> list[tuple[PlannedSpan, list[str]]]:
    return sorted(tasks.items(), key=lambda item: item[0].first - item[0].last)
