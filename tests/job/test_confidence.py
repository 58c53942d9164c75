"""The table of confidences: exact columns, what is not known left empty, and nobody else's file replaced."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from roto.errors import OutputError
from roto.image import EMPTY_BOX
from roto.job.confidence import COLUMNS, as_csv, as_json, confidence_targets, write_confidence
from roto.job.result import LayerResult
from roto.mattes import KEYED, FrameFacts
from roto.solve import SolvedFrame, suggest
from roto.store import WORK_FOLDER, OutputRecord
from roto.track.blend import likely_good


def solved(number: int, confidence: float, flicker: float | None) -> FrameFacts:
    frame = SolvedFrame(
        number=number,
        box=EMPTY_BOX,
        patch=np.zeros((0, 0), np.int16),
        confidence=confidence,
        origin="both",
        disagreement=1 / 3,
        flicker_before=9.0,
        flicker_after=flicker,
    )
    return FrameFacts(number, confidence, "both", frame)


def layer(name: str = "her", confidence: float = 0.71234567) -> LayerResult:
    frames = (FrameFacts(1001, 1.0, KEYED), solved(1002, 0.9, None), solved(1003, confidence, 1.23456))
    return LayerResult(name, (1001,), frames, suggest([f.solved for f in frames if f.solved], [1001]))


def record(out: Path) -> OutputRecord:
    return OutputRecord(out / WORK_FOLDER / "outputs.json")


def test_a_line_a_layer_and_frame() -> None:
    head, *lines = csv.reader(as_csv([layer(), layer("him", 0.4)]).splitlines())
    assert tuple(head) == COLUMNS
    assert [line[:2] for line in lines] == [[name, str(n)] for name in ("her", "him") for n in (1001, 1002, 1003)]
    assert lines[0][2:] == ["1.0", "1.0", "keyed", "", "", ""]
    assert lines[2][2:] == ["0.7123", str(round(likely_good(0.71234567), 4)), "both", "0.3333", "1.235", ""]


def test_json_says_the_same_and_what_to_key_next() -> None:
    layers = [layer(), layer("him", 0.4)]
    text = as_json(layers)
    data = json.loads(text)
    assert data["good_iou"] == 0.8
    lines = list(csv.DictReader(as_csv(layers).splitlines()))
    flat = [{"layer": each["name"], **frame} for each in data["layers"] for frame in each["frames"]]
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in flat] == lines
    assert data["layers"][1]["keyframes"] == [1001]
    suggested = data["layers"][1]["suggest"]
    assert suggested["frame"] == 1003
    assert suggested["gain"] == round(layers[1].suggestion.gain, 4)  # type: ignore[union-attr]
    assert sum('"frame": 1003' in line for line in text.splitlines()) == 4  # a frame a line, and the suggestions


def test_a_layer_that_is_keyed_throughout_suggests_nothing() -> None:
    whole = LayerResult("still", (7,), (FrameFacts(7, 1.0, KEYED),), None)
    assert json.loads(as_json([whole]))["layers"][0]["suggest"] is None


def test_names_with_commas_and_accents_survive() -> None:
    assert next(csv.DictReader(as_csv([layer("crème 2.0")]).splitlines()))["layer"] == "crème 2.0"
    assert json.loads(as_json([layer("crème")]))["layers"][0]["name"] == "crème"


def test_files_that_are_current_are_left_alone_and_others_written(tmp_path: Path) -> None:
    targets = write_confidence(tmp_path, [layer()], record(tmp_path))
    assert targets == confidence_targets(tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in targets}
    write_confidence(tmp_path, [layer()], record(tmp_path))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in targets} == before
    write_confidence(tmp_path, [layer(confidence=0.5)], record(tmp_path))
    assert all(path.read_bytes() != before[path][0] for path in targets)
    assert all(record(tmp_path).is_ours(path) for path in targets)
    assert {path.name for path in tmp_path.iterdir()} == {WORK_FOLDER, *(path.name for path in targets)}


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"confidence\.csv cannot be written"):
        write_confidence(tmp_path / "file" / "out", [layer()], record(tmp_path))
