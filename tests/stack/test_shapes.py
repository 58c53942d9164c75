"""Shapes in a stack: from the document or a file, at every frame, and what is said of wrong ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.errors import DocumentError
from roto.kinds import told
from roto.masks import Ellipse, Paint
from roto.masks.animated import ShapeKey, read_shape_keys, shapes_at
from roto.masks.combine import combine
from roto.masks.mask import Canvas
from roto.mattes import readers
from roto.parallel import solve_shot
from roto.pipeline import Shot
from roto.shot.document import Document, Layer, Source
from roto.shot.read import read_document, write_document
from roto.stack.read import parse_entry, read_stack
from roto.stack.shapes import Shapes

KEYS = [
    {"frame": 1002, "shapes": [{"type": "ellipse", "center": [30, 40], "radii": [20, 12], "rotation_deg": 10}]},
    {
        "frame": 1008,
        "shapes": [{"type": "ellipse", "center": [80, 50], "radii": [10, 24], "feather_px": 6}],
        "to_next": "hold",
    },
    {"frame": 1010, "absent": True},
]


def delivered(clip: Any, folder: Path, *entries: Any) -> dict[int, Any]:
    document = Document(source=Source(path=clip.pattern), layers=(Layer(name="a", stack=entries),))
    with Shot(document, folder) as shot:
        solve_shot(shot, shot.store, workers=1)
        (reader,) = readers(shot, shot.store).values()
        return {number: reader.matte(number) for number in shot.range.numbers()}


def test_every_frame_has_the_shapes_of_its_place_in_time(disc_clip, tmp_path):
    (entry,) = read_stack([{"type": "shapes", "keyframes": KEYS}], "stack")
    keys = read_shape_keys(KEYS, "")
    for number, matte in delivered(disc_clip, tmp_path, entry).items():
        np.testing.assert_allclose(matte, combine(shapes_at(keys, number), Canvas(128, 96)), atol=1 / 65535)


def test_a_file_says_the_same_as_the_document(disc_clip, tmp_path):
    (tmp_path / "garbage.json").write_text(json.dumps({"keyframes": KEYS}), "utf-8")
    (entry,) = read_stack([{"type": "shapes", "keyframes": KEYS}], "stack")
    from_file = delivered(disc_clip, tmp_path, parse_entry("shapes=garbage.json"))
    for number, matte in delivered(disc_clip, tmp_path, entry).items():
        assert matte.tobytes() == from_file[number].tobytes()


def test_a_changed_file_changes_the_matte(disc_clip, tmp_path):
    file, entry = tmp_path / "garbage.json", parse_entry("shapes=garbage.json")
    found = []
    for center in ([30, 40], [90, 40]):
        file.write_text(json.dumps({"type": "ellipse", "center": center, "radii": [10, 10]}), "utf-8")
        found.append(delivered(disc_clip, tmp_path, entry)[1005])
    assert found[0][40, 30] == 1
    assert found[1][40, 30] == 0


def test_a_painted_mask_is_part_of_what_the_result_is_made_from(disc_clip, tmp_path):
    entry = Shapes(keyframes=(ShapeKey(frame=1001, shapes=(Paint(file="mask.png"),)),))
    assert entry.files == ("mask.png",)
    found = []
    for value in (0, 255):
        cv2.imwrite(str(tmp_path / "mask.png"), np.full((96, 128), value, np.uint8))
        found.append(delivered(disc_clip, tmp_path, entry)[1003])
    assert not found[0].any()
    assert found[1].all()


def test_json_and_back(disc_clip):
    entries = [{"type": "shapes", "keyframes": KEYS, "invert": True, "opacity": {"keys": [[1001, 0], [1004, 1]]}}]
    stack = read_stack(entries, "stack")
    document = Document(source=Source(path=disc_clip.pattern), layers=(Layer(name="a", stack=stack),))
    assert read_document(write_document(document)) == document
    assert stack[0].at(1004).opacity == 1
    assert told(replace(stack[0], curves=())) == "shapes,invert=true,keyframes=(3)"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "stack[0].file: missing, it names a JSON file of shapes; a document may hold keyframes instead"),
        (
            {"file": "a.json", "keyframes": KEYS},
            "stack[0].file: there are keyframes too, one of the two is needed",
        ),
        ({"keyframes": []}, "stack[0].keyframes: 0 keyframes; 1 to 100000 are allowed"),
        (
            {"keyframes": [{"frame": 1, "shapes": [{"type": "polygon", "points": [[1, 2]]}]}]},
            "stack[0].keyframes[0].shapes[0].points: 1 point, a polygon needs 3",
        ),
        (
            {"keyframes": [{"frame": 3, "shapes": [{"type": "prompt", "points": [[1, 2]]}]}]},
            "stack[0].keyframes: frame 3 holds a prompt, which is no shape; give it to the layer's own keyframes",
        ),
        ({"keyframes": KEYS, "opacty": 1}, "stack[0].opacty: unknown key, did you mean 'opacity'?"),
    ],
)
def test_bad_shapes_name_their_place(data, message):
    with pytest.raises(DocumentError) as error:
        read_stack([{"type": "shapes", **data}], "stack")
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "line 1, column 1: not JSON"),
        ('{"keyframes": [{"frame": 1}]}', "keyframes[0].shapes: empty"),
        ('{"keyframes": [], "more": 1}', "more: unknown key"),
        ('{"type": "paint", "file": "a.png"}', "shapes: painted masks are images"),
        ("[[1, 2], [3, 4]]", "points: 2 points, a polygon needs 3"),
    ],
)
def test_a_bad_file_is_named(disc_clip, tmp_path, text, message):
    (tmp_path / "garbage.json").write_text(text, "utf-8")
    with pytest.raises(DocumentError) as error:
        delivered(disc_clip, tmp_path, parse_entry("shapes=garbage.json"))
    assert str(error.value).startswith("layers[0].stack[0].file: ")
    assert "garbage.json: " + message in str(error.value)


def test_shapes_join_as_any_entry(disc_clip, tmp_path):
    shape = Ellipse(center=(40, 48), radii=(20, 20))
    hole = Shapes(keyframes=(ShapeKey(frame=1001, shapes=(shape,)),), operation="subtract")
    found = delivered(disc_clip, tmp_path, parse_entry("solid"), hole)[1006]
    np.testing.assert_allclose(found, 1 - shape.coverage(Canvas(128, 96)), atol=1 / 65535)
