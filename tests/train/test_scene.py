"""Rendered training clips: the same seed gives the same bytes, and the matte is what the subject shows."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SMALL = {"frames": 5, "width": 128, "height": 72}


@pytest.fixture(scope="module")
def scene() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        yield importlib.import_module("weights.train.scene")


def test_same_seed_same_bytes_and_another_seed_another_clip(scene: ModuleType) -> None:
    first, again, other = (scene.render_clip(seed, **SMALL) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.rgb, other.rgb)


@pytest.mark.parametrize("seed", range(12))
def test_subject_opens_the_clip_in_a_fair_size(scene: ModuleType, seed: int) -> None:
    clip = scene.render_clip(seed, **SMALL)
    assert clip.rgb.shape == (5, 72, 128, 3)
    assert clip.alpha.shape == (5, 72, 128)
    assert clip.rgb.dtype == clip.alpha.dtype == np.uint8
    assert scene.LEAST <= (clip.alpha[0] > 127).mean() <= scene.MOST
    assert clip.present[0]
    assert clip.rgb.std() > 5


def test_subjects_turn_up_again_at_the_end_of_most_clips_and_vanish_in_some(scene: ModuleType) -> None:
    clips = [scene.render_clip(seed, frames=8, width=64, height=36) for seed in range(14)]
    assert np.mean([clip.present[-1] for clip in clips]) >= 0.75
    assert any(not clip.present.all() and clip.present[-1] for clip in clips)


def test_flow_finds_the_subject_in_the_frame_before(scene: ModuleType) -> None:
    """Following the flow back explains a frame better than standing still, over a few clips."""
    moved, still = [], []
    for seed in range(6):
        clip = scene.render_clip(seed, **SMALL, flow=True)
        assert clip.flow.shape == (4, 72, 128, 2)
        assert np.isnan(clip.flow[clip.alpha[1:] <= 127]).all()
        y, x = np.mgrid[0:72, 0:128].astype(np.float32)
        for flow, before, after in zip(clip.flow.astype(np.float32), clip.rgb, clip.rgb[1:], strict=False):
            known = np.isfinite(flow[..., 0])
            back = cv2.remap(before, x + np.nan_to_num(flow[..., 0]), y + np.nan_to_num(flow[..., 1]), cv2.INTER_LINEAR)
            moved.extend(np.abs(back.astype(int) - after)[known].mean(axis=1))
            still.extend(np.abs(before.astype(int) - after)[known].mean(axis=1))
    assert np.mean(moved) < 0.75 * np.mean(still)


def test_clips_need_room(scene: ModuleType) -> None:
    with pytest.raises(ValueError, match="at least 2 frames"):
        scene.render_clip(0, frames=1)
