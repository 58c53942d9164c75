"""Shapes from files: our own JSON, bare points, and labelme's."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from roto.errors import DocumentError
from roto.masks import Ellipse, Paint, Polygon, Rectangle
from roto.masks.mask import Canvas
from roto.masks.read import read_shapes

TRIANGLE = [[1, 2], [30, 4], [5, 20]]


def labelme(*shapes, **more):
    return {
        "version": "5.7.0",
        "imagePath": "a.jpg",
        "imageWidth": 40,
        "imageHeight": 30,
        "shapes": list(shapes),
        **more,
    }


def shape(kind, points, label="dancer", **more):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}, **more}


def png(pixels):
    return base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode()


def only(data):
    (found,) = read_shapes(data).shapes
    return found


def test_a_bare_list_of_points_is_a_polygon():
    assert only(TRIANGLE).mask == Polygon(points=((1, 2), (30, 4), (5, 20)))


def test_our_own_shapes_one_or_several():
    polygon = {"type": "polygon", "points": TRIANGLE}
    hole = {"type": "ellipse", "center": [9, 8], "radii": [3, 2], "operation": "subtract"}
    assert only(polygon).mask == Polygon(points=((1, 2), (30, 4), (5, 20)))
    masks = [found.mask for found in read_shapes({"shapes": [polygon, hole]}).shapes]
    assert masks == [
        Polygon(points=((1, 2), (30, 4), (5, 20))),
        Ellipse(center=(9, 8), radii=(3, 2), operation="subtract"),
    ]


@pytest.mark.parametrize(
    ("kind", "points", "mask"),
    [
        ("polygon", TRIANGLE, Polygon(points=((1, 2), (30, 4), (5, 20)))),
        ("rectangle", [[30, 20], [10, 4]], Rectangle(center=(20, 12), size=(20, 16))),
        ("rectangle", [[1, 1], [9, 1], [9, 5], [1, 5]], Polygon(points=((1, 1), (9, 1), (9, 5), (1, 5)))),
        ("oriented_rectangle", [[5, 1], [9, 5], [5, 9], [1, 5]], Polygon(points=((5, 1), (9, 5), (5, 9), (1, 5)))),
        ("circle", [[20, 15], [23, 19]], Ellipse(center=(20, 15), radii=(5, 5))),
    ],
)
def test_kinds_of_labelme(kind, points, mask):
    assert only(labelme(shape(kind, points))).mask == mask


def test_version_3_has_polygons_without_saying_so():
    old = {
        "shapes": [{"label": "cat", "points": TRIANGLE, "line_color": None}],
        "imagePath": "a.jpg",
        "imageData": None,
    }
    found = read_shapes(old)
    assert found.size is None
    assert found.labels == ("cat",)
    assert isinstance(found.shapes[0].mask, Polygon)


def test_a_bitmap_comes_out_as_pixels_of_the_whole_picture():
    pixels = np.array([[0, 1, 1], [1, 1, 0]], np.uint8)
    found = only(labelme(shape("mask", [[9.6, 5.2], [11.6, 6.2]], mask=png(pixels))))
    assert found.mask is None
    assert found.pixels.shape == (30, 40)
    np.testing.assert_array_equal(found.pixels[5:7, 10:13], pixels)
    assert found.pixels.sum() == 4
    assert found.painted("keys/a.png").mask == Paint(file="keys/a.png", channel="luma")


def test_a_bitmap_at_the_border_is_cut_off():
    found = only(labelme(shape("mask", [[-1, 29], [1, 30]], mask=png(np.ones((2, 3), np.uint8)))))
    assert np.argwhere(found.pixels).tolist() == [[29, 0], [29, 1]]


def test_lines_and_points_are_skipped_and_named():
    data = labelme(shape("line", TRIANGLE[:2]), shape("polygon", TRIANGLE), shape("point", TRIANGLE[:1]))
    found = read_shapes(data, "a.json")
    assert len(found.shapes) == 1
    assert found.skipped == (
        "a.json.shapes[0] skipped: a line has no area",
        "a.json.shapes[2] skipped: a point has no area",
    )


def test_selecting_by_label_and_group():
    data = labelme(
        shape("polygon", TRIANGLE, "person", group_id=0),
        shape("circle", [[9, 9], [12, 9]], "person"),
        shape("rectangle", [[1, 1], [4, 5]], "ball", group_id=0),
    )
    found = read_shapes(data)
    assert found.labels == ("person", "ball")
    assert len(found.select("person").shapes) == 2
    assert len(found.select(group_id=0).shapes) == 2
    assert [kept.label for kept in found.select("ball", 0).shapes] == ["ball"]
    with pytest.raises(DocumentError) as error:
        found.select("cat", 3)
    assert str(error.value) == "no shape of label 'cat' group 3; there are person (group 0), person, ball (group 0)"


def test_a_file_with_nothing_to_use_says_why():
    with pytest.raises(DocumentError) as error:
        read_shapes(labelme(shape("line", TRIANGLE[:2]))).select()
    assert str(error.value) == "no shape; the file has none that could be a mask; shapes[0] skipped: a line has no area"


def test_shapes_drawn_on_another_size_are_refused():
    found = read_shapes(labelme(shape("polygon", TRIANGLE)))
    found.check_size(40, 30)
    with pytest.raises(DocumentError, match=r"drawn on a picture of 40 x 30 and the clip is 1920 x 1080"):
        found.check_size(1920, 1080)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("polygon", "a.json: the text 'polygon', but shapes or a list of points is needed"),
        ([[1, 2], [3, 4]], "a.json.points: 2 points, a polygon needs 3"),
        ([[1, 2], [3, 4], 5], "a.json[2]: the number 5, but [x, y] is needed"),
        ({"shape": []}, "a.json.shape: unknown key, did you mean 'shapes'?"),
        (labelme("x"), "a.json.shapes[0]: the text 'x', but an object is needed"),
        (
            labelme(shape("spline", TRIANGLE)),
            "a.json.shapes[0].shape_type: the text 'spline' cannot be a mask; "
            "these can: polygon, rectangle, oriented_rectangle, circle, mask",
        ),
        (labelme(shape(["line"], TRIANGLE)), "a.json.shapes[0].shape_type: a list of 1, but a text is needed"),
        (labelme(shape("polygon", TRIANGLE[:2])), "a.json.shapes[0].points: 2 points, a polygon needs 3"),
        (
            labelme(shape("circle", TRIANGLE)),
            "a.json.shapes[0].points: 3 points, but a circle is its centre and a point on it",
        ),
        (labelme(shape("mask", TRIANGLE[:2])), "a.json.shapes[0].mask: null, not a PNG image in base64"),
        (
            labelme(shape("mask", TRIANGLE[:2], mask="no")),
            "a.json.shapes[0].mask: not a PNG image in base64",
        ),
        (
            labelme(shape("mask", TRIANGLE[:2], mask=png(np.ones((9, 99), np.uint8)))),
            "a.json.shapes[0].mask: 99 x 9, larger than the picture of 40 x 30",
        ),
        (
            labelme(shape("mask", TRIANGLE[:2], mask=png(np.ones((9, 9), np.uint8))), imageWidth=None),
            "a.json.shapes[0]: a mask needs the picture's imageWidth and imageHeight, which the file lacks",
        ),
        (
            labelme(shape("mask", TRIANGLE, mask=png(np.ones((9, 9), np.uint8)))),
            "a.json.shapes[0].points: 3 points, but a mask has two corners",
        ),
        (
            labelme(shape("polygon", TRIANGLE), imageWidth="wide"),
            "a.json.imageWidth: the text 'wide', but a whole number is needed",
        ),
        ({"shapes": 3, "imagePath": ""}, "a.json.shapes: the number 3, but a list of shapes is needed"),
    ],
)
def test_bad_files_name_their_place(data, message):
    with pytest.raises(DocumentError) as error:
        read_shapes(data, "a.json")
    assert str(error.value) == message


def test_a_damaged_bitmap_is_refused():
    encoded = base64.b64decode(png(np.ones((9, 9), np.uint8)))[:40] + b"\0" * 20
    data = labelme(shape("mask", TRIANGLE[:2], mask=base64.b64encode(encoded).decode()))
    with pytest.raises(DocumentError, match="a damaged PNG image"):
        read_shapes(data)


def test_real_files_of_version_4_and_5(test_data: Path):
    folder = test_data / "shapes/labelme"
    files = [*sorted(folder.glob("*/data_annotated/*.json")), folder / "primitives/primitives.json"]
    assert len(files) == 12
    for file in files:
        found = read_shapes(json.loads(file.read_text()), file.name)
        width, height = found.size
        for each in found.shapes:
            matte = each.pixels if each.mask is None else each.mask.coverage(Canvas(width, height))
            assert matte.any()
            assert each.label in found.labels


def test_a_real_bitmap_lies_where_it_was_painted(test_data: Path):
    data = json.loads((test_data / "shapes/labelme/primitives/primitives.json").read_text())
    found = read_shapes(data)
    (octagon,) = found.select("octagon").shapes
    assert found.size == (560, 450)
    assert octagon.pixels.sum() == 7275
    rows, columns = np.nonzero(octagon.pixels)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (417, 305, 516, 404)
    assert len(found.skipped) == 3
