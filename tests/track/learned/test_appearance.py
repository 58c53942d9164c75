"""Learning a span's looks from its keyframes: what it tells apart, and that it always ends in the same bytes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

import roto.track.learned.appearance
from roto.segment.colour import to_lab
from roto.segment.resegment import Example
from roto.signed_distance import REACH_PX, signed_distance
from roto.track.learned.appearance import Looks, fit, from_bytes, shown, to_bytes
from roto.track.learned.nets import AppearanceNet
from roto.track.learned.networks import Networks


def stripes(across: bool) -> np.ndarray:
    rows, columns = np.mgrid[:120, :160]
    return np.asarray(128 + 90 * np.sign(np.sin((columns if across else rows) * 0.9)), np.float32)


def patterned(left: int) -> Example:
    """Upright stripes in a square, lying ones around it: the same colours, in the same numbers."""
    inside = np.zeros((120, 160), bool)
    inside[30:90, left : left + 60] = True
    grey = np.where(inside, stripes(True), stripes(False)) + np.random.default_rng(left).normal(0, 8, inside.shape)
    rgb = np.repeat(np.clip(grey, 0, 255)[..., None], 3, 2).astype(np.uint8)
    return Example(rgb, signed_distance(inside.astype(np.float32)), left)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of what a step costs."""
    monkeypatch.setattr(roto.track.learned.appearance, "_CROP_PX", 64)
    monkeypatch.setattr(roto.track.learned.appearance, "_BATCH", 2)


def net() -> AppearanceNet:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return AppearanceNet()


def test_textures_of_the_same_colours_are_told_apart() -> None:
    looks = Looks(fit(net(), [patterned(30)], 20))
    unseen = patterned(80)
    odds = looks.odds(to_lab(unseen.rgb))
    assert (odds.shape, odds.dtype) == ((120, 160), np.float32)
    assert ((odds > 0) == (unseen.distance > 0)).mean() > 0.95


@pytest.fixture
def fitted() -> bytes:
    return to_bytes(fit(net(), [patterned(30)], 2))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_keyframes_give_the_same_bytes_on_any_number_of_threads(fitted: bytes, threads: int) -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(threads)
    try:
        assert to_bytes(fit(net(), [patterned(30)], 2)) == fitted
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before[0])


def test_other_keyframes_or_another_seed_give_others(fitted: bytes) -> None:
    assert to_bytes(fit(net(), [patterned(80)], 2)) != fitted
    assert to_bytes(fit(net(), [patterned(30)], 2, seed=1)) != fitted


def test_the_start_is_left_as_it_was() -> None:
    start = net()
    before = to_bytes(start)
    fit(start, [patterned(30)], 1)
    assert to_bytes(start) == before


def test_what_is_kept_answers_as_what_was_fitted(fitted: bytes) -> None:
    again = from_bytes(fitted)
    lab = to_lab(patterned(80).rgb)
    fresh = fit(net(), [patterned(30)], 2)
    np.testing.assert_array_equal(Looks(again).odds(lab), Looks(fresh).odds(lab))


def test_a_keyframe_without_a_subject_shows_what_is_not_it() -> None:
    away = Example(patterned(30).rgb, np.full((120, 160), -REACH_PX, np.float32), 1)
    lab = to_lab(away.rgb)
    keyframes = ([patterned(30)], [patterned(30), away], [away])
    without, with_it, alone = (Looks(fit(net(), keys, 8)).odds(lab).mean() for keys in keyframes)
    assert with_it < without - 0.1
    assert alone < -0.2


@pytest.mark.parametrize("inside", [(slice(0, 1), slice(0, 1)), (slice(None), slice(None))])
def test_the_smallest_and_the_largest_subject_can_be_learned(inside: tuple[slice, slice]) -> None:
    matte = np.zeros((120, 160), np.float32)
    matte[inside] = 1
    example = Example(patterned(30).rgb, signed_distance(matte))
    looks = Looks(fit(net(), [example], 2))
    assert np.isfinite(looks.odds(to_lab(example.rgb))).all()


def test_a_keyframe_is_seen_at_the_size_at_which_it_will_be_tracked(networks: Networks) -> None:
    small, large = (shown(patterned(30), pixels) for pixels in (100_000, 2_000))
    assert small.inside.shape == (120, 160)
    assert large.inside.shape[0] < 60
    assert large.inside.mean() == pytest.approx(small.inside.mean(), abs=0.02)
    for picture in (small, large):
        assert picture.inside[tuple(picture.core.T)].all()
        assert len(picture.core) == picture.inside.sum()
        assert len(picture.edge)


def test_pictures_of_any_size_are_answered() -> None:
    looks = Looks(net())
    for height, width in ((1, 1), (17, 33), (48, 64)):
        assert looks.odds(np.zeros((height, width, 3), np.uint8)).shape == (height, width)
