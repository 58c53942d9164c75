"""Which answers are believed: finer edges and coloured changes are, jumps to something else are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.signed_distance import coverage
from roto.track.acceptance import Accepted, Looks, accept, overlap

WIDTH, HEIGHT = 220, 160
Distance = NDArray[np.float32]


def disc(x: float, radius: float = 40, y: float = 80) -> Distance:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (radius - np.hypot(columns - x, rows - y)).astype(np.float32)


def looks_of(truth: Distance, faithful: float = 0.95) -> Looks:
    """Colours that tell the subject at ``truth`` from its background, right for that share of the pixels."""

    def looks(distance: Distance) -> float:
        share = float((truth[distance > 0] > 0).mean()) if (distance > 0).any() else 0.0
        return faithful * share + (1 - faithful) * (1 - share)

    return looks


def blind(distance: Distance) -> float:
    return 0.5


def weigh(carried: Distance, answer: Distance, looks: Looks | None) -> Accepted:
    return accept(carried, carried, coverage(answer), None, looks)


@pytest.mark.parametrize("looks", [None, blind, looks_of(disc(100, 43))])
def test_a_finer_edge_is_taken(looks: Looks | None) -> None:
    found = weigh(disc(100), disc(100, 42), looks)
    assert found.verdict == "accepted"
    assert found.kept == 1
    assert found.matte is not None
    assert np.array_equal(found.matte, coverage(disc(100, 42)))


@pytest.mark.parametrize("looks", [None, blind, looks_of(disc(60))])
def test_a_jump_to_something_else_is_refused(looks: Looks | None) -> None:
    found = weigh(disc(60), disc(150), looks)
    assert (found.verdict, found.matte, found.kept) == ("refused", None, 0.0)


def test_an_empty_answer_and_a_full_one_are_refused() -> None:
    for answer in (np.zeros((HEIGHT, WIDTH), np.float32), np.ones((HEIGHT, WIDTH), np.float32)):
        assert accept(disc(60), disc(60), answer, None, looks_of(disc(60))).verdict == "refused"


def test_a_neighbour_that_comes_along_is_left_out() -> None:
    found = weigh(disc(60), np.maximum(disc(60, 41), disc(150, 25)), looks_of(disc(60)))
    assert found.verdict == "partly"
    assert found.matte is not None
    assert overlap(found.matte >= 0.5, disc(60, 41) > 0) > 0.995
    assert 0 < found.kept < 0.2


def test_a_limb_that_flow_has_lost_comes_back_where_the_colours_know_it() -> None:
    whole = np.maximum(disc(80), disc(130, 22))
    assert weigh(disc(80), whole, looks_of(whole)).verdict == "accepted"
    refused = weigh(disc(80), whole, looks_of(disc(80)))
    assert refused.matte is not None
    assert overlap(refused.matte >= 0.5, disc(80) > 0) > 0.99


def test_background_that_was_carried_along_goes_where_the_colours_know_it() -> None:
    whole = np.maximum(disc(80), disc(130, 22))
    assert weigh(whole, disc(80), looks_of(disc(80))).verdict == "accepted"
    assert weigh(whole, disc(80), looks_of(whole)).verdict == "partly"


def test_what_is_left_out_keeps_the_carried_edge_to_the_sub_pixel() -> None:
    found = weigh(disc(60.3), np.maximum(disc(60.3), disc(118, 20)), looks_of(disc(60.3)))
    assert found.matte is not None
    assert np.abs(found.matte - coverage(disc(60.3))).max() < 1e-6


def test_overlap_of_nothing_with_nothing_is_whole() -> None:
    nothing = np.zeros((3, 3), bool)
    assert overlap(nothing, nothing) == 1
    assert overlap(nothing, ~nothing) == 0
