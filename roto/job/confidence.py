"""Every frame's confidence as a table, for a spreadsheet or a pipeline: ``confidence.csv`` and ``confidence.json``."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roto.errors import OutputError
from roto.export.staging import Staging
from roto.job.result import LayerResult, suggestion_json
from roto.mattes import FrameFacts
from roto.store import OutputRecord, content_key
from roto.track.blend import GOOD_IOU

KIND = "confidence"  # in the record of outputs
NAMES = ("confidence.csv", "confidence.json")
COLUMNS = ("layer", "frame", "confidence", "likely_good", "origin", "disagreement", "flicker_px", "coverage_flicker")


def confidence_targets(out: Path) -> tuple[Path, ...]:
    return tuple(out / name for name in NAMES)


def write_confidence(out: Path, layers: Sequence[LayerResult], record: OutputRecord) -> tuple[Path, ...]:
    """Write both files into ``out``, each whole or not at all; what is there already as it should be is left alone.
    OutputError when they cannot be written."""
    texts = dict(zip(NAMES, (as_csv(layers), as_json(layers)), strict=True))
    targets, key = confidence_targets(out), content_key(texts)
    if all(record.is_current(target, key) for target in targets):
        return targets
    try:
        staging = Staging(out, KIND, [Path(name) for name in NAMES], overwrite=True)
        try:
            for name, text in texts.items():
                staging.path(Path(name)).write_bytes(text.encode())
            record.expect(KIND, {out / name: staging.root / name for name in NAMES})
            staging.commit()
        finally:
            staging.discard()
    except OSError as error:
        raise OutputError(f"{targets[0]} cannot be written: {error.strerror}") from None
    record.replace(KIND, targets, key)
    return targets


def as_csv(layers: Sequence[LayerResult]) -> str:
    """A line a layer and frame under :data:`COLUMNS`; what is not known, as on keyed frames, is empty."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for layer in layers:
        writer.writerows((layer.name, *_row(frame).values()) for frame in layer.frames)
    return table.getvalue()


def as_json(layers: Sequence[LayerResult]) -> str:
    """The same with a line a frame, and each layer's keyframes and suggestion; what is not known is null."""
    found = ",\n".join(_layer(layer) for layer in layers)
    return f'{{\n "good_iou": {GOOD_IOU},\n "layers": [\n{found}\n ]\n}}\n'


def _layer(layer: LayerResult) -> str:
    suggested = layer.suggestion
    head = {
        "name": layer.name,
        "keyframes": list(layer.keyed),
        "mean_confidence": round(layer.mean_confidence, 4),
        "suggest": None if suggested is None else suggestion_json(suggested),
    }
    entries = [f"   {_encode(name)}: {_encode(value)}" for name, value in head.items()]
    frames = ",\n".join(f"    {_encode(_row(frame))}" for frame in layer.frames)
    return "  {\n" + ",\n".join([*entries, f'   "frames": [\n{frames}\n   ]']) + "\n  }"


def _row(frame: FrameFacts) -> dict[str, Any]:
    """The columns after the layer: shares to four digits, pixels to three."""
    solved = frame.solved
    flicker = None if solved is None else solved.flicker_after
    return {
        "frame": frame.number,
        "confidence": round(frame.confidence, 4),
        "likely_good": round(frame.likely_good, 4),
        "origin": frame.origin,
        "disagreement": None if solved is None else round(solved.disagreement, 4),
        "flicker_px": None if flicker is None else round(flicker, 3),
        "coverage_flicker": None if frame.coverage_flicker_after is None else round(frame.coverage_flicker_after, 4),
    }


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
