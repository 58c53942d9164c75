"""The feather of the keyframes reaches the frames between them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.softness import HARD, Mixed, Softness, measure_softness, soften
from roto.image import Matte
from roto.masks import BSpline
from roto.masks.mask import Canvas
from roto.masks.rasterise import rasterise
from roto.signed_distance import coverage, signed_distance


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


@pytest.mark.parametrize("turn_deg", [0, 10, 30, 45])
@pytest.mark.parametrize("shift", [0.0, 0.25])
def test_exact_coverage_is_hard_whatever_its_angle(turn_deg: float, shift: float) -> None:
    """A blur of less than a pixel is more than that."""
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([(-50, -35), (50, -35), (50, 35), (-50, 35)]) @ turn.T + 80 + shift
    matte = rasterise(corners, 160, 160)
    assert measure_softness(matte).hard
    assert not measure_softness(np.asarray(cv2.GaussianBlur(matte, (0, 0), 0.7), np.float32)).hard


def test_stray_grey_pixels_do_not_soften_a_hard_edge() -> None:
    matte = disc(40)
    matte[::40, ::40] = 0.3
    assert measure_softness(matte).hard


def only(softness: Softness) -> Mixed:
    return Mixed(softness, softness, 0.0)


def test_a_hard_edge_is_the_plain_coverage() -> None:
    distance = distance_of(40)
    np.testing.assert_array_equal(soften(distance, only(HARD)), coverage(distance))


@pytest.mark.parametrize("feather", [6, 12, 40])
def test_a_feather_measured_on_one_disc_is_found_again_on_another(feather: float) -> None:
    softness = measure_softness(disc(50, feather))
    assert softness.reach_px == pytest.approx(0.75 * feather, rel=0.1)  # a straight fall-off, as a smooth one as steep
    result = soften(distance_of(44), only(softness))
    assert np.abs(result - disc(44, feather)).max() < 0.06
    assert np.abs(result - disc(44, feather)).mean() < 0.005


def test_softness_is_interpolated_in_time() -> None:
    narrow, wide = measure_softness(disc(50, 10)), measure_softness(disc(50, 30))
    middle = soften(distance_of(50), Mixed(narrow, wide, 0.25))
    assert np.abs(middle - disc(50, 15)).mean() < 0.006
    hard = soften(distance_of(50), Mixed(HARD, wide, 0.0))
    assert np.abs(hard - disc(50)).mean() < 0.003


def test_an_empty_frame_stays_empty() -> None:
    softness = measure_softness(disc(50, 20))
    assert not soften(np.full((160, 160), -64, np.float32), only(softness)).any()


CANVAS = Canvas(260, 240)
CORNERS = np.array([(30, 95), (225, 70), (215, 150), (90, 190)], float)
FEATHERS = (0, 36, 16, 0)


def drawn(turn_deg: float, scale: float, shift: tuple[float, float], soft: bool) -> Matte:
    """A spline with a feather at some of its points, turned, scaled and moved; the feather scales with it."""
    angle = np.radians(turn_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (CORNERS - 130) @ turn.T + 130 + shift
    feathers = tuple(scale * width for width in FEATHERS) if soft else ()
    return BSpline(points=tuple(map(tuple, points)), point_feather_px=feathers).coverage(CANVAS)


@pytest.mark.parametrize(
    ("turn", "scale", "shift"), [(0, 1, (0, 0)), (0, 1, (25, -14)), (20, 1, (0, 0)), (-30, 0.8, (10, 10))]
)
def test_an_edge_is_wide_and_narrow_in_the_same_places_wherever_it_went(
    turn: float, scale: float, shift: tuple[float, float]
) -> None:
    softness = measure_softness(drawn(0, 1, (0, 0), True))
    exact = drawn(turn, scale, shift, True)
    tracked = signed_distance((exact >= 0.5).astype(np.float32))
    found = soften(tracked, only(softness))
    soft = (exact > 0.05) & (exact < 0.95)
    uniform = measure_softness(disc(50, 20))
    error, otherwise = (np.abs(each - exact)[soft].mean() for each in (found, soften(tracked, only(uniform))))
    assert error < 0.05
    assert error < 0.6 * otherwise
    assert np.abs(found - exact)[~soft].mean() < 0.004
