"""Pieces that turn up far from the subject are not believed, unless it was lost or comes out from behind something."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.track.learned.plausible import plausible

SHAPE = (120, 200)


def disc(x: float, radius: float, y: float = 60) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return (radius - np.hypot(columns - x, rows - y)).astype(np.float32)


CARRIED = disc(50, 20)
AREA = float(np.count_nonzero(CARRIED > 0))
UNKNOWN = np.full(SHAPE, -1, np.float32)  # nothing looks like the subject


def test_what_lies_far_away_is_left_out_and_the_rest_is_as_it_was() -> None:
    odds = np.maximum(disc(52, 20), disc(160, 12))
    kept = plausible(odds, CARRIED, UNKNOWN, AREA)
    assert not (kept[:, 140:] > 0).any()
    np.testing.assert_array_equal(kept[:, :100], odds[:, :100])


def test_a_piece_beside_the_subject_stays() -> None:
    odds = np.maximum(disc(52, 20), disc(80, 6))
    assert (odds > 0)[60, 72:76].tolist() == [False, False, False, True]
    np.testing.assert_array_equal(plausible(odds, CARRIED, UNKNOWN, AREA), odds)


@pytest.mark.parametrize("left", [disc(50, 6), disc(50, -5)])
def test_a_lost_subject_may_turn_up_anywhere(left: NDArray[np.float32]) -> None:
    odds = np.maximum(left, disc(160, 20))
    np.testing.assert_array_equal(plausible(odds, left, UNKNOWN, AREA), odds)


def test_a_single_piece_is_the_subject_wherever_it_is() -> None:
    odds = disc(160, 20)
    np.testing.assert_array_equal(plausible(odds, CARRIED, UNKNOWN, AREA), odds)


COLUMNS = np.arange(SHAPE[1])
BODY = disc(60, 30)
BEFORE_POST, BEHIND_POST = (np.where(where, BODY, np.float32(-5)) for where in (COLUMNS < 62, COLUMNS >= 78))
BODY_AREA = float(np.count_nonzero(BODY > 0))


def looks_of(odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """All of it looks like the subject, and nothing else does."""
    return np.where(odds > 0, np.float32(2), np.float32(-2))


def test_a_subject_behind_a_post_comes_out_on_its_other_side() -> None:
    odds = np.maximum(BEFORE_POST, BEHIND_POST)
    np.testing.assert_array_equal(plausible(odds, BEFORE_POST, looks_of(odds), BODY_AREA), odds)


def test_what_comes_out_has_to_look_like_the_subject() -> None:
    kept = plausible(np.maximum(BEFORE_POST, BEHIND_POST), BEFORE_POST, looks_of(BEFORE_POST), BODY_AREA)
    np.testing.assert_array_equal(kept > 0, BEFORE_POST > 0)


def test_what_comes_out_has_to_be_surely_there() -> None:
    odds = np.maximum(BEFORE_POST, BEHIND_POST)
    faint = np.where((COLUMNS >= 78) & (odds > 0), np.float32(0.9), odds)
    kept = plausible(faint, BEFORE_POST, looks_of(odds), BODY_AREA)
    np.testing.assert_array_equal(kept > 0, BEFORE_POST > 0)


def test_nothing_comes_out_where_nothing_is_hidden() -> None:
    odds = np.maximum(BEFORE_POST, BEHIND_POST)
    kept = plausible(odds, BEFORE_POST, looks_of(odds), 1.2 * np.count_nonzero(BEFORE_POST > 0))
    np.testing.assert_array_equal(kept > 0, BEFORE_POST > 0)


def test_what_comes_out_farther_away_than_half_the_subject_is_something_else() -> None:
    odds = np.maximum(BEFORE_POST, disc(120, 12))
    kept = plausible(odds, BEFORE_POST, looks_of(odds), BODY_AREA)
    np.testing.assert_array_equal(kept > 0, BEFORE_POST > 0)


LITTLE = np.where(COLUMNS < 50, BODY, np.float32(-5))  # a third of it


@pytest.mark.parametrize(("x", "kept"), [(100, True), (130, False)])
def test_what_is_mostly_hidden_may_come_out_as_far_away_as_it_is_large(x: float, kept: bool) -> None:
    odds = np.maximum(LITTLE, disc(x, 12))
    piece = plausible(odds, LITTLE, looks_of(odds), BODY_AREA)[60, int(x)] > 0
    assert piece == kept
