"""A run's facts and a few of its frames, as the report wants them."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from roto.files import write_atomically
from roto.frames.pattern import listed
from roto.frames.source import ClipInfo
from roto.image import Frame
from roto.job.result import JobResult, LayerResult
from roto.mattes import readers
from roto.pipeline import PlannedLayer, Shot
from roto.review.report import (
    Choice,
    Fact,
    LayerReport,
    Report,
    SuggestedKey,
    Thumbnail,
    Timing,
    contact_sheet_numbers,
    layer_colour,
    render_report,
    source_facts,
    thumbnail,
)
from roto.track.propagators import ONE_QUALITY

REPORT = "report.html"
_MANY = 8  # files of a folder that are listed one by one
_PICTURES = 12  # on a layer's contact sheet


def write_report(shot: Shot, out: Path, result: JobResult, command: Sequence[str] = (), *, timed: bool = True) -> Path:
    """Write ``OUT/report.html`` for a run that is done. Returns its path. Without ``timed`` it says nothing of how long
    anything took, and is the same whenever it is written."""
    numbers = {
        layer.name: contact_sheet_numbers(result.range.first, result.range.last, _marked(layer), _PICTURES)
        for layer in result.layers
    }
    plates = {number: shot.source.frame(number) for number in sorted({n for each in numbers.values() for n in each})}
    report = Report(
        title=shot.source.info.path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1],
        layers=[_layer(shot, place, layer, numbers[layer.name], plates) for place, layer in enumerate(result.layers)],
        source=source_facts(shot.source.info),
        choices=[choice for planned in shot.layers for choice in _choices(shot, planned, len(shot.layers) > 1)],
        timings=[_timing(stage, spent, result) for stage, spent in result.seconds.items()],
        elapsed_s=result.elapsed_s if timed else None,
        frames_per_second=result.frames_per_second if result.from_scratch else None,
        files=grouped([*result.files, *result.up_to_date, *result.confidence_files]),
        notes=[*_kept(result), *_missing(shot.source.info), *result.notes],
        versions=[Fact(name, version(name)) for name in ("roto", "numpy", "opencv-python", "av")]
        + [Fact("Python", platform.python_version())],
        command=shlex.join(command),
    )
    path = out / REPORT
    write_atomically(path, render_report(report).encode())
    return path


def _marked(layer: LayerResult) -> list[int]:
    """The frames that a person wants to see before any other: those that are keyed, and the one to key next."""
    return sorted({*layer.keyed, *([] if layer.suggestion is None else [layer.suggestion.number])})


def _layer(shot: Shot, place: int, layer: LayerResult, numbers: Sequence[int], plates: dict[int, Frame]) -> LayerReport:
    reader = readers(shot, shot.store)[layer.name]
    found = layer.suggestion
    return LayerReport(
        name=layer.name,
        numbers=range(shot.range.first, shot.range.last + 1),
        confidences=layer.confidence,
        likely_good=layer.likely_good,
        origins=layer.origin,
        keyed=layer.keyed,
        flicker_before_px=layer.flicker_before_px,
        flicker_after_px=layer.flicker_after_px,
        coverage_flicker_before=layer.coverage_flicker_before,
        coverage_flicker_after=layer.coverage_flicker_after,
        stack=layer.stack,
        suggestion=None
        if found is None
        else SuggestedKey(found.number, found.reason, found.gain, _command(layer.name, found.number)),
        thumbnails=[
            Thumbnail(
                number,
                number in layer.keyed,
                thumbnail(plates[number].rgb8(), reader.matte(number), colour=layer_colour(place)),
            )
            for number in numbers
        ],
    )


def _command(name: str, number: int) -> str:
    return shlex.join(["roto", "key", "add", "shot.roto.json", "--layer", name, "--polygon", f"{number}=FILE"])


def _choices(shot: Shot, planned: PlannedLayer, several: bool) -> list[Choice]:
    """What was asked of the back-ends, and what ``auto`` took."""
    if not planned.keyed:
        return []  # nothing is tracked
    of = f" ({planned.layer.name})" if several else ""
    models, options = shot.models, planned.track
    found = {"propagator": models.chosen_propagator(options), "segmenter": models.chosen_segmenter(options)}
    propagator = found["propagator"].taken
    heeded = propagator not in ONE_QUALITY
    why = "what the learned propagator may cost" if heeded else f"the propagator {propagator} knows one quality only"
    return [
        *(Choice(f"{what}{of}", each.wanted, each.taken, each.why) for what, each in found.items()),
        Choice(f"quality{of}", options.quality, options.quality if heeded else "no effect", why),
    ]


def _timing(stage: str, seconds: float, result: JobResult) -> Timing:
    return Timing(stage, seconds, len(result.range) / seconds if seconds and result.from_scratch else None)


def grouped(files: Sequence[Path]) -> list[str]:
    """Files as a person wants them listed: those of one folder in a line once they are many."""
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    lines = []
    for members in folders.values():
        if len(members) > _MANY:
            lines.append(f"{members[0]} ... {members[-1].name} ({len(members)} files)")
        else:
            lines += [str(file) for file in members]
    return lines


def _kept(result: JobResult) -> list[str]:
    kept = result.spans - result.spans_solved
    return [f"{kept} of {result.spans} spans were solved before and stand as they are"] if kept else []


def _missing(info: ClipInfo) -> list[str]:
    if not info.missing:
        return []
    return [f"frames that the source cannot give: {listed(info.missing)}"]
