"""What is put behind: colours, fitting, light wrap."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from roto.composite.colours import read_colour
from roto.composite.fit import FITS, Size, fitted
from roto.composite.light import light_of
from roto.composite.light_wrap import LightWrap
from roto.composite.treat import treat
from roto.errors import RotoError
from roto.image import Frame

DISPLAY = light_of(linear=False)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", (1, 0, 0)),
        ("#20c040", (32 / 255, 192 / 255, 64 / 255)),
        ("0.1,0.2,0.8", (0.1, 0.2, 0.8)),
        ("beach.mov", None),
        ("a,b,c", None),
        ("plates/shot.####.exr", None),
    ],
)
def test_a_colour_is_told_from_a_file(text, colour):
    assert read_colour(text) == (None if colour is None else pytest.approx(colour))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.1,2,0", "0.1,2,0: the parts of a colour are numbers from 0 to 1"),
        ("#12", "#12: a colour is written #RRGGBB"),
    ],
)
def test_a_bad_colour_is_one_line(text, message):
    with pytest.raises(RotoError, match=message):
        read_colour(text)


def ramp(width, height, dtype=np.uint16):
    y, x = np.mgrid[:height, :width] + 0.5
    return (np.stack([x / width, y / height, (x / width + y / height) / 2], axis=-1) * np.iinfo(dtype).max).astype(
        dtype
    )


@pytest.mark.parametrize("fit", FITS)
def test_the_same_size_is_the_same_picture(fit):
    picture = ramp(64, 48)
    assert fitted(picture, Size(64, 48), Size(64, 48), fit) is picture


@pytest.mark.parametrize("size", [(200, 100), (90, 90), (37, 120), (64, 40), (640, 360)])
@pytest.mark.parametrize("fit", FITS)
def test_a_picture_fits_as_it_is_asked_to(size, fit):
    """The ramp says of every pixel where in the picture it came from."""
    width, height = 96, 72
    out = fitted(ramp(*size), Size(*size), Size(width, height), fit).astype(float) / 65535
    assert out.shape == (height, width, 3)
    scale = {"fit": min, "fill": max}.get(fit, lambda a, b: None)(width / size[0], height / size[1])
    across, down = (width / size[0], height / size[1]) if scale is None else (scale, scale)
    y, x = np.mgrid[:height, :width] + 0.5
    u, v = (x - width / 2) / (across * size[0]) + 0.5, (y - height / 2) / (down * size[1]) + 0.5
    inner = (abs(u - 0.5) < 0.46) & (abs(v - 0.5) < 0.46)
    assert np.abs(out[..., 0] - u)[inner].max() < 0.02
    assert np.abs(out[..., 1] - v)[inner].max() < 0.02
    outside = (abs(u - 0.5) > 0.52) | (abs(v - 0.5) > 0.52)
    assert (out[outside] == 0).all()
    assert outside.any() == (
        fit == "fit" and size[0] * height != size[1] * width and abs(size[0] / size[1] - 4 / 3) > 0.1
    )


def test_a_picture_keeps_its_shape_across_pixel_aspects():
    """Anamorphic: 100 x 100 pixels that are twice as wide fill a square-pixel frame of 200 x 100."""
    out = fitted(ramp(100, 100), Size(100, 100, Fraction(2)), Size(200, 100), "fit")
    assert out.shape == (100, 200, 3)
    assert (out.sum(axis=2) > 0).all()


def test_a_layer_lies_over_its_background_as_premultiplied_over():
    rng = np.random.default_rng(1)
    plate = Frame(1, rng.integers(0, 256, (40, 60, 3), np.uint8))
    behind, colour = (rng.integers(0, 256, (40, 60, 3), np.uint8) for _ in range(2))
    matte = rng.random((40, 60)).astype(np.float32)
    matte[:10], matte[10:20] = 0, 1
    out = treat(plate, matte, [], DISPLAY, colour=colour, behind=behind).pixels
    over = colour * matte[..., None].astype(np.float64) + (1 - matte[..., None].astype(np.float64)) * behind
    assert np.abs(out - over).max() <= 0.51
    assert np.array_equal(out[:10], behind[:10])
    assert np.array_equal(out[10:20], colour[10:20])


def test_light_wraps_from_a_bright_background_and_nothing_gets_darker():
    plate = Frame(1, np.full((100, 120, 3), 60, np.uint8))
    matte = np.zeros((100, 120), np.float32)
    matte[20:80, 30:90] = 1
    bright, dark = np.full_like(plate.pixels, 240), np.zeros_like(plate.pixels)
    wrap = LightWrap(px=4, amount=0.6)
    lit = treat(plate, matte, [], DISPLAY, behind=bright, wrap=wrap).pixels
    assert (lit[50, 30] > 100).all()
    assert np.array_equal(lit[50, 60], plate.pixels[50, 60])
    assert (np.diff(lit[50, 30:60, 0].astype(int)) <= 0).all()
    assert np.array_equal(lit[matte == 0], bright[matte == 0])
    unlit = treat(plate, matte, [], DISPLAY, behind=dark, wrap=wrap).pixels
    assert np.array_equal(unlit[matte == 1], plate.pixels[matte == 1])


def test_no_wrap_is_no_change():
    rng = np.random.default_rng(1)
    plate = Frame(1, rng.integers(0, 256, (40, 60, 3), np.uint8))
    matte = cv2.GaussianBlur(rng.random((40, 60)).astype(np.float32), (0, 0), 1)
    behind = rng.integers(0, 256, (40, 60, 3), np.uint8)
    plain = treat(plate, matte, [], DISPLAY, behind=behind).pixels
    for wrap in (LightWrap(), LightWrap(px=5, amount=0), LightWrap(px=0, amount=1)):
        assert np.array_equal(treat(plate, matte, [], DISPLAY, behind=behind, wrap=wrap).pixels, plain)


def test_a_background_of_another_kind_is_a_mistake():
    plate = Frame(1, np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(TypeError, match="what is behind is"):
        treat(plate, np.ones((40, 60), np.float32), [], DISPLAY, behind=np.zeros((40, 60, 3), np.uint16))
