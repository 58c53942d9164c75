"""What is gathered from a clip: crops of what the networks saw, with the truth of the same place."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import roto.track.learned.appearance
from roto.track.learned.certainty import FACTS
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.networks import Networks
from roto.track.learned.planes import APPEARANCE_PLANE, FUSION_PLANES, MEMORY_PX, NEAR_PLANE, PROPAGATION_PLANES
from roto.track.pace import Pace

ROOT = Path(__file__).parents[2]
HEIGHT, WIDTH, COUNT = 88, 120, 7


@pytest.fixture(scope="module")
def rollout() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        patch.setattr(roto.track.learned.appearance, "_CROP_PX", 64)
        yield importlib.import_module("weights.train.rollout")


@pytest.fixture(scope="module")
def clip(rollout: ModuleType) -> Any:
    """A disc that goes right by two pixels a frame."""
    noise = np.random.default_rng(1).standard_normal((2, HEIGHT, WIDTH, 3)).astype(np.float32)
    front, back = (60 * cv2.GaussianBlur(x, (0, 0), 2) + 60 * (1 + at) for at, x in enumerate(noise))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.stack([np.hypot(columns - 50 - 2 * n, rows - 44) < 22 for n in range(COUNT)])
    frames = [np.where(inside[n][..., None], np.roll(front, 2 * n, 1), back) for n in range(COUNT)]
    return rollout.Clip(np.clip(frames, 0, 255).astype(np.uint8), inside)


@pytest.fixture(scope="module")
def networks() -> Networks:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Networks(PropagationNet(), FusionNet(), AppearanceNet())


@pytest.fixture(scope="module")
def got(rollout: ModuleType, clip: Any, networks: Networks) -> Any:
    return rollout.harvest(clip, networks, np.random.default_rng(2), rollout.Effort(fit_steps=1, keep=1.0))


def test_every_frame_of_every_pass_is_a_sample(got: Any) -> None:
    between = len(got.fused_overlap)
    alone = len(got.overlap) - 2 * between
    assert len(got.propagation.planes) == len(got.overlap)
    assert len(got.fusion.planes) == between > 0
    assert len(got.facts) == alone + between
    assert 4 <= alone <= COUNT - 1
    assert len(got.memories) == len(got.looks) == 3  # of the single key, and of the two spans


def test_samples_are_of_one_size_and_belong_together(got: Any, rollout: ModuleType) -> None:
    side = rollout.CROP_PX
    for samples, count in ((got.propagation, PROPAGATION_PLANES), (got.fusion, FUSION_PLANES)):
        assert len(samples.planes) == len(samples.prior) == len(samples.truth) == len(samples.memory)
        for planes, prior, truth in zip(samples.planes, samples.prior, samples.truth, strict=True):
            assert (planes.shape, planes.dtype) == ((count, side, side), np.float16)
            assert (prior.shape, prior.dtype) == ((side, side), np.float16)
            assert (truth.shape, truth.dtype) == ((side, side), np.uint8)
            inside, carried = truth > 127, prior > 0
            assert np.count_nonzero(inside & carried) > 0.7 * np.count_nonzero(inside | carried)
    for planes, prior in zip(got.propagation.planes, got.propagation.prior, strict=True):
        np.testing.assert_allclose(planes[NEAR_PLANE], np.tanh(prior.astype(np.float32) / 3), atol=0.01)
    for memory in got.memories:
        assert (memory.shape, memory.dtype) == ((2, 6, MEMORY_PX, MEMORY_PX), np.float16)


def test_the_overlap_is_that_with_the_truth(got: Any) -> None:
    assert all(0.6 < reached <= 1 for reached in got.overlap + got.fused_overlap)
    assert all(row.shape == (FACTS + 1,) for row in got.facts)
    assert [row[-1] for row in got.facts[-len(got.fused_overlap) :]] == pytest.approx(got.fused_overlap)


def test_passes_look_at_the_frames_that_the_pace_asks_for(
    rollout: ModuleType, clip: Any, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of a span at the same ones, which alone are fused."""
    looked, run = [], rollout._run

    def watched(*given: Any) -> Any:
        looked.append(run(*given))
        return looked[-1]

    monkeypatch.setattr(rollout, "_run", watched)
    effort = rollout.Effort(fit_steps=0, keep=1.0, pace=Pace(2, 2))
    got = rollout.harvest(clip, networks, np.random.default_rng(2), effort)
    assert len(got.propagation.planes) == sum(len(states) for states in looked)
    for states in looked:
        assert set(np.diff(sorted(states))) <= {1, 2}
    assert any(2 in np.diff(sorted(states)) for states in looked)
    for forward, backward in zip(looked[1::2], looked[2::2], strict=True):
        assert forward.keys() == backward.keys()
    assert len(got.fusion.planes) == len(got.fused_overlap) == sum(len(states) for states in looked[1::2]) > 0


