"""The moving subject against exact mattes: found while the camera pans, and not made up where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roto.detect.find import overlap, parts
from roto.detect.moving import find_moving, motion_evidence
from roto.detect.propose import neighbours_of, same_shot
from roto.motion.flow import one_thread
from roto.timing import FrameRange


@pytest.mark.parametrize("number", [0, 6, 12])
def test_the_disc_is_found_while_the_camera_pans(disc: Any, number: int) -> None:
    found = find_moving(disc.frames[number], disc.around(number))
    assert found
    assert overlap(found[0].inside, disc.mattes[number] >= 0.5) > 0.85
    assert found[0].how == "motion"


def test_a_pan_alone_is_no_subject(bare: Any) -> None:
    for number in (0, 6, 12):
        assert find_moving(bare.frames[number], bare.around(number)) == []


def test_a_still_and_a_single_frame_have_no_motion(disc: Any) -> None:
    rgb = disc.frames[6]
    assert find_moving(rgb, {}) == []
    assert find_moving(rgb, dict.fromkeys((-2, -1, 1, 2), rgb)) == []


def test_flat_pictures_have_no_motion() -> None:
    grey = np.full((90, 160, 3), 117, np.uint8)
    assert find_moving(grey, {-1: grey, 1: grey}) == []


def test_the_same_bytes_each_time(disc: Any) -> None:
    first, again = (find_moving(disc.frames[5], disc.around(5)) for _ in range(2))
    assert [find.score for find in first] == [find.score for find in again]
    assert all(np.array_equal(a.inside, b.inside) for a, b in zip(first, again, strict=True))


def test_beyond_a_cut_is_not_looked(disc: Any) -> None:
    pictures = disc.read(range(2, 11))
    other = np.zeros_like(pictures[7])
    other[:, ::2] = (255, 0, 200)
    for number in (8, 9, 10):
        pictures[number] = other
    assert sorted(same_shot(6, pictures)) == [-4, -2, -1, 1]


def test_frames_at_the_ends_have_the_neighbours_there_are() -> None:
    clip = FrameRange(1001, 1006)
    assert list(neighbours_of(1001, clip)) == [1001, 1002, 1003, 1004, 1005]
    assert list(neighbours_of(1006, clip)) == [1002, 1003, 1004, 1005, 1006]
    assert list(neighbours_of(5, FrameRange(5, 5))) == [5]


def two_halves() -> np.ndarray:
    inside = np.zeros((120, 200), bool)
    inside[40:80, 50:95] = inside[40:80, 101:150] = True
    return inside


def test_pieces_that_nearly_touch_are_one_subject_unless_they_move_apart() -> None:
    inside, motion = two_halves(), np.zeros((120, 200, 2), np.float32)
    motion[..., 0] = 3
    assert len(parts(inside)) == 1
    assert len(parts(inside, motion)) == 1
    motion[:, 100:, 0] = -2
    apart = parts(inside, motion)
    assert [int(part.sum()) for part in apart] == [40 * 49, 40 * 45]


def test_what_moves_is_told_forward_in_time_from_either_side(disc: Any) -> None:
    """The disc is seen to move by (-2, 1) while the ground moves by (-3, -1)."""
    with one_thread():
        for step in (-2, 2):
            evidence = motion_evidence(disc.frames[6], {step: disc.frames[6 + step]})
            found = np.median(evidence.motion[disc.mattes[6] > 0.5], axis=0)
            assert np.abs(found - (1, 2)).max() < 0.3
