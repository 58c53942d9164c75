"""Distances to an edge and soft edges, against discs and straight edges where both are known."""

from __future__ import annotations

import numpy as np
import pytest

from roto.masks import BSpline, Ellipse, Polygon
from roto.masks.edge_distance import edge_distance
from roto.masks.feather import falloff, feather
from roto.masks.mask import Canvas

SIZE, CENTER, RADIUS = 140, (70.3, 69.6), 52.4
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE] + 0.5
TO_DISC = (RADIUS - np.hypot(COLUMNS - CENTER[0], ROWS - CENTER[1])).astype(np.float32)


@pytest.fixture(scope="module")
def disc():
    return Ellipse(center=CENTER, radii=(RADIUS, RADIUS)).coverage(Canvas(SIZE, SIZE))


@pytest.mark.parametrize(
    ("low", "high", "worst", "usual"), [(0, 1, 0.05, 0.02), (1, 4, 0.25, 0.05), (4, 15, 0.7, 0.08)]
)
def test_distance_to_a_disc(disc, low, high, worst, usual):
    band = (np.abs(TO_DISC) >= low) & (np.abs(TO_DISC) < high)
    error = (edge_distance(disc, 64) - TO_DISC)[band]
    assert np.abs(error).max() < worst
    assert np.sqrt((error**2).mean()) < usual


@pytest.mark.parametrize("edge", [10.0, 10.25, 10.5, 10.9])
@pytest.mark.parametrize("transposed", [False, True])
def test_distance_to_a_straight_edge_is_exact(edge, transposed):
    matte = np.clip(edge - np.arange(20), 0, 1).astype(np.float32) * np.ones((20, 1), np.float32)
    distance = edge_distance(matte.T.copy() if transposed else matte, 50)
    expected = np.broadcast_to(edge - np.arange(20) - 0.5, (20, 20))
    np.testing.assert_allclose(distance.T if transposed else distance, expected, atol=1e-4)


def test_distance_to_a_soft_edge_is_to_its_middle():
    matte = np.clip((30.3 - np.arange(60)) / 24 + 0.5, 0, 1).astype(np.float32) * np.ones((9, 1), np.float32)
    np.testing.assert_allclose(edge_distance(matte, 12)[4, 20:40], 30.3 - np.arange(20, 40), atol=0.02)


@pytest.mark.parametrize(("value", "expected"), [(0.0, -7.0), (1.0, 7.0)])
def test_without_an_edge_the_distance_is_the_reach(value, expected):
    assert (edge_distance(np.full((4, 5), value, np.float32), 7) == expected).all()


@pytest.mark.parametrize("width", [1, 2, 4, 8, 20, 40])
def test_a_feathered_disc_is_exact_to_a_few_steps_of_eight_bits(disc, width):
    error = np.abs(feather(disc, width) - falloff(TO_DISC, width))
    assert error.max() < 4 / 255
    assert error.mean() < 0.5 / 255


def test_feather_is_as_wide_as_it_says_and_centred_on_the_edge():
    edge = Polygon(points=((-99, -99), (50, -99), (50, 199), (-99, 199)), feather_px=20)
    row = edge.coverage(Canvas(100, 11))[5]
    assert (row[:39] == 1).all()
    assert (row[61:] == 0).all()
    assert ((row[41:59] > 0) & (row[41:59] < 1)).all()
    assert row.sum() == pytest.approx(50, abs=0.01)
    np.testing.assert_allclose(row[:100] + row[::-1], 1, atol=1e-3)


def test_no_feather_gives_the_same_array_back(disc):
    assert feather(disc, 0) is disc


def test_a_feather_grows_out_of_the_anti_aliased_edge(disc):
    assert np.abs(feather(disc, 0.01) - disc).max() < 0.06


def test_a_softer_edge_is_left_as_it_is(disc):
    soft = feather(disc, 30)
    np.testing.assert_allclose(feather(soft, 5), soft, atol=0.03)


def test_an_empty_matte_stays_empty():
    assert not feather(np.zeros((5, 6), np.float32), 4).any()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_feather_of_points_changes_evenly_along_the_edge(sign):
    shape = Polygon(points=((20, 60), (120, 60), (120, 400), (20, 400)), point_feather_px=(0, sign * 30, sign * 30, 0))
    matte = shape.coverage(Canvas(140, 120))
    for column in (30, 50, 70, 90):
        width = 30 * (column + 0.5 - 20) / 100
        t = np.clip((np.arange(120) + 0.5 - 60) / width + (sign > 0), 0, 1)
        assert np.abs(matte[:, column] - t * t * (3 - 2 * t)).max() < 0.05


def test_curves_have_feathers_at_their_points():
    points = ((40, 40), (100, 40), (100, 100), (40, 100))
    soft = BSpline(points=points, point_feather_px=(0, 12, 12, 0)).coverage(Canvas(140, 140))
    hard = BSpline(points=points).coverage(Canvas(140, 140))
    assert (soft >= hard - 0.02).all()
    widths = [(np.abs(row - np.round(row)) > 0.01).sum() for row in (soft[70, :70], soft[70, 70:])]
    assert widths[0] <= 2
    assert 9 <= widths[1] <= 13
    assert not (BSpline(points=points, point_feather_px=(0, 0, 0, 0)).coverage(Canvas(140, 140)) != hard).any()


def test_a_feather_that_begins_outside_the_picture_reaches_in():
    shape = Polygon(points=((-60, 20), (-10, 20), (-10, 80), (-60, 80)), point_feather_px=(30, 30, 30, 30))
    column = shape.coverage(Canvas(100, 100))[50]
    assert column[0] > 0.5
    assert column[25] == 0
