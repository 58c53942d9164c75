"""Operations between the masks of a keyframe."""

from __future__ import annotations

import numpy as np
import pytest

from roto.errors import DocumentError
from roto.masks import Ellipse, Paint, Polygon, Rectangle
from roto.masks.combine import combine
from roto.masks.mask import Canvas

CANVAS = Canvas(40, 30)


def rectangle(left, top, right, bottom, operation="add"):
    return Rectangle(
        center=((left + right) / 2, (top + bottom) / 2), size=(right - left, bottom - top), operation=operation
    )


def test_add_is_the_union():
    matte = combine([rectangle(2, 2, 20, 20), rectangle(10, 10, 30, 25)], CANVAS)
    assert matte.sum() == 18 * 18 + 20 * 15 - 10 * 10


def test_subtract_and_intersect_act_on_what_came_before():
    shapes = [rectangle(0, 0, 20, 20), rectangle(10, 0, 40, 30, "subtract"), rectangle(5, 5, 40, 30)]
    assert combine(shapes, CANVAS).sum() == 10 * 20 + 35 * 25 - 5 * 15
    assert combine([*shapes, rectangle(0, 0, 10, 10, "intersect")], CANVAS).sum() == 10 * 10


def test_a_shape_within_another_leaves_no_seam():
    outer = Ellipse(center=(20, 15), radii=(12, 12))
    inner = Ellipse(center=(21, 15), radii=(7.3, 7.3))
    np.testing.assert_array_equal(combine([outer, inner], CANVAS), outer.coverage(CANVAS))


def test_adding_a_shape_twice_changes_nothing():
    shape = Ellipse(center=(20, 15), radii=(12, 8), rotation_deg=20)
    np.testing.assert_array_equal(combine([shape, shape], CANVAS), shape.coverage(CANVAS))


def test_subtracting_a_shape_from_itself_leaves_half_of_its_edge_at_most():
    shape = Ellipse(center=(20, 15), radii=(12, 8))
    rest = combine([shape, Ellipse(center=(20, 15), radii=(12, 8), operation="subtract")], CANVAS)
    assert 0 < rest.max() <= 0.5


def test_errors_name_the_shape():
    shapes = [rectangle(2, 2, 20, 20), Paint(file="a.png")]
    with pytest.raises(DocumentError, match=r"^layers\[0\]\.keyframes\[1\]\.shapes\[1\]: a.png cannot be read here"):
        combine(shapes, CANVAS, "layers[0].keyframes[1].shapes")


def test_the_first_shape_adds():
    triangle = Polygon(points=((0, 0), (5, 0), (0, 5)), operation="intersect")
    with pytest.raises(DocumentError, match=r"^shapes\[0\]\.operation: 'intersect' has nothing before it"):
        combine([triangle], CANVAS)
