"""Coverage against shapes whose exact area in every pixel is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roto.errors import DocumentError
from roto.masks import rasterise as module
from roto.masks.flatten import flatten_ellipse
from roto.masks.rasterise import rasterise

STEP = 1 / 255
EXACT = 1e-6  # float32


def exact_disc(x, y, radius, width, height, lines=512):
    """Coverage of a disc: exact along each of many lines through a pixel row, averaged."""
    across = (np.arange(height * lines) + 0.5) / lines - y
    half = np.sqrt(np.maximum(radius**2 - across**2, 0))[:, None]
    column = np.arange(width)
    chord = np.clip(np.minimum(column + 1, x + half) - np.maximum(column, x - half), 0, 1)
    return chord.reshape(height, lines, width).mean(axis=1)


def half_plane(width, height, angle, offset):
    """An outline far larger than the picture with one side through it, and its exact coverage.

    A pixel's share is the integral of a clipped ramp over its square, the second difference of a cubic.
    """
    normal = np.array([math.cos(angle), math.sin(angle)])
    along = np.array([-normal[1], normal[0]])
    foot = normal * offset
    far = 10 * (width + height)
    outline = np.array(
        [foot + far * along, foot - far * along, foot - far * (along + normal), foot + far * (along - normal)]
    )
    rows, columns = np.mgrid[: height + 1, : width + 1]
    distance = offset - (columns * normal[0] + rows * normal[1])
    corners = np.maximum(distance, 0) ** 2 / 2 / (normal[0] * normal[1])
    return outline, corners[1:, 1:] - corners[1:, :-1] - corners[:-1, 1:] + corners[:-1, :-1]


def star(points, radius, center):
    """A star polygon {points/2}: every edge crosses two others."""
    angle = np.arange(points) * 4 * np.pi / points
    return np.stack([center[0] + radius * np.cos(angle), center[1] + radius * np.sin(angle)], axis=1)


def shoelace(outline):
    x, y = outline.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


@pytest.mark.parametrize("radius", [0.3, 1.0, 3.3, 14.2, 60.0])
def test_a_disc_is_exact_to_one_step_of_eight_bits(radius):
    size = math.ceil(2 * radius) + 6
    x, y = size / 2 + 0.13, size / 2 - 0.29
    matte = rasterise(flatten_ellipse((x, y), (radius, radius), 0), size, size)
    assert np.abs(matte - exact_disc(x, y, radius, size, size)).max() < STEP


@pytest.mark.parametrize("angle", [0.001, 0.3, math.pi / 4, 1.2, 1.5707])
@pytest.mark.parametrize("offset", [3.0, 10.37])
def test_a_half_plane_is_exact(angle, offset):
    outline, exact = half_plane(16, 12, angle, offset)
    assert np.abs(rasterise(outline, 16, 12) - exact).max() < 1e-5


def test_a_rectangle_between_pixel_borders():
    matte = rasterise(np.array([[1.25, 1.5], [4.75, 1.5], [4.75, 3.0], [1.25, 3.0]]), 6, 4)
    np.testing.assert_allclose(matte[1], [0, 0.375, 0.5, 0.5, 0.375, 0], atol=EXACT)
    np.testing.assert_allclose(matte[2], [0, 0.75, 1, 1, 0.75, 0], atol=EXACT)
    assert not matte[[0, 3]].any()


def test_inside_is_exactly_one_and_outside_exactly_zero():
    matte = rasterise(flatten_ellipse((100.3, 90.7), (80, 70), 20), 200, 180)
    rows, columns = np.mgrid[:180, :200] + 0.5
    distance = np.hypot(columns - 100.3, rows - 90.7)
    assert (matte[distance < 68] == 1).all()
    assert (matte[distance > 82] == 0).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_an_outline_drawn_several_times_covers_as_once(turns):
    outline = flatten_ellipse((20.2, 17.9), (12, 9), 30)
    once, several = rasterise(outline, 40, 36), rasterise(np.tile(outline, (turns, 1)), 40, 36)
    np.testing.assert_allclose(several, once, atol=EXACT)


def test_the_direction_of_drawing_does_not_matter():
    outline = flatten_ellipse((20.2, 17.9), (12, 9), 30)
    np.testing.assert_allclose(rasterise(outline[::-1], 40, 36), rasterise(outline, 40, 36), atol=EXACT)


def test_a_star_is_filled_up_to_its_middle():
    """Non-zero winding: the pentagon in the middle of a pentagram, wound around twice, is inside."""
    matte = rasterise(star(5, 80, (100, 90)), 200, 180)
    inner = 80 * (3 - math.sqrt(5)) / 2
    outer_corners, inner_corners = (np.arange(5) * 2 * np.pi / 5 + shift for shift in (0, np.pi / 5))
    angles = np.stack([outer_corners, inner_corners], axis=1).ravel()
    radii = np.tile([80, inner], 5)
    concave = np.stack([100 + radii * np.cos(angles), 90 + radii * np.sin(angles)], axis=1)
    np.testing.assert_allclose(matte, rasterise(concave, 200, 180), atol=1e-5)
    assert matte[90, 100] == 1


def test_both_lobes_of_a_figure_of_eight_are_inside():
    """They are wound in opposite directions, so their signed areas cancel and their coverage must not."""
    matte = rasterise(np.array([[2, 2], [30, 20], [30, 2], [2, 20.0]]), 32, 22)
    lobes = rasterise(np.array([[2, 2], [16, 11], [2, 20.0]]), 32, 22)
    lobes += rasterise(np.array([[30, 2], [30, 20], [16, 11.0]]), 32, 22)
    np.testing.assert_allclose(matte, lobes, atol=1e-5)


def test_overlapping_lobes_wound_the_same_way_are_their_union():
    """Two squares joined by a seam that is drawn there and back."""
    outline = np.array([[1, 1], [9, 1], [9, 9], [5, 9], [5, 13], [13, 13], [13, 5], [5, 5], [5, 9], [1, 9.0]])
    reversed_square = outline[[0, 1, 2, 3, 8, 7, 6, 5, 4, 3, 9]]
    for drawn in (outline, reversed_square):
        matte = rasterise(drawn, 14, 14)
        assert matte.min() == 0
        assert matte.max() == 1
    assert rasterise(reversed_square, 14, 14).sum() == pytest.approx(64 + 64 - 16)


def test_a_hole_joined_by_a_seam_stays_a_hole():
    outline = np.array([[1, 1], [11, 1], [11, 11], [1, 11], [1, 1], [4, 4], [4, 8], [8, 8], [8, 4], [4, 4.0]])
    matte = rasterise(outline, 12, 12)
    assert matte.sum(dtype=float) == pytest.approx(100 - 16)
    assert not matte[4:8, 4:8].any()


@pytest.mark.parametrize(
    "outline",
    [
        [[-50, -50], [-10, -50], [-10, -10]],
        [[500, 5], [600, 5], [600, 15]],
        [[5, 500], [15, 500], [15, 600]],
        [[5, 5], [25, 5], [15, 5]],
        [[5, 5], [5, 5], [5, 5]],
        [[5, 5], [6, 6]],
    ],
)
def test_outside_the_picture_or_without_area_covers_nothing(outline):
    assert not rasterise(np.array(outline, np.float64), 30, 20).any()


def test_clipping_changes_nothing_within_the_picture():
    outline = star(7, 60, (20, 15))
    whole = rasterise(outline + 50, 140, 130)
    np.testing.assert_allclose(rasterise(outline, 40, 30), whole[50:80, 50:90], atol=1e-5)


def test_an_outline_around_the_picture_covers_all_of_it():
    matte = rasterise(np.array([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]]), 7, 5)
    assert (matte == 1).all()


def test_too_many_folds_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_PIECES", 100)
    with pytest.raises(DocumentError, match="the outline is too intricate to fill"):
        rasterise(star(31, 90, (100, 100)), 200, 200)


coordinates = st.floats(-10, 50, allow_nan=False, width=32)
outlines = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12).map(lambda p: np.array(p, np.float64))


@settings(deadline=None)
@given(outlines, st.integers(0, 9), st.integers(0, 9))
def test_whole_pixels_of_translation_only_move_the_matte(outline, right, down):
    matte = rasterise(outline, 40, 40)
    moved = rasterise(outline + np.array([right, down]), 40 + right, 40 + down)
    np.testing.assert_allclose(moved[down:, right:], matte, atol=1e-5)


@settings(deadline=None)
@given(outlines)
def test_coverage_is_a_matte_and_bounded_by_the_outline(outline):
    matte = rasterise(outline, 40, 40)
    assert matte.dtype == np.float32
    assert matte.min() >= 0
    assert matte.max() <= 1
    left, top = np.floor(outline.min(axis=0)).astype(int)
    right, bottom = np.ceil(outline.max(axis=0)).astype(int)
    matte[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0
    assert not matte.any()


@settings(deadline=None)
@given(st.lists(st.floats(1, 18), min_size=3, max_size=40), st.floats(0, 6))
def test_the_area_of_a_simple_polygon_is_that_of_the_shoelace_formula(radii, turn):
    angles = turn + np.arange(len(radii)) * 2 * np.pi / len(radii)
    outline = 20 + np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert rasterise(outline, 40, 40).sum(dtype=float) == pytest.approx(shoelace(outline), abs=1e-3)


@settings(deadline=None, max_examples=50)
@given(outlines)
def test_any_outline_agrees_with_winding_numbers_at_many_points(outline):
    """The slow way, on a 16 x 16 grid of samples a pixel: however it crosses itself, non-zero winding is inside."""
    samples = (np.arange(40 * 16) + 0.5) / 16
    winding = np.zeros((samples.size, samples.size), np.int32)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        rows = np.flatnonzero((samples >= min(y0, y1)) & (samples < max(y0, y1)))
        if rows.size:
            crossing = x0 + (samples[rows] - y0) * (x1 - x0) / (y1 - y0)
            winding[rows] += np.where(samples[None, :] > crossing[:, None], 1 if y1 > y0 else -1, 0)
    sampled = (winding != 0).reshape(40, 16, 40, 16).mean(axis=(1, 3))
    error = np.abs(rasterise(outline, 40, 40) - sampled)
    assert error.max() < 0.1  # of the samples: each edge in a pixel is misplaced by up to half of one
    assert error.mean() < 0.002
