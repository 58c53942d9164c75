"""Smoothing along the motion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.flow import one_thread
from roto.temporal.options import SmoothOptions
from roto.temporal.smooth import Entry, Smoothed, smooth
from roto.track.state import State, absent_state, crop_state
from roto.track.view import Detail

WIDTH, HEIGHT, COUNT = 150, 110, 8
NOISE = cv2.GaussianBlur(
    np.random.default_rng(1).standard_normal((HEIGHT, WIDTH + 60, 3)).astype(np.float32), (0, 0), 4
)
WHOLE = Box(0, 0, WIDTH, HEIGHT)


def picture(number: int) -> NDArray[np.uint8]:
    """A texture that pans by 2 px a frame."""
    return np.clip(128 + 400 * NOISE[:, 2 * number : 2 * number + WIDTH], 0, 255).astype(np.uint8)


def edge(number: int, jitter: float) -> State:
    """A disc that pans along, its radius shaking by ``jitter`` from frame to frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    radius = 25 + jitter * (-1) ** number
    return crop_state(number, (radius - np.hypot(columns - 80 + 2 * number, rows - 55)).astype(np.float32), WHOLE)


def run(entries: list[Entry], **options: float) -> list[Smoothed]:
    with one_thread():
        return list(smooth(iter(entries), SmoothOptions(**options), Detail()))


def entries(jitter: float = 0.8) -> list[Entry]:
    return [Entry(edge(n, jitter), picture(n), n in (0, COUNT - 1)) for n in range(COUNT)]


def area(state: State) -> int:
    return int(np.count_nonzero(state.patch > 0))


def test_pinned_frames_are_left_out_and_the_others_come_in_order() -> None:
    assert [result.state.number for result in run(entries())] == list(range(1, COUNT - 1))


def test_a_shaking_edge_is_calmed() -> None:
    results = run(entries())
    before = np.mean([r.flicker_before for r in results])
    after = np.mean([r.flicker_after for r in results[1:]])
    assert before > 1.2
    assert after < 0.5 * before


def test_a_steady_edge_stays_where_it_is() -> None:
    for result in run(entries(0.0)):
        truth = edge(result.state.number, 0.0)
        assert abs(area(result.state) - area(truth)) < 0.01 * area(truth)


def test_strength_zero_and_off_change_nothing() -> None:
    for options in ({"strength": 0.0}, {"enabled": False}):
        for result in run(entries(), **options):
            assert result.state.encode() == edge(result.state.number, 0.8).encode()
            assert result.flicker_before == result.flicker_after


