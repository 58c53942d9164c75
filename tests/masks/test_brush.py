"""Strokes of a brush against their definition, sampled densely."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import roto.masks.brush
from roto.errors import DocumentError
from roto.masks.brush import MAX_STROKES, Brush, Stroke, StrokePoint
from roto.masks.mask import Canvas
from roto.masks.read import read_mask

CANVAS = Canvas(48, 36)
BENT = (StrokePoint(8, 9), StrokePoint(30, 14), StrokePoint(22, 28), StrokePoint(41.5, 25.25))


def brush(*strokes, **common):
    return Brush(strokes=tuple(strokes), **common).coverage(CANVAS)


def sampled(stroke, samples=12):
    """The stroke's profile at many places of every pixel, averaged: the largest over many discs along the points."""
    steps = (np.arange(CANVAS.width * samples) + 0.5) / samples, (np.arange(CANVAS.height * samples) + 0.5) / samples
    x, y = np.meshgrid(*steps)
    nearest = np.full(x.shape, np.inf)
    points = [*stroke.points, stroke.points[-1]] if len(stroke.points) == 1 else stroke.points
    for start, end in pairwise(points):
        for part in np.linspace(0, 1, 200):
            a, b, pressure = (1 - part) * np.array(start) + part * np.array(end)
            nearest = np.minimum(nearest, np.hypot(x - a, y - b) / max(pressure * stroke.radius_px, 1e-9))
    t = np.clip((1 - nearest) / max(1 - stroke.hardness, 1e-9), 0, 1)
    profile = stroke.opacity * t * t * (3 - 2 * t)
    return profile.reshape(CANVAS.height, samples, CANVAS.width, samples).mean(axis=(1, 3))


STROKES = {
    "hard": Stroke(points=BENT, radius_px=5),
    "soft": Stroke(points=BENT, radius_px=6, hardness=0.5),
    "softest": Stroke(points=BENT, radius_px=7, hardness=0, opacity=0.7),
    "dab": Stroke(points=((24, 18),), radius_px=9),
    "pressure": Stroke(points=((10, 10, 0.3), (36, 22, 1)), radius_px=8, hardness=0.6),
    "pressures": Stroke(points=((10, 10, 1), (36, 22, 0.2), (40, 30, 0.7)), radius_px=6),
    "thin": Stroke(points=((6, 6), (40, 30)), radius_px=0.4),
    "swallowed": Stroke(points=((20, 18, 1), (21, 18, 0.1)), radius_px=8),  # the smaller disc lies within the other
}


@pytest.mark.parametrize("name", STROKES)
def test_coverage_is_the_profile_averaged_over_each_pixel(name):
    found, exact = brush(STROKES[name]), sampled(STROKES[name])
    error = np.sort(np.abs(found - exact).ravel())
    inner_corners = 12 if len(STROKES[name].points) > 2 else 0
    assert error[: error.size - inner_corners].max() < 0.03
    assert error.max() < 0.3
    assert found.sum() == pytest.approx(exact.sum(), rel=0.002, abs=0.6)


def test_hardness_says_how_much_of_the_radius_is_full():
    row = brush(Stroke(points=((-50, 18.5), (90, 18.5)), radius_px=10, hardness=0.4))[18:, 20]
    assert (row[:4] == 1).all()
    assert (np.diff(row[3:10]) < 0).all()
    assert row[7] == pytest.approx(0.5, abs=0.01)  # halfway between 4 and 10 px from the middle, at the step's middle
    assert not row[11:].any()


def test_strokes_lie_over_those_before_them_and_erase_from_them():
    wide = Stroke(points=((10, 18), (38, 18)), radius_px=6)
    half = Stroke(points=((10, 18), (38, 18)), radius_px=4, opacity=0.5)
    rubber = Stroke(points=((24, 2), (24, 34)), radius_px=3, opacity=0.75, mode="erase")
    assert brush(half, half)[18, 15] == pytest.approx(0.75)
    assert brush(half, wide)[18, 15] == 1
    rubbed = brush(wide, rubber)
    assert rubbed[18, 24] == pytest.approx(0.25)
    assert rubbed[18, 15] == 1
    assert brush(wide, rubber, wide)[18, 24] == 1  # painted again


