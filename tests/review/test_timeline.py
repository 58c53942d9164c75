"""The timeline: exact while there is room, and honest about dips when there is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roto.review.timeline import COLUMNS, draw_timeline, tick_numbers


def test_a_short_clip_has_a_column_a_frame() -> None:
    drawn = draw_timeline(
        [10, 11, 12, 13], [1.0, 0.8, 0.6, 1.0], [1.0, 0.5, 0.1, 1.0], ["keyed", "both", "both", "keyed"], [10, 13]
    )
    assert [column.confidence for column in drawn.columns] == [1.0, 0.8, 0.6, 1.0]
    assert [(column.left, column.width) for column in drawn.columns] == [(0, 25), (25, 25), (50, 25), (75, 25)]
    assert drawn.columns[2].title == "frame 12: confidence 0.60, 10% likely good, both"
    assert [(mark.left, mark.label) for mark in drawn.keys] == [(12.5, "keyframe 10"), (87.5, "keyframe 13")]
    assert [(run.left, run.width, run.origin) for run in drawn.stretches] == [
        (0, 25, "keyed"),
        (25, 50, "both"),
        (75, 25, "keyed"),
    ]


def test_one_frame_alone_can_be_drawn() -> None:
    drawn = draw_timeline([7], [1.0], [1.0], ["keyed"], [7], suggested=None)
    assert len(drawn.columns) == len(drawn.keys) == len(drawn.ticks) == 1
    assert drawn.keys[0].left == 50
    assert drawn.suggested is None


def test_a_long_clip_is_decimated_and_no_dip_is_lost() -> None:
    total = 21_000
    confidences = [0.9] * total
    confidences[12_345] = 0.1
    likely = [value * 0.9 for value in confidences]
    numbers = range(1001, 1001 + total)
    drawn = draw_timeline(numbers, confidences, likely, ["both"] * total, range(1001, 22_001, 5), cuts=[9000])
    assert len(drawn.columns) == COLUMNS
    assert len(drawn.keys) <= COLUMNS
    assert len(drawn.stretches) == 1
    low = [column for column in drawn.columns if column.confidence < 0.5]
    assert [column.confidence for column in low] == [0.1]
    assert low[0].title.endswith("confidence at least 0.10, at least 9% likely good")
    assert low[0].left <= 100 * 12_345 / total <= low[0].left + low[0].width
    assert len(drawn.line) < 10_000


def test_marks_outside_the_range_are_left_out() -> None:
    drawn = draw_timeline([5, 6], [1.0, 1.0], [1.0, 1.0], ["keyed", "both"], [5, 99], cuts=[1, 6])
    assert [mark.label for mark in drawn.keys] == ["keyframe 5"]
    assert [mark.label for mark in drawn.cuts] == ["cut at frame 6"]


def test_the_suggested_frame_is_marked_at_its_place() -> None:
    drawn = draw_timeline(range(100), [0.5] * 100, [0.5] * 100, ["both"] * 100, [], suggested=24)
    assert drawn.suggested is not None
    assert (drawn.suggested.left, drawn.suggested.label) == (24.5, "key frame 24 next")


def test_confidence_one_is_at_the_top_and_what_exceeds_is_clipped() -> None:
    drawn = draw_timeline([0, 1], [1.0, -0.5], [1.0, 0.0], ["both", "both"], [])
    assert drawn.line == "M0.00 0.0L25.00 0.0L75.00 100.0L100.00 100.0"
    assert drawn.area == drawn.line + "L100 100L0 100Z"


@given(first=st.integers(-5000, 100_000), length=st.integers(1, 100_000))
def test_ticks_are_few_in_order_and_hold_both_ends(first: int, length: int) -> None:
    last = first + length - 1
    ticks = tick_numbers(first, last)
    assert ticks[0] == first
    assert ticks[-1] == last
    assert list(ticks) == sorted(set(ticks))
    assert len(ticks) <= 13


@pytest.mark.parametrize(("ends", "expected"), [((0, 47), (0, 5, 10, 15, 20, 25, 30, 35, 40, 47)), ((3, 3), (3,))])
def test_inner_ticks_are_round_and_keep_clear_of_the_ends(ends: tuple[int, int], expected: tuple[int, ...]) -> None:
    assert tick_numbers(*ends) == expected