def test_nothing_is_compared_across_a_cut_or_an_absence() -> None:
    middle = entries()
    middle[4] = Entry(absent_state(4), picture(4), False)
    results = {r.state.number: r for r in run(middle)}
    assert results[4].state.empty
    assert results[4].flicker_before is None
    assert results[5].flicker_before is None
    shots = [Entry(e.state, e.rgb if n < 4 else 255 - e.rgb[::-1] // 4, e.pinned) for n, e in enumerate(entries())]
    assert {r.state.number: r for r in run(shots)}[4].flicker_before is None


def at_half_rate(jitter: float, stride: int = 2) -> list[Entry]:
    """Every second one of them, or every ``stride``-th, and the keys."""
    unknown = [n for n in range(1, COUNT - 1) if n % stride]
    return [
        Entry(absent_state(n), e.rgb, pinned=False, known=False) if n in unknown else e
        for n, e in enumerate(entries(jitter))
    ]


@pytest.mark.parametrize("stride", [2, 3, 4, 7])
def test_a_frame_that_is_not_known_follows_from_its_neighbours(stride: int) -> None:
    for options in ({"radius_frames": 1}, {"radius_frames": 4}, {"enabled": False}):
        results = run(at_half_rate(0.0, stride), **options)
        assert [result.state.number for result in results] == list(range(1, COUNT - 1))
        for result in results:
            truth = edge(result.state.number, 0.0)
            assert abs(area(result.state) - area(truth)) < 0.02 * area(truth)
            assert result.flicker_after < 0.3


@pytest.mark.parametrize("stride", [2, 4])
def test_how_well_both_sides_agree_is_told_of_a_frame_that_is_not_known(stride: int) -> None:
    shown = at_half_rate(0.0, stride)
    for result in run(shown):
        assert (result.agreement is None) == (result.state.number % stride == 0)
        assert result.agreement is None or result.agreement > 0.95
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    shifted = (25 - np.hypot(columns - 80 + 2 * 4 - 20, rows - 55)).astype(np.float32)
    shown[4] = replace(shown[4], state=crop_state(4, shifted, WHOLE))
    overlap = {r.state.number: r.agreement for r in run(shown)}[3]
    lens = 2 * (np.arccos(0.4) - 0.4 * np.sqrt(1 - 0.4**2))  # of two discs of radius 1, 0.8 apart
    assert overlap == pytest.approx(lens / (2 * np.pi - lens), abs=0.05)


def test_a_thin_part_is_not_lost_between_two_that_are_known() -> None:
    """A line three pixels wide, at a third of the resolution."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]

    def cross(number: int) -> State:
        across, down = np.abs(columns - 80 + 2 * number), np.abs(rows - 55)
        distance = np.maximum(1.5 - np.minimum(across, down), -30.0) - np.maximum(np.maximum(across, down) - 40, 0)
        return crop_state(number, distance.astype(np.float32), WHOLE)

    shown = [Entry(cross(n), picture(n), pinned=n in (0, 4)) for n in range(5)]
    shown[1:4] = [Entry(absent_state(n), picture(n), pinned=False, known=False) for n in (1, 2, 3)]
    with one_thread():
        results = list(smooth(iter(shown), SmoothOptions(), Detail(pixels=1_000)))
    assert len(results) == 3
    for result in results:
        found, truth = (state.distance(WHOLE) > 0 for state in (result.state, cross(result.state.number)))
        assert np.count_nonzero(found & truth) > 0.9 * np.count_nonzero(found | truth)


def test_a_frame_that_is_not_known_is_found_from_one_side_where_the_other_says_nothing() -> None:
    shown = at_half_rate(0.0)
    shown[4] = Entry(absent_state(4), picture(4), False)
    for result in run(shown, enabled=False)[2:5:2]:
        truth = edge(result.state.number, 0.0)
        assert abs(area(result.state) - area(truth)) < 0.03 * area(truth)
        assert result.agreement is None
    shown[2] = Entry(absent_state(2), picture(2), False)
    results = {r.state.number: r.state for r in run(shown, enabled=False)}
    assert results[3].empty
    assert not results[3].cut


def test_what_leaves_the_picture_is_whole_until_it_has_left() -> None:
    """The edge of the frame after says nothing of what is beyond the picture by then."""
    rng = np.random.default_rng(5)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (HEIGHT, WIDTH + 60, 3)).astype(np.uint8), (0, 0), 2)
    shown = []
    for number in range(3):
        start = 10 * number  # all that is seen moves to the left and out
        rows, columns = np.mgrid[:HEIGHT, :WIDTH] + np.float32(0.5)
        distance = np.minimum(70 - start - columns, 30 - np.abs(rows - HEIGHT / 2))
        state = crop_state(number, distance.astype(np.float32), WHOLE, motion_px=10)
        shown.append(Entry(state, np.ascontiguousarray(wide[:, start : start + WIDTH]), pinned=number != 1))
    truth = shown[1].state
    shown[1] = Entry(absent_state(1), shown[1].rgb, pinned=False, known=False)
    (found,) = run(shown)
    inside, true = (state.distance(WHOLE) > 0 for state in (found.state, truth))
    assert np.count_nonzero(inside ^ true) < 0.03 * np.count_nonzero(true)


def test_frames_between_two_that_are_known_follow_from_the_nearer_one_across_a_cut() -> None:
    shown = [
        Entry(e.state, e.rgb if e.state.number < 3 else 255 - e.rgb[::-1] // 4, e.pinned, e.known)
        for e in at_half_rate(0.0, 4)
    ]
    results = {r.state.number: r.state for r in run(shown, enabled=False)}
    for number in range(1, COUNT - 1):
        assert abs(area(results[number]) - area(edge(number, 0.0))) < 0.05 * area(edge(number, 0.0))


def test_only_a_window_is_held() -> None:
    taken = 0

    def feed() -> Iterator[Entry]:
        nonlocal taken
        for entry in entries():
            taken += 1
            yield entry

    with one_thread():
        first = next(smooth(feed(), SmoothOptions(radius_frames=1), Detail()))
    assert first.state.number == 1
    assert taken == 3
