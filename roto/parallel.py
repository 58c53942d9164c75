"""Solving every span of a shot, and the costly part of its edges, on this machine's cores.

A pass (one direction through one span) is the unit of work. Fitting to a span's keyframes, where that is done, comes
before it; blending and smoothing come when a span's passes are done, pieces of edges when all spans are. Tasks only
talk to each other through the work store, so the bytes are the same for any number of workers, and whatever dies, the
next run goes on from the last journalled frame.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from roto.errors import OutputError
from roto.mattes import PlannedPiece, plan_pieces, work_piece
from roto.memory import available_bytes, return_large_arrays
from roto.pipeline import PlannedSpan, Shot
from roto.processes import Here, Processes, Runner, cores
from roto.schedule import Done, Event, Failed, Graph, Pool, Run, Seconds, Task
from roto.shot.read import read_document, write_document
from roto.solve import fit_span, passes, solve_pass, solve_span
from roto.store import Store

FIT = "fit"
FINISH = "finish"
WORK_EDGE = "edge"
SOLVED = "solved"
TRACKING, MATTES = "tracking", "mattes"  # what is told of: spans, and the stacks and edges after them

Work = PlannedSpan | PlannedPiece
OnProgress = Callable[[str, int, int], None]
Step = tuple[str, tuple[str, ...]]


_ON_A_GPU = 2  # while one worker's frame is on the GPU, the other's is in flow


def default_workers(shot: Shot) -> int:
    """As many as this process may use cores; where a model re-segments, or a step of the edge or an entry of a
    stack needs much, as many as fit into what memory there is, or as keep a GPU busy."""
    models = model_bytes(shot)
    if models and shot.models.on_gpu:
        return min(cores(), _ON_A_GPU)
    needed = max(models, edge_bytes(shot))
    if needed == 0:
        return cores()
    return max(min(cores(), available_bytes() // needed), 1)


def model_bytes(shot: Shot) -> int:
    """What the models of a span need at most."""
    return max((shot.models.memory_bytes(planned.track) for planned in shot.layers), default=0)


def edge_bytes(shot: Shot) -> int:
    """What an entry of a stack or a step of an edge needs at most, beside the frames."""
    size = shot.source.info.width, shot.source.info.height
    parts = [each for planned in shot.layers for each in (*(planned.stack or ()), *planned.edge)]
    return max((part.memory_bytes(*size) for part in parts), default=0)


def solve_shot(
    shot: Shot, store: Store, *, workers: int = 1, edges: bool = True, on_progress: OnProgress | None = None
) -> Seconds:
    """Solve every span, and with ``edges`` work every piece of an edge, that the store does not hold yet. Returns the
    seconds spent in each stage, summed over workers.

    ``on_progress(what, done, total)`` counts frames, of :data:`TRACKING` (one for each pass, one for blending and
    smoothing) and of :data:`MATTES` (one for the stack and the edge).
    """
    return_large_arrays()
    pending = [span for span in shot.spans() if not is_whole(store, span)]
    pieces = [piece for piece in plan_pieces(shot) if not is_whole(store, piece)] if edges else []
    steps = {span: steps_of(shot, span) for span in pending}
    tasks = list(_tasks(steps, pieces))
    if not tasks:
        return {}
    for layer in shot.layers:
        layer.forget()
    side_by_side = sum(max(sum(name not in (FIT, FINISH) for name, _ in names), 1) for names in steps.values())
    workers = min(workers, max(side_by_side, len(pieces)))
    pool: Pool = Here(_runner(shot, store))
    if workers > 1:
        state = (write_document(shot.document), shot.folder, shot.keep_going, shot.models.device, store.folder)
        pool = Processes(workers, _start_worker, state)
    return _run(tasks, pool, on_progress or (lambda what, done, total: None))


def _run(tasks: list[Task], pool: Pool, report: OnProgress) -> Seconds:
    total, done = Counter[str](), Counter[str]()
    for task in tasks:
        total[_what(task)] += task.frames
    first = TRACKING if total[TRACKING] else MATTES
    report(first, 0, total[first])
    seconds: Seconds = defaultdict(float)

    def on_frame(task: Task, number: int) -> None:
        what = _what(task)
        done[what] += 1
        report(what, done[what], total[what])

    def on_event(event: Event) -> None:
        if isinstance(event, Done):
            for stage, spent in event.result.items():
                seconds[stage] += spent
        elif isinstance(event, Failed):
            raise event.error

    graph = Graph()
    graph.add(tasks)
    try:
        Run(graph, pool, on_event, on_frame).until_done()
    finally:
        pool.close()
    return dict(seconds)


def _what(task: Task) -> str:
    return MATTES if task.work is not None and task.work[1] == WORK_EDGE else TRACKING


def _tasks(steps: dict[PlannedSpan, list[Step]], pieces: list[PlannedPiece]) -> Iterator[Task]:
    solved = []
    for rank, span in enumerate(sorted(steps, key=lambda span: span.first - span.last)):
        for name, after in steps[span]:
            yield Task(
                f"{rank} {name}",
                (span, name),
                after=tuple(f"{rank} {each}" for each in after),
                rank=rank,
                frames=0 if name == FIT else span.last - span.first + 1,
            )
        solved.append(f"{rank} {FINISH}")
    yield Task("spans", None, after=tuple(solved))
    for piece in pieces:
        yield Task(
            f"{piece.layer} {piece.first} {WORK_EDGE}",
            (piece, WORK_EDGE),
            after=("spans",),
            rank=len(steps),
            frames=piece.last - piece.first + 1,
        )


def steps_of(shot: Shot, span: PlannedSpan) -> list[Step]:
    """The tasks of a span by name, and those of them that each comes after."""
    names = passes(shot.layers[span.layer].span(span))
    fits = (FIT,) if names and shot.models.fits(shot.layers[span.layer].track) else ()
    return [*((name, ()) for name in fits), *((name, fits) for name in names), (FINISH, names)]


def is_whole(store: Store, work: Work) -> bool:
    """Whether the store holds a result; one of which a frame is gone is dropped."""
    journal = store.journal(work.key)
    if not journal.finished:
        return False
    if not all(journal.has_result(number) for number in range(work.first, work.last + 1)):
        journal.discard()
        return False
    journal.touch()
    return True


def run_step(shot: Shot, store: Store, work: Work, name: str, on_frame: Callable[[int], None]) -> Seconds:
    """Run one task of a span, see :func:`steps_of`, or a piece, as :data:`WORK_EDGE`; returns the seconds by stage. Who
    runs one again, or beside another who does, leaves the same records."""
    if store.journal(work.key).finished:
        return {}
    try:
        return _run_step(shot, store, work, name, on_frame)
    except (OSError, RuntimeError, OutputError):
        if store.journal(work.key).finished:  # by another meanwhile, who took the journal away
            return {}
        raise


def _run_step(shot: Shot, store: Store, work: Work, name: str, on_frame: Callable[[int], None]) -> Seconds:
    started = time.perf_counter()
    if isinstance(work, PlannedPiece):
        work_piece(shot, work, store, on_frame)
        return {"edge": time.perf_counter() - started}
    layer = shot.layers[work.layer]
    journal = store.journal(work.key)
    span, propagator = layer.span(work), shot.models.propagator(layer.track)
    if name == FIT:
        fit_span(span, shot.read, propagator, journal)
        return {"fitting": time.perf_counter() - started}
    if name == FINISH:
        for solved in solve_span(span, shot.read, propagator, layer.track, layer.smooth, journal):
            journal.save(SOLVED, solved.number, solved.encode())
            on_frame(solved.number)
        journal.finish(SOLVED)
        return {"blend and smooth": time.perf_counter() - started}
    solve_pass(span, name, shot.read, propagator, layer.track, journal, on_frame)
    models = propagator.seconds
    return {"propagate": time.perf_counter() - started - sum(models.values()), **models}


def _runner(shot: Shot, store: Store) -> Runner:
    def run(work: tuple[Work, str], on_frame: Callable[[int], None]) -> Seconds:
        return run_step(shot, store, *work, on_frame)

    return run


def _start_worker(document: Any, folder: Path, keep_going: bool, device: str, store: Path) -> Runner:
    """In a worker process: with an open source and a store of its own."""
    return _runner(Shot(read_document(document), folder, keep_going=keep_going, device=device), Store(store))
