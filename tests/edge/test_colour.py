"""The colour that a layer is exported with, at the plate's own precision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from roto.edge.colour import ColourOptions, layer_colour
from roto.image import Frame
from roto.masks import Ellipse
from roto.masks.mask import Canvas

FORE, BEHIND = np.float32([0.8, 0.25, 0.1]), np.float32([0.1, 0.7, 0.3])
MATTE = Ellipse(center=(40, 32), radii=(20, 16), feather_px=14).coverage(Canvas(80, 64))
EXACT = MATTE[..., None] * FORE + (1 - MATTE[..., None]) * BEHIND
SOFT = (MATTE > 0.1) & (MATTE < 1)


def plate(dtype):
    scale = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    pixels = EXACT * np.float32(scale)
    return Frame(7, (np.rint(pixels) if scale > 1 else pixels).astype(dtype), linear=dtype is np.float32)


@pytest.mark.parametrize(("dtype", "worst"), [(np.uint8, 0.03), (np.uint16, 0.02), (np.float32, 0.02)])
def test_a_soft_edge_has_the_layers_colour_and_not_what_is_behind(dtype, worst):
    given = plate(dtype)
    found = layer_colour(given, MATTE, ColourOptions())
    assert found.pixels.dtype == dtype
    assert (found.number, found.linear) == (7, given.linear)
    assert np.abs(found.rgb_float() - FORE)[SOFT].max() < worst
    np.testing.assert_array_equal(found.pixels[MATTE == 1], given.pixels[MATTE == 1])
    assert np.abs(given.rgb_float() - FORE)[SOFT].max() > 0.4


def test_the_plate_is_left_alone_where_it_is_asked_for():
    given = plate(np.uint8)
    assert layer_colour(given, MATTE, ColourOptions(foreground="plate")) is given


@pytest.mark.parametrize(("outside", "expected"), [("extend", FORE), ("black", np.zeros(3))])
def test_the_colour_outside_the_layer(outside, expected):
    found = layer_colour(plate(np.float32), MATTE, ColourOptions(outside=outside))
    assert np.abs(found.pixels[MATTE == 0] - expected).max() < 0.03


def test_spill_is_taken_out_of_the_plate_too():
    green = Frame(1, np.full((8, 8, 3), (60, 200, 80), np.uint8))
    options = ColourOptions(foreground="plate", despill="green")
    found = layer_colour(green, np.ones((8, 8), np.float32), options)
    assert (found.pixels == (60, 70, 80)).all()
    half = layer_colour(green, np.ones((8, 8), np.float32), ColourOptions(despill="green", despill_amount=0.5))
    assert (half.pixels == (60, 135, 80)).all()


def test_scene_linear_colour_above_one_stays():
    bright = Frame(1, np.full((8, 8, 3), 7.5, np.float32), linear=True)
    found = layer_colour(bright, np.full((8, 8), 0.5, np.float32), ColourOptions())
    assert found.pixels.dtype == np.float32
    assert np.isfinite(found.pixels).all()


def test_an_empty_layer_has_a_colour():
    found = layer_colour(plate(np.uint8), np.zeros_like(MATTE), ColourOptions())
    assert found.pixels.shape == (64, 80, 3)


ELEMENT = np.linspace(0, 1, 9, dtype=np.float32)[None].repeat(4, axis=0)  # its alpha
COLOUR = np.random.default_rng(3).random((4, 9, 3), dtype=np.float32)


@pytest.mark.parametrize("foreground", ["estimated", "plate"])
@pytest.mark.parametrize("premultiplied", [True, False])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_colour_of_an_element_with_alpha_is_known_and_nothing_behind_it(foreground, premultiplied, share):
    pixels = COLOUR * ELEMENT[..., None] if premultiplied else COLOUR
    given = Frame(1, pixels, ELEMENT, linear=True, premultiplied=premultiplied)
    found = layer_colour(given, ELEMENT * np.float32(share), ColourOptions(foreground=foreground))
    np.testing.assert_allclose(found.pixels[:, 1:-1], COLOUR[:, 1:-1], rtol=1e-6)
    assert not found.premultiplied


def test_where_a_matte_says_more_than_alpha_the_picture_is_taken_as_it_is():
    given = Frame(1, COLOUR * ELEMENT[..., None], ELEMENT, linear=True, premultiplied=True)
    for alpha in (ELEMENT, None):
        plate = replace(given, alpha=alpha, premultiplied=alpha is not None)
        np.testing.assert_array_equal(layer_colour(plate, np.ones_like(ELEMENT), ColourOptions()).pixels, given.pixels)