def test_without_a_fit_there_are_samples_all_the_same(rollout: ModuleType, clip: Any, networks: Networks) -> None:
    got = rollout.harvest(clip, networks, np.random.default_rng(2), rollout.Effort(fit_steps=0, keep=1.0))
    assert got.looks == []
    assert len(got.propagation.planes) == len(got.overlap)
    assert all((planes[APPEARANCE_PLANE] == 0).all() for planes in got.propagation.planes)


def test_the_same_seed_gathers_the_same_samples(
    got: Any, rollout: ModuleType, clip: Any, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "_span", lambda *_: None)
    again = rollout.harvest(clip, networks, np.random.default_rng(2), rollout.Effort(fit_steps=1, keep=1.0))
    assert len(again.propagation.planes) == len(got.propagation.planes) - 2 * len(got.fused_overlap)
    for name in ("planes", "prior", "truth", "memory"):
        for a, b in zip(getattr(again.propagation, name), getattr(got.propagation, name), strict=False):
            np.testing.assert_array_equal(a, b)


def test_a_short_reach_starts_from_the_truth_again(
    rollout: ModuleType, clip: Any, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages = []
    facts = rollout.facts
    monkeypatch.setattr(rollout, "facts", lambda *known: ages.append(known[1].age) or facts(*known))
    monkeypatch.setattr(rollout, "_span", lambda *_: None)
    rollout.harvest(clip, networks, np.random.default_rng(2), rollout.Effort(reach=2, fit_steps=1, keep=0.0))
    assert len(ages) >= 4
    assert ages == [1 + at % 2 for at in range(len(ages))]


def test_a_crop_beyond_the_picture_repeats_its_border(rollout: ModuleType) -> None:
    planes = np.arange(2 * 50 * 300, dtype=np.float32).reshape(2, 50, 300)
    cut = rollout._cut(planes, (0, 100))
    side = rollout.CROP_PX
    np.testing.assert_array_equal(cut[:, :50], planes[:, :, 100 : 100 + side])
    np.testing.assert_array_equal(cut[:, 50:], np.repeat(cut[:, 49:50], side - 50, 1))


@pytest.mark.parametrize("shape", [(30, 40), (400, 500)])
def test_crops_lie_within_the_picture_and_where_something_is_wrong(rollout: ModuleType, shape: tuple[int, int]) -> None:
    prior, truth = np.full(shape, -20, np.float32), np.zeros(shape, np.float32)
    truth[5:15, 5:15] = 1
    rng = np.random.default_rng(1)
    corners = np.array([rollout._corner(rng, prior, truth) for _ in range(200)])
    assert (corners >= 0).all()
    assert (corners <= np.maximum(np.array(shape) - rollout.CROP_PX, 0)).all()
    assert (corners == 0).all(1).mean() > 0.35  # what is wrong lies in the upper left corner


def test_overlap_of_nothing_with_nothing_is_whole(rollout: ModuleType, clip: Any) -> None:
    from roto.track.state import absent_state

    assert rollout.overlap(absent_state(0), np.zeros((HEIGHT, WIDTH), bool)) == 1
    assert rollout.overlap(absent_state(0), clip.inside[0]) == 0
    assert rollout.overlap(clip.state(0), clip.inside[0]) == 1
