"""A model's own subjects: filtered, each once, at the full picture's size."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.automatic import Automatic, find_automatic
from roto.detect.find import overlap
from roto.detect.propose import propose
from roto.segment.prompt import Candidate


class Model:
    """Answers with rectangles, given as shares of the picture: (x0, y0, x1, y1, score)."""

    def __init__(self, *boxes: tuple[float, float, float, float, float]) -> None:
        self.boxes = boxes
        self.seen: list[tuple[int, ...]] = []

    def subjects(self, rgb: NDArray[np.uint8], *, points_per_side: int) -> tuple[Candidate, ...]:
        self.seen.append((*rgb.shape, points_per_side))
        return tuple(self._answer(rgb, box) for box in self.boxes)

    @staticmethod
    def _answer(rgb: NDArray[np.uint8], box: tuple[float, ...]) -> Candidate:
        height, width = rgb.shape[:2]
        matte = np.zeros((height, width), np.float32)
        x0, y0, x1, y1 = (round(value * size) for value, size in zip(box, (width, height) * 2, strict=False))
        matte[y0:y1, x0:x1] = 1
        return Candidate(matte, box[4], 1.0)


def plate(height: int = 160, width: int = 240) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 80, np.uint8)


def test_repeats_specks_and_the_whole_picture_are_left_out() -> None:
    model = Model(
        (0.2, 0.2, 0.5, 0.6, 0.9),
        (0.21, 0.2, 0.5, 0.6, 0.95),
        (0.6, 0.6, 0.61, 0.61, 0.99),
        (0, 0, 1, 1, 0.99),
        (0.6, 0.3, 0.8, 0.5, 0.8),
    )
    assert isinstance(model, Automatic)
    found = find_automatic(plate(), model)
    assert [round(float(find.inside.mean()), 2) for find in found] == [0.12, 0.04]


def test_large_pictures_are_shown_smaller_and_answered_in_full() -> None:
    model = Model((0.25, 0.25, 0.5, 0.75, 0.9))
    (proposal,) = propose(plate(1500, 3000), {}, ["sam"], automatic=model)
    assert model.seen == [(512, 1024, 3, 16)]
    assert proposal.matte.shape == (1500, 3000)
    assert proposal.matte.dtype == np.float32
    for found, true in zip(proposal.box, (750, 375, 1500, 1125), strict=True):
        assert abs(found - true) <= 2


def test_sam_without_a_model_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        propose(plate(), {}, ["sam"])


def test_what_two_methods_find_comes_first_and_the_model_draws_it(disc: Any) -> None:
    rgb, around, true = disc.frames[6], disc.around(6), disc.mattes[6] >= 0.5
    rows, columns = np.nonzero(true)
    x0, x1, y0, y1 = columns.min() / 240, (columns.max() + 1) / 240, rows.min() / 160, (rows.max() + 1) / 160
    model = Model((0.02, 0.05, 0.3, 0.4, 1.0), (x0, y0, x1, y1, 0.7))
    alone = propose(rgb, around, ["motion"])
    both = propose(rgb, around, ["sam", "motion"], automatic=model)
    assert [proposal.number for proposal in both] == list(range(1, len(both) + 1))
    assert both[0].how == "sam"
    assert overlap(both[0].matte >= 0.5, true) > 0.7
    assert both[0].score > alone[0].score
    assert not any(proposal.how == "motion" and overlap(proposal.matte >= 0.5, true) > 0.6 for proposal in both)


def test_sam_can_be_asked() -> None:
    from roto.segment.sam import SamSegmenter

    assert "points_per_side" in inspect.signature(SamSegmenter.subjects).parameters
