"""A shot to tasks: small values that any process on any machine that sees the files can run, again if it must be.

What is solved already is read from the work store, what is written already from the record of outputs, so that a plan
has what is missing and nothing else. A task talks to others through the files alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roto.batch.shot import BatchShot
from roto.job.confidence import confidence_targets
from roto.job.run import find_exporters, refuse_foreign, sort_exports
from roto.job.solved import check_available
from roto.mattes import PlannedPiece, plan_pieces
from roto.parallel import FIT, WORK_EDGE, edge_bytes, model_bytes, steps_of
from roto.pipeline import PlannedSpan, Shot
from roto.schedule import Task
from roto.settle import open_questions
from roto.store import WORK_FOLDER, OutputRecord, Store

PLAN, SETTLE, EXPORT, REPORT = "plan", "settle", "export", "report"

# measured at 480p and 4K, with some to spare
_PROCESS_BYTES = 520_000_000  # Python with the libraries, torch and a network among them
_PIXEL_BYTES = 64  # of a frame that is tracked, all that is held at once
_EXPORT_PIXEL_BYTES = 112  # of one that is written, with what an encoder holds
_LAYER_BYTES = 16  # of a layer's pixel, while mattes are read


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTask:
    """A task of a shot; ``after`` are the ids of those that come before it.

    kind: "plan"; of a span "fit", "forward", "backward", "finish"; "edge", a piece of a layer's stack or edge;
        "settle", what stacks and edge steps leave to the clip; "export" one kind; "report", confidences, hashes.
    layer, first, last: which span or piece, where it is one. export: the kind. frames: how many it will tell of.
    key: of its result in the work store; None where that is a file, or is not known before the shot is settled.
    embeds: whether a model looks at the pictures, which a GPU does faster.
    """

    id: str
    shot: BatchShot
    kind: str
    after: tuple[str, ...] = ()
    layer: int = -1
    first: int = 0
    last: int = 0
    export: str = ""
    key: str | None = None
    frames: int = 0
    memory_bytes: int = 0
    embeds: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BatchTask:
        return cls(**{**data, "shot": BatchShot.from_json(data["shot"]), "after": tuple(data["after"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotPlan:
    """What is left to do for a shot, the report last. ``frames`` are the delivered ones, ``spans`` all there are and
    ``spans_solved`` those that the store holds. ``keys``: of everything that the shot needs of the store."""

    tasks: tuple[BatchTask, ...]
    frames: int
    spans: int
    spans_solved: int
    keys: tuple[str, ...]

    @property
    def work(self) -> int:
        """How many frames its tasks will tell of."""
        return sum(task.frames for task in self.tasks)


def planning(shot: BatchShot) -> BatchTask:
    """The task that plans a shot; its result is the :class:`ShotPlan`."""
    return BatchTask(id=f"{shot.name}/{PLAN}", shot=shot, kind=PLAN, memory_bytes=_PROCESS_BYTES)


def as_task(task: BatchTask, rank: int) -> Task:
    """For the scheduler: a shot is a group, shots of a low rank first."""
    return Task(
        task.id,
        task,
        group=task.shot.name,
        after=task.after,
        rank=rank,
        frames=task.frames,
        memory_bytes=task.memory_bytes,
    )


def plan_shot(batch: BatchShot, shot: Shot) -> ShotPlan:
    """RotoError for what would fail later: an export or a step that cannot run here, an output that stands in the way.
    Results in the store whose records are damaged are dropped."""
    exporters = find_exporters(exports_of(batch, shot))
    check_available(shot)
    out, store = Path(batch.out), shot.store
    record = record_of(batch)
    wanted, _ = sort_exports(shot, record, Path(batch.root), exporters, batch.overwrite, batch.export_names())
    if not batch.overwrite:
        refuse_foreign(confidence_targets(out), record)
    spans = shot.spans()
    missing = [span for span in spans if not _is_sound(store, span)]
    pieces = plan_pieces(shot)
    is_open = open_questions(shot)
    tasks = list(_solving(batch, shot, missing))
    solved = tuple(task.id for task in tasks if task.kind == "finish")
    if is_open:
        settle = BatchTask(
            id=f"{batch.name}/{SETTLE}", shot=batch, kind=SETTLE, after=solved, memory_bytes=_edge_memory(shot)
        )
        tasks.append(settle)
        solved = (settle.id,)
    worked = [
        _piece(batch, shot, piece, solved, None if is_open else piece.key)
        for piece in pieces
        if is_open or not _is_sound(store, piece)
    ]
    tasks += worked
    ready = tuple(task.id for task in worked) or solved
    exports = [
        BatchTask(
            id=f"{batch.name}/{EXPORT}/{exporter.name}",
            shot=batch,
            kind=EXPORT,
            after=ready,
            export=exporter.name,
            frames=len(shot.range),
            memory_bytes=_reading_memory(shot),
        )
        for exporter, _ in wanted
    ]
    tasks += exports
    tasks.append(
        BatchTask(
            id=f"{batch.name}/{REPORT}",
            shot=batch,
            kind=REPORT,
            after=tuple(task.id for task in exports) or ready,
            memory_bytes=_reading_memory(shot),
        )
    )
    return ShotPlan(
        tasks=tuple(tasks),
        frames=len(shot.range),
        spans=len(spans),
        spans_solved=len(spans) - len(missing),
        keys=(*(span.key for span in spans), *(piece.key for piece in pieces)),
    )


def exports_of(batch: BatchShot, shot: Shot) -> tuple[str, ...]:
    return batch.exports or shot.document.exports or ("png",)


def record_of(batch: BatchShot) -> OutputRecord:
    """The record of what roto wrote for a shot."""
    return OutputRecord(Path(batch.out) / WORK_FOLDER / "outputs.json")


def _solving(batch: BatchShot, shot: Shot, missing: list[PlannedSpan]) -> Iterator[BatchTask]:
    for span in missing:
        name = f"{batch.name}/{shot.layers[span.layer].layer.name}/{span.first}-{span.last}"
        models = model_bytes(shot)
        memory = _PROCESS_BYTES + _pixels(shot) * _PIXEL_BYTES + models
        for kind, after in steps_of(shot, span):
            yield BatchTask(
                id=f"{name}/{kind}",
                shot=batch,
                kind=kind,
                after=tuple(f"{name}/{each}" for each in after),
                layer=span.layer,
                first=span.first,
                last=span.last,
                key=span.key,
                frames=0 if kind == FIT else span.last - span.first + 1,
                memory_bytes=memory,
                embeds=models > 0,
            )


def _piece(batch: BatchShot, shot: Shot, piece: PlannedPiece, after: tuple[str, ...], key: str | None) -> BatchTask:
    return BatchTask(
        id=f"{batch.name}/{shot.layers[piece.layer].layer.name}/{piece.first}-{piece.last}/{WORK_EDGE}",
        shot=batch,
        kind=WORK_EDGE,
        after=after,
        layer=piece.layer,
        first=piece.first,
        last=piece.last,
        key=key,
        frames=piece.last - piece.first + 1,
        memory_bytes=_edge_memory(shot),
    )


def _is_sound(store: Store, work: PlannedSpan | PlannedPiece) -> bool:
    """Whether the store holds a result, every record of it whole; a damaged one is dropped."""
    journal = store.journal(work.key)
    if not journal.finished:
        return False
    if any(journal.result(number) is None for number in range(work.first, work.last + 1)):
        journal.discard()
        return False
    journal.touch()
    return True


def _pixels(shot: Shot) -> int:
    return shot.source.info.width * shot.source.info.height


def _edge_memory(shot: Shot) -> int:
    return _PROCESS_BYTES + _pixels(shot) * _EXPORT_PIXEL_BYTES + edge_bytes(shot)


def _reading_memory(shot: Shot) -> int:
    return _PROCESS_BYTES + _pixels(shot) * (_EXPORT_PIXEL_BYTES + _LAYER_BYTES * len(shot.layers))
