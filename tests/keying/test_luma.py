"""The luma key against its own definition, computed in exact arithmetic, on ramps of every kind of picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from roto.errors import DocumentError
from roto.keying.luma import MEASURES, PRESETS, LumaKeyOptions, luma_key, preset
from roto.options import read_options

STEP = 1 / 65535


def grey_ramp(dtype: type) -> np.ndarray:
    """A row with every value of the kind (65536 of them for floats), all channels alike."""
    steps = 256 if dtype == np.uint8 else 65536
    values = np.arange(steps)
    row = (values / (steps - 1)).astype(np.float32) if dtype == np.float32 else values.astype(dtype)
    return np.repeat(row[None, :, None], 3, axis=2)


def colours(dtype: type) -> np.ndarray:
    pixels = np.random.default_rng(1).integers(0, 65536, (70, 1100, 3))
    if dtype == np.float32:
        return (pixels / 65535).astype(np.float32)
    return (pixels >> 8).astype(np.uint8) if dtype == np.uint8 else pixels.astype(np.uint16)


def in_float64(picture: np.ndarray) -> np.ndarray:
    white = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(picture.dtype, 1)
    return picture.astype(np.float64) / white


def brightness(rgb: np.ndarray, measure: str) -> np.ndarray:
    """The definitions once more, in float64."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    if measure == "lightness":
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        y = linear @ np.array([0.2126, 0.7152, 0.0722])
        return np.where(y > 216 / 24389, 1.16 * y ** (1 / 3) - 0.16, y * 24389 / 2700)
    high, low = rgb.max(axis=-1), rgb.min(axis=-1)
    return {
        "rec709": 0.2126 * red + 0.7152 * green + 0.0722 * blue,
        "rec601": 0.299 * red + 0.587 * green + 0.114 * blue,
        "red": red,
        "green": green,
        "blue": blue,
        "max": high,
        "min": low,
        "saturation": np.where(high > 0, (high - low) / np.where(high > 0, high, 1), 0),
    }[measure]


def by_definition(bright: np.ndarray, low: float, high: float, low_softness: float, high_softness: float) -> np.ndarray:
    rise = np.clip((bright - low) / low_softness + 1, 0, 1) if low > 0 else np.ones_like(bright)
    fall = np.clip((high - bright) / high_softness + 1, 0, 1) if high < 1 else np.ones_like(bright)
    return np.minimum(rise, fall)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("softness", [(0.1, 0.2), (0.004, 0.0005), (1e-6, 1.0)])
def test_exact_by_definition(dtype, measure, softness):
    for picture in (grey_ramp(dtype), colours(dtype)):
        options = LumaKeyOptions(
            low=0.3, high=0.62, low_softness=softness[0], high_softness=softness[1], measure=measure
        )
        expected = by_definition(brightness(in_float64(picture), measure), 0.3, 0.62, *softness)
        assert np.abs(luma_key(picture, options) - expected).max() <= STEP


@pytest.mark.parametrize("measure", ["rec709", "rec601", "red", "max", "min"])
def test_without_softness_the_ends_belong_to_the_range(measure):
    """Grey 77 of 255 is in a range from 77/255, whatever its luma is rounded to; 76 is not."""
    options = LumaKeyOptions(low=77 / 255, high=200 / 255, low_softness=0, high_softness=0, measure=measure)
    matte = luma_key(grey_ramp(np.uint8), options)[0]
    assert np.array_equal(np.flatnonzero(matte == 1), np.arange(77, 201))
    assert np.all(matte[(np.arange(256) < 77) | (np.arange(256) > 200)] == 0)


def test_analytic_slope():
    """An 8-bit grey ramp and shoulders of a simple fraction: the answer is known without any floating point."""
    options = LumaKeyOptions(low=0.6, high=1.0, low_softness=0.2)
    matte = luma_key(grey_ramp(np.uint8), options)[0]
    expected = [min(max((Fraction(v, 255) - Fraction(2, 5)) / Fraction(1, 5), 0), 1) for v in range(256)]
    assert np.abs(matte - np.array([float(value) for value in expected])).max() <= STEP


@pytest.mark.parametrize("measure", ["rec709", "lightness", "saturation"])
def test_presets_share_out_every_brightness(measure):
    picture = colours(np.uint16)
    total = sum(luma_key(picture, preset(name, measure)).astype(np.float64) for name in PRESETS)
    assert np.abs(total - 1).max() < 2 * STEP
    whole = luma_key(grey_ramp(np.uint8), preset("shadows"))[0]
    assert whole[0] == 1
    assert whole[-1] == 0


def test_smooth_shoulders():
    picture = grey_ramp(np.uint16)
    linear = luma_key(picture, LumaKeyOptions(low=0.5, low_softness=0.5)).astype(np.float64)
    smooth = luma_key(picture, LumaKeyOptions(low=0.5, low_softness=0.5, falloff="smooth"))
    assert np.abs(smooth - linear**2 * (3 - 2 * linear)).max() <= STEP


def test_open_range_is_everything():
    assert np.all(luma_key(colours(np.uint8), LumaKeyOptions(low=0, high=1)) == 1)


def test_not_a_number_is_black_and_infinity_white():
    picture = np.full((3, 4, 3), 0.5, np.float32)
    picture[0, 0], picture[0, 1], picture[0, 2] = np.nan, np.inf, -np.inf
    matte = luma_key(picture, LumaKeyOptions(low=0.9, low_softness=0))
    assert matte[0].tolist() == [0, 1, 0, 0]
    matte = luma_key(picture, LumaKeyOptions(low=0, high=0.1, high_softness=0))
    assert matte[0].tolist() == [1, 0, 1, 0]


def test_an_inverted_range_is_refused():
    with pytest.raises(DocumentError, match=r"^high: 0.2, but it has to be at least low, 0.4"):
        LumaKeyOptions(low=0.4, high=0.2)
    with pytest.raises(DocumentError, match="not one of"):
        read_options(LumaKeyOptions, {"measure": "luminosity"}, "stack[0]")


@pytest.mark.parametrize("shape", [(1, 1), (700, 1), (1, 700)])
def test_pictures_one_pixel_wide(shape):
    picture = np.full((*shape, 3), 200, np.uint8)
    assert np.all(luma_key(picture, LumaKeyOptions(low=0.7, low_softness=0)) == 1)
    assert luma_key(picture).shape == shape


def test_other_arrays_are_refused():
    with pytest.raises(TypeError, match="H x W x 3"):
        luma_key(np.zeros((3, 4), np.uint8))
    with pytest.raises(TypeError, match="float64"):
        luma_key(np.zeros((3, 4, 3)))
