"""What a segmenter is asked about a carried subject, and which window of the frame it looks at."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roto.image import Box
from roto.signed_distance import coverage, signed_distance
from roto.track.asking import prompt_for
from roto.track.windows import window_around

WIDTH, HEIGHT = 200, 140


def at(distance: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance at the pixels that hold the points."""
    return distance[points[:, 1].astype(int), points[:, 0].astype(int)]


def rectangle(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.float32]:
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[y0:y1, x0:x1] = 1
    return matte


def test_a_disc_is_asked_about_at_its_centre() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    prompt = prompt_for((30 - np.hypot(columns - 90.5, rows - 70.5)).astype(np.float32))
    assert prompt.positive.tolist() == [[90.5, 70.5]]
    assert prompt.box == pytest.approx((55, 35, 126, 106), abs=1.5)
    assert len(prompt.negative) == 4


def test_points_keep_to_their_side_and_away_from_the_edge() -> None:
    distance = signed_distance(rectangle(40, 60, 160, 90))
    prompt = prompt_for(distance)
    assert len(prompt.positive) == 3
    assert at(distance, prompt.positive).min() > 10
    assert at(distance, prompt.negative).max() < -5
    gaps = [np.hypot(*(a - b)) for i, a in enumerate(prompt.positive) for b in prompt.positive[:i]]
    assert min(gaps) > 25


def test_each_large_piece_gets_a_point() -> None:
    prompt = prompt_for(signed_distance(np.maximum(rectangle(20, 40, 70, 100), rectangle(120, 50, 160, 90))))
    assert {x < 95 for x in prompt.positive[:, 0]} == {True, False}


def test_a_hole_is_pointed_out() -> None:
    matte = rectangle(30, 20, 170, 120)
    matte[50:90, 80:120] = 0
    negative = prompt_for(signed_distance(matte)).negative
    assert any(80 < x < 120 and 50 < y < 90 for x, y in negative)


def test_the_matte_itself_is_part_of_the_prompt() -> None:
    distance = signed_distance(rectangle(40, 60, 160, 90))
    mask = prompt_for(distance).mask
    assert mask is not None
    assert np.array_equal(mask, coverage(distance))


def test_a_subject_that_fills_the_picture_has_no_point_off_it() -> None:
    prompt = prompt_for(np.full((HEIGHT, WIDTH), 64, np.float32))
    assert prompt.box == (0, 0, WIDTH, HEIGHT)
    assert len(prompt.negative) == 0


def test_nothing_is_asked_about_nothing() -> None:
    with pytest.raises(ValueError, match="no subject"):
        prompt_for(np.full((HEIGHT, WIDTH), -32, np.float32))


@given(st.integers(0, 2**16), st.integers(1, 30))
def test_any_shape_makes_a_prompt_within_the_picture(seed: int, scale: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((60, 80)).astype(np.float32)
    matte = (cv2.GaussianBlur(noise, (0, 0), scale) > 0).astype(np.float32)
    if not matte.any():
        return
    distance = signed_distance(matte)
    prompt = prompt_for(distance)
    assert len(prompt.positive) >= 1
    assert (at(distance, prompt.positive) > 0).all()
    assert (at(distance, prompt.negative) < 0).all()


def test_a_small_subject_is_seen_larger() -> None:
    assert window_around(Box(400, 200, 440, 260), 1920, 1080) == Box(240, 135, 720, 405)
    assert window_around(Box(600, 400, 900, 600), 1920, 1080).width == 960
    assert window_around(Box(400, 100, 1300, 900), 1920, 1080) == Box(0, 0, 1920, 1080)


def test_few_pixels_are_not_enlarged() -> None:
    assert window_around(Box(40, 40, 50, 50), 200, 140) == Box(0, 0, 200, 140)


def test_a_small_step_keeps_the_window() -> None:
    windows = {window_around(Box(x, 200, x + 40, 260), 1920, 1080) for x in range(400, 700, 4)}
    assert len(windows) <= 3


@given(st.data(), st.integers(100, 4000), st.integers(100, 2200))
def test_the_window_holds_the_subject_with_room(data: st.DataObject, width: int, height: int) -> None:
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(x0, y0, data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height)))
    window = window_around(box, width, height)
    assert window.shared(Box(0, 0, width, height)) == window
    assert window.shared(box.padded(12, width, height)) == box.padded(12, width, height)
