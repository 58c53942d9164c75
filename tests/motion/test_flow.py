"""Flow, warping and round-trip error on pictures whose motion is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.motion.flow import dense_flow, one_thread
from roto.motion.warp import resize_flow, round_trip_error, sampled, warp


def noise(height: int, width: int) -> NDArray[np.uint8]:
    values = cv2.GaussianBlur(np.random.default_rng(3).standard_normal((height, width)).astype(np.float32), (0, 0), 3)
    return np.clip(128 + 400 * values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("preset", ["medium", "fast"])
def test_a_shift_is_found(preset: str) -> None:
    wide = noise(120, 200)
    target, source = np.ascontiguousarray(wide[:, 10:170]), np.ascontiguousarray(wide[:, 6:166])
    with one_thread():
        flow = dense_flow(target, source, preset)
    inner = flow[20:-20, 20:-20]
    assert np.median(np.abs(inner - [4, 0])) < 0.2
    assert np.abs(warp(source, flow)[20:-20, 20:-20].astype(int) - target[20:-20, 20:-20]).mean() < 4


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 90), (33, 7)])
def test_small_pictures_have_a_flow_of_their_size(height: int, width: int) -> None:
    with one_thread():
        flow = dense_flow(noise(height, width), noise(height, width))
    assert flow.shape == (height, width, 2)
    assert np.abs(flow).max() < 0.5


def test_a_picture_is_sampled_between_its_pixels() -> None:
    ramp = np.add.outer(10 * np.arange(5, dtype=np.float32), np.arange(7, dtype=np.float32))
    x, y = np.float32([0, 6, 2.5, 3.25, -4, 9]), np.float32([0, 4, 1, 2.5, 2, 2])
    assert list(sampled(ramp, x, y)) == [0, 46, 12.5, 28.25, 20, 26]
    assert list(sampled(ramp, x, y, outside=-1)) == [0, 46, 12.5, 28.25, -1, -1]
    both = sampled(np.dstack([ramp, -ramp]), x, y)
    assert both.shape == (6, 2)
    assert np.array_equal(both[:, 0], -both[:, 1])
    assert sampled(ramp, x[:0], y[:0]).shape == (0,)
    many = np.tile(x[:4], 300)
    assert np.array_equal(sampled(ramp, many, np.tile(y[:4], 300)), np.tile([0, 46, 12.5, 28.25], 300))


def test_flow_is_the_same_whatever_was_computed_before() -> None:
    a, b = noise(90, 130), np.roll(noise(90, 130), 3, axis=1)
    with one_thread():
        first = dense_flow(a, b)
        dense_flow(noise(60, 60), noise(60, 60))
        assert np.array_equal(dense_flow(a, b), first)


def test_round_trip_error_is_zero_for_a_flow_and_its_inverse() -> None:
    there = np.full((20, 30, 2), (2, -1), np.float32)
    assert np.abs(round_trip_error(there, -there)).max() < 1e-6
    assert np.allclose(round_trip_error(there, there), np.hypot(4, 2), atol=1e-5)


def test_a_resized_flow_scales_its_vectors() -> None:
    flow = np.full((10, 20, 2), (2, 3), np.float32)
    assert np.allclose(resize_flow(flow, 40, 30), (4, 9))
    assert resize_flow(flow, 20, 10) is flow


def test_one_thread_gives_the_number_back() -> None:
    before = cv2.getNumThreads()
    with one_thread():
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before
