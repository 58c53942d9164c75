"""From a network's answer at working resolution to the edge at that of the frame."""

from __future__ import annotations

import numpy as np
import pytest

from roto.image import Box
from roto.track.learned.moved import moved
from roto.track.learned.nets import MOST_PRIOR, ODDS_PER_PX
from roto.track.view import view_of


@pytest.mark.parametrize("pixels", [100_000, 100_100, 40_000])
def test_an_answer_that_agrees_leaves_the_edge_where_it_is(pixels: int) -> None:
    # 209 x 480 is just more than 100,000 pixels: its view is as wide as the box and one row lower
    view = view_of(Box(0, 0, 209, 480), pixels)
    rows = np.mgrid[:480, :209][0]
    carried = np.clip(200.25 - rows, -32, 64).astype(np.float32)
    small = view.down(carried)
    answer = np.clip(small * ODDS_PER_PX, -MOST_PRIOR, MOST_PRIOR).astype(np.float32)
    result = moved(carried, small, answer, view)
    assert result.shape == carried.shape
    np.testing.assert_array_equal(result > 0, carried > 0)
    near = np.abs(carried) < 1
    np.testing.assert_allclose(result[near], carried[near], atol=0.2)


@pytest.mark.parametrize("stretched", [0.4, 2.5])
def test_the_edge_goes_where_the_answer_says_however_flow_has_stretched_the_distance(stretched: float) -> None:
    view = view_of(Box(0, 0, 200, 120))
    columns = np.mgrid[:120, :200][1].astype(np.float32)
    carried = np.clip((100 - columns) * np.float32(stretched), -32, 64)
    answer = np.clip((112 - columns) * ODDS_PER_PX, -MOST_PRIOR, MOST_PRIOR).astype(np.float32)
    result = moved(carried, view.down(carried), answer, view)
    np.testing.assert_allclose(np.count_nonzero(result > 0, axis=1), 112, atol=1)
