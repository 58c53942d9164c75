"""One document to its mattes, files and report: solve what is not solved, stream the mattes to every export, report.

Nothing is overwritten unasked: an output is replaced only while it is exactly as roto left it, or with ``overwrite``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from roto.errors import BackendUnavailable, OutputError, RotoError
from roto.export import EXPORTERS
from roto.export.exporter import Exporter, ExportFrame, ExportJob
from roto.parallel import default_workers, solve_shot
from roto.pipeline import FrameFacts, Shot
from roto.solve import SolvedFrame, Suggestion, suggest
from roto.store import WORK_FOLDER, OutputRecord, Store, content_key
from roto.timing import FrameRange

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LayerResult:
    """What is known of a layer once it is solved; confidences and origins per delivered frame, in order.

    confidence: estimated IoU, 0 to 1; 1 on keyed frames. origin: keyed, forward, backward, both, absent or cut.
    """

    name: str
    keyed: tuple[int, ...]
    confidence: tuple[float, ...]
    origin: tuple[str, ...]
    flicker_before_px: float | None
    flicker_after_px: float | None
    suggestion: Suggestion | None

    def as_json(self) -> dict[str, Any]:
        found = self.suggestion
        return {
            "name": self.name,
            "keyframes": list(self.keyed),
            "mean_confidence": round(sum(self.confidence) / len(self.confidence), 4),
            "confidence": [round(value, 4) for value in self.confidence],
            "origin": list(self.origin),
            "flicker_px": {"before": self.flicker_before_px, "after": self.flicker_after_px},
            "suggest": None
            if found is None
            else {"frame": found.number, "gain": round(found.gain, 4), "reason": found.reason},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What a run did: files written and files left as they were, layers, seconds by stage (summed over the workers)
    and in all."""

    range: FrameRange
    files: tuple[Path, ...]
    up_to_date: tuple[Path, ...]
    layers: tuple[LayerResult, ...]
    spans: int  # of all layers
    spans_solved: int  # in this run; the others were in the work store
    seconds: dict[str, float]
    elapsed_s: float
    missing: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def from_scratch(self) -> bool:
        """Whether all of it was solved in this run, so that its speed says something."""
        return self.spans_solved == self.spans and bool(self.seconds)

    @property
    def frames_per_second(self) -> float:
        return len(self.range) / self.elapsed_s

    def as_json(self) -> dict[str, Any]:
        return {
            "range": [self.range.first, self.range.last],
            "frames": len(self.range),
            "files": [str(path) for path in self.files],
            "up_to_date": [str(path) for path in self.up_to_date],
            "layers": [layer.as_json() for layer in self.layers],
            "spans": self.spans,
            "spans_solved": self.spans_solved,
            "seconds": {stage: round(spent, 3) for stage, spent in self.seconds.items()},
            "elapsed_s": round(self.elapsed_s, 3),
            "frames_per_second": round(self.frames_per_second, 3),
            "missing": list(self.missing),
            "notes": list(self.notes),
        }


def find_exporters(kinds: Sequence[str]) -> list[Exporter]:
    """The exporters of these names, each once. RotoError for an unknown one, BackendUnavailable with the reason for
    one that cannot run here."""
    found: dict[str, Exporter] = {}
    for kind in kinds:
        if kind not in EXPORTERS:
            raise RotoError(f"{kind!r} is not an export kind; there are {', '.join(EXPORTERS)}")
        exporter = EXPORTERS[kind]
        reason = exporter.unavailable()
        if reason is not None:
            raise BackendUnavailable(f"export {kind}", reason)
        found[kind] = exporter
    return list(found.values())


