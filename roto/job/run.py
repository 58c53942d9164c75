"""One document to its mattes, files and report: solve what is not solved, stream the mattes to every export, report.

Nothing is overwritten unasked: an output is replaced only while it is exactly as roto left it, or with ``overwrite``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import MappingProxyType

from roto.edge.colour import layer_colour
from roto.errors import BackendUnavailable, OutputError, RotoError
from roto.export import EXPORTERS
from roto.export.exporter import Exporter, ExportFrame, ExportJob, ExportName
from roto.image import Frame, Matte
from roto.job.confidence import confidence_targets, write_confidence
from roto.job.result import JobResult, LayerResult
from roto.job.solved import OnProgress, check_available, solve
from roto.kinds import told
from roto.mattes import FrameFacts, plan_pieces, readers
from roto.pipeline import PlannedLayer, Shot
from roto.solve import suggest
from roto.store import WORK_FOLDER, OutputRecord, Store, content_key

Planned = list[tuple[Exporter, ExportJob]]


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
    """Solve a shot and write its exports and its confidences into ``out``; without exports nothing is written there.

    ``workers`` is the number of processes, None for as many as this machine bears. An export that was made from the
    same mattes before and was not touched since is left as it is. Raises RotoError before any work when an output
    stands in the way; whatever happens later, nothing half-written has a final name.
    """
    started = time.perf_counter()
    report = on_progress or (lambda what, done, total: None)
    exporters = find_exporters(kinds)
    if exporters:
        check_available(shot)
    store = shot.store
    record = OutputRecord(out / WORK_FOLDER / "outputs.json")
    with store.locked():
        wanted, current = sort_exports(shot, record, out, exporters, overwrite)
        if exporters and not overwrite:
            refuse_foreign(confidence_targets(out), record)
        spans = shot.spans()
        solved_before = sum(store.journal(span.key).finished for span in spans)
        seconds, decided = solve(shot, mattes=bool(exporters), workers=workers, on_progress=report)
        layers, files = deliver(shot, store, record, wanted, seconds, report)
        confidence_files = write_confidence(out, layers, record) if exporters else ()
        outdated = _outdated(shot, record, out, exporters)
        store.prune([*(span.key for span in shot.spans()), *(piece.key for piece in plan_pieces(shot))])
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
        confidence_files=confidence_files,
        missing=info.missing,
        notes=(*info.notes, *shot.notes, *decided, *outdated),
    )


def sort_exports(
    shot: Shot,
    record: OutputRecord,
    out: Path,
    exporters: Sequence[Exporter],
    overwrite: bool,
    names: Mapping[str, ExportName] = MappingProxyType({}),
) -> tuple[Planned, Planned]:
    """Exports to write and exports that are current already; ``names``: what the files of a kind are called, where not
    as roto calls them. OutputError for one that stands in the way."""
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
            name=names.get(exporter.name),
        )
        targets = exporter.targets(job)
        key = export_key(shot, exporter)
        if all(target.exists() and record.is_current(target, key) for target in targets):
            current.append((exporter, job))
            continue
        if not overwrite:
            refuse_foreign(targets, record)
        wanted.append((exporter, job))
    return wanted, current


def refuse_foreign(targets: Iterable[Path], record: OutputRecord) -> None:
    """OutputError for the first file that stands there and is not as roto left it."""
    for target in targets:
        if target.exists() and not record.is_ours(target):
            raise OutputError(
                f"{target} is there already and is not as roto left it; "
                "move it away, choose another -o, or say --overwrite"
            )


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
            "colour": [asdict(planned.colour) for planned in shot.layers] if exporter.needs_plate else [],
        }
    )


def deliver(
    shot: Shot, store: Store, record: OutputRecord, exports: Planned, seconds: dict[str, float], report: OnProgress
) -> tuple[tuple[LayerResult, ...], tuple[Path, ...]]:
    """The one loop over the delivered frames: mattes to the writers, facts to the layers' results."""
    started = time.perf_counter()
    layers_read = readers(shot, store)
    facts: dict[str, list[FrameFacts]] = {name: [] for name in layers_read}
    needs_plate = any(exporter.needs_plate for exporter, _ in exports)
    with ExitStack() as stack:
        writers = [stack.enter_context(exporter.open(job)) for exporter, job in exports]
        plates = shot.source.frames(shot.range.first, shot.range.last) if needs_plate else None
        for done, number in enumerate(shot.range.numbers(), 1):
            for name, reader in layers_read.items():
                facts[name].append(reader.facts(number))
            if writers:
                mattes = {name: reader.matte(number) for name, reader in layers_read.items()}
                plate = next(plates) if plates is not None else None
                frame = ExportFrame(number, mattes, plate, _colours(shot, mattes, plate))
                for writer in writers:
                    writer.write(frame)
                report("exporting", done, len(shot.range))
    for exporter, job in exports:
        record.replace(exporter.name, exporter.targets(job), export_key(shot, exporter))
    if exports:
        seconds["export"] = time.perf_counter() - started
    layers = tuple(_layer_result(planned, facts[planned.layer.name]) for planned in shot.layers)
    return layers, tuple(target for exporter, job in exports for target in exporter.targets(job))


def _colours(shot: Shot, mattes: Mapping[str, Matte], plate: Frame | None) -> dict[str, Frame]:
    """The colour of every layer that is not the plate's."""
    if plate is None:
        return {}
    options = {planned.layer.name: planned.colour for planned in shot.layers}
    return {name: layer_colour(plate, matte, options[name]) for name, matte in mattes.items()}


def _layer_result(planned: PlannedLayer, facts: list[FrameFacts]) -> LayerResult:
    solved = [fact.solved for fact in facts if fact.solved is not None]
    return LayerResult(
        name=planned.layer.name,
        keyed=planned.keyed,
        frames=tuple(facts),
        suggestion=suggest(solved, planned.keyed),
        stack=tuple(told(entry) for entry in planned.stack or ()),
    )
