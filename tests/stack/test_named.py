"""Entries that look for something in the picture: what they are given to see, and what they give back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roto.image import Frame
from roto.masks.mask import Canvas
from roto.semantic.found import Found
from roto.semantic.subject import AROUND
from roto.stack.evaluate import evaluate
from roto.stack.read import parse_entry

WIDTH, HEIGHT = 240, 160


def landscape(offset: int = 0) -> np.ndarray:
    """Blue above, rough brown below; a red square moves across it as the frames go by."""
    rng = np.random.default_rng(1)
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    picture[:] = np.float32((96, 82, 70)) + rng.normal(0, 14, (HEIGHT // 4, WIDTH // 4, 1)).repeat(4, 0).repeat(4, 1)
    picture[:80] = np.float32((120, 165, 225)) + rng.normal(0, 1, (80, WIDTH, 1))
    left = 100 + 6 * offset
    picture[100:140, left : left + 40] = np.float32((200, 40, 40)) + rng.normal(0, 12, (10, 10, 1)).repeat(4, 0).repeat(
        4, 1
    )
    return np.clip(picture, 0, 255).astype(np.uint8)


class Scene:
    """Frame 50 of a clip that has frames 48 to 54 and, where it is cut, another shot from the next frame on."""

    number = 50
    canvas = Canvas(WIDTH, HEIGHT)

    def __init__(self, *, cut: bool = False) -> None:
        self.cut, self.asked = cut, set[int]()

    def plate(self, offset: int = 0) -> Frame | None:
        self.asked.add(offset)
        if not -2 <= offset <= 4:
            return None
        picture = landscape(offset)
        return Frame(50 + offset, 255 - picture if self.cut and offset > 0 else picture)

    def semantic_model(self, folder: str) -> Any:
        assert folder == "models/one"

        class Model:
            def find(self, rgb, category, options):
                assert (category, options.least) == ("sky", 0.5)
                return Found(np.full(rgb.shape[:2], 0.25, np.float32), 0.75, "it is told")

        return Model()


def test_a_sky_is_seen_with_its_neighbours():
    scene = Scene()
    found = evaluate([parse_entry("sky")], scene)
    assert found.matte[:76].min() == 1
    assert found.matte[84:].max() == 0
    assert 0.3 < found.confidence < 0.9
    assert scene.asked == {-2, -1, 0, 1, 2}


def test_each_frame_by_itself_where_that_is_asked_for():
    scene = Scene()
    evaluate([parse_entry("sky,neighbours=0")], scene)
    assert scene.asked == {0}


def test_what_is_not_there_is_empty_and_unsure():
    found = evaluate([parse_entry("vegetation")], Scene())
    assert not found.matte.any()
    assert found.confidence < 0.28


@pytest.mark.parametrize("word", ["moving", "subject", "subject=motion"])
def test_what_moves_is_found_with_the_frames_around(word):
    scene = Scene()
    found = evaluate([parse_entry(word)], scene)
    truth = np.zeros((HEIGHT, WIDTH), bool)
    truth[100:140, 100:140] = True
    inside = found.matte >= 0.5
    assert (inside & truth).sum() / (inside | truth).sum() > 0.8
    assert scene.asked <= set(range(min(AROUND), max(AROUND) + 1))


def test_nothing_beyond_a_cut_is_looked_at():
    """With the frames before it alone, the frame is as it is at the end of a clip."""

    class Ending(Scene):
        def plate(self, offset: int = 0) -> Frame | None:
            return super().plate(offset) if offset <= 0 else None

    cut, ending = (evaluate([parse_entry("moving")], scene) for scene in (Scene(cut=True), Ending()))
    assert cut.matte.tobytes() == ending.matte.tobytes()
    assert cut.confidence == ending.confidence


def test_a_model_is_asked_for_its_category():
    found = evaluate([parse_entry("semantic=sky,model=models/one,least=0.5")], Scene())
    assert (found.matte == 0.25).all()
    assert found.confidence == 0.75


def test_a_model_is_part_of_what_the_result_is_made_from():
    entry = parse_entry("semantic=sky,model=models/one")
    assert entry.models == ("models/one",)
    assert entry.files == ()


@pytest.mark.parametrize("name", ["sky", "skin", "vegetation", "moving"])
def test_a_bare_number_says_how_sure_it_has_to_be(name):
    assert parse_entry(f"{name}=0.125").least == 0.125


def test_what_is_not_there_is_told_and_why():
    found = evaluate([parse_entry("solid"), parse_entry("sky=1,operation=subtract")], Scene())
    assert found.missing == {1: "what may be there is less sure than least=1 asks for (colour, smoothness and place)"}
    assert evaluate([parse_entry("sky")], Scene()).missing == {}
