"""Every kind of mask: its JSON, its outline, and what it says of bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import roto.masks
from roto.errors import DocumentError
from roto.masks import MASKS, Bezier, BSpline, Ellipse, Paint, Polygon, Prompted, Rectangle
from roto.masks.bezier import BezierPoint
from roto.masks.brush import Brush, Stroke, StrokePoint
from roto.masks.bspline import as_cubics
from roto.masks.fields import MAX_POINTS
from roto.masks.mask import Canvas
from roto.masks.read import read_mask, read_masks

SQUARE = ((2.0, 2.0), (10.0, 2.0), (10.0, 10.0), (2.0, 10.0))
KAPPA = 4 * (math.sqrt(2) - 1) / 3  # handles of a quarter circle

EXAMPLES = {
    "polygon": Polygon(points=SQUARE, operation="subtract", feather_px=2.5),
    "bezier": Bezier(points=(BezierPoint(2, 2, -1, 0, 1, 0), BezierPoint(10, 2), BezierPoint(6, 9, 2, 0, -2, 0.125))),
    "bspline": BSpline(points=SQUARE, invert=True, point_feather_px=(0, 4.5, -3, 0)),
    "ellipse": Ellipse(center=(8, 7), radii=(5, 3), rotation_deg=-30, operation="intersect"),
    "rectangle": Rectangle(center=(8, 7), size=(9, 5), rotation_deg=15, corner_radius_px=1.5),
    "paint": Paint(file="keys/dancer.0012.png", channel="id", id=3, operation="subtract", feather_px=1),
    "brush": Brush(
        strokes=(
            Stroke(points=(StrokePoint(3, 4), StrokePoint(9.5, 8, 0.25)), radius_px=2.5, hardness=0.5),
            Stroke(points=(StrokePoint(6, 6),), opacity=0.5, mode="erase"),
        ),
        feather_px=1,
    ),
    "prompt": Prompted(points=((4, 5, 1), (40.5, 9, 0)), box=(1, 2, 30, 20), mask="a.png", text="dog", candidate=2),
}
numbers = st.floats(-2000, 2000)
points = st.lists(st.tuples(numbers, numbers), min_size=3, max_size=8).map(tuple)


def test_every_kind_has_an_example_here():
    assert EXAMPLES.keys() == MASKS.keys()
    assert all(cls.type == name for name, cls in MASKS.items())


@pytest.mark.parametrize("kind", MASKS)
def test_json_and_back(kind):
    data = EXAMPLES[kind].to_json()
    assert read_mask(data, "") == EXAMPLES[kind]
    assert next(iter(data)) == "type"


@pytest.mark.parametrize("kind", MASKS)
def test_defaults_are_not_written(kind):
    data = EXAMPLES[kind].to_json()
    for name in ("operation", "feather_px", "invert"):
        data.pop(name, None)
    again = read_mask(data, "").to_json()
    assert not {"operation", "feather_px", "invert"} & again.keys()


@given(points)
def test_a_mask_equals_its_json_whatever_its_numbers(drawn):
    """Positions are rounded when a mask is made, so that what is saved is what there was."""
    for mask in (Polygon(points=drawn), BSpline(points=drawn), Bezier(points=tuple(BezierPoint(*p) for p in drawn))):
        assert read_mask(mask.to_json(), "") == mask


def test_positions_are_kept_to_a_ten_thousandth_of_a_pixel():
    mask = Polygon(points=((1 / 3, 2 / 3), (-1e-9, 5), (5, 5.00006)))
    assert mask.points == ((0.3333, 0.6667), (0.0, 5), (5, 5.0001))
    assert math.copysign(1, mask.points[1][0]) == 1


def test_polygon_covers_its_area():
    matte = Polygon(points=SQUARE).coverage(Canvas(12, 12))
    assert matte.sum() == 64
    assert (matte[2:10, 2:10] == 1).all()


def test_bezier_with_circular_handles_is_a_disc():
    radius = 20.0
    handle = KAPPA * radius
    compass = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    mask = Bezier(
        points=tuple(
            BezierPoint(25 + radius * x, 25 + radius * y, handle * y, -handle * x, -handle * y, handle * x)
            for x, y in compass
        )
    )
    disc = Ellipse(center=(25, 25), radii=(radius, radius))
    canvas = Canvas(50, 50)
    # the usual four-arc circle is up to 0.027 % of the radius too large
    assert np.abs(mask.coverage(canvas) - disc.coverage(canvas)).max() < 0.00028 * radius + 1 / 255


def test_bezier_corners_are_a_polygon():
    corners = Bezier(points=tuple(BezierPoint(x, y) for x, y in SQUARE))
    canvas = Canvas(12, 12)
    np.testing.assert_allclose(corners.coverage(canvas), Polygon(points=SQUARE).coverage(canvas), atol=1e-6)
    assert corners.to_json()["points"] == [[2, 2], [10, 2], [10, 10], [2, 10]]


def test_bspline_runs_as_the_basis_functions_say():
    control = np.array(SQUARE)
    t = 0.3
    basis = np.array([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    weights = np.array([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
    for index in range(4):
        expected = basis @ control[np.arange(index - 1, index + 3) % 4]
        np.testing.assert_allclose(weights @ as_cubics(control)[index], expected)


def test_a_rotation_of_a_quarter_swaps_the_axes():
    canvas = Canvas(40, 40)
    tall = Ellipse(center=(20, 20), radii=(5, 12)).coverage(canvas)
    np.testing.assert_allclose(
        Ellipse(center=(20, 20), radii=(12, 5), rotation_deg=90).coverage(canvas), tall, atol=1e-5
    )


@pytest.mark.parametrize("mask", [Rectangle, Ellipse])
def test_rotation_is_clockwise_as_seen(mask):
    size = {"size": (30, 4)} if mask is Rectangle else {"radii": (15, 2)}
    matte = mask(center=(20, 20), rotation_deg=30, **size).coverage(Canvas(40, 40))
    assert matte[25, 29] > 0.5  # to the right of the centre the long side points down
    assert matte[15, 29] == 0


@pytest.mark.parametrize(("radius", "missing"), [(0, 0), (3, (4 - math.pi) * 9), (10, (4 - math.pi) * 100)])
def test_rounded_corners_take_their_area_away(radius, missing):
    mask = Rectangle(center=(20.3, 18.9), size=(20, 30), corner_radius_px=radius, rotation_deg=10)
    assert mask.coverage(Canvas(40, 40)).sum(dtype=float) == pytest.approx(600 - missing, abs=0.1)


def test_inverted_coverage_is_the_rest_of_the_picture():
    canvas = Canvas(12, 12)
    plain, inverted = (Polygon(points=SQUARE, feather_px=3, invert=invert).coverage(canvas) for invert in (False, True))
    np.testing.assert_allclose(plain + inverted, 1, atol=1e-6)


def test_a_feathered_shape_just_outside_reaches_into_the_picture():
    beside = Polygon(points=((-9, -50), (-1, -50), (-1, 60), (-9, 60)), feather_px=8)
    matte = beside.coverage(Canvas(10, 10))
    assert 0.2 < matte[5, 0] < 0.4
    assert not matte[:, 4:].any()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "polygon", "points": [[1, 2], [3, 4]]}, "shapes[0].points: 2 points, a polygon needs 3"),
        ({"type": "bezier", "points": [[1, 2]]}, "shapes[0].points: 1 point, a bezier needs 2"),
        (
            {"type": "polygon", "points": [[1, 2], [3, 4], [5, 6]], "point_feather_px": [1, 2]},
            "shapes[0].point_feather_px: 2 numbers for 3 points; one each",
        ),
        (
            {"type": "polygon", "points": [[1, 2], [3, 4], [5, 6]], "point_feather_px": [1, "2", 0]},
            "shapes[0].point_feather_px[1]: the text '2', but a number is needed",
        ),
        (
            {"type": "bspline", "points": [[1, 2], [3, 4], [5, 6]], "point_feather_px": [1, 2, 0], "feather_px": 3},
            "shapes[0].feather_px: the points have feathers of their own; leave one of the two out",
        ),
        ({"type": "polygon"}, "shapes[0].points: missing, a polygon needs it"),
        ({"type": "ellipse", "radii": [1, 2]}, "shapes[0].center: missing, an ellipse needs it"),
        ({"type": "paint"}, "shapes[0].file: missing, a paint needs the name of an image file"),
        (
            {"type": "polygon", "points": [[1, 2], [3, 4], [5]]},
            "shapes[0].points[2]: a list of 1, but [x, y] is needed",
        ),
        (
            {"type": "polygon", "points": [[1, 2], [3, "4"], [5, 6]]},
            "shapes[0].points[1][1]: the text '4', but a number is needed",
        ),
        (
            {"type": "polygon", "points": [[1, 2], [3, float("nan")], [5, 6]]},
            "shapes[0].points[1][1]: the number nan is not a position: at most 1,000,000 px are allowed",
        ),
        (
            {"type": "polygon", "points": [[1, 2], [3, -1e9], [5, 6]]},
            "shapes[0].points[1][1]: the number -1000000000.0 is not a position: at most 1,000,000 px are allowed",
        ),
        (
            {"type": "bspline", "points": [[0, 0]] * (MAX_POINTS + 1)},
            "shapes[0].points: 20001 points, at most 20000 are allowed",
        ),
        (
            {"type": "bezier", "points": [[0, 0], [1, 2, 3, 4]]},
            "shapes[0].points[1]: a list of 4, but [x, y] or [x, y, in_x, in_y, out_x, out_y] is needed, "
            "handles relative",
        ),
        (
            {"type": "polygon", "points": [[0, 0], [1, 2], [1, 0]], "feather": 2},
            "shapes[0].feather: unknown key, did you mean 'feather_px'?",
        ),
        (
            {"type": "polygon", "points": [[0, 0], [1, 2], [1, 0]], "feather_px": -1},
            "shapes[0].feather_px: the number -1 is too small, at least 0 is allowed",
        ),
        (
            {"type": "polygon", "points": [[0, 0], [1, 2], [1, 0]], "operation": "xor"},
            "shapes[0].operation: 'xor' is not one of add, subtract, intersect",
        ),
        (
            {"type": "polygon", "points": [[0, 0], [1, 2], [1, 0]], "operation": "subtract"},
            "shapes[0].operation: 'subtract' has nothing before it to work on; the first shape is one to add",
        ),
        (
            {"type": "ellipse", "center": [1, 2], "radii": [0, 3]},
            "shapes[0].radii: 0, 3, but a size is more than 0",
        ),
        (
            {"type": "rectangle", "center": [1, 2], "size": [4, 3], "corner_radius_px": 2},
            "shapes[0].corner_radius_px: 2 is more than half of the shorter side, 1.5",
        ),
        (
            {"type": "paint", "file": "a.png", "channel": "id"},
            "shapes[0].id: missing, the channel 'id' needs to know which",
        ),
        (
            {"type": "paint", "file": "a.png", "channel": "luma", "id": 3},
            "shapes[0].id: an id has no meaning with the channel 'luma'; use 'id' or 'auto'",
        ),
        (
            {"type": "paint", "file": "a.png", "id": 256},
            "shapes[0].id: the number 256 is too large, at most 255 is allowed",
        ),
        (
            {"type": "polygone", "points": []},
            "shapes[0].type: the text 'polygone' is not a kind of shape; "
            "there are polygon, bezier, bspline, ellipse, rectangle, paint, brush, prompt",
        ),
        (
            {"points": []},
            "shapes[0].type: missing; there are polygon, bezier, bspline, ellipse, rectangle, paint, brush, prompt",
        ),
        ([[1, 2]], "shapes[0]: a list of 1, but an object with a type is needed"),
    ],
)
def test_bad_input_names_its_place(data, message):
    with pytest.raises(DocumentError) as error:
        read_masks([data], "shapes")
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Polygon(points=((0, 0), (1, math.inf), (1, 0))), "points[1][1]: the number inf is not a position"),
        (lambda: Paint(file="a.png", id=300), "id: the number 300 is too large, at most 255 is allowed"),
        (lambda: Ellipse(center=(1, 2), radii=(3, 4), operation="or"), "operation: 'or' is not one of"),
    ],
)
def test_masks_made_in_code_are_checked_too(make, message):
    with pytest.raises(DocumentError) as error:
        make()
    assert str(error.value).startswith(message)


def test_a_keyframe_without_shapes_is_refused():
    with pytest.raises(DocumentError, match=r'^shapes: empty; draw a shape, or say "absent": true'):
        read_masks([], "shapes")


def test_a_curve_without_end_is_refused():
    far = 1e6
    wild = Bezier(points=tuple(BezierPoint(0, 0, far, far * (-1) ** i, -far, far) for i in range(200)))
    with pytest.raises(DocumentError, match="the curve is too long to be drawn"):
        wild.coverage(Canvas(20, 20))


@pytest.mark.parametrize("size", [(0, 5), (70_000, 5), (60_000, 60_000)])
def test_pictures_of_absurd_size_are_refused(size):
    with pytest.raises(DocumentError, match=f"a picture of {size[0]} x {size[1]} cannot be masked"):
        Canvas(*size)


def test_the_examples_in_the_documentation_are_masks():
    examples = [line for line in roto.masks.__doc__.splitlines() if line.startswith("    {")]
    assert [read_mask(json.loads(line), "").type for line in examples] == list(MASKS)
