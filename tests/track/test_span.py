"""Spans between keyframes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roto.errors import RotoError
from roto.track.span import Key, Span, split_spans

MATTE = np.ones((2, 3), np.float32)


def key(number: int) -> Key:
    return Key(number, MATTE)


def ends(spans: list[Span]) -> list[tuple[int | None, int | None, int, int]]:
    return [(s.left and s.left.number, s.right and s.right.number, s.first, s.last) for s in spans]


def test_before_between_and_after() -> None:
    assert ends(split_spans([key(8), key(3)], 1, 10)) == [(None, 3, 1, 2), (3, 8, 4, 7), (8, None, 9, 10)]


def test_adjacent_keys_and_keys_at_the_ends_leave_nothing() -> None:
    assert ends(split_spans([key(1), key(2), key(4)], 1, 4)) == [(2, 4, 3, 3)]


def test_keys_beyond_the_range_carry_into_it() -> None:
    assert ends(split_spans([key(0), key(20)], 5, 9)) == [(0, 20, 5, 9)]


@given(st.sets(st.integers(-20, 40), min_size=1, max_size=8), st.integers(-10, 10), st.integers(0, 30))
def test_every_frame_is_keyed_or_in_one_span(numbers: set[int], first: int, length: int) -> None:
    spans = split_spans([key(n) for n in numbers], first, first + length)
    solved = [n for span in spans for n in range(span.first, span.last + 1)]
    assert solved == [n for n in range(first, first + length + 1) if n not in numbers]


def test_no_keys_and_two_on_a_frame_are_errors() -> None:
    with pytest.raises(RotoError, match="no keyframes"):
        split_spans([], 0, 5)
    with pytest.raises(RotoError, match="two keyframes on frame 3"):
        split_spans([key(3), key(3)], 0, 5)


def test_an_empty_matte_says_absent() -> None:
    assert Key(0, np.zeros((2, 3), np.float32)).absent
    assert not key(0).absent
