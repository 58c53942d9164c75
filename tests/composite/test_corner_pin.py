"""Corner pins: where pixels land, how they are averaged, and corners found in a matte."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from roto.composite.corner_pin import Insert, homography, put_between
from roto.composite.corners import Corners, check_quad
from roto.composite.fit_corners import fit_corners
from roto.errors import RotoError
from roto.masks.rasterise import rasterise

QUAD = np.array([[50.3, 40.2], [250.7, 60.1], [240.4, 200.9], [30.2, 180.5]])
WIDTH, HEIGHT = 320, 240


def ramp(width, height):
    y, x = np.mgrid[:height, :width] + 0.5
    return np.dstack([x / width, y / height, np.full_like(x, 0.25)]).astype(np.float32)


def black():
    return np.zeros((HEIGHT, WIDTH, 3), np.float32)


def moved(x, y):
    return QUAD + np.array([x, y])


def positions(width, height, quad):
    """Where in the insert, from 0 to 1, the centre of every pixel lies."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    place = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(homography(width, height, quad)).T
    return place[..., 0] / place[..., 2] / width, place[..., 1] / place[..., 2] / height


@pytest.mark.parametrize("size", [(600, 400), (64, 48), (1920, 1080), (3000, 40)])
def test_every_pixel_lands_where_the_perspective_puts_it(size):
    out = put_between(black(), Insert(ramp(*size), None), QUAD)
    u, v = positions(*size, QUAD)
    inner = (abs(u - 0.5) < 0.46) & (abs(v - 0.5) < 0.46)
    assert np.abs(out[..., 0] - u)[inner].max() < 2e-3
    assert np.abs(out[..., 1] - v)[inner].max() < 2e-3


def test_the_edge_is_antialiased_and_nothing_lies_beyond_it():
    out = put_between(black(), Insert(np.ones((40, 60, 3), np.float32), None), QUAD)
    assert np.abs(out[..., 0] - rasterise(QUAD, WIDTH, HEIGHT)).max() < 1e-6


def test_what_is_reduced_a_lot_is_averaged_and_not_sampled():
    """A fine checkerboard is grey from afar, whatever its phase."""
    board = (np.indices((960, 960)).sum(axis=0) % 2).astype(np.float32)
    quad = np.array([[100, 100], [180, 101], [181, 180], [99, 181]], float)
    out = put_between(black(), Insert(np.dstack([board] * 3), None), quad)
    assert np.abs(out[110:170, 110:170] - 0.5).max() < 0.03


def test_a_picture_in_steep_perspective_is_averaged_where_it_is_far_and_sharp_where_it_is_near():
    stripes = np.repeat((np.arange(480) % 2).astype(np.float32)[None, :], 640, axis=0)
    quad = np.array([[140, 30], [180, 30], [310, 230], [10, 230]], float)
    out = put_between(black(), Insert(np.dstack([stripes] * 3), None), quad)[..., 0]
    assert np.ptp(out[34:40, 150:170]) < 0.12  # twelve of the stripes' pixels in one


def test_one_to_one_is_the_picture_itself():
    rng = np.random.default_rng(3)
    picture = rng.random((50, 70, 3)).astype(np.float32)
    quad = np.array([[20, 30], [90, 30], [90, 80], [20, 80]], float)
    out = put_between(black(), Insert(picture, None), quad)
    inner = out[31:79, 21:89]
    # two samples a pixel and each side mix an eighth of every neighbour in, no more
    assert np.abs(inner - picture[1:-1, 1:-1]).mean() < 0.12
    flat = put_between(black(), Insert(np.full((50, 70, 3), 0.3, np.float32), None), quad)
    assert np.abs(flat[30:80, 20:90] - 0.3).max() < 1e-6


def test_an_inserts_own_coverage_shows_what_is_below():
    below = np.full((HEIGHT, WIDTH, 3), 0.8, np.float32)
    coverage = np.full((40, 60), 0.25, np.float32)
    out = put_between(below, Insert(np.full((40, 60, 3), 0.2 * 0.25, np.float32), coverage), QUAD)
    assert np.abs(out[120, 140] - (0.2 * 0.25 + 0.75 * 0.8)).max() < 1e-5
    assert np.array_equal(out[5, 5], below[5, 5])


