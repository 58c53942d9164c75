"""Despill, on colours and rendered spill whose truth is known, and on stills from real green screens."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.despill import LIMITS, DespillOptions, despill, spill
from roto.errors import DocumentError, RotoError
from roto.options import read_options


def picture(*colours) -> np.ndarray:
    return np.array([colours], np.float32)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0.3),
        ({"balance": 1 / 3}, 0.8 / 3),
        ({"balance": 2 / 3}, 1.0 / 3),
        ({"balance": 0.0}, 0.2),
        ({"balance": 1.0}, 0.4),
        ({"limit": "max"}, 0.4),
        ({"limit": "min"}, 0.2),
        ({"amount": 0.5}, 0.6),
        ({"amount": 0.0}, 0.9),
    ],
)
def test_the_formulas_limit_green_by_red_and_blue(options, expected):
    clean = despill(picture((0.2, 0.9, 0.4)), "green", DespillOptions(**options))
    assert np.abs(clean - picture((0.2, expected, 0.4))).max() < 1e-6


def test_for_blue_and_red_the_channels_change_places():
    assert np.abs(despill(picture((0.2, 0.4, 0.9)), "blue") - picture((0.2, 0.4, 0.3))).max() < 1e-6
    assert np.abs(despill(picture((0.9, 0.2, 0.4)), "red") - picture((0.3, 0.2, 0.4))).max() < 1e-6


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("screen", ["green", "blue", (0.12, 0.7, 0.2), (0.9, 0.1, 0.85), (0.8, 0.75, 0.1)])
def test_grey_stays_grey_to_the_bit(screen, limit):
    values = np.random.default_rng(1).random((40, 50, 1), np.float32) * 12
    grey = np.repeat(values, 3, axis=2)
    options = DespillOptions(limit=limit, restore=1.0)
    assert np.array_equal(despill(grey, screen, options), grey)


@pytest.mark.parametrize("limit", ["average", "min"])
@pytest.mark.parametrize("screen", [(0.12, 0.7, 0.2), (0.1, 0.25, 0.8), (0.9, 0.1, 0.85)])
def test_spill_on_grey_comes_off_exactly(screen, limit):
    """A grey layer, unevenly lit by the screen, scene-linear."""
    rng = np.random.default_rng(2)
    grey = np.repeat(rng.random((30, 40, 1), np.float32) * 3, 3, axis=2)
    spilled = grey + rng.random((30, 40, 1), np.float32) * np.float32(screen)
    clean = despill(spilled, screen, DespillOptions(limit=limit))
    assert np.abs(clean - grey).max() < 2e-5


def test_rendered_spill_comes_off_skin_and_cloth():
    """Warm colours, whose green is about the average of red and blue, so that the average finds them best."""
    rng = np.random.default_rng(3)
    warm = rng.uniform(0.05, 0.9, (60, 80, 1)) * np.array([1.0, 0.72, 0.44]) * rng.uniform(0.97, 1.03, (60, 80, 3))
    screen = (0.1, 0.65, 0.18)
    spilled = warm + rng.uniform(0, 0.4, (60, 80, 1)) * np.array(screen)
    error = {
        limit: np.abs(despill(spilled.astype(np.float32), screen, DespillOptions(limit=limit)) - warm).mean()
        for limit in LIMITS
    }
    plain = np.abs(spilled - warm).mean()
    assert error["average"] < 0.3 * plain
    assert error["average"] < min(error["max"], error["min"]) < plain


def test_colours_within_the_limit_keep_their_bytes():
    colours = picture((0.9, 0.5, 0.3), (0.4, 0.1, 0.7), (0.0, 0.0, 0.0), (-0.1, -0.2, 0.3))
    assert np.array_equal(despill(colours), colours)


def test_nothing_falls_below_zero_and_what_was_does_not_fall_further():
    clean = despill(picture((0.0, 0.8, 0.0), (-0.1, 0.5, 0.2)), (0.2, 0.8, 0.3))
    assert clean[0, 0].min() >= 0
    assert clean[0, 1, 0] == np.float32(-0.1)


def test_luminance_is_given_back_as_grey_or_as_a_colour():
    luma = np.array([0.2126, 0.7152, 0.0722])
    colours = picture((0.2, 0.9, 0.4), (0.9, 0.5, 0.3))
    options = DespillOptions(restore=1.0)
    as_grey = despill(colours, "green", options)
    assert np.abs(as_grey @ luma - colours @ luma).max() < 1e-6
    taken = 0.6 * luma[1]
    assert np.abs(as_grey[0, 0] - (np.array([0.2, 0.3, 0.4]) + taken)).max() < 1e-6
    assert np.array_equal(as_grey[0, 1], colours[0, 1])
    as_warm = despill(colours, "green", options, restore_colour=(4.0, 3.0, 2.0))
    assert np.abs(as_warm @ luma - colours @ luma).max() < 1e-6
    given = as_warm[0, 0] - np.array([0.2, 0.3, 0.4])
    assert given / given[0] == pytest.approx([1, 0.75, 0.5], rel=1e-4)


def test_outside_the_matte_nothing_changes_and_a_soft_edge_is_done_in_full():
    colours = np.full((20, 30, 3), (0.2, 0.9, 0.4), np.float32)
    matte = np.zeros((20, 30), np.float32)
    matte[5:15, 8:20] = 0.3
    clean = despill(colours, "green", None, matte)
    inside = matte > 0
    assert np.array_equal(clean[~inside], colours[~inside])
    assert np.abs(clean[inside] - np.float32([0.2, 0.3, 0.4])).max() < 1e-6
    assert np.array_equal(despill(colours, "green", None, np.zeros_like(matte)), colours)


def test_a_hue_between_the_channels_is_turned_onto_one():
    """All of a pure screen colour is spill of amount one, whatever its hue."""
    for hue in np.linspace(0, 2 * np.pi, 13):
        screen = (0.5 + 0.4 * np.cos(hue - np.array([0, 2, 4]) * np.pi / 3)).astype(np.float32)
        assert spill(2.5 * screen, screen) == pytest.approx(2.5, rel=1e-5)
        assert spill(1 - screen, screen) == 0


def test_what_is_not_a_number_stays_so_and_spreads_nowhere():
    colours = np.full((3, 3, 3), (0.2, 0.9, 0.4), np.float32)
    colours[1, 1] = np.nan
    clean = despill(colours)
    assert np.isnan(clean[1, 1]).all()
    assert np.isfinite(np.delete(clean.reshape(-1, 3), 4, axis=0)).all()


@pytest.mark.parametrize(
    ("screen", "message"),
    [("teal", "green, blue, red"), ((0.5, 0.5, 0.5), "grey"), ((0.1, -0.2, 0.3), "three numbers"), ((1, 0), "three")],
)
def test_a_screen_without_a_hue_is_refused(screen, message):
    with pytest.raises(RotoError, match=message):
        despill(picture((0.2, 0.9, 0.4)), screen)


def test_wrong_arguments_are_refused_and_right_ones_left_alone():
    colours = picture((0.2, 0.9, 0.4))
    kept = colours.copy()
    despill(colours)
    assert np.array_equal(colours, kept)
    with pytest.raises(RotoError, match="not all 0"):
        despill(colours, restore_colour=(0, 0, 0))
    with pytest.raises(TypeError, match="float32"):
        despill(colours.astype(np.float64))
    for bad in ({"amount": 1.5}, {"limit": "mean"}, {"balance": -0.1}, {"strength": 1}):
        with pytest.raises(DocumentError):
            read_options(DespillOptions, bad, "x")


@pytest.mark.parametrize("name", ["ck1.jpg", "ck2.jpg", "ck3.jpg"])
def test_stills_lose_their_green_cast_and_nothing_else(test_data, name):
    plate = cv2.imread(str(test_data / "greenscreen" / "simogasp" / name))
    colours = plate[..., ::-1].astype(np.float32) / 255
    clean = despill(colours)
    assert (clean[..., 1] <= (clean[..., 0] + clean[..., 2]) / 2 + 1e-6)[clean[..., 1] < colours[..., 1]].all()
    assert np.array_equal(clean[..., [0, 2]], colours[..., [0, 2]])
    free = colours[..., 1] <= (colours[..., 0] + colours[..., 2]) / 2 - 1e-6
    assert free.mean() > 0.02
    assert np.array_equal(clean[free], colours[free])
