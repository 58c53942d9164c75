"""The built-in segmenter: answers that honour their prompts, on a rendered picture and on real ones."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import bounding_box
from roto.segment import SEGMENTERS
from roto.segment.appearance import Appearance
from roto.segment.barrier import barrier_distance
from roto.segment.local import LocalSegmenter
from roto.segment.prompt import Candidate, Prompt
from roto.segment.ranking import overlap
from roto.segment.window import window

CENTRE = (150.0, 90.0)
AXES = (48.0, 34.0)


def textured(height: int, width: int, seed: int, colour: tuple[int, int, int]) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).standard_normal((height, width, 1)).astype(np.float32)
    return np.asarray(colour, np.float32) + 60 * cv2.GaussianBlur(noise, (0, 0), 2)[..., None]


@pytest.fixture(scope="module")
def picture() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A reddish ellipse on greenish ground, and its matte; a bluish disc lies elsewhere."""
    y, x = np.mgrid[0:180, 0:320] + 0.5
    level = 1 - np.hypot((x - CENTRE[0]) / AXES[0], (y - CENTRE[1]) / AXES[1])
    matte = np.clip(level * min(AXES) + 0.5, 0, 1).astype(np.float32)
    other = np.clip(20.5 - np.hypot(x - 270, y - 50), 0, 1).astype(np.float32)[..., None]
    ground = textured(180, 320, 1, (90, 130, 80)) * (1 - other) + textured(180, 320, 3, (80, 90, 160)) * other
    rgb = ground * (1 - matte[..., None]) + textured(180, 320, 2, (170, 80, 70)) * matte[..., None]
    return np.clip(rgb, 0, 255).astype(np.uint8), matte


BOX = (CENTRE[0] - AXES[0], CENTRE[1] - AXES[1], CENTRE[0] + AXES[0], CENTRE[1] + AXES[1])


def asked(rgb: NDArray[np.uint8], prompt: Prompt) -> tuple[Candidate, ...]:
    segmenter = LocalSegmenter()
    found = segmenter.answer(segmenter.embed(rgb), prompt)
    assert found
    for candidate in found:
        assert candidate.matte.shape == rgb.shape[:2]
        assert candidate.matte.dtype == np.float32
        assert 0 <= candidate.matte.min() <= candidate.matte.max() <= 1
        assert 0 <= candidate.score <= 1
    assert [candidate.score for candidate in found] == sorted((each.score for each in found), reverse=True)
    return found


def test_it_is_registered() -> None:
    assert SEGMENTERS["local"](None, "auto").identity == LocalSegmenter.identity


