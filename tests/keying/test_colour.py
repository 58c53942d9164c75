"""The colour key against its own definition: colorsys for the hexcone, and OKLab written out in float64."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from roto.errors import DocumentError, RotoError
from roto.keying.colour import ColourKeyOptions, colour_key, sample_colour

STEP = 1 / 65535


def rainbow(dtype: type) -> np.ndarray:
    """Every hue and saturation, and some of the lightness; greys, black and white among them."""
    rng = np.random.default_rng(5)
    row = [colorsys.hls_to_rgb(h, li, s) for h, li, s in rng.random((4000, 3))]
    row += [(v, v, v) for v in np.linspace(0, 1, 100)]
    rgb = np.array(row)[None]
    if dtype == np.float32:
        return rgb.astype(np.float32)
    white = np.iinfo(dtype).max
    return np.rint(rgb * white).astype(dtype)


def in_float64(picture: np.ndarray) -> np.ndarray:
    white = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(picture.dtype, 1)
    return picture.astype(np.float64) / white


def slope(beyond: float, softness: float) -> float:
    return float(np.clip(1 - beyond / softness, 0, 1)) if softness else float(beyond <= 0)


def by_definition(rgb: np.ndarray, options: ColourKeyOptions) -> float:
    hue, lightness, saturation = colorsys.rgb_to_hls(*rgb)
    parts = [1.0]
    for value, low, high, softness in (
        (saturation, options.saturation_low, options.saturation_high, options.saturation_softness),
        (lightness, options.lightness_low, options.lightness_high, options.lightness_softness),
    ):
        parts.append(slope(low - value, softness) if low > 0 else 1)
        parts.append(slope(value - high, softness) if high < 1 else 1)
    if (options.hue_low, options.hue_high) != (0, 360):
        span = (options.hue_high - options.hue_low) % 360
        after = (hue * 360 - options.hue_low) % 360
        beyond = 0 if after <= span else min(after - span, 360 - after)
        parts.append(slope(beyond, options.hue_softness) if max(rgb) > min(rgb) else 0)
    return min(parts)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "fields",
    [
        {"hue_low": 80, "hue_high": 160},
        {"hue_low": 340, "hue_high": 25, "hue_softness": 30},
        {"hue_low": 200.5, "hue_high": 200.5, "hue_softness": 1},
        {"saturation_low": 0.3, "saturation_high": 0.7},
        {"lightness_low": 0.2, "lightness_high": 0.9, "lightness_softness": 0.01},
        {"hue_low": 20, "hue_high": 200, "saturation_low": 0.4, "saturation_softness": 0.002, "lightness_high": 0.6},
    ],
)
def test_ranges_are_exact_by_definition(dtype, fields):
    picture = rainbow(dtype)
    options = ColourKeyOptions(**fields)
    expected = np.array([by_definition(rgb, options) for rgb in in_float64(picture)[0]])
    matte = colour_key(picture, options)[0]
    assert 0 < expected.mean() < 1
    assert np.abs(matte - expected).max() <= STEP


def oklab(rgb: np.ndarray) -> np.ndarray:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_lms += [[0.0883024619, 0.2817188376, 0.6299787005]]
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab += [[0.0259040371, 0.7827717662, -0.8086757660]]
    return np.cbrt(linear @ np.array(to_lms).T) @ np.array(to_lab).T


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("tolerance", "softness"), [(0.08, 0.1), (0.1, 0.003), (0.0, 0.2)])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_samples_are_exact_by_definition(dtype, tolerance, softness, weight):
    picture = rainbow(dtype)
    samples = [(0.1, 0.7, 0.2), (0.8, 0.3, 0.25)]
    scale = np.array([weight, 1, 1])
    lab = oklab(in_float64(picture)[0]) * scale
    distance = np.min([np.linalg.norm(lab - oklab(np.array(s)) * scale, axis=1) for s in samples], axis=0)
    expected = np.clip(1 - (distance - tolerance) / softness, 0, 1)
    options = ColourKeyOptions(tolerance=tolerance, softness=softness, lightness_weight=weight)
    assert expected.max() > 0
    assert np.abs(colour_key(picture, options, samples)[0] - expected).max() <= STEP


def test_white_and_primaries_have_the_values_that_oklab_gives_them():
    """From the table in Ottosson's article: X, Y, Z of D65 white is L = 1, a = b = 0."""
    assert np.allclose(oklab(np.ones(3)), [1, 0, 0], atol=1e-4)
    far = colour_key(np.full((1, 1, 3), 255, np.uint8), ColourKeyOptions(tolerance=0.999, softness=0.0), [(0, 0, 0)])
    near = colour_key(np.full((1, 1, 3), 255, np.uint8), ColourKeyOptions(tolerance=1.001, softness=0.0), [(0, 0, 0)])
    assert (far[0, 0], near[0, 0]) == (0, 1)


