"""The difference key: its definition pixel by pixel, and what noise does to it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.errors import RotoError
from roto.keying.difference import DifferenceKeyOptions, difference_key
from roto.keying.light import oklab

STEP = 1 / 65535


def scene(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, its clean plate, both with noise of their own, and the exact alpha: a disc with a soft edge."""
    height, width = 120, 160
    y, x = np.mgrid[0:height, 0:width] + 0.5
    plate = np.stack([0.3 + 0.2 * np.sin(x / 19), 0.4 + 0.15 * np.cos(y / 13), 0.35 + 0.1 * np.sin((x + y) / 31)], 2)
    alpha = np.clip((38 - np.hypot(x - 80, y - 60)) / 4 + 0.5, 0, 1)
    mixed = plate * (1 - alpha[..., None]) + np.array([0.75, 0.3, 0.2]) * alpha[..., None]
    rng = np.random.default_rng(seed)

    def seen(colours: np.ndarray) -> np.ndarray:
        return np.rint(np.clip(colours + rng.normal(0, 0.02, colours.shape), 0, 1) * 255).astype(np.uint8)

    return seen(mixed), seen(plate), alpha


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_without_denoising_exact_by_definition(weight):
    picture, plate, _ = scene()
    options = DifferenceKeyOptions(denoise_px=0, tolerance=0.05, softness=0.2, lightness_weight=weight)
    apart = (oklab(picture / 255.0) - oklab(plate / 255.0)) * np.array([weight, 1, 1])
    expected = np.clip((np.linalg.norm(apart, axis=2) - 0.05) / 0.2, 0, 1)
    assert np.abs(difference_key(picture, plate, options) - expected).max() <= STEP


def test_a_picture_that_is_its_plate_is_empty_and_the_reverse_whole():
    _, plate, _ = scene()
    assert not difference_key(plate, plate).any()
    assert np.all(difference_key(np.full_like(plate, 255), np.zeros_like(plate)) == 1)


def test_noise_is_no_difference():
    """Two noisy pictures of the same: nothing is left of it, while the subject stays whole and its edge soft."""
    picture, plate, alpha = scene()
    matte = difference_key(picture, plate)
    assert matte[alpha == 0].mean() < 0.003
    assert matte[alpha == 1].min() > 0.95
    rough = difference_key(picture, plate, DifferenceKeyOptions(denoise_px=0))
    assert np.abs(matte - alpha).sum() < 0.6 * np.abs(rough - alpha).sum()


def test_strips_do_not_show(monkeypatch):
    picture, plate, _ = scene()
    whole = difference_key(picture, plate, DifferenceKeyOptions(denoise_px=3))
    monkeypatch.setattr("roto.keying.picture._STRIP_PX", 160)
    assert np.abs(difference_key(picture, plate, DifferenceKeyOptions(denoise_px=3)) - whole).max() < 1e-5


def test_shadows_are_left_out_by_weighing_lightness_less():
    _, plate, _ = scene()
    shaded = (plate * 0.8).astype(np.uint8)
    assert difference_key(shaded, plate).mean() > 0.5
    assert difference_key(shaded, plate, DifferenceKeyOptions(lightness_weight=0.1)).mean() < 0.05


def test_a_plate_of_another_size_is_refused():
    picture, plate, _ = scene()
    with pytest.raises(RotoError, match=r"the clean plate is 80 x 60 and the picture is 160 x 120"):
        difference_key(picture, cv2.resize(plate, (80, 60)))


def test_not_a_number_in_a_float_plate_is_black_and_spreads_nowhere():
    picture = np.full((40, 40, 3), 0.5, np.float32)
    plate = picture.copy()
    plate[20, 20] = np.nan
    plate[5, 5] = np.inf
    matte = difference_key(picture, plate)
    assert np.isfinite(matte).all()
    assert matte[20, 20] > 0.5
    assert not matte[30:].any()


def test_plates_of_another_kind_and_pictures_one_pixel_wide():
    picture = np.full((50, 1, 3), 128, np.uint8)
    plate = np.full((50, 1, 3), 128 * 257, np.uint16)
    assert not difference_key(picture, plate).any()
