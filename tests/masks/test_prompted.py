"""Prompts in a document: what they may say, what is refused, and who is asked."""

from __future__ import annotations

import numpy as np
import pytest

from roto.errors import DocumentError
from roto.masks.mask import Canvas
from roto.masks.prompted import Prompted
from roto.masks.read import read_mask

ON, OFF = (20.0, 15.0, 1), (5.0, 5.0, 0)


def disc(value: float = 1.0):
    y, x = np.mgrid[:30, :40] + 0.5
    return (np.hypot(x - 20, y - 15) < 8).astype(np.float32) * np.float32(value)


def test_a_point_without_a_label_is_on_the_subject():
    assert read_mask({"type": "prompt", "points": [[20, 15], [5, 5, 0]]}, "") == Prompted(points=(ON, OFF))


def test_the_answer_is_the_mask():
    asked = []

    def answer(prompted, prior):
        asked.append((prompted, prior))
        return disc()

    prompt = Prompted(points=(ON,))
    np.testing.assert_array_equal(prompt.coverage(Canvas(40, 30, answer=answer)), disc())
    np.testing.assert_array_equal(
        Prompted(points=(ON,), invert=True).coverage(Canvas(40, 30, answer=answer)), 1 - disc()
    )
    assert asked[0] == (prompt, None)


def test_feather_widens_the_edge():
    soft = Prompted(points=(ON,), feather_px=4).coverage(Canvas(40, 30, answer=lambda *_: disc()))
    assert 0.2 < soft[15, 28] < 0.8


def test_without_a_picture_there_is_no_answer():
    with pytest.raises(DocumentError, match="needs a document with a clip"):
        Prompted(points=(ON,)).coverage(Canvas(40, 30))


def test_an_empty_answer_says_what_to_do():
    with pytest.raises(DocumentError, match="empty; move a point onto the subject"):
        Prompted(points=(ON,)).coverage(Canvas(40, 30, answer=lambda *_: disc(0)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "points: nothing says where the subject is"),
        ({"points": [[5, 5, 0]]}, "points: nothing says where the subject is"),
        ({"points": [[5, 5], [5.5, 5.2, 0]]}, "points[1]: 5.5, 5.2 is both on the subject and off it"),
        ({"points": [[5, 5]], "box": [10, 10, 20, 20]}, "points[0]: 5, 5 is on the subject and outside its box"),
        ({"points": [[5]]}, "points[0]: a list of 1, but [x, y]"),
        ({"points": [[5, 5, 2]]}, "points[0][2]: 2, but 1 (on the subject) or 0 (off it)"),
        ({"points": [[5, "a"]]}, "points[0][1]: the text 'a', but a number"),
        ({"points": "all"}, "points: the text 'all', but a list of points"),
        ({"points": [[5, 5]] * 201}, "points: 201 points, at most 200"),
        ({"box": [20, 10, 10, 20]}, "box: 20, 10, 10, 20 has no area"),
        ({"box": [20, 10, 30]}, "box: a list of 3, but [x0, y0, x1, y1]"),
        ({"points": [[5, 5]], "candidate": 0}, "candidate: the number 0 is too small"),
        ({"points": [[5, 5]], "boxes": []}, "boxes: unknown key, did you mean 'box'?"),
    ],
)
def test_what_is_no_prompt_is_refused(data, message):
    with pytest.raises(DocumentError) as error:
        read_mask({"type": "prompt", **data}, "")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (Prompted(points=(ON, (41, 3, 0))), "points[1]: 41, 3 is outside the 40 x 30 picture"),
        (Prompted(box=(50, 2, 60, 9)), "box: 50, 2, 60, 9 is outside the 40 x 30 picture"),
    ],
)
def test_a_prompt_outside_the_picture_is_refused_before_anybody_is_asked(prompt, message):
    def nobody(prompted, prior):
        raise AssertionError("asked")

    with pytest.raises(DocumentError) as error:
        prompt.coverage(Canvas(40, 30, answer=nobody))
    assert str(error.value) == message


def test_a_box_may_reach_beyond_the_picture():
    prompt = Prompted(box=(-5, -5, 20, 20))
    assert prompt.coverage(Canvas(40, 30, answer=lambda *_: disc())).any()
