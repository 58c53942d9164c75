"""The stencil: exact where the matte is 0 or 1, rounded once in between."""

from __future__ import annotations

import numpy as np
import pytest

from roto.composite.blend import blend, stored, unit
from roto.composite.light import light_of, linear_to_srgb, srgb_to_linear
from roto.image import Box, bounding_box

RNG = np.random.default_rng(5)
DTYPES = [np.uint8, np.uint16, np.float32]
HEIGHT, WIDTH = 90, 1100  # several strips


def picture(dtype, seed):
    rng = np.random.default_rng(seed)
    if dtype is np.float32:
        return rng.normal(0.5, 3, (HEIGHT, WIDTH, 3)).astype(np.float32)
    return rng.integers(0, np.iinfo(dtype).max, (HEIGHT, WIDTH, 3), dtype, endpoint=True)


def matte_of(kind):
    """Mostly 0 or 1 with few pixels between, or soft all over; both with exact zeros and ones."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    if kind == "edge":
        return np.clip((300 - np.abs(x - 500)) / 4, 0, 1).astype(np.float32) * (y > 7)
    return np.clip((x + 3 * y) / 1003.7 - 0.1, 0, 1).astype(np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["edge", "soft"])
@pytest.mark.parametrize("as_float", [False, True])
def test_outside_is_the_base_inside_is_the_treated_to_the_bit(dtype, kind, as_float):
    base, treated, matte = picture(dtype, 1), picture(dtype, 2), matte_of(kind)
    before = base.copy()
    given = unit(treated) if as_float else treated
    out = blend(base, given, matte, Box(0, 0, WIDTH, HEIGHT))
    assert out.dtype == base.dtype
    assert np.array_equal(base, before)
    assert (matte == 0).any()
    assert np.array_equal(out[matte == 0], base[matte == 0])
    assert (matte == 1).any()
    assert np.array_equal(out[matte == 1], treated[matte == 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["edge", "soft"])
def test_in_between_is_rounded_once(dtype, kind):
    base, treated, matte = picture(dtype, 1), picture(dtype, 2), matte_of(kind)
    out = blend(base, treated, matte, Box(0, 0, WIDTH, HEIGHT))
    wide = base.astype(np.float64) + matte.astype(np.float64)[..., None] * (treated.astype(np.float64) - base)
    allowed = 1e-5 if dtype is np.float32 else 0.5 + 2**-7
    assert np.abs(out - wide).max() <= allowed


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_box_that_holds_the_matte_gives_the_same_bytes(dtype):
    base, treated, matte = picture(dtype, 1), picture(dtype, 2), matte_of("edge")
    box = bounding_box(matte > 0)
    assert box.width < WIDTH
    whole = blend(base, treated, matte, Box(0, 0, WIDTH, HEIGHT))
    assert whole.tobytes() == blend(base, treated[box.slices], matte, box).tobytes()


def test_few_and_many_soft_pixels_are_mixed_alike():
    """Those that are looked up one by one, and those that are done row by row, side by side in one strip or not."""
    base, treated = picture(np.uint16, 1), picture(np.uint16, 2)
    soft = (RNG.random((HEIGHT, WIDTH)) * 0.98 + 0.01).astype(np.float32)
    many = blend(base, treated, soft, Box(0, 0, WIDTH, HEIGHT))
    few = np.where(RNG.random((HEIGHT, WIDTH)) < 0.1, soft, np.float32(0))
    sparse = blend(base, treated, few, Box(0, 0, WIDTH, HEIGHT))
    assert np.array_equal(sparse[few > 0], many[few > 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_in_linear_light_the_middle_of_black_and_white_is_as_bright_as_half_the_light(dtype):
    top = np.iinfo(dtype).max
    base, treated = np.zeros((4, 40, 3), dtype), np.full((4, 40, 3), top, dtype)
    matte = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (4, 1))
    out = blend(base, treated, matte, Box(0, 0, 40, 4), light_of(linear=False, blend_in="linear"))
    wanted = linear_to_srgb(matte) * top
    assert np.abs(out - wanted[..., None]).max() <= 0.51
    assert np.array_equal(out[:, 0], base[:, 0])
    assert np.array_equal(out[:, -1], treated[:, -1])


def test_an_empty_box_gives_the_base():
    base = picture(np.uint8, 1)
    assert np.array_equal(blend(base, base[:0, :0], np.zeros((HEIGHT, WIDTH), np.float32), Box(0, 0, 0, 0)), base)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_whole_number_survives_the_scale_of_one(dtype):
    every = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    assert np.array_equal(stored(unit(every), np.dtype(dtype)), every)


def test_every_16_bit_number_survives_linear_light():
    every = np.arange(65536, dtype=np.uint16)
    light = light_of(linear=False, blend_in="linear")
    assert np.array_equal(stored(light.leaving(light.entering(unit(every))), np.dtype(np.uint16)), every)


def test_srgb_goes_on_below_black_and_above_white():
    values = np.linspace(-3, 5, 1001, dtype=np.float32)
    assert np.allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=2e-6)
    assert (np.diff(srgb_to_linear(values)) > 0).all()