def test_a_stroke_covers_no_more_where_it_crosses_itself():
    loop = Stroke(points=((10, 18), (38, 18), (24, 30), (24, 6)), radius_px=3, opacity=0.5)
    assert brush(loop).max() == np.float32(0.5)


def test_only_the_stroke_s_own_pixels_are_touched():
    matte = brush(Stroke(points=((20, 18),), radius_px=3, hardness=0.2))
    rows, columns = np.nonzero(matte)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (15, 20, 17, 22)


@pytest.mark.parametrize("points", [((-40, 5), (-20, 9)), ((60, 80),)])
def test_strokes_outside_the_picture_are_nothing(points):
    assert not brush(Stroke(points=points, radius_px=5)).any()


def test_a_stroke_has_no_seam_where_it_is_worked_in_parts(monkeypatch):
    stroke = Stroke(points=BENT, radius_px=5, hardness=0.4)
    whole = brush(stroke)
    monkeypatch.setattr(roto.masks.brush, "_BAND_PX", 7)
    assert brush(stroke).tobytes() == whole.tobytes()


def test_a_feathered_stroke_just_outside_reaches_into_the_picture():
    matte = brush(Stroke(points=((-6, -20), (-6, 60)), radius_px=5), feather_px=8)
    assert 0.2 < matte[18, 0] < 0.4
    assert not matte[:, 4:].any()


def test_inverted_coverage_is_the_rest():
    stroke = Stroke(points=BENT, radius_px=4, hardness=0.3)
    np.testing.assert_allclose(brush(stroke) + brush(stroke, invert=True), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ([], "strokes: 0 strokes; 1 to 2000 are allowed"),
        ("x", "strokes: the text 'x', but a list of strokes is needed"),
        ([{"points": [[1, 2]]}] * (MAX_STROKES + 1), "strokes: 2001 strokes; 1 to 2000 are allowed"),
        ([3], "strokes[0]: the number 3, but an object with points is needed"),
        ([{}], "strokes[0].points: missing, a stroke needs it"),
        ([{"points": []}], "strokes[0].points: empty; a stroke has one point or more"),
        ([{"points": [[1]]}], "strokes[0].points[0]: a list of 1, but [x, y] or [x, y, pressure] is needed"),
        ([{"points": [[1, "a"]]}], "strokes[0].points[0][1]: the text 'a', but a number is needed"),
        (
            [{"points": [[1, 2, 1.5]]}],
            "strokes[0].points[0][2]: the number 1.5 is too large, at most 1 is allowed",
        ),
        (
            [{"points": [[1, 2]], "radius_px": 0}],
            "strokes[0].radius_px: the number 0 is too small, at least 0.1 is allowed",
        ),
        (
            [{"points": [[1, 2]], "hardnes": 1}],
            "strokes[0].hardnes: unknown key, did you mean 'hardness'?",
        ),
        (
            [{"points": [[1, 2]], "mode": "paint"}],
            "strokes[0].mode: 'paint' is not one of add, erase",
        ),
        (
            [{"points": [[1, 2]], "mode": "erase"}],
            "strokes[0].mode: 'erase' has nothing before it to take away from",
        ),
        (
            [{"points": [[0, 0]] * 15_000}] * 2,
            "strokes: 30000 points in all strokes, at most 20000 are allowed",
        ),
    ],
)
def test_bad_strokes_name_their_place(strokes, message):
    with pytest.raises(DocumentError) as error:
        read_mask({"type": "brush", "strokes": strokes}, "")
    assert str(error.value) == message
