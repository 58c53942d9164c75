"""The step that refines: its band from a width, or from what is known of the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge import Refine
from roto.edge.refine import _least_reach
from roto.image import Frame
from roto.motion.flow import one_thread

SIZE = 160


def noise(seed, colour):
    rng = np.random.default_rng(seed)
    grid = rng.random((SIZE // 4, SIZE // 2, 3), np.float32)
    return cv2.resize(grid, (2 * SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * 0.25 + np.float32(colour)


FORE, BACK = noise(1, (0.55, 0.2, 0.05)), noise(2, (0.05, 0.25, 0.45))[:, :SIZE]


class Around:
    """A soft red disc that glides to the right by ``speed`` pixels a frame, its mask hard and right."""

    def __init__(self, speed=0.0, confidence=1.0):
        self.speed, self.confidence = speed, confidence

    def alpha(self, offset):
        y, x = np.mgrid[:SIZE, :SIZE] + 0.5
        return np.clip((50 - np.hypot(x - 80 - self.speed * offset, y - 80)) / 8 + 0.5, 0, 1).astype(np.float32)

    def matte(self, offset):
        return (self.alpha(offset) > 0.5).astype(np.float32)

    def plate(self, offset):
        if abs(offset) > 1:
            return None
        move = np.float64([[1, 0, self.speed * offset - 40], [0, 1, 0]])
        front = cv2.warpAffine(FORE, move, (SIZE, SIZE))
        alpha = self.alpha(offset)[..., None]
        return Frame(offset, np.rint(np.clip(front * alpha + BACK * (1 - alpha), 0, 1) * 255).astype(np.uint8))


@pytest.mark.parametrize("step", [Refine(), Refine(width_px=24), Refine(width_px=24, method="guided")])
def test_a_hard_mask_gets_the_edge_of_the_picture(step):
    around = Around()
    with one_thread():
        matte = step.apply(around.matte(0), around)
    soft = (around.alpha(0) > 0) & (around.alpha(0) < 1)
    errors = [np.abs(each - around.alpha(0))[soft].mean() for each in (matte, around.matte(0))]
    assert errors[0] < 0.5 * errors[1]
    assert matte[around.alpha(0) == 1].mean() > 0.98
    assert matte[20, 20] == 0


def test_a_frame_that_is_less_sure_has_a_wider_band():
    with one_thread():
        sure, unsure = (_least_reach(Around().matte(0), Around(confidence=value)) for value in (1.0, 0.8))
    assert sure.max() < 0.2
    # a disc of radius 50 that is off by d has 2 d / 50 of its area wrong
    assert unsure.max() == pytest.approx(0.2 * 50 / 2, rel=0.1)


def test_a_frame_that_moves_fast_has_a_wider_band():
    around = Around(speed=12)
    with one_thread():
        least = _least_reach(around.matte(0), around)
    assert np.median(least[around.matte(0) > 0]) == pytest.approx(3, abs=0.8)
    assert least[5, 5] < 1


@pytest.mark.parametrize("value", [0, 1])
def test_without_an_edge_nothing_is_refined(value):
    matte = np.full((SIZE, SIZE), value, np.float32)
    with one_thread():
        np.testing.assert_array_equal(Refine().apply(matte, Around()), matte)


def test_only_the_automatic_band_looks_at_other_frames():
    assert (Refine().reach, Refine(width_px=20).reach) == (1, 0)
