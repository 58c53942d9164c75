"""Grading against the formulas that it promises."""

from __future__ import annotations

import numpy as np
import pytest

from roto.composite import EFFECT_FAMILY
from roto.composite.effect import Region
from roto.composite.grade import parts
from roto.composite.light import light_of, linear_to_srgb, srgb_to_linear
from roto.image import Box

LUMA = np.array([0.2126, 0.7152, 0.0722])
RNG = np.random.default_rng(2)
PICTURE = RNG.uniform(0.02, 0.9, (12, 15, 3)).astype(np.float32)
GREY = np.full((12, 15, 3), 0.4, np.float32)


def graded(text, picture=PICTURE, *, linear=False, blend_in="source"):
    region = Region(
        Box(0, 0, 15, 12), 15, 12, 1, np.ones((12, 15), np.float32), light_of(linear=linear, blend_in=blend_in)
    )
    return EFFECT_FAMILY.parse(f"grade={text}" if text else "grade").apply(picture, region)


def test_no_grade_is_the_picture_itself():
    assert graded("") is PICTURE
    assert graded("gain=1/1/1,lift=0/0/0") is PICTURE


def test_exposure_is_of_light():
    assert np.allclose(graded("exposure=1", linear=True), 2 * PICTURE, rtol=1e-6)
    assert np.allclose(graded("1"), linear_to_srgb(2 * srgb_to_linear(PICTURE)), rtol=1e-5)
    working = graded("1", srgb_to_linear(PICTURE), blend_in="linear")
    assert np.allclose(working, 2 * srgb_to_linear(PICTURE), rtol=1e-5)


def test_lift_gain_and_gamma_are_those_of_a_grade_node():
    out = graded("lift=0.1,gain=1.5/1/0.5,gamma=2")
    gain = np.array([1.5, 1, 0.5])
    assert np.allclose(out, (PICTURE * (gain - 0.1) + 0.1) ** 0.5, rtol=1e-5)
    black, white = graded("lift=0.1,gain=1.5", np.zeros_like(GREY)), graded("lift=0.1,gain=1.5", np.ones_like(GREY))
    assert np.allclose(black, 0.1)
    assert np.allclose(white, 1.5)


def test_gamma_leaves_what_is_below_black():
    below = np.full_like(GREY, -0.25)
    assert np.array_equal(graded("gamma=2.2", below), below)


@pytest.mark.parametrize(("linear", "pivot"), [(False, 0.5), (True, 0.18)])
def test_contrast_turns_about_its_pivot(linear, pivot):
    assert np.allclose(graded("contrast=1.4", linear=linear), pivot + 1.4 * (PICTURE - pivot), atol=1e-6)
    assert np.allclose(graded("contrast=1.4,pivot=0.3", linear=linear), 0.3 + 1.4 * (PICTURE - 0.3), atol=1e-6)


def test_saturation_keeps_luma_and_0_is_grey():
    grey = graded("saturation=0")
    assert np.allclose(grey, (PICTURE @ LUMA)[..., None], atol=1e-6)
    assert np.allclose(graded("saturation=1.7") @ LUMA, PICTURE @ LUMA, atol=1e-6)


@pytest.mark.parametrize("degrees", [-120, 30, 77, 180])
def test_hue_keeps_luma_and_grey(degrees):
    out = graded(f"hue={degrees}")
    assert np.allclose(out @ LUMA, PICTURE @ LUMA, atol=1e-6)
    assert np.allclose(graded(f"hue={degrees}", GREY), GREY, atol=1e-6)
    assert np.abs(out - PICTURE).max() > 0.05


def test_hue_turns_red_to_green_to_blue_and_round():
    red = np.zeros_like(GREY)
    red[..., 0] = 0.5
    assert graded("hue=120", red)[0, 0].argmax() == 1
    assert graded("hue=240", red)[0, 0].argmax() == 2
    assert np.allclose(graded("hue=360", red), red)


def test_white_balance_keeps_the_luminance_of_grey():
    for text in ("temperature=1", "tint=-1", "temperature=0.5,tint=0.7"):
        assert np.allclose(graded(text, GREY, linear=True) @ LUMA, 0.4, atol=1e-6)
    warm, pink = graded("temperature=1", GREY, linear=True)[0, 0], graded("tint=1", GREY, linear=True)[0, 0]
    assert warm[0] / warm[2] == pytest.approx(2)
    assert pink[0] / pink[1] == pytest.approx(2)
    assert pink[2] / pink[1] == pytest.approx(2)


def test_parts_are_one_number_or_three():
    assert parts("1.5", "x", 0, 2) == (1.5, 1.5, 1.5)
    assert parts("1/0.5/2", "x", 0, 2) == (1, 0.5, 2)
