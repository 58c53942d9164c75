"""Decontaminated foreground colours, on rendered subjects whose true colours are known."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.edge.foreground import ForegroundOptions, separate
from roto.options import read_options

BENCH = Path(__file__).parents[1] / "bench"
SUBJECTS = ("hair", "fur", "veil", "ball", "fan", "defocused", "net")


@pytest.fixture(scope="module")
def clips() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(BENCH), *sys.path])
        yield importlib.import_module("soft_clips")


def psnr(error: NDArray[np.float32]) -> float:
    return float(-10 * np.log10(np.mean(np.square(error, dtype=np.float64))))


def edge_psnr(frame, colour) -> float:
    """Of the layer composited anew with its exact matte: the error is the same over every background."""
    edge = (frame.alpha > 0) & (frame.alpha < 1)
    return psnr(frame.alpha[edge][:, None] * (colour[edge] - frame.foreground[edge]))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_plates_are_what_their_parts_make(clips, subject) -> None:
    frame = clips.soft_frame(subject, "foliage", 3.0)
    alpha = frame.alpha[..., None]
    assert np.abs(alpha * frame.foreground + (1 - alpha) * frame.background - frame.plate).max() < 1e-6
    assert ((frame.alpha > 0) & (frame.alpha < 1)).sum() > 1000
    again = clips.soft_frame(subject, "foliage", 3.0)
    assert all(np.array_equal(a, b) for a, b in zip(frame, again, strict=True))
    assert not np.array_equal(frame.alpha, clips.soft_frame(subject, "foliage", 4.0).alpha)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("background", ["window light", "green screen"])
def test_a_contrasting_background_is_taken_out_of_the_edge(clips, subject, background) -> None:
    frame = clips.soft_frame(subject, background, 3.0)
    found = separate(frame.plate, frame.alpha)
    assert edge_psnr(frame, found.foreground) > edge_psnr(frame, frame.plate) + 3


def test_over_a_background_like_itself_nothing_is_lost(clips) -> None:
    for subject in ("ball", "hair"):
        frame = clips.soft_frame(subject, "foliage", 3.0)
        assert edge_psnr(frame, separate(frame.plate, frame.alpha).foreground) > edge_psnr(frame, frame.plate)


def test_both_colours_explain_the_plate(clips) -> None:
    frame = clips.soft_frame("fur", "green screen", 3.0)
    found = separate(frame.plate, frame.alpha)
    alpha = frame.alpha[..., None]
    composite = alpha * found.foreground + (1 - alpha) * found.background
    assert np.sqrt(np.mean(np.square(composite - frame.plate))) < 0.01
    unseen = frame.alpha == 1
    assert np.array_equal(found.background[frame.alpha == 0], frame.plate[frame.alpha == 0])
    assert found.background[unseen].min() >= 0


def flat(front=(0.8, 0.3, 0.1), back=(0.1, 0.7, 0.2), shape=(60, 90)):
    """A disc with a 12 px soft edge, each side of one colour."""
    y, x = np.indices(shape, np.float32)
    alpha = np.clip((24 - np.hypot(x - 45, y - 30)) / 12 + 0.5, 0, 1).astype(np.float32)
    plate = alpha[..., None] * np.float32(front) + (1 - alpha[..., None]) * np.float32(back)
    return plate.astype(np.float32), alpha


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_flat_colours_come_back(scale) -> None:
    """Scene-linear values above 1 are as good as others."""
    front, back = scale * np.float32([0.8, 0.3, 0.1]), scale * np.float32([0.1, 0.7, 0.2])
    plate, alpha = flat(front, back)
    found = separate(plate, alpha)
    assert np.abs(found.foreground - front).max() < 0.01 * scale
    assert np.abs(found.background - back).max() < 0.02 * scale


def test_where_the_matte_is_full_the_plate_is_untouched() -> None:
    rng = np.random.default_rng(2)
    plate, alpha = flat()
    plate = (plate + 0.1 * rng.standard_normal(plate.shape)).astype(np.float32)
    found = separate(plate, alpha)
    assert (alpha == 1).any()
    assert np.array_equal(found.foreground[alpha == 1], plate[alpha == 1])
    assert np.array_equal(found.background[alpha == 0], plate[alpha == 0])


def test_colour_goes_on_outside_so_that_resizing_bleeds_nothing_in() -> None:
    plate, alpha = flat(shape=(200, 300))
    extended = separate(plate, alpha).foreground
    assert np.abs(extended - np.float32([0.8, 0.3, 0.1])).max() < 0.01
    small = cv2.resize(extended, (75, 50), interpolation=cv2.INTER_AREA)
    assert np.abs(small - np.float32([0.8, 0.3, 0.1])).max() < 0.01
    black = separate(plate, alpha, ForegroundOptions(outside="black")).foreground
    assert not black[alpha == 0].any()
    assert np.array_equal(black[alpha > 0], extended[alpha > 0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_without_a_value_are_filled_from_around_them(value) -> None:
    plate, alpha = flat()
    plate[28:31, 10:80] = value
    plate[5, 5] = value
    found = separate(plate, alpha)
    assert np.abs(found.foreground - np.float32([0.8, 0.3, 0.1])).max() < 0.02
    assert np.abs(found.background - np.float32([0.1, 0.7, 0.2])).max() < 0.03


def test_a_plate_without_any_value_is_black() -> None:
    plate, alpha = flat()
    found = separate(np.full_like(plate, np.nan), alpha)
    assert not found.foreground.any()
    assert not found.background.any()


def test_an_empty_and_a_full_matte() -> None:
    plate, alpha = flat()
    none = separate(plate, np.zeros_like(alpha))
    assert not none.foreground.any()
    assert np.array_equal(none.background, plate)
    every = separate(plate, np.ones_like(alpha))
    assert np.array_equal(every.foreground, plate)
    assert not every.background.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 3), (37, 65)])
def test_pictures_of_any_size(shape) -> None:
    rng = np.random.default_rng(4)
    plate, alpha = rng.random((*shape, 3), np.float32), rng.random(shape, np.float32)
    found = separate(plate, alpha)
    assert found.foreground.shape == found.background.shape == plate.shape
    assert found.foreground.dtype == found.background.dtype == np.float32
    assert np.isfinite(found.foreground).all()
    assert np.isfinite(found.background).all()


def test_what_lies_far_from_the_layer_has_no_part_in_it() -> None:
    plate, alpha = flat(shape=(160, 400))
    other = plate.copy()
    other[:, 200:] = 7.0
    near = (slice(None), slice(0, 90))
    one, two = (separate(each, alpha).foreground[near] for each in (plate, other))
    assert np.array_equal(one, two)


def test_the_arguments_are_left_alone_and_wrong_ones_refused() -> None:
    plate, alpha = flat()
    kept = plate.copy(), alpha.copy()
    separate(plate, alpha)
    assert np.array_equal(plate, kept[0])
    assert np.array_equal(alpha, kept[1])
    with pytest.raises(TypeError, match="float32"):
        separate(plate.astype(np.float64), alpha)
    with pytest.raises(TypeError, match="60 x 90"):
        separate(plate, alpha[:-1])


def test_options_are_checked() -> None:
    assert read_options(ForegroundOptions, {"outside": "black"}, "x").outside == "black"
    with pytest.raises(Exception, match="extend, black"):
        read_options(ForegroundOptions, {"outside": "white"}, "x")
