"""Pieces that turn up far from the subject are not believed, unless it was lost."""

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


def test_what_lies_far_away_is_left_out_and_the_rest_is_as_it_was() -> None:
    odds = np.maximum(disc(52, 20), disc(160, 12))
    kept = plausible(odds, CARRIED, AREA)
    assert not (kept[:, 140:] > 0).any()
    np.testing.assert_array_equal(kept[:, :100], odds[:, :100])


def test_a_piece_beside_the_subject_stays() -> None:
    odds = np.maximum(disc(52, 20), disc(80, 6))
    assert (odds > 0)[60, 72:76].tolist() == [False, False, False, True]
    np.testing.assert_array_equal(plausible(odds, CARRIED, AREA), odds)


@pytest.mark.parametrize("left", [disc(50, 6), disc(50, -5)])
def test_a_lost_subject_may_turn_up_anywhere(left: NDArray[np.float32]) -> None:
    odds = np.maximum(left, disc(160, 20))
    np.testing.assert_array_equal(plausible(odds, left, AREA), odds)


def test_a_single_piece_is_the_subject_wherever_it_is() -> None:
    odds = disc(160, 20)
    np.testing.assert_array_equal(plausible(odds, CARRIED, AREA), odds)