@pytest.mark.parametrize("shift", [(-200, 0), (0, 170), (400, 0), (250, 200)])
def test_a_quadrilateral_that_leaves_the_frame(shift):
    out = put_between(black(), Insert(np.ones((40, 60, 3), np.float32), None), QUAD + shift)
    assert np.abs(out[..., 0] - rasterise(QUAD + shift, WIDTH, HEIGHT)).max() < 1e-6


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ([[0, 0], [9, 9], [9, 0], [0, 9]], "cross or turn inwards; give them in the order top left, top right"),
        ([[0, 0], [9, 0], [3, 3], [0, 9]], "cross or turn inwards"),
        ([[0, 0], [5, 5], [9, 9], [0, 9]], "span no area"),
        ([[4, 4], [4, 4], [9, 9], [0, 9]], "span no area"),
        ([[4, 4], [4, 4], [4, 4], [4, 4]], "span no area"),
        ([[0, 0], [1e-3, 0], [1e-3, 1e-3], [0, 1e-3]], "span no area"),
        ([[0, 0], [math.inf, 0], [9, 9], [0, 9]], "span no area"),
    ],
)
def test_corners_that_make_no_sense_are_one_line(corners, message):
    with pytest.raises(RotoError, match=rf"^corners on frame 7: .*{message}"):
        check_quad(np.array(corners, float), 7)


def test_a_mirrored_picture_is_allowed():
    assert check_quad(QUAD[::-1], 1) is not None


def test_corners_are_linear_between_keys_and_held_beyond():
    corners = Corners({10: QUAD, 20: moved(20, -10)})
    assert np.allclose(corners.at(15), moved(10, -5))
    assert np.array_equal(corners.at(3), QUAD)
    assert np.array_equal(corners.at(99), moved(20, -10))


def test_corners_that_cross_between_two_keys_are_found():
    turned = np.roll(QUAD, 2, axis=0)
    with pytest.raises(RotoError, match="corners on frame 15"):
        Corners({10: QUAD, 20: turned}).at(15)


TRUE = QUAD + np.array([[3.2, -4.1], [-5.0, 2.2], [4.4, 3.3], [-2.1, 5.2]])


def test_corners_are_found_in_a_matte():
    found = fit_corners(rasterise(TRUE, WIDTH, HEIGHT), QUAD)
    assert found.sides == 4
    assert np.abs(found.quad - TRUE).max() < 0.05


def test_corners_are_found_far_from_where_they_are_expected():
    """Moved by half of its size, and a third smaller: keys are far apart and the path between them is bent."""
    true = (QUAD - QUAD.mean(axis=0)) * (0.6, 0.7) + (210, 150)
    found = fit_corners(rasterise(true, WIDTH, HEIGHT), QUAD)
    assert found.sides == 4
    assert np.abs(found.quad - true).max() < 0.05


def test_corners_are_found_the_other_way_round_too():
    found = fit_corners(rasterise(TRUE, WIDTH, HEIGHT), QUAD[::-1])
    assert np.abs(found.quad - TRUE[::-1]).max() < 0.05


def test_corners_are_found_behind_something_that_stands_before_a_third_of_a_side():
    matte = rasterise(TRUE, WIDTH, HEIGHT)
    matte[150:, 90:150] = 0
    matte[:80, 180:230] = 0
    found = fit_corners(matte, QUAD)
    assert found.sides == 4
    assert np.abs(found.quad - TRUE).max() < 0.3


def test_rounded_corners_and_a_soft_edge_do_no_harm():
    matte = rasterise(TRUE, WIDTH, HEIGHT)
    matte = cv2.GaussianBlur((cv2.GaussianBlur(matte, (0, 0), 4) > 0.5).astype(np.float32), (0, 0), 2)
    assert np.abs(fit_corners(matte, QUAD).quad - TRUE).max() < 0.8


def test_a_side_that_is_not_seen_stays_where_it_is_expected():
    matte = rasterise(TRUE, WIDTH, HEIGHT)
    matte[:, :65] = 0  # the left side, and a part of those beside it
    found = fit_corners(matte, QUAD)
    assert 1 <= found.sides <= 3
    assert np.abs(found.quad[1:3] - TRUE[1:3]).max() < 0.5
    assert np.abs(found.quad - QUAD).max() < 15


def test_an_empty_matte_says_nothing():
    found = fit_corners(np.zeros((HEIGHT, WIDTH), np.float32), QUAD)
    assert found.sides == 0
    assert np.array_equal(found.quad, QUAD)
