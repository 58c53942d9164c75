"""Where to key next."""

from __future__ import annotations

import numpy as np
import pytest

from roto.image import EMPTY_BOX
from roto.track.blend import likely_good
from roto.track.confidence import suggest, suggestions
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
    assert "lowest around here (0.40)" in found.reason


def test_frames_that_are_unsure_together_come_before_one_that_is_so_alone() -> None:
    frames = [frame(n, 0.9) for n in range(1, 40)]
    frames[9] = frame(10, 0.55)
    frames[25:30] = [frame(n, 0.6) for n in range(26, 31)]
    found = suggestions(frames, [0, 40], 3)
    assert [each.number for each in found[:2]] == [28, 10]


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


def test_several_are_what_one_would_be_after_the_others() -> None:
    """What is expected of a key is what the next suggestion starts from."""
    frames = [frame(n, 1 - 0.01 * min(n, 20 - n)) for n in range(1, 20)]
    found = suggestions(frames, [0, 20], 3)
    assert found[0] == suggest(frames, [0, 20])
    assert [each.number for each in found] == [10, 5, 15]
    keyed = [frame(n, 1 - 0.01 * min(n, abs(n - 10), 20 - n)) for n in range(1, 20) if n != 10]
    then = suggest(keyed, [0, 10, 20])
    assert then is not None
    assert (then.number, then.gain) == (5, pytest.approx(found[1].gain))
    assert found[0].reason == "confidence is lowest around here (0.90)"
    assert found[1].reason == "confidence is expected to be lowest around here then (0.95)"


def test_a_frame_that_no_earlier_suggestion_helps_keeps_its_reason() -> None:
    frames = [frame(n, 0.9) for n in range(1, 10)]
    frames += [frame(15, 0.3, disagreement=0.6), frame(25, 0.4, disagreement=0.5)]
    found = suggestions(frames, [0, 14, 16, 24, 26], 2)
    assert [each.number for each in found] == [15, 25]
    assert "disagree by 50%" in found[1].reason


def test_suggestions_end_where_nothing_is_left_to_gain() -> None:
    found = suggestions([frame(1, 0.5), frame(2, 1.0), frame(3, 0.7)], [0, 4], 10)
    assert [each.number for each in found] == [1, 3]
    assert suggestions([], [0], 3) == ()


def test_no_frame_is_suggested_twice() -> None:
    found = suggestions([frame(n, 0.0, "cut") for n in range(30)], [], 100)
    assert sorted(each.number for each in found) == list(range(30))


def test_the_likelihood_of_a_good_frame_rises_with_confidence() -> None:
    values = [likely_good(x / 100) for x in range(101)]
    assert values == sorted(set(values))
    assert values[0] < 0.01
    assert 0.9 < values[100] <= 1
    assert frame(1, 0.63).likely_good == likely_good(0.63)


def test_an_absent_frame_is_as_likely_good_as_it_is_sure() -> None:
    assert frame(1, 0.63, "absent").likely_good == 0.63
