"""What moves and what stands out, on rendered clips of which it is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import roto.semantic.subject
from roto.detect.find import Find
from roto.semantic.found import FoundOptions
from roto.semantic.subject import (
    METHODS,
    VOTERS,
    expected_of_motion,
    expected_of_salience,
    find_all_moving,
    find_subject,
)

from .pictures import HEIGHT, WIDTH, finished, noise

OPTIONS = FoundOptions()
OFFSETS = (-4, -2, -1, 1, 2, 4)


def disc(x, y, radius):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.hypot(columns - x, rows - y) < radius


def clip(*, moving=True, count=2):
    """Frames by offset and where the discs are at 0: the camera pans, and textured discs go ways of their own."""
    background = (
        np.float32((110, 115, 120)) + 30 * noise(1, 5, HEIGHT, WIDTH + 80) + 20 * noise(2, 14, HEIGHT, WIDTH + 80)
    )
    own = np.float32((150, 90, 70)) + 25 * noise(3, 4)
    frames, inside = {}, np.zeros((HEIGHT, WIDTH), bool)
    for offset in (0, *OFFSETS):
        picture = background[:, 40 + 2 * offset : 40 + 2 * offset + WIDTH].copy()
        for index in range(count if moving else 0):
            along = (5 if index == 0 else -4) * offset
            at = disc(75 + 100 * index + along, 70 + 20 * index, 22 - 4 * index)
            picture[at] = np.roll(own, along, axis=1)[at]
            inside |= at if offset == 0 else False
        frames[offset] = finished(picture, 20 + offset)
    return frames.pop(0), frames, inside


def overlap(matte, inside):
    found = matte >= 0.5
    return (found & inside).sum() / (found | inside).sum()


def test_everything_that_moves_by_itself_is_one_matte():
    picture, neighbours, inside = clip()
    found = find_all_moving(picture, neighbours, OPTIONS)
    assert found.matte.dtype == np.float32
    assert overlap(found.matte, inside) > 0.85
    assert found.confidence > 0.5


@pytest.mark.parametrize("method", ["auto", "motion"])
def test_the_subject_is_the_one_that_moves_most_surely(method):
    picture, neighbours, inside = clip(count=1)
    found = find_subject(picture, neighbours, method, OPTIONS)
    assert overlap(found.matte, inside) > 0.85
    assert found.why == "motion of its own"


def test_a_camera_s_own_motion_is_nothing():
    picture, neighbours, _ = clip(moving=False)
    found = find_all_moving(picture, neighbours, OPTIONS)
    assert not found.matte.any()
    assert found.confidence < OPTIONS.least
    assert found.why


def test_a_single_frame_has_nothing_that_moves_and_says_why():
    found = find_all_moving(clip()[0], {}, OPTIONS)
    assert not found.matte.any()
    assert found.why == "there is no other frame of this shot to compare it with"


def test_what_stands_out_is_the_subject_where_nothing_moves():
    at = disc(120, 80, 30)
    still = finished(np.where(at[..., None], np.float32((220, 60, 40)), np.float32((90, 110, 90)) + 3 * noise(4, 20)))
    for method in ("auto", "salient"):
        found = find_subject(still, {1: still}, method, FoundOptions(least=0.2))
        assert overlap(found.matte, at) > 0.9
        assert found.why == "it stands out by colour"
    assert not find_subject(still, {1: still}, "motion", OPTIONS).matte.any()


def test_the_frames_beside_it_say_too_what_the_subject_is(monkeypatch):
    """Two subjects are as likely; on this frame one is found a little more surely, on those beside it the other."""
    still = finished(np.float32((110, 115, 120)) + 30 * noise(1, 5))
    left, right = disc(70, 80, 25), disc(170, 80, 25)
    here, beside = still.copy(), {offset: still.copy() for offset in VOTERS}

    def found(picture, neighbours):
        first, second = (0.5, 0.45) if picture is here else (0.2, 0.6)
        return [Find("motion", left, first), Find("motion", right, second)]

    monkeypatch.setattr(roto.semantic.subject, "find_moving", found)
    alone, together = (find_subject(here, pictures, "motion", OPTIONS) for pictures in ({}, beside))
    assert overlap(alone.matte, left) > 0.9
    assert overlap(together.matte, right) > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_a_plain_picture_has_no_subject(method):
    plain = np.full((60, 90, 3), 90, np.uint8)
    found = find_subject(plain, {1: plain}, method, OPTIONS)
    assert not found.matte.any()
    assert found.confidence == 0


def test_the_same_bytes_whatever_the_threads():
    picture, neighbours, _ = clip()
    found = []
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        found.append(find_subject(picture, neighbours, "auto", OPTIONS))
    assert found[0].matte.tobytes() == found[1].matte.tobytes()
    assert found[0].confidence == found[1].confidence


@pytest.mark.parametrize("expected", [expected_of_motion, expected_of_salience])
def test_a_higher_score_promises_more_and_never_all(expected):
    promised = [expected(score) for score in np.linspace(0, 1, 21)]
    assert promised == sorted(promised)
    assert promised[0] == 0
    assert promised[-1] < 0.9
