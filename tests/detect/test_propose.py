"""Proposals of a frame, and which frame is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.choose import choose_frame
from roto.detect.find import overlap
from roto.detect.propose import propose
from roto.timing import FrameRange


def test_the_moving_disc_comes_first_with_its_box_and_an_anti_aliased_matte(disc: Any) -> None:
    proposals = propose(disc.frames[6], disc.around(6), ["motion", "salient"])
    first, true = proposals[0], disc.mattes[6]
    assert (first.number, first.how) == (1, "motion")
    assert overlap(first.matte >= 0.5, true >= 0.5) > 0.9
    assert first.share == pytest.approx(float(true.mean()), rel=0.1)
    assert all(abs(found - exact) <= 3 for found, exact in zip(first.box, (99, 54, 152, 107), strict=True))
    assert 0 < first.score <= 1
    assert np.count_nonzero((first.matte > 0.05) & (first.matte < 0.95)) > 60
    assert [proposal.number for proposal in proposals] == list(range(1, len(proposals) + 1))


def test_no_more_than_asked_for(disc: Any) -> None:
    assert len(propose(disc.frames[6], disc.around(6), ["motion", "salient"], most=1)) == 1


def test_a_pan_over_texture_alone_proposes_nothing(bare: Any) -> None:
    assert propose(bare.frames[6], bare.around(6), ["motion", "salient"]) == ()


def test_outlines_are_drawn_on_the_full_picture(flower: NDArray[np.uint8], flower_matte: NDArray[np.float32]) -> None:
    import cv2

    large = np.asarray(cv2.resize(flower, (1920, 1280), interpolation=cv2.INTER_CUBIC), np.uint8)
    true = cv2.resize(flower_matte, (1920, 1280), interpolation=cv2.INTER_CUBIC) >= 0.5
    (first, *_) = propose(large, {}, ["salient"])
    assert overlap(first.matte >= 0.5, true) > 0.95


def test_the_frame_with_the_whole_subject_is_taken(disc: Any, bare: Any) -> None:
    """The disc is there in the last third only."""
    pictures = bare.read(range(13))

    def read(numbers: Any) -> dict[int, NDArray[np.uint8]]:
        return {number: disc.frames[number] if number >= 8 else pictures[number] for number in numbers}

    assert choose_frame(read, FrameRange(0, 12)) >= 8


def test_without_motion_it_is_the_middle_frame(bare: Any, flower: NDArray[np.uint8]) -> None:
    assert choose_frame(lambda numbers: dict.fromkeys(numbers, flower), FrameRange(1001, 1021)) == 1011
    assert choose_frame(lambda numbers: dict.fromkeys(numbers, flower), FrameRange(7, 7)) == 7


def test_choosing_reads_a_bounded_number_of_frames(flower: NDArray[np.uint8]) -> None:
    asked: list[list[int]] = []

    def read(numbers: Any) -> dict[int, NDArray[np.uint8]]:
        asked.append(list(numbers))
        return dict.fromkeys(numbers, flower)

    choose_frame(read, FrameRange(0, 21_765))
    assert len(asked) <= 9
    assert max(map(len, asked)) <= 3
