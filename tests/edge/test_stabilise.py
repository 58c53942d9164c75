"""Soft edges that flicker, on a soft disc that glides over a panning background."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.stabilise import Stabilise, coverage_flicker, stabilise
from roto.image import Frame
from roto.motion.flow import one_thread

HEIGHT, WIDTH, FRAMES = 120, 160, 5
NOISE = 0.08


def texture(seed):
    rng = np.random.default_rng(seed)
    parts = [rng.random((HEIGHT // size + 2, 2 * WIDTH // size + 2, 3)).astype(np.float32) for size in (3, 9, 30)]
    return sum(cv2.resize(part, (2 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for part in parts) / 3


def moved(picture, by):
    return cv2.warpAffine(picture, np.float64([[1, 0, by], [0, 1, 0]]), (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)


def soft_disc(frame):
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    t = np.clip((34 - np.hypot(x - 60 - 2.6 * frame, y - 60)) / 20 + 0.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


@pytest.fixture(scope="module")
def clip():
    """Exact mattes, mattes with a flicker of their own in each frame, and 8-bit plates."""
    behind, before = texture(1), texture(2) * 0.6 + 0.3
    exact = [soft_disc(i) for i in range(FRAMES)]
    plates = [
        moved(before, 2.6 * i - 40) * matte[..., None] + moved(behind, -1.3 * i) * (1 - matte[..., None])
        for i, matte in enumerate(exact)
    ]
    rng = np.random.default_rng(3)
    flickering = []
    for matte in exact:
        noise = cv2.GaussianBlur(rng.standard_normal(matte.shape).astype(np.float32), (0, 0), 1.5) * 5.3 * NOISE
        flickering.append(np.clip(np.where((matte > 0) & (matte < 1), matte + noise, matte), 0, 1).astype(np.float32))
    return exact, flickering, [np.rint(np.clip(plate, 0, 1) * 255).astype(np.uint8) for plate in plates]


def error(matte, exact):
    return float(np.sqrt(np.mean((matte - exact)[(exact > 0) & (exact < 1)] ** 2)))


@pytest.mark.parametrize(("frames", "left"), [(1, 0.82), (2, 0.8)])
def test_flicker_is_averaged_out_along_the_motion(clip, frames, left):
    exact, flickering, plates = clip
    with one_thread():
        around = [(flickering[i], plates[i]) for i in range(2 - frames, 3 + frames) if i != 2]
        stable = stabilise(flickering[2], plates[2], around)
    assert error(stable, exact[2]) < left * error(flickering[2], exact[2])


def test_exact_mattes_stay_exact(clip):
    exact, _, plates = clip
    with one_thread():
        stable = stabilise(exact[2], plates[2], [(exact[1], plates[1]), (exact[3], plates[3])])
    assert error(stable, exact[2]) < 0.02


def test_what_is_whole_or_empty_stays(clip):
    exact, flickering, plates = clip
    with one_thread():
        stable = stabilise(flickering[2], plates[2], [(flickering[1], plates[1])])
    far = cv2.erode(((exact[2] == 0) | (exact[2] == 1)).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    np.testing.assert_array_equal(stable[far], exact[2][far])


def test_a_neighbour_that_shows_something_else_does_not_count(clip):
    exact, _, plates = clip
    other = np.ascontiguousarray(plates[1][::-1, ::-1])
    with one_thread():
        stable = stabilise(exact[2], plates[2], [(np.full_like(exact[2], 0.5), other)])
    assert error(stable, exact[2]) < 0.01


class Clip:
    """What a step sees around frame ``at``."""

    def __init__(self, mattes, plates, at):
        self.mattes, self.plates, self.at = mattes, plates, at
        self.asked = set()

    def matte(self, offset):
        self.asked.add(offset)
        return self.mattes[self.at + offset] if 0 <= self.at + offset < FRAMES else None

    def plate(self, offset):
        inside = 0 <= self.at + offset < FRAMES
        return Frame(self.at + offset, self.plates[self.at + offset]) if inside else None


@pytest.mark.parametrize(("at", "asked"), [(2, {-2, -1, 1, 2}), (0, {1, 2})])
def test_the_step_looks_as_far_as_it_says(clip, at, asked):
    _, flickering, plates = clip
    step, around = Stabilise(frames=2), Clip(flickering, plates, at)
    with one_thread():
        stable = step.apply(flickering[at], around)
    assert around.asked == asked
    assert step.reach == 2
    assert (stable != flickering[at]).any()


def test_the_step_stops_at_a_scene_cut(clip):
    _, flickering, plates = clip
    other = [*plates[:3], *(np.full_like(plates[0], 250 - 200 * (i % 2)) for i in range(2))]
    around = Clip(flickering, other, 2)
    with one_thread():
        stable = Stabilise(frames=2).apply(flickering[2], around)
        expected = stabilise(flickering[2], plates[2], [(flickering[i], plates[i]) for i in (1, 0)])
    np.testing.assert_array_equal(stable, expected)


def test_a_hard_matte_comes_back_as_it_is(clip):
    _, _, plates = clip
    hard = np.zeros((HEIGHT, WIDTH), np.float32)
    hard[30:60, 30:60] = 1
    assert Stabilise().apply(hard, Clip([hard] * FRAMES, plates, 2)) is hard


def test_coverage_flicker_is_what_motion_does_not_explain(clip):
    exact, flickering, plates = clip
    with one_thread():
        steady, jumping = coverage_flicker([(exact[2], exact[1]), (flickering[2], flickering[1])], plates[2], plates[1])
    assert steady < 0.09  # flow follows the disc or its ground, and the edge is a mixture of both
    assert jumping**2 - steady**2 == pytest.approx(2 * error(flickering[2], exact[2]) ** 2, rel=0.5)


def test_coverage_flicker_of_what_cannot_be_compared(clip):
    exact, _, plates = clip
    other = np.full_like(plates[0], 250)
    hard = np.zeros((HEIGHT, WIDTH), np.float32)
    with one_thread():
        assert coverage_flicker([(exact[2], exact[1])], plates[2], other) == [None]
        assert coverage_flicker([(hard, hard)], plates[2], plates[1]) == [None]
