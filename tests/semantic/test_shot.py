"""A model's category in a shot: as the model says itself, whatever the workers, and solved again for another model."""

from __future__ import annotations

import json
import shutil
from typing import Any

import cv2
import numpy as np
import pytest

from roto.errors import BackendUnavailable, DocumentError
from roto.mattes import readers
from roto.parallel import solve_shot
from roto.pipeline import Shot
from roto.semantic.found import FoundOptions
from roto.semantic.model import SemanticModel
from roto.shot.document import Document, Layer, Source
from roto.stack.read import parse_entry
from roto.weights.model_folder import model_folder

from .conftest import LABELS


def shot_of(clip: Any, folder: Any, word: str) -> Shot:
    document = Document(source=Source(path=clip.pattern), layers=(Layer(name="a", stack=(parse_entry(word),)),))
    return Shot(document, folder)


def delivered(shot: Shot, workers: int = 1) -> dict[int, Any]:
    solve_shot(shot, shot.store, workers=workers)
    (reader,) = readers(shot, shot.store).values()
    return {number: reader.matte(number) for number in shot.range.numbers()}


@pytest.mark.parametrize("workers", [1, 2])
def test_mattes_are_the_model_s_own(disc_clip, folder, tmp_path, workers):
    shutil.copytree(folder, tmp_path / "model")
    with shot_of(disc_clip, tmp_path, "semantic=vehicle,model=model,least=0") as shot:
        mattes = delivered(shot, workers)
    model = SemanticModel(model_folder(folder, "semantic"), "cpu")
    for number in (1001, 1012):
        picture = cv2.imread(disc_clip.pattern.replace("####", str(number)))[..., ::-1].copy()
        expected = model.find(picture, "vehicle", FoundOptions(least=0))
        np.testing.assert_allclose(mattes[number], expected.matte, atol=1 / 65535)


def test_another_model_gives_another_result(disc_clip, folder, tmp_path):
    """The folder has the same name: what counts is what is in it."""
    copied = shutil.copytree(folder, tmp_path / "model")
    pieces = []
    for labels in (LABELS, {**LABELS, 0: "truck"}):
        config = json.loads((copied / "config.json").read_text("utf-8"))
        config["id2label"] = labels
        (copied / "config.json").write_text(json.dumps(config), "utf-8")
        with shot_of(disc_clip, tmp_path, "semantic=vehicle,model=model,least=0") as shot:
            pieces.append(sum(float(matte.sum()) for matte in delivered(shot).values()))
    assert pieces[0] != pieces[1]


def test_an_unknown_category_says_where_it_stands(disc_clip, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "model")
    with (
        shot_of(disc_clip, tmp_path, "semantic=dragon,model=model") as shot,
        pytest.raises(DocumentError, match=r"^layers\[0\].stack\[0\].category: model knows no 'dragon'; cat"),
    ):
        delivered(shot)


def test_a_folder_that_is_not_there_is_said_before_any_work(disc_clip, tmp_path):
    with (
        pytest.raises(BackendUnavailable, match=r"the model folder .* is not there; a SegFormer"),
        shot_of(disc_clip, tmp_path, "semantic=sky,model=nowhere") as shot,
    ):
        delivered(shot)
