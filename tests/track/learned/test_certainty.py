"""The facts from which a frame's confidence is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roto.image import Box
from roto.signed_distance import signed_distance
from roto.track.learned.certainty import FACTS, expected_overlap, facts, sure
from roto.track.state import State, absent_state, crop_state


def state(disc: Any, odds: float | None = None, **known: Any) -> State:
    """A disc; ``odds`` are those of its pixels, and against those of the others."""
    distance = signed_distance(disc.matte(0))
    said = None if odds is None else np.where(distance > 0, odds, -odds).astype(np.float32)
    return crop_state(5, distance, Box(0, 0, disc.width, disc.height), odds=said, **known)


def test_the_surer_the_network_the_more_overlap_it_promises(disc: Any) -> None:
    promised = [expected_overlap(state(disc, odds)) for odds in (0.5, 2, 4, 7.5)]
    assert promised == sorted(promised)
    assert promised[0] < 0.5
    assert promised[-1] > 0.99


def test_the_overlap_it_promises_is_that_of_independent_pixels(disc: Any) -> None:
    one = state(disc, 2.0)
    share, inside = 1 / (1 + np.exp(-2.0)), np.count_nonzero(one.patch > 0)
    outside = one.patch.size - inside
    assert expected_overlap(one) == pytest.approx(share * inside / (inside + (1 - share) * outside))


def test_an_edge_of_which_nobody_gave_the_odds_is_judged_by_its_distance(disc: Any) -> None:
    assert 0.8 < expected_overlap(state(disc)) < 1


def test_facts_are_finite_whatever_is_known(disc: Any) -> None:
    lost = absent_state(5, age=9)
    every = [state(disc), state(disc, 7.9), state(disc, -7.9), state(disc, 1.0, age=10_000, drift_px=1e6), lost]
    for one in every:
        for near in every:
            for agreement in (None, 0.0, 1.0):
                known = facts(one, near, agreement)
                assert known.shape == (FACTS,)
                assert np.isfinite(known).all()
                assert np.abs(known).max() < 4


def test_of_a_lost_subject_nothing_but_that_is_known(disc: Any) -> None:
    known = facts(absent_state(5, age=9), state(disc, 3.0, age=2), 0.0)
    assert known[0] == 1
    assert set(np.flatnonzero(known)) == {0, 1}


def test_confidence_is_a_share(disc: Any) -> None:
    known = facts(state(disc, 3.0, age=2), state(disc, 3.0, age=2), 0.9)
    assert sure(np.zeros(FACTS, np.float32), known) == 0.5
    for weight in (-20, 20):
        assert 0 <= sure(np.full(FACTS, weight, np.float32), known) <= 1
    assert sure(np.eye(FACTS, dtype=np.float32)[6], known) == pytest.approx(1 / (1 + np.exp(-0.9)))
