"""The plate with its matte over it, the choice of frames, and pictures that fit their budget."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roto.image import Matte
from roto.review.thumbnails import (
    LAYER_COLOURS,
    Picture,
    contact_sheet_numbers,
    encode,
    layer_colour,
    overlay,
    thumbnail,
)

COLOUR = (255, 176, 59)


def plate(height: int = 90, width: int = 160) -> Picture:
    return np.random.default_rng(1).integers(60, 200, (height, width, 3)).astype(np.uint8)


def disc(height: int = 90, width: int = 160, radius: float = 30) -> Matte:
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot(x + 0.5 - width / 2, y + 0.5 - height / 2) - radius
    return np.clip(0.5 - distance, 0, 1).astype(np.float32)


def test_overlay_keeps_size_and_leaves_its_inputs_alone() -> None:
    rgb, matte = plate(), disc()
    before = rgb.copy(), matte.copy()
    picture = overlay(rgb, matte, COLOUR)
    assert picture.shape == rgb.shape
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(rgb, before[0])
    np.testing.assert_array_equal(matte, before[1])


def test_overlay_dims_and_greys_outside_and_keeps_inside_bright() -> None:
    rgb = np.full((90, 160, 3), (180, 120, 60), np.uint8)
    picture = overlay(rgb, disc(), COLOUR).astype(int)
    outside, inside = picture[5, 5], picture[45, 80]
    assert outside.sum() < 0.6 * 360
    assert np.ptp(outside) < np.ptp([180, 120, 60]) * 0.4
    assert inside.sum() > 0.9 * 360


def test_overlay_draws_the_line_where_the_matte_is_half() -> None:
    picture = overlay(np.full((90, 160, 3), 128, np.uint8), disc(), COLOUR).astype(int)
    row = picture[45]
    warmth = row[:, 0] - row[:, 2]
    left = np.argmax(warmth[:80])
    assert abs(left + 0.5 - 50) <= 1  # the disc's edge is at x = 50
    assert warmth[left] > 2 * warmth[80]
    assert row[left + 3].tolist() == row[80].tolist()  # the line is thin


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_overlay_of_an_empty_or_full_matte_has_no_line_across_the_picture(value: float) -> None:
    rgb = np.full((40, 60, 3), 128, np.uint8)
    picture = overlay(rgb, np.full((40, 60), value, np.float32), COLOUR)
    assert np.unique(picture[4:-4, 4:-4].reshape(-1, 3), axis=0).shape[0] == 1


def test_thumbnail_scales_before_it_draws() -> None:
    large = thumbnail(plate(900, 1600), disc(900, 1600, 300), width=160, colour=COLOUR)
    assert large.shape == (90, 160, 3)
    row = large[45].astype(int)
    warmth = row[:, 0] - row[:, 2]
    assert abs(int(np.argmax(warmth[40:60])) + 40.5 - 50) <= 1


def test_thumbnail_never_enlarges() -> None:
    assert thumbnail(plate(), disc(), width=1000).shape == (90, 160, 3)


def test_thumbnail_of_a_very_flat_picture_keeps_a_row() -> None:
    assert thumbnail(plate(1, 2000), np.ones((1, 2000), np.float32), width=100).shape == (1, 100, 3)


def test_layer_colours_differ_and_start_again() -> None:
    assert len(set(LAYER_COLOURS)) == 8
    assert layer_colour(8) == layer_colour(0)


@given(
    first=st.integers(-50, 2000),
    length=st.integers(1, 3000),
    places=st.lists(st.integers(-10, 3000), max_size=30),
    count=st.integers(1, 24),
)
def test_contact_sheet_shows_distinct_frames_in_order(first: int, length: int, places: list[int], count: int) -> None:
    last = first + length - 1
    keyed = [first + place for place in places]
    numbers = contact_sheet_numbers(first, last, keyed, count)
    assert list(numbers) == sorted(set(numbers))
    assert all(first <= number <= last for number in numbers)
    assert len(numbers) == min(count, length)
    inside = {number for number in keyed if first <= number <= last}
    if len(inside) <= count:
        assert inside <= set(numbers)
    else:
        assert set(numbers) <= inside


def test_contact_sheet_fills_the_widest_gap() -> None:
    assert contact_sheet_numbers(0, 100, [0, 20, 100], 4) == (0, 20, 60, 100)
    assert contact_sheet_numbers(1001, 1090, [1050], 3) == (1001, 1050, 1090)
    assert contact_sheet_numbers(5, 4, [], 3) == ()


def test_pictures_fit_their_budget_and_stay_legible() -> None:
    pictures = [plate(400, 700) for _ in range(8)]
    generous, tight = encode(pictures, 10_000_000), encode(pictures, 300_000)
    assert sum(map(len, tight)) <= 300_000 < sum(map(len, generous))
    for uri, width in ((generous[0], 520), (tight[0], 100)):
        kind, data = uri.split(",", 1)
        assert kind == "data:image/jpeg;base64"
        decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape[1] >= width


def test_encoding_keeps_red_red() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 230
    data = base64.b64decode(encode([red], 100_000)[0].split(",", 1)[1])
    blue, _, first = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[16, 16]
    assert first > 200
    assert blue < 30
