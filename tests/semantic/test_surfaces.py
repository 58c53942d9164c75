"""Sky, skin and vegetation on rendered pictures, and where there is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.motion.flow import one_thread
from roto.semantic import SURFACES
from roto.semantic.found import FoundOptions
from roto.semantic.look import look_at, within
from roto.semantic.sky import sky_odds
from roto.semantic.surface import find_surface, steadied

from .pictures import HEIGHT, WIDTH, face, finished, landscape, meadow, painted, rocks

OPTIONS = FoundOptions()
SCENES = {"sky": landscape, "vegetation": meadow, "skin": face}


def overlap(matte, inside):
    found = matte >= 0.5
    return (found & inside).sum() / (found | inside).sum()


@pytest.mark.parametrize("kind", SURFACES)
def test_what_is_there_is_found_with_its_edge(kind):
    picture, inside = SCENES[kind]()
    found = find_surface(kind, picture, {}, OPTIONS)
    assert found.matte.shape == (HEIGHT, WIDTH)
    assert found.matte.dtype == np.float32
    assert overlap(found.matte, inside) > 0.95
    assert found.confidence > 0.3


@pytest.mark.parametrize("kind", SURFACES)
@pytest.mark.parametrize("scene", SCENES)
def test_the_others_are_not_taken_for_it(kind, scene):
    if kind != scene:
        found = find_surface(kind, SCENES[scene]()[0], {}, OPTIONS)
        assert not found.matte.any()
        assert found.confidence < OPTIONS.least
        assert found.why


@pytest.mark.parametrize(
    ("kind", "picture"),
    [
        ("sky", painted((45, 150, 170))),  # the sea seen from above
        ("sky", painted((110, 70, 60))),
        ("sky", finished(rocks()[::-1])),
        ("vegetation", painted((20, 200, 60))),  # a green screen
        ("skin", finished(np.float32((190, 120, 80)) + 12 * (rocks() - rocks().mean()) / 20)),  # clay, all over
    ],
    ids=["sea", "a wall", "rocks", "a green screen", "clay"],
)
def test_no_is_an_empty_matte_of_low_confidence(kind, picture):
    found = find_surface(kind, picture, {}, OPTIONS)
    assert not found.matte.any()
    assert found.confidence < 0.3


@pytest.mark.parametrize("clear", [(120, 165, 225), (90, 130, 190), (200, 208, 216)], ids=["blue", "deep", "overcast"])
def test_skies_of_any_weather(clear):
    picture, inside = landscape(clear=clear)
    assert overlap(find_surface("sky", picture, {}, OPTIONS).matte, inside) > 0.9


def test_a_sky_that_is_below_is_none():
    found = find_surface("sky", landscape()[0][::-1].copy(), {}, OPTIONS)
    assert not found.matte.any()
    assert "upper edge" in found.why


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 1), (37, 41)])
@pytest.mark.parametrize("kind", SURFACES)
def test_pictures_of_any_size(kind, shape):
    picture = cv2.resize(landscape()[0], shape[::-1], interpolation=cv2.INTER_AREA)
    found = find_surface(kind, picture, {1: picture}, OPTIONS)
    assert found.matte.shape == shape
    assert np.isfinite(found.matte).all()


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("kind", SURFACES)
def test_a_picture_of_one_value_holds_nothing(kind, value):
    flat = np.full((60, 90, 3), value, np.uint8)
    found = find_surface(kind, flat, {}, FoundOptions(least=0.35))
    assert not found.matte.any()


def test_the_same_bytes_whatever_the_threads():
    picture = landscape()[0]
    neighbours = {offset: landscape(offset)[0] for offset in (-1, 1)}
    found = []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        found.append(find_surface("sky", picture, neighbours, OPTIONS))
    assert found[0].matte.tobytes() == found[1].matte.tobytes()
    assert found[0].confidence == found[1].confidence


def test_neighbours_calm_what_flickers():
    """A likelihood that is wrong on one frame only is put right by those before and after, along the motion."""
    pictures = {shift: landscape(shift)[0] for shift in (-2, 0, 2)}
    with one_thread():
        right = {shift: sky_odds(look_at(picture)) for shift, picture in pictures.items()}
        wrong = right[0].copy()
        wrong[10:40, 60:140] = -3
        moved = {shift: (pictures[shift], right[shift]) for shift in (-2, 2)}
        calmed, still = steadied(pictures[0], wrong, moved), steadied(pictures[0], right[0], moved)
    assert (calmed[12:38, 62:138] > 0).mean() > 0.95
    assert np.abs(still - right[0])[:, 8:-8].mean() < 0.15 * np.abs(right[0]).mean()


def test_a_soft_edge_is_the_picture_s_own():
    picture, _ = landscape()
    hard, soft = (find_surface("sky", picture, {}, FoundOptions(soft_px=px)) for px in (0, 12))
    differs = hard.matte != soft.matte
    assert differs.any()
    near = cv2.dilate(((hard.matte > 0) & (hard.matte < 1)).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert not differs[~near].any()


def test_how_sure_it_has_to_be_is_the_user_s_choice():
    picture, _ = landscape()
    found = find_surface("sky", picture, {}, FoundOptions(least=1.0))
    assert not found.matte.any()
    assert "less sure than least=1 asks for" in found.why
    assert found.confidence > 0.3


def test_hues_are_what_they_are_called():
    colours = {"leaf": (90, 130, 50), "skin": (215, 160, 135), "sky": (110, 160, 225)}
    with one_thread():
        hues = {n: look_at(np.full((8, 8, 3), c, np.uint8)).hue_deg[4, 4] for n, c in colours.items()}
    assert 100 < hues["leaf"] < 136
    assert 34 < hues["skin"] < 66
    assert 252 < hues["sky"] < 305


def test_within_is_one_inside_and_falls_off():
    values = within(np.float32([4, 5, 9, 10, 11, 99]), 5, 10, 1)
    np.testing.assert_allclose(values, [np.exp(-0.5), 1, 1, 1, np.exp(-0.5), 0], atol=1e-6)
