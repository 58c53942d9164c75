"""Mattes and plates as whole numbers, against values from the standards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roto.export.pixels import display_rgb, matte_tags, quantised, video_tags, ycbcr
from roto.frames.source import ColourTags
from roto.image import Frame

LIMITED_709 = ColourTags(1, 1, 1, False)


@given(st.integers(0, 65535))
def test_sixteen_bits_survive_the_way_through_float(code: int) -> None:
    assert quantised(np.array([[code / 65535]], np.float32), 16) == code


def test_a_matte_beyond_its_range_is_clipped() -> None:
    assert quantised(np.array([[-0.1, 1.0001]], np.float32), 8).tolist() == [[0, 255]]


def test_limited_range_is_black_to_white() -> None:
    assert quantised(np.array([[0, 0.5, 1]], np.float32), 8, low=16, high=235).tolist() == [[16, 126, 235]]


@pytest.mark.parametrize(
    ("rgb", "wanted"),
    [
        ((0, 0, 0), (64, 512, 512)),
        ((255, 255, 255), (940, 512, 512)),
        ((255, 0, 0), (250, 409, 960)),  # ITU-R BT.709-6, 10 bit
        ((0, 255, 0), (691, 167, 105)),
        ((0, 0, 255), (127, 960, 471)),
    ],
)
def test_bt709_in_ten_bits(rgb: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    for scale, dtype in ((1, np.uint8), (257, np.uint16)):
        pixels = np.full((1, 1, 3), rgb, dtype) * dtype(scale)
        assert tuple(int(plane[0, 0]) for plane in ycbcr(pixels, LIMITED_709, 10)) == wanted


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("bits", [8, 10])
def test_grey_has_no_colour(matrix: int, full_range: bool, bits: int) -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    luma, blue, red = ycbcr(grey, ColourTags(matrix=matrix, full_range=full_range), bits)
    assert set(blue.ravel()) == set(red.ravel()) == {1 << (bits - 1)}
    assert (np.diff(luma[:, 0].astype(int)) >= 0).all()
    if full_range:
        assert np.array_equal(luma[:, 0], np.rint(np.arange(256) * ((1 << bits) - 1) / 255))


def test_full_range_stays_within_its_bits() -> None:
    blue = np.full((1, 1, 3), (0, 0, 65535), np.uint16)
    assert ycbcr(blue, ColourTags(matrix=1, full_range=True), 10)[1][0, 0] == 1023


def test_a_linear_plate_is_encoded_for_whole_numbers() -> None:
    grey = np.full((1, 1, 3), 0.18, np.float32)
    assert display_rgb(Frame(0, grey, linear=True))[0, 0, 0] == pytest.approx(0.46136 * 65535, abs=2)
    assert display_rgb(Frame(0, grey))[0, 0, 0] == pytest.approx(0.18 * 65535, abs=1)
    assert display_rgb(Frame(0, grey * 50, linear=True))[0, 0, 0] == 65535


@pytest.mark.parametrize(
    ("tags", "matrix"),
    [
        (ColourTags(9, 16, 9, True), 9),
        (ColourTags(5, 1, 5, True), 5),
        (ColourTags(1, 13, 0, True), 1),  # RGB
        (ColourTags(9, 14, 2), 9),  # untagged: of its primaries
        (ColourTags(), 1),  # of its size
        (ColourTags(2, 14, 10), 1),  # constant luminance
        (ColourTags(2, 1, 8), 1),  # YCgCo, which nobody needs to write again
    ],
)
def test_a_video_has_the_sources_tags_and_always_a_matrix(tags: ColourTags, matrix: int) -> None:
    made = video_tags(tags, 1920, 1080, linear=False, full_range=False)
    assert made == ColourTags(tags.primaries, tags.transfer, matrix, False)


def test_a_small_untagged_clip_is_taken_for_standard_definition() -> None:
    assert video_tags(ColourTags(), 720, 576, linear=False, full_range=False).matrix == 6


def test_a_linear_plate_is_tagged_as_it_was_encoded() -> None:
    assert video_tags(ColourTags(1, 8, 0), 1920, 1080, linear=True, full_range=False).transfer == 13


@pytest.mark.parametrize("transfer", [8, 16, 18])
def test_a_matte_is_never_tone_mapped(transfer: int) -> None:
    matte = np.zeros((2, 2), np.float32)
    assert matte_tags(ColourTags(9, transfer, 9), matte, full_range=True) == ColourTags(2, 2, 9, True)
