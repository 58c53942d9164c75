"""Shapes between keyframes: every number on its straight way, and what has nothing between."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import roto.masks.animated
from roto.errors import DocumentError
from roto.masks import Bezier, BSpline, Ellipse, Paint, Polygon, Prompted, Rectangle
from roto.masks.animated import ShapeKey, read_shape_keys, shapes_at, shapes_between
from roto.masks.bezier import BezierPoint
from roto.masks.brush import Brush, Stroke, StrokePoint
from roto.masks.combine import combine
from roto.masks.mask import Canvas
from roto.masks.moving import moving

SQUARE = ((2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0))
MOVED = tuple((x + 8, y + 4) for x, y in SQUARE)


def keys(*rest, to_next="linear"):
    """Two keyframes, 10 and 20, of one shape each."""
    start, end = rest
    return read_shape_keys(
        [ShapeKey(frame=10, shapes=(start,), to_next=to_next), ShapeKey(frame=20, shapes=(end,))], "keyframes"
    )


def at(pair, number):
    (shape,) = shapes_at(pair, number)
    return shape


def test_keyed_frames_are_exactly_as_keyed():
    pair = keys(Polygon(points=SQUARE), Polygon(points=MOVED))
    assert at(pair, 10) is pair[0].shapes[0]
    assert at(pair, 20) is pair[1].shapes[0]


def test_before_the_first_and_after_the_last_keyframe_shapes_stay():
    pair = keys(Polygon(points=SQUARE), Polygon(points=MOVED))
    assert at(pair, -5) == Polygon(points=SQUARE)
    assert at(pair, 99) == Polygon(points=MOVED)


@pytest.mark.parametrize(
    ("start", "end", "middle"),
    [
        (
            Polygon(points=SQUARE, feather_px=2),
            Polygon(points=MOVED, feather_px=6),
            Polygon(points=tuple((x + 4, y + 2) for x, y in SQUARE), feather_px=4),
        ),
        (
            Polygon(points=SQUARE),
            Polygon(points=SQUARE, point_feather_px=(4, 0, -2, 0)),
            Polygon(points=SQUARE, point_feather_px=(2, 0, -1, 0)),
        ),
        (
            Bezier(points=(BezierPoint(0, 0, -1, 0, 1, 0), BezierPoint(9, 9))),
            Bezier(points=(BezierPoint(4, 2, -3, 0, 3, 8), BezierPoint(9, 9))),
            Bezier(points=(BezierPoint(2, 1, -2, 0, 2, 4), BezierPoint(9, 9))),
        ),
        (
            BSpline(points=SQUARE, operation="add"),
            BSpline(points=MOVED),
            BSpline(points=tuple((x + 4, y + 2) for x, y in SQUARE)),
        ),
        (
            Ellipse(center=(5, 5), radii=(3, 2), rotation_deg=350),
            Ellipse(center=(9, 5), radii=(5, 2), rotation_deg=20),
            Ellipse(center=(7, 5), radii=(4, 2), rotation_deg=365),
        ),
        (
            Ellipse(center=(5, 5), radii=(3, 2), rotation_deg=0),
            Ellipse(center=(5, 5), radii=(3, 2), rotation_deg=180),
            Ellipse(center=(5, 5), radii=(3, 2), rotation_deg=90),
        ),
        (
            Rectangle(center=(5, 5), size=(8, 4), corner_radius_px=2),
            Rectangle(center=(5, 5), size=(4, 8), corner_radius_px=0),
            Rectangle(center=(5, 5), size=(6, 6), corner_radius_px=1),
        ),
        (
            Brush(strokes=(Stroke(points=(StrokePoint(2, 3), StrokePoint(9, 9, 0.5)), radius_px=4, opacity=1),)),
            Brush(strokes=(Stroke(points=(StrokePoint(4, 3, 0), StrokePoint(9, 9)), radius_px=8, opacity=0.5),)),
            Brush(
                strokes=(Stroke(points=(StrokePoint(3, 3, 0.5), StrokePoint(9, 9, 0.75)), radius_px=6, opacity=0.75),)
            ),
        ),
        (Paint(file="a.png"), Paint(file="a.png"), Paint(file="a.png")),
    ],
    ids=["polygon", "point feathers", "bezier", "bspline", "rotation", "half turn", "rectangle", "brush", "same paint"],
)
def test_halfway_between_two_keyframes(start, end, middle):
    assert at(keys(start, end), 15) == middle


def test_the_outline_is_where_the_velocities_say():
    """Motion blur and the shapes themselves have to agree on where a shape is."""
    start = Bezier(points=(BezierPoint(0, 0, -1, 0, 1, 0), BezierPoint(9, 9), BezierPoint(0, 9)))
    end = Bezier(points=(BezierPoint(4, 2, -3, 0, 3, 8), BezierPoint(19, 9), BezierPoint(2, 20, 3, 3, -3, -3)))
    blurred = moving([start], [end], 0.3, 10)
    places = at(keys(start, end), 13).at(np.arange(len(blurred.places)) / 64)
    np.testing.assert_allclose(places, blurred.places, atol=1e-3)


def test_a_smooth_way_starts_and_ends_slowly():
    pair = keys(Polygon(points=SQUARE), Polygon(points=MOVED), to_next="smooth")
    xs = [at(pair, number).points[0][0] - 2 for number in (11, 12, 15, 18, 19)]
    assert xs == pytest.approx([8 * t * t * (3 - 2 * t) for t in (0.1, 0.2, 0.5, 0.8, 0.9)], abs=1e-4)


def test_held_shapes_stay_until_the_next_keyframe_whatever_it_is():
    pair = keys(Polygon(points=SQUARE), Ellipse(center=(5, 5), radii=(3, 2)), to_next="hold")
    assert at(pair, 19) == Polygon(points=SQUARE)
    assert at(pair, 20).type == "ellipse"


def test_absence_starts_at_its_keyframe_and_ends_at_the_next():
    shape = (Polygon(points=SQUARE),)
    found = read_shape_keys(
        [
            {"frame": 20, "absent": True},
            {"frame": 10, "shapes": [shape[0].to_json()]},
            {"frame": 30, "shapes": [replace(shape[0], points=MOVED).to_json()]},
        ],
        "keyframes",
    )
    assert shapes_at(found, 19) == shape
    assert [shapes_at(found, number) for number in (20, 29)] == [(), ()]
    assert shapes_at(found, 30)[0].points == MOVED


def test_times_between_frames_have_shapes_too():
    assert at(keys(Polygon(points=SQUARE), Polygon(points=MOVED)), 12.5).points[0] == (4, 3)


corner = st.floats(0.01, 50)


@given(st.tuples(corner, corner), st.tuples(corner, corner), st.floats(0, 1))
def test_rectangles_with_corners_as_round_as_can_be_stay_valid(one, other, part):
    """What is between is rounded, and must not be refused for it."""
    start, end = (Rectangle(center=(0, 0), size=size, corner_radius_px=min(size) / 2) for size in (one, other))
    (between,) = shapes_between([start], [end], part)
    assert combine([between], Canvas(8, 8)).shape == (8, 8)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (Polygon(points=SQUARE), Polygon(points=SQUARE[:3]), "keyframes[1].shapes[0].points: 3 elements after 4"),
        (Polygon(points=SQUARE), BSpline(points=SQUARE), "keyframes[1].shapes[0].type: bspline after polygon"),
        (
            Polygon(points=SQUARE),
            Polygon(points=SQUARE, invert=True),
            "keyframes[1].shapes[0].invert: true after false",
        ),
        (Paint(file="a.png"), Paint(file="b.png"), "keyframes[1].shapes[0]: a paint cannot change into another one"),
        (
            Prompted(points=((1, 2, 1),)),
            Prompted(points=((1, 3, 1),)),
            "keyframes[1].shapes[0]: a prompt cannot change into another one",
        ),
        (
            Brush(strokes=(Stroke(points=((1, 2),)), Stroke(points=((1, 2),)))),
            Brush(strokes=(Stroke(points=((1, 2),)), Stroke(points=((1, 2),), mode="erase"))),
            "keyframes[1].shapes[0].strokes[1].mode: the text 'erase' after the text 'add'",
        ),
        (
            Polygon(points=SQUARE, feather_px=2),
            Polygon(points=SQUARE, point_feather_px=(1, 2, 3, 4)),
            "keyframes[1].shapes[0].point_feather_px: 4 elements after 0",
        ),
    ],
)
def test_what_has_nothing_between_is_refused_unless_it_is_held(start, end, message):
    rest = ', so there is nothing between frame 10 and frame 20; make them alike, or say "to_next": "hold" at frame 10'
    with pytest.raises(DocumentError) as error:
        keys(start, end)
    assert str(error.value) == message + rest
    assert at(keys(start, end, to_next="hold"), 19) == start


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("x", "keyframes: the text 'x', but a list of keyframes is needed"),
        ([], "keyframes: 0 keyframes; 1 to 100000 are allowed"),
        ([7], "keyframes[0]: the number 7, but an object with a frame and shapes is needed"),
        ([{"shapes": []}], "keyframes[0].frame: missing"),
        ([{"frame": "1"}], "keyframes[0].frame: the text '1', but a whole number is needed"),
        (
            [{"frame": 1}],
            'keyframes[0].shapes: empty; draw a shape, or say "absent": true where the layer is not in the picture',
        ),
        ([{"frame": 1, "absent": True, "ease": 1}], "keyframes[0].ease: unknown key, did you mean "),
        (
            [{"frame": 1, "absent": True, "to_next": "spline"}],
            "keyframes[0].to_next: 'spline' is not one of linear, smooth, hold",
        ),
        (
            [{"frame": 1, "absent": True}, {"frame": 1, "absent": True, "to_next": "hold"}],
            "keyframes[1].frame: 1 is keyed already",
        ),
    ],
)
def test_bad_keyframes_name_their_place(data, message):
    with pytest.raises(DocumentError) as error:
        read_shape_keys(data, "keyframes")
    assert str(error.value).startswith(message)


def test_json_and_back():
    pair = keys(Polygon(points=SQUARE), Polygon(points=MOVED), to_next="smooth")
    data = json.loads(json.dumps([key.to_json() for key in pair]))
    assert read_shape_keys(data, "keyframes") == pair


def test_the_examples_in_the_documentation_are_keyframes():
    examples = [line.strip() for line in roto.masks.animated.__doc__.splitlines() if line.startswith("    {")]
    shape = json.dumps([Polygon(points=SQUARE).to_json()])
    read = read_shape_keys([json.loads(line.replace("[...]", shape)) for line in examples], "keyframes")
    assert [key.frame for key in read] == [1001, 1012, 1020]
