"""Where a subject leaves, in a span whose far key says that it is absent."""

import numpy as np
import pytest

from roto.image import Box
from roto.track.absence import leaves_at, presence, sure_of_absence
from roto.track.blend import sure_by_rule
from roto.track.state import absent_state, crop_state

WHOLE = Box(0, 0, 60, 40)
SQUARE = np.where(np.pad(np.ones((20, 20), bool), ((10, 10), (20, 20))), 2, -2).astype(np.float32)


@pytest.mark.parametrize(
    ("presences", "count"),
    [
        ([], 0),
        ([0.9, 0.8, 0.9, 0.1, 0.0], 3),
        ([0.9, 0.2, 0.9, 0.9], 4),
        ([0.4, 0.4, 0.35], 3),
        ([0.9, 0, 0, 0.8, 0, 0], 1),
        ([0.2, 0.3, 0.3], 0),
        ([0.9, 0.8, 0.05, 0.8, 0.8, 0.8], 2),  # what is found once nothing was left is something else
        ([0.9, 0.15, 0.8, 0.8], 4),
    ],
)
def test_a_subject_leaves_where_its_presence_ends(presences: list[float], count: int) -> None:
    assert leaves_at(presences) == count


def test_what_is_found_where_the_subject_cannot_be_tells_how_much_speaks_for_others() -> None:
    presences = [0.9, 0.8, 0.8, 0.45, 0.5, 0.55]
    assert leaves_at(presences, 0.0) == 6
    assert leaves_at(presences, 0.3) == 6
    assert leaves_at(presences, 0.57) == 3


def test_presence_needs_both_the_looks_and_a_sure_edge() -> None:
    both = presence(crop_state(1, SQUARE, WHOLE), sure_by_rule)
    unlike = presence(crop_state(1, SQUARE, WHOLE, support=0.1), sure_by_rule)
    drifted = presence(crop_state(1, SQUARE, WHOLE, drift_px=80), sure_by_rule)
    assert both > 0.9
    assert unlike < 0.35
    assert drifted < 0.4
    assert presence(absent_state(1), sure_by_rule) == 0


def test_absence_is_the_surer_the_longer_it_lasts() -> None:
    values = [sure_of_absence(frames) for frames in range(1, 30)]
    assert values == sorted(values)
    assert values[0] == 0.5
    assert values[-1] > 0.99
