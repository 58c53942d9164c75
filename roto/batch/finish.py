"""The end of a shot: its confidences, its report, its delivery, what the batch's page says of it; and how a later run
sees that nothing of it is missing without opening it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from roto.batch.delivery import DELIVERY, write_delivery
from roto.batch.plan import exports_of, record_of
from roto.batch.shot import BatchShot
from roto.errors import RotoError
from roto.files import write_atomically
from roto.job.confidence import write_confidence
from roto.job.report import write_report
from roto.job.result import JobResult, LayerResult, suggestion_json
from roto.job.run import deliver, find_exporters, sort_exports
from roto.masks.paint import Paint
from roto.masks.prompted import Prompted
from roto.mattes import readers
from roto.models import Models
from roto.paths import resolve
from roto.pipeline import Shot
from roto.review.thumbnails import encode, layer_colour, thumbnail
from roto.shot.document import Document
from roto.store import WORK_FOLDER, content_key
from roto.track.options import TrackOptions

RECORD = "batch.json"
_PICTURE_PX = 320
_PICTURE_BYTES = 60_000
_SUGGESTED = 3  # keyframes a layer


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """What the batch says of a layer; ``weakest`` is its frame of the lowest confidence. flicker_px: after smoothing,
    in pixels, coverage_flicker: after the edge stage, 0 to 1; None where nothing was measured."""

    name: str
    mean_confidence: float
    weakest: int
    weakest_confidence: float
    flicker_px: float | None
    coverage_flicker: float | None
    suggestions: tuple[tuple[int, str], ...]  # frame, reason


@dataclass(frozen=True, slots=True)
class Summary:
    """What the batch says of a shot that is done. ``picture``: of the weakest frame, as a data URI."""

    frames: int
    layers: tuple[LayerSummary, ...]
    files: int
    report: str
    picture: str
    notes: tuple[str, ...] = ()

    @property
    def weakest(self) -> LayerSummary:
        return min(self.layers, key=lambda layer: layer.weakest_confidence)

    @property
    def mean_confidence(self) -> float:
        return sum(layer.mean_confidence for layer in self.layers) / len(self.layers)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        layers = tuple(
            LayerSummary(**{**each, "suggestions": tuple((int(n), str(why)) for n, why in each["suggestions"])})
            for each in data["layers"]
        )
        return cls(**{**data, "layers": layers, "notes": tuple(data["notes"])})


def finish_shot(batch: BatchShot, shot: Shot, settled: list[str]) -> Summary:
    """Write everything of a solved and exported shot that is not an export. The same whenever it is written: nothing
    here tells a time. RotoError for an export that somebody changed since it was written."""
    out, root, record = Path(batch.out), Path(batch.root), record_of(batch)
    exporters = find_exporters(exports_of(batch, shot))
    wanted, current = sort_exports(shot, record, root, exporters, True, batch.export_names())
    if wanted:
        raise RotoError(
            f"the {wanted[0][0].name} files of {batch.name!r} were changed while it ran; run the same command again"
        )
    layers, _ = deliver(shot, shot.store, record, [], {}, lambda what, done, total: None)
    files = tuple(target for exporter, job in current for target in exporter.targets(job))
    confidences = write_confidence(out, layers, record)
    spans = len(shot.spans())
    result = JobResult(
        files=files,
        up_to_date=(),
        layers=layers,
        spans=spans,
        spans_solved=spans,
        seconds={},
        elapsed_s=1.0,
        range=shot.range,
        confidence_files=confidences,
        missing=shot.source.info.missing,
        notes=(*shot.source.info.notes, *shot.notes, *settled),
    )
    report = write_report(shot, out, result, timed=False)
    write_delivery(out, [*files, *confidences], owns_folder=batch.whole_folder)
    summary = Summary(
        frames=len(shot.range),
        layers=tuple(_layer(layer) for layer in layers),
        files=len(files) + len(confidences),
        report=str(report),
        picture=_picture(shot, layers),
        notes=result.notes,
    )
    _remember(batch, shot, [*files, *confidences, report, out / DELIVERY], summary)
    return summary


def _layer(layer: LayerResult) -> LayerSummary:
    lowest = min(layer.frames, key=lambda frame: (frame.confidence, frame.number))
    found = [suggestion_json(each) for each in layer.suggestions(_SUGGESTED)]
    return LayerSummary(
        name=layer.name,
        mean_confidence=round(layer.mean_confidence, 4),
        weakest=lowest.number,
        weakest_confidence=round(lowest.confidence, 4),
        flicker_px=layer.flicker_after_px,
        coverage_flicker=layer.coverage_flicker_after,
        suggestions=tuple((each["frame"], each["reason"]) for each in found),
    )


def _picture(shot: Shot, layers: tuple[LayerResult, ...]) -> str:
    """The weakest frame of all layers, the weakest layer over it."""
    place, number = min(
        ((place, frame) for place, layer in enumerate(layers) for frame in layer.frames),
        key=lambda each: (each[1].confidence, each[1].number),
    )
    matte = readers(shot, shot.store)[layers[place].name].matte(number.number)
    plate = shot.source.frame(number.number).rgb8()
    return encode([thumbnail(plate, matte, _PICTURE_PX, layer_colour(place))], _PICTURE_BYTES)[0]


# -- what a later run has to know -------------------------------------------------------------------------------------


def finished(batch: BatchShot, versions: Mapping[str, str]) -> Summary | None:
    """What was said of a shot of which nothing is missing and nothing has changed, by sizes and times of the files that
    go in and come out; None where that cannot be told without opening it. ``versions``: what the workers run."""
    out, base = Path(batch.out), Path(batch.document).parent
    try:
        known = json.loads((out / WORK_FOLDER / RECORD).read_bytes())
        if (
            known["key"] != _key(batch, versions)
            or any(_state(base / name) != state for name, state in known["inputs"].items())
            or any(_state(out / name) != state for name, state in known["outputs"].items())
            or any(_model(TrackOptions(**asked), batch) != described for asked, described in known["models"])
        ):
            return None
        return Summary.from_json(known["summary"])
    except (OSError, ValueError, KeyError, TypeError, RotoError):
        return None


def picture_of(batch: BatchShot) -> str:
    """The picture of a shot that is done, "" where there is none any more."""
    try:
        return str(json.loads((Path(batch.out) / WORK_FOLDER / RECORD).read_bytes())["summary"]["picture"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _remember(batch: BatchShot, shot: Shot, outputs: Iterable[Path], summary: Summary) -> None:
    from roto.batch.work import fingerprint

    out, base = Path(batch.out), Path(batch.document).parent
    tracked = {planned.track: None for planned in shot.layers if planned.layer.keyframes}
    known = {
        "key": _key(batch, fingerprint()),
        "inputs": {os.path.relpath(path, base): _state(path) for path in inputs_of(shot.document, base)},
        "outputs": {os.path.relpath(path, out): _state(path) for path in outputs},
        "models": [[asdict(options), _model(options, batch)] for options in tracked],
        "summary": asdict(summary),
    }
    write_atomically(out / WORK_FOLDER / RECORD, json.dumps(known, sort_keys=True).encode())


def _key(batch: BatchShot, versions: Mapping[str, str]) -> str:
    return content_key([batch.to_json(), sha256(Path(batch.document).read_bytes()).hexdigest(), dict(versions)])


def _model(options: TrackOptions, batch: BatchShot) -> list[str]:
    """What carries a layer; remembered, since it is asked for the layers of thousands of shots."""
    folder = str(Path(batch.document).parent) if options.video_model or options.sam_model != "auto" else ""
    return _asked(options, batch.device, folder)


@lru_cache(maxsize=256)
def _asked(options: TrackOptions, device: str, folder: str) -> list[str]:
    return Models(device, Path(folder)).describe(options)


def inputs_of(document: Document, folder: Path) -> list[Path]:
    """The files, sequences and folders that a document in ``folder`` names."""
    named = [document.source.path, *([document.source.ocio] if document.source.ocio else [])]
    for layer in document.layers:
        for shape in (shape for keyframe in layer.keyframes for shape in keyframe.shapes):
            named += [shape.file] if isinstance(shape, Paint) else []
            named += [shape.mask] if isinstance(shape, Prompted) and shape.mask else []
        named += [path for entry in layer.stack or () for path in (*entry.files, *entry.models)]
    return [resolve(path, folder) for path in dict.fromkeys(named)]


def _state(path: Path) -> str:
    """Size and modification time of a file; of a folder, or of what a pattern stands for, those of all of it."""
    if path.is_file():
        stat = path.stat()
        return f"{stat.st_size} {stat.st_mtime_ns}"
    folder, suffix = (path, "") if path.is_dir() else (path.parent, path.suffix)
    digest = sha256()
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith(suffix) and entry.is_file():
                stat = entry.stat()
                digest.update(f"{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()
