"""Which frames a pass looks at."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from roto.image import Box
from roto.motion.flow import one_thread
from roto.track.pace import EVERY_FRAME, Pace, next_look, with_motion
from roto.track.span import Key, Span
from roto.track.state import State, absent_state, crop_state

SIDE = 40  # of a square subject, so its size


def square(number: int, motion_px: float = 0.0) -> State:
    distance = np.full((120, 160), -20, np.float32)
    distance[30 : 30 + SIDE, 60 : 60 + SIDE] = 5
    return crop_state(number, distance, Box(0, 0, 160, 120), motion_px=motion_px)


def span_of(left: int | None, right: int | None, first: int, last: int) -> Span:
    shown = np.ones((1, 1), np.float32)
    return Span(*(None if number is None else Key(number, shown) for number in (left, right)), first, last)


def looks(span: Span, forward: bool, pace: Pace, motion_px: float = 0.0) -> list[int]:
    key = span.left if forward else span.right
    assert key is not None
    found, state = [], square(key.number, motion_px)
    while (number := next_look(span, state, forward, pace)) is not None:
        found.append(number)
        state = replace(state, number=number)
    return found


@pytest.mark.parametrize(
    ("motion_px", "stride"), [(0.0, 8), (0.9, 8), (1.1, 4), (1.9, 4), (2.1, 2), (3.9, 2), (4.1, 1), (50.0, 1)]
)
def test_a_slower_subject_is_looked_at_less_often(motion_px: float, stride: int) -> None:
    """In one stride it moves by no more than a fifth of its size."""
    assert Pace(1, 8).stride(square(0, motion_px)) == stride
    assert Pace(2, 4).stride(square(0, motion_px)) == min(max(stride, 2), 4)
    assert EVERY_FRAME.stride(square(0, motion_px)) == 1


def test_a_subject_that_is_lost_is_looked_for_often() -> None:
    assert Pace(2, 8).stride(absent_state(3)) == 2


@pytest.mark.parametrize(
    ("left", "right", "first", "last", "chosen"),
    [
        (0, 8, 1, 7, [2, 4, 6]),
        (0, 9, 1, 8, [2, 4, 6, 8]),
        (0, None, 1, 7, [2, 4, 6, 7]),
        (0, 20, 5, 9, [5, 6, 8, 9]),
        (0, 2, 1, 1, [1]),
        (0, 3, 1, 2, [2]),
    ],
)
def test_every_second_frame(left: int | None, right: int | None, first: int, last: int, chosen: list[int]) -> None:
    span = span_of(left, right, first, last)
    assert [t for t in looks(span, True, Pace(2, 2)) if first <= t <= last] == chosen
    assert [t for t in looks(span, True, EVERY_FRAME) if first <= t <= last] == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("left", "right", "first", "last", "chosen"),
    [
        (0, 25, 1, 24, [24, 20, 16, 12, 8, 4]),
        (0, 30, 1, 29, [28, 24, 20, 16, 12, 8, 4]),
        (None, 25, 0, 24, [21, 17, 13, 9, 5, 1, 0]),
        (None, 50, 0, 25, [25, 23, 19, 15, 11, 7, 3, 0]),
    ],
)
def test_every_fourth_frame_backwards(
    left: int | None, right: int | None, first: int, last: int, chosen: list[int]
) -> None:
    span = span_of(left, right, first, last)
    assert [t for t in looks(span, False, Pace(1, 4)) if first <= t <= last] == chosen


@pytest.mark.parametrize("pace", [EVERY_FRAME, Pace(1, 4), Pace(2, 2)])
def test_the_frame_of_a_key_without_the_subject_comes_last(pace: Pace) -> None:
    gone = np.zeros((1, 1), np.float32)
    whole = span_of(0, 20, 1, 19)
    leaves, enters = replace(whole, right=Key(20, gone)), replace(whole, left=Key(0, gone))
    assert looks(leaves, True, pace) == [*looks(whole, True, pace), 20]
    assert looks(enters, False, pace) == [*looks(whole, False, pace), 0]
    assert looks(replace(leaves, last=15), True, pace)[-1] == 15  # its frame is not among those that are asked for


def test_frames_between_a_key_outside_and_the_span_are_all_looked_at() -> None:
    assert looks(span_of(0, None, 3, 27), True, Pace(1, 4)) == [1, 2, 3, 6, 10, 14, 18, 22, 26, 27]
    assert looks(span_of(None, 40, 2, 37), False, Pace(1, 2)) == [39, 38, 37, *range(35, 2, -2), 2]


@pytest.mark.parametrize(("length", "stride"), [(2, 1), (11, 1), (12, 2), (23, 2), (24, 4), (47, 4), (48, 8), (500, 8)])
def test_strides_are_short_in_a_short_span(length: int, stride: int) -> None:
    span = span_of(0, length + 1, 1, length)
    assert looks(span, True, Pace(1, 8)) == list(range(stride, length + 1, stride))
    assert looks(span, True, Pace(2, 8)) == list(range(max(stride, 2), length + 1, max(stride, 2)))


@pytest.mark.parametrize("length", [1, 2, 3, 5, 11, 12, 13, 14, 15, 24, 27, 31, 48, 53, 55])
@pytest.mark.parametrize(("fast", "slow"), [(50.0, 0.0), (1.5, 3.0)])
def test_the_passes_have_frames_in_common_and_no_more_than_a_stride_apart(
    length: int, fast: float, slow: float
) -> None:
    """However fast each of them takes the subject to be."""
    span, pace = span_of(10, 11 + length, 11, 10 + length), Pace(1, 8)
    common = set(looks(span, True, pace, fast)) & set(looks(span, False, pace, slow))
    edges = [10, *sorted(common), 11 + length]
    assert common
    assert max(b - a for a, b in pairwise(edges)) <= 8


@pytest.mark.parametrize("speed", [0, 3, 7])
def test_a_key_is_seen_to_move(speed: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (15, 24, 3)).astype(np.uint8)
    texture = noise.repeat(8, 0).repeat(8, 1)
    with one_thread():
        state = with_motion(square(0), texture[:, :160], texture[:, speed : speed + 160])
    assert state.motion_px == pytest.approx(speed, abs=0.5)
    assert State.decode(state.encode()).motion_px == state.motion_px


def test_a_key_without_the_subject_does_not_move() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    assert with_motion(absent_state(3), picture, picture).motion_px == 0