def test_a_box_finds_the_subject(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    rgb, truth = picture
    assert overlap(asked(rgb, Prompt(box=BOX))[0].matte, truth) > 0.95


def test_a_point_finds_the_subject(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    rgb, truth = picture
    assert max(overlap(each.matte, truth) for each in asked(rgb, Prompt(points=(CENTRE,), labels=(True,)))) > 0.8


def test_two_points_find_it_better(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    rgb, truth = picture
    prompt = Prompt(points=((115.5, 90.5), (185.5, 90.5), (60.5, 90.5)), labels=(True, True, False))
    assert overlap(asked(rgb, prompt)[0].matte, truth) > 0.9


def test_an_earlier_mask_is_refined(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    rgb, truth = picture
    loose = np.roll(cv2.dilate(truth, np.ones((9, 9), np.uint8)), 4, axis=1)
    found = overlap(asked(rgb, Prompt(mask=loose))[0].matte, truth)
    assert found > 0.94 > 0.85 > overlap(loose, truth)


@pytest.mark.parametrize("box", [None, BOX])
def test_points_are_honoured_whatever_they_say(
    picture: tuple[NDArray[np.uint8], NDArray[np.float32]], box: tuple[float, float, float, float] | None
) -> None:
    """Also where the picture speaks against them, and where two of them nearly touch."""
    points = ((150.5, 90.5), (160.5, 95.5), (162.5, 95.5), (110.0, 70.0), (270.5, 50.5))
    labels = (True, False, True, True, False)
    for candidate in asked(picture[0], Prompt(points=points, labels=labels, box=box)):
        for (x, y), label in zip(points, labels, strict=True):
            assert (candidate.matte[int(y), int(x)] >= 0.5) == label


def test_candidates_differ(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    found = asked(picture[0], Prompt(points=(CENTRE,), labels=(True,)))
    for i, one in enumerate(found):
        assert all(overlap(one.matte, other.matte) < 0.97 for other in found[:i])


def test_an_answer_does_not_depend_on_threads(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    prompt = Prompt(points=(CENTRE, (250.5, 150.5)), labels=(True, False), box=BOX)
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = asked(picture[0], prompt)
    finally:
        cv2.setNumThreads(before)
    for one, other in zip(alone, asked(picture[0], prompt), strict=True):
        assert np.array_equal(one.matte, other.matte)
        assert one.score == other.score


def test_a_larger_picture_has_the_same_answer(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    rgb, truth = picture
    large = cv2.resize(rgb, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    box = tuple(5 * value for value in BOX)
    found = asked(np.asarray(large, np.uint8), Prompt(box=(box[0], box[1], box[2], box[3])))[0].matte
    assert overlap(found, cv2.resize(truth, None, fx=5, fy=5)) > 0.95


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (Prompt(text="the dog"), "reads no text"),
        (Prompt(points=((5.0, 5.0),), labels=(False,)), "add a point on it"),
        (Prompt(box=(400.0, 10.0, 500.0, 60.0)), "outside the picture, which is 320 x 180"),
    ],
)
def test_what_cannot_be_answered_is_said(
    picture: tuple[NDArray[np.uint8], NDArray[np.float32]], prompt: Prompt, words: str
) -> None:
    with pytest.raises(RotoError, match=words):
        asked(picture[0], prompt)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 300), (9, 7)])
def test_the_smallest_pictures_and_boxes(shape: tuple[int, int]) -> None:
    rgb = np.zeros((*shape, 3), np.uint8)
    asked(rgb, Prompt(box=(0.2, 0.2, 0.4, 0.4)))
    asked(rgb, Prompt(box=(-3.0, -3.0, 400.0, 400.0)))
    assert asked(rgb, Prompt(points=((0.5, 0.5),), labels=(True,)))[0].matte[0, 0] >= 0.5


def test_an_empty_mask_has_an_empty_answer(picture: tuple[NDArray[np.uint8], NDArray[np.float32]]) -> None:
    assert not asked(picture[0], Prompt(mask=np.zeros_like(picture[1])))[0].matte.any()


def test_barriers_add_up_no_gradient() -> None:
    """Two ways lead to the right: the distance is that of the lower barrier, however long the way."""
    image = np.tile(np.arange(0, 100, 2, dtype=np.uint8), (21, 1))  # a smooth slope of 98
    image[:, 25] = 250  # a wall
    image[18, 25] = 60  # with a gate
    seeds = np.zeros(image.shape, bool)
    seeds[:, 0] = True
    distance = barrier_distance(image[..., None], seeds)
    assert distance[3, 20] == 40
    assert distance[3, 25] == 250
    assert distance[3, 49] == 98
    assert (distance[seeds] == 0).all()


def test_colours_nearby_are_weighed_against_each_other() -> None:
    lab = np.full((60, 80, 3), 128, np.uint8)
    lab[:, 40:, 1] = 150
    inside = np.zeros((60, 80), np.float32)
    inside[:, 40:] = 1
    odds = Appearance(lab).balance(inside, 10.0)
    assert odds[:, 45:].min() > 1
    assert odds[:, :35].max() < -1
    share = Appearance(lab).share(inside)
    assert share[:, 40:].min() > 10 * share[:, :39].max()


def test_a_window_bounds_the_work_and_leads_back() -> None:
    place = window(4000, 2000, (1000.0, 500.0, 1900.0, 1400.0), 0.3, 200.0)
    assert place.columns * place.rows <= 201**2
    assert place.at.x0 < 1000 < 1900 < place.at.x1
    box = (1000.0, 500.0, 1900.0, 1400.0)
    assert place.box_back(place.box(box)) == pytest.approx(box, abs=1e-2)
    level = cv2.resize(np.full((10, 10), 1, np.float32), (place.columns, place.rows))
    matte = place.matte(level)
    assert matte[place.at.slices].min() == 1
    assert matte.sum() == place.at.width * place.at.height


def bench() -> ModuleType:
    path = Path(__file__).parents[1] / "bench" / "prompts.py"
    spec = importlib.util.spec_from_file_location("bench_prompts", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_clicks_fall_into_the_largest_error() -> None:
    prompts = bench()
    truth = np.zeros((40, 60), bool)
    truth[10:30, 10:40] = True
    found = np.zeros_like(truth)
    (x, y), label = prompts.error_click(found, truth)
    assert label
    assert 19.5 <= y <= 20.5
    found[10:30, 10:56] = True
    (x, y), label = prompts.error_click(found, truth)
    assert not label
    assert 47.5 <= x <= 48.5
    assert prompts.error_click(truth, truth) is None


@pytest.mark.parametrize(("name", "least"), [("soccerball", 0.9), ("motorbike", 0.8)])
def test_real_pictures_are_answered_well(test_data: Path, name: str, least: float) -> None:
    """Sequences of the benchmark, somewhat below what it measures."""
    rgb, truth = bench().load_frame(test_data / "davis", name, 0)
    box = bounding_box(truth)
    assert overlap(asked(rgb, Prompt(box=(box.x0, box.y0, box.x1, box.y1)))[0].matte, truth.astype(np.float32)) > least


def test_clicks_correct_a_real_picture(test_data: Path) -> None:
    prompts = bench()
    rgb, truth = prompts.load_frame(test_data / "davis", "soccerball", 0)
    (point, label) = prompts.error_click(np.zeros_like(truth), truth)
    found = asked(rgb, Prompt(points=(point,), labels=(label,)))[0].matte
    assert overlap(found, truth.astype(np.float32)) > 0.75