def run_job(
    shot: Shot,
    out: Path,
    kinds: Sequence[str],
    *,
    workers: int | None = 1,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> JobResult:
    """Solve a shot and write its exports into ``out``.

    ``workers`` is the number of processes, None for as many as this machine bears. An export that was made from the
    same mattes before and was not touched since is left as it is. Raises RotoError before any work when an output
    stands in the way; whatever happens later, nothing half-written has a final name.
    """
    started = time.perf_counter()
    report = on_progress or (lambda what, done, total: None)
    exporters = find_exporters(kinds)
    store = shot.store
    record = OutputRecord(out / WORK_FOLDER / "outputs.json")
    with store.locked():
        wanted, current = _sort_exports(shot, record, out, exporters, overwrite)
        spans = shot.spans()
        solved_before = sum(store.journal(span.key).finished for span in spans)
        seconds = solve_shot(
            shot, store, workers=workers or default_workers(shot), on_progress=lambda d, t: report("tracking", d, t)
        )
        layers, files = _deliver(shot, store, record, wanted, seconds, report)
        outdated = _outdated(shot, record, out, exporters)
        store.prune(span.key for span in shot.spans())
    info = shot.source.info
    return JobResult(
        files=files,
        up_to_date=tuple(target for exporter, job in current for target in exporter.targets(job)),
        layers=layers,
        spans=len(spans),
        spans_solved=len(spans) - solved_before,
        seconds=seconds,
        elapsed_s=time.perf_counter() - started,
        range=shot.range,
        missing=info.missing,
        notes=(*info.notes, *shot.notes, *outdated),
    )


Planned = list[tuple[Exporter, ExportJob]]


def _sort_exports(
    shot: Shot, record: OutputRecord, out: Path, exporters: Sequence[Exporter], overwrite: bool
) -> tuple[Planned, Planned]:
    """Exports to write and exports that are current already. OutputError for one that stands in the way."""
    wanted: Planned = []
    current: Planned = []
    for exporter in exporters:
        job = ExportJob(
            folder=out,
            clip=shot.source.info,
            layers=tuple(planned.layer.name for planned in shot.layers),
            first=shot.range.first,
            last=shot.range.last,
            times=shot.times(),
            overwrite=True,  # decided here, against the record of what roto wrote
            before_naming=partial(record.expect, exporter.name),
        )
        targets = exporter.targets(job)
        key = export_key(shot, exporter)
        if all(target.exists() and record.is_current(target, key) for target in targets):
            current.append((exporter, job))
            continue
        for target in targets:
            if target.exists() and not overwrite and not record.is_ours(target):
                raise OutputError(
                    f"{target} is there already and is not as roto left it; "
                    "move it away, choose another -o, or say --overwrite"
                )
        wanted.append((exporter, job))
    return wanted, current


def _outdated(shot: Shot, record: OutputRecord, out: Path, exporters: Sequence[Exporter]) -> list[str]:
    """A line for each kind that this run was not asked for and whose files are of an earlier state of the document."""
    asked = {exporter.name for exporter in exporters}
    others = [(EXPORTERS[kind], key) for kind, key in record.kinds().items() if kind in EXPORTERS and kind not in asked]
    return [
        f"the {exporter.name} files in {out} are from before the last change; "
        f"'roto export DOC {exporter.name}' writes them again"
        for exporter, key in others
        if key != export_key(shot, exporter)
    ]


def export_key(shot: Shot, exporter: Exporter) -> str:
    """Key of everything that an export is made from."""
    return content_key(
        {
            "kind": exporter.name,
            "source": shot.fingerprint,
            "range": [shot.range.first, shot.range.last],
            "layers": [planned.describe() for planned in shot.layers],
        }
    )


def _deliver(
    shot: Shot, store: Store, record: OutputRecord, exports: Planned, seconds: dict[str, float], report: OnProgress
) -> tuple[tuple[LayerResult, ...], tuple[Path, ...]]:
    """The one loop over the delivered frames: mattes to the writers, facts to the layers' results."""
    started = time.perf_counter()
    readers = shot.readers(store)
    facts: dict[str, list[FrameFacts]] = {name: [] for name in readers}
    needs_plate = any(exporter.needs_plate for exporter, _ in exports)
    with ExitStack() as stack:
        writers = [stack.enter_context(exporter.open(job)) for exporter, job in exports]
        plates = shot.source.frames(shot.range.first, shot.range.last) if needs_plate else None
        for done, number in enumerate(shot.range.numbers(), 1):
            for name, reader in readers.items():
                facts[name].append(reader.facts(number))
            if writers:
                mattes = {name: reader.matte(number) for name, reader in readers.items()}
                frame = ExportFrame(number, mattes, next(plates) if plates is not None else None)
                for writer in writers:
                    writer.write(frame)
                report("exporting", done, len(shot.range))
    for exporter, job in exports:
        record.replace(exporter.name, exporter.targets(job), export_key(shot, exporter))
    if exports:
        seconds["export"] = time.perf_counter() - started
    layers = tuple(
        _layer_result(planned.layer.name, planned.keyed, facts[planned.layer.name]) for planned in shot.layers
    )
    return layers, tuple(target for exporter, job in exports for target in exporter.targets(job))


def _layer_result(name: str, keyed: tuple[int, ...], facts: list[FrameFacts]) -> LayerResult:
    solved: list[SolvedFrame] = [fact.solved for fact in facts if fact.solved is not None]
    return LayerResult(
        name=name,
        keyed=keyed,
        confidence=tuple(fact.confidence for fact in facts),
        origin=tuple(fact.origin for fact in facts),
        flicker_before_px=_mean(frame.flicker_before for frame in solved),
        flicker_after_px=_mean(frame.flicker_after for frame in solved),
        suggestion=suggest(solved, keyed),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None
