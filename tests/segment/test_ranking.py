"""What agreement means, and that the best answer comes first."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.segment.prompt import Prompt
from roto.segment.ranking import agreement, overlap, ranked


def block(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.float32]:
    matte = np.zeros((40, 60), np.float32)
    matte[y0:y1, x0:x1] = 1
    return matte


SUBJECT = block(10, 10, 30, 25)


@pytest.mark.parametrize(
    ("points", "labels", "expected"),
    [
        (((20.0, 15.0),), (True,), 1.0),
        (((20.0, 15.0),), (False,), 0.0),
        (((50.0, 15.0),), (True,), 0.0),
        (((20.0, 15.0), (50.0, 30.0)), (True, False), 1.0),
        (((20.0, 15.0), (50.0, 30.0), (12.0, 12.0), (5.0, 5.0)), (True, True, True, False), 0.75),
        (((29.99, 24.99),), (True,), 1.0),  # the last pixel reaches to the block's corner
        (((30.01, 24.99),), (True,), 0.0),
        (((-3.0, 15.0),), (False,), 1.0),
    ],
)
def test_points_count_by_the_side_they_are_on(
    points: tuple[tuple[float, float], ...], labels: tuple[bool, ...], expected: float
) -> None:
    assert agreement(SUBJECT, Prompt(points=points, labels=labels)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10.0, 10.0, 30.0, 25.0), 1.0),
        ((10.0, 10.0, 30.0, 40.0), 0.5),  # half of the box is filled
        ((10.0, 10.0, 20.0, 25.0), 0.5),  # half of the answer is inside
        ((10.5, 10.0, 30.0, 25.0), 0.975),
        ((40.0, 30.0, 50.0, 38.0), 0.0),
        ((-10.0, -10.0, 70.0, 50.0), 300 / 4800),
    ],
)
def test_a_box_wants_the_answer_inside_and_to_be_filled(
    box: tuple[float, float, float, float], expected: float
) -> None:
    assert agreement(SUBJECT, Prompt(box=box)) == pytest.approx(expected)


def test_a_mask_wants_overlap() -> None:
    assert agreement(SUBJECT, Prompt(mask=SUBJECT)) == 1
    assert agreement(SUBJECT, Prompt(mask=block(20, 10, 40, 25))) == pytest.approx(1 / 3)


def test_clues_of_several_kinds_count_alike() -> None:
    prompt = Prompt(points=((50.0, 5.0),), labels=(True,), box=(10, 10, 30, 25), mask=SUBJECT)
    assert agreement(SUBJECT, prompt) == pytest.approx(2 / 3)


def test_an_empty_answer_agrees_with_nothing() -> None:
    for prompt in (Prompt(points=((1.0, 1.0),), labels=(False,)), Prompt(text="a dog"), Prompt(mask=0 * SUBJECT)):
        assert agreement(np.zeros_like(SUBJECT), prompt) == 0


def test_a_text_cannot_be_checked() -> None:
    assert agreement(SUBJECT, Prompt(text="a dog")) == 1


def test_overlap_of_coverages() -> None:
    assert overlap(SUBJECT, SUBJECT * np.float32(0.5)) == 0.5
    assert overlap(0 * SUBJECT, 0 * SUBJECT) == 1


def test_the_best_comes_first_by_estimate_and_agreement() -> None:
    click = Prompt(points=((20.0, 15.0),), labels=(True,))
    elsewhere, part = block(40, 0, 60, 20), block(15, 12, 25, 20)
    best = ranked([elsewhere, part, SUBJECT], [0.99, 0.6, 0.8], click)
    assert [each.score for each in best] == [0.8, 0.6, 0.99]
    assert best[0].matte is SUBJECT
    box = Prompt(box=(10, 10, 30, 25))
    assert ranked([part, SUBJECT], [0.9, 0.7], box)[0].matte is SUBJECT


def test_equals_keep_their_order() -> None:
    click = Prompt(points=((20.0, 15.0),), labels=(True,))
    mattes = [SUBJECT.copy() for _ in range(4)]
    assert [id(each.matte) for each in ranked(mattes, [0.5] * 4, click)] == [id(matte) for matte in mattes]


def test_estimates_are_held_to_their_range() -> None:
    click = Prompt(points=((20.0, 15.0),), labels=(True,))
    found = ranked([SUBJECT] * 3, [1.2, -0.1, float("nan")], click)
    assert [each.score for each in found] == [1, 0, 0]
