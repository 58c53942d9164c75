"""The feather of the keyframes reaches the frames between them."""

from __future__ import annotations

import numpy as np
import pytest

from roto.edge.softness import HARD, between, measure_softness, soften
from roto.image import Matte
from roto.signed_distance import coverage


def disc(radius: float, feather: float = 0.0, size: int = 160) -> Matte:
    y, x = np.mgrid[0:size, 0:size] + 0.5
    distance = (radius - np.hypot(x - size / 2, y - size / 2)).astype(np.float32)
    if feather <= 1:
        return coverage(distance)
    return np.clip(0.5 + distance / feather, 0, 1).astype(np.float32)


def distance_of(radius: float, size: int = 160) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return np.clip(radius - np.hypot(x - size / 2, y - size / 2), -64, 64).astype(np.float32)


def test_an_antialiased_edge_is_hard() -> None:
    assert measure_softness(disc(40)).hard
    assert measure_softness(np.zeros((50, 50), np.float32)) is HARD
    assert measure_softness(np.ones((50, 50), np.float32)) is HARD


def test_stray_grey_pixels_do_not_soften_a_hard_edge() -> None:
    matte = disc(40)
    matte[::40, ::40] = 0.3
    assert measure_softness(matte).hard


def test_a_hard_edge_is_the_plain_coverage() -> None:
    distance = distance_of(40)
    np.testing.assert_array_equal(soften(distance, HARD), coverage(distance))


@pytest.mark.parametrize("feather", [6, 12, 40])
def test_a_feather_measured_on_one_disc_is_found_again_on_another(feather: float) -> None:
    softness = measure_softness(disc(50, feather))
    assert softness.reach_px == pytest.approx(feather / 2, abs=1.5)
    result = soften(distance_of(44), softness)
    assert np.abs(result - disc(44, feather)).max() < 0.05  # the profile is kept in steps of half a pixel
    assert np.abs(result - disc(44, feather)).mean() < 0.005


def test_softness_is_interpolated_in_time() -> None:
    hard, soft = measure_softness(disc(50)), measure_softness(disc(50, 20))
    middle = soften(distance_of(50), between(hard, soft, 0.5))
    expected = 0.5 * disc(50) + 0.5 * disc(50, 20)
    assert np.abs(middle - expected).mean() < 0.005
    assert between(hard, hard, 0.3) is HARD


def test_an_empty_frame_stays_empty() -> None:
    softness = measure_softness(disc(50, 20))
    assert not soften(np.full((160, 160), -64, np.float32), softness).any()