def test_hue_goes_round():
    red_side = np.array([[(1, 0, 0.05), (1, 0.05, 0), (0, 1, 0)]], np.float32)
    options = ColourKeyOptions(hue_low=350, hue_high=10, hue_softness=0)
    assert colour_key(red_side, options)[0].tolist() == [1, 1, 0]
    options = ColourKeyOptions(hue_low=10, hue_high=350, hue_softness=0)
    assert colour_key(red_side, options)[0].tolist() == [0, 0, 1]


def test_grey_has_no_hue():
    grey = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[None, :, None], 3, axis=2)
    assert not colour_key(grey, ColourKeyOptions(hue_low=0, hue_high=359)).any()
    assert colour_key(grey, ColourKeyOptions()).all()


def test_ranges_narrow_down_samples():
    picture = rainbow(np.uint8)
    ranges, samples = ColourKeyOptions(lightness_low=0.4), [(0.2, 0.6, 0.3)]
    both = colour_key(picture, ranges, samples)
    least = np.minimum(colour_key(picture, ranges), colour_key(picture, None, samples))
    assert both.any()
    assert np.abs(both - least).max() <= STEP


def test_a_sample_is_the_mean_about_a_point():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[1, 2] = 255, 51, 0
    assert sample_colour(picture, 2.5, 1.5) == (1, 0.2, 0)
    assert sample_colour(picture, 2.999, 1.0) == (1, 0.2, 0)
    assert np.allclose(sample_colour(picture, 2.5, 1.5, 3), np.array([1, 0.2, 0]) / 9)
    assert np.allclose(sample_colour(picture, 0.5, 0.5, 5), np.array([1, 0.2, 0]) / 9)  # what there is of the square


@pytest.mark.parametrize("point", [(-0.1, 1), (6, 1), (2, 4), (2, -1), (float("nan"), 1)])
def test_a_sample_outside_the_picture_is_refused(point):
    with pytest.raises(RotoError, match="outside the picture; x from 0 to 6 and y from 0 to 4"):
        sample_colour(np.zeros((4, 6, 3), np.uint8), *point)


@pytest.mark.parametrize("colour", [(0.1, 0.2), (0.1, 0.2, 1.2), (float("nan"), 0, 0)])
def test_a_sample_that_is_no_colour_is_refused(colour):
    with pytest.raises(DocumentError, match=r"^samples\[1\]: .* three numbers from 0 to 1"):
        colour_key(np.zeros((4, 6, 3), np.uint8), None, [(0, 0, 0), colour])


@pytest.mark.parametrize("of", ["saturation", "lightness"])
def test_an_inverted_range_is_refused(of):
    with pytest.raises(DocumentError, match=rf"^{of}_high: 0.2, but it has to be at least {of}_low, 0.4"):
        ColourKeyOptions(**{f"{of}_low": 0.4, f"{of}_high": 0.2})


def test_a_colour_that_is_not_there_leaves_nothing():
    assert not colour_key(np.full((5, 7, 3), 128, np.uint8), None, [(0, 1, 0)]).any()


def test_not_a_number_is_black():
    picture = np.full((1, 2, 3), np.nan, np.float32)
    picture[0, 1] = 1
    assert colour_key(picture, ColourKeyOptions(tolerance=0.01), [(0, 0, 0)])[0].tolist() == [1, 0]
    assert colour_key(picture, ColourKeyOptions(lightness_high=0.1))[0].tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(1, 1), (300, 1), (1, 300)])
def test_pictures_one_pixel_wide(shape):
    picture = np.full((*shape, 3), (20, 200, 30), np.uint8)
    assert np.all(colour_key(picture, ColourKeyOptions(hue_low=90, hue_high=150)) == 1)
