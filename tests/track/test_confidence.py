"""Where to key next."""

from __future__ import annotations

import numpy as np
import pytest

from roto.image import EMPTY_BOX
from roto.track.confidence import suggest
from roto.track.solved import SolvedFrame


def frame(number: int, confidence: float, origin: str = "both", disagreement: float = 0.0) -> SolvedFrame:
    return SolvedFrame(
        number=number,
        box=EMPTY_BOX,
        patch=np.zeros((0, 0), np.int16),
        confidence=confidence,
        origin=origin,
        disagreement=disagreement,
        flicker_before=None,
        flicker_after=None,
    )


def test_the_middle_of_an_even_span() -> None:
    found = suggest([frame(n, 0.8) for n in range(1, 10)], [0, 10])
    assert found is not None
    assert found.number == 5
    assert 0 < found.gain < 0.2


def test_the_worst_stretch_wins() -> None:
    frames = [frame(n, 0.95) for n in range(1, 10)]
    frames += [frame(n, 0.3, disagreement=0.6) for n in range(11, 20)]
    found = suggest(frames, [0, 10, 20])
    assert found is not None
    assert found.number == 15
    assert "disagree by 60%" in found.reason


def test_one_bad_frame_comes_before_many_fair_ones() -> None:
    """A key among the fair ones would gain more in sum, and leave the bad frame as it is."""
    found = suggest([frame(n, 0.8) for n in range(1, 40)] + [frame(41, 0.4), frame(42, 0.8)], [0, 40, 43])
    assert found is not None
    assert found.number == 41
    assert "lowest here (0.40)" in found.reason


def test_the_gain_is_the_rise_of_mean_confidence_where_doubt_grows_with_the_distance_to_a_key() -> None:
    before = [frame(n, 1 - 0.01 * min(n, 20 - n)) for n in range(1, 20)]
    found = suggest(before, [0, 20])
    assert found is not None
    assert found.number == 10
    after = [1 - 0.01 * min(n, abs(n - 10), 20 - n) for n in range(21)]
    mean = (sum(each.confidence for each in before) + 2) / 21
    assert found.gain == pytest.approx(sum(after) / 21 - mean)


def test_a_shot_without_a_key_is_named() -> None:
    found = suggest([frame(n, 0.95) for n in range(1, 5)] + [frame(n, 0.0, "cut") for n in range(5, 9)], [0])
    assert found is not None
    assert "no keyframe in this shot" in found.reason


def test_nothing_to_gain() -> None:
    assert suggest([], [0]) is None
    assert suggest([frame(1, 1.0)], [0, 2]) is None
