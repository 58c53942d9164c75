"""Numbers that change over time."""

from __future__ import annotations

from typing import Any

import pytest

from roto.curve import Curve, curve_in_json, curve_told
from roto.errors import DocumentError


def test_a_curve_is_held_before_its_first_key_and_after_its_last() -> None:
    curve = Curve(((10, 1.0), (0, 0.0)))
    assert [curve.at(number) for number in (-5, 0, 5, 10, 99)] == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize(
    ("ease", "values"), [("linear", [0.25, 0.5]), ("smooth", [0.15625, 0.5]), ("hold", [0.0, 0.0])]
)
def test_between_two_keys_it_goes_as_it_says(ease: str, values: list[float]) -> None:
    assert [Curve(((0, 0.0), (8, 1.0)), ease).at(number) for number in (2, 4)] == values


def test_a_key_is_met_exactly() -> None:
    curve = Curve(((1001, 0.1), (1004, 0.7), (1010, 0.3)), "smooth")
    assert [curve.at(number) for number in (1001, 1004, 1010)] == [0.1, 0.7, 0.3]


@pytest.mark.parametrize("text", ["0.2@0", "0.2@0:0.5@24", "0@-3:1@24:smooth", "1@0:0@1:hold"])
def test_words_and_json_are_the_same(text: str) -> None:
    data = curve_in_json(text)
    assert data is not None
    curve = Curve.from_json(data, {}, "x")
    assert curve_told(curve.to_json()) == text
    assert Curve.from_json(curve.to_json(), {}, "x") == curve


@pytest.mark.parametrize("text", ["0.5", "a@b", "me@example.org"])
def test_other_words_are_none(text: str) -> None:
    assert curve_in_json(text) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"keys": []}, "low.keys: a list of 0, but a list of [frame, value] is needed"),
        ({}, "low.keys: null, but a list of [frame, value] is needed"),
        ({"keys": [[0, 0.5], [0, 1]]}, "low.keys[1]: frame 0 is keyed already"),
        ({"keys": [[0, 2]]}, "low.keys[0]: the number 2 is too large, at most 1 is allowed"),
        ({"keys": [[0.5, 1]]}, "low.keys[0]: the number 0.5, but a whole number is needed"),
        ({"keys": [0]}, "low.keys[0]: the number 0, but [frame, value] is needed"),
        ({"keys": [[0, 1]], "ease": "bounce"}, "low.ease: 'bounce' is not one of linear, smooth, hold"),
        ({"keys": [[0, 1]], "curve": 1}, "low.curve: unknown key"),
    ],
)
def test_what_is_no_curve_is_told(data: dict[str, Any], message: str) -> None:
    with pytest.raises(DocumentError) as error:
        Curve.from_json(data, {"minimum": 0, "maximum": 1}, "low")
    assert str(error.value).startswith(message)
