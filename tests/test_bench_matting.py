"""The matting benchmark's errors, against plain restatements, and its rendered clips."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCH = Path(__file__).parent / "bench"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


errors = load("alpha_errors")
clips = load("alpha_clips")
EVERYWHERE = np.ones((40, 50), bool)


def block(value: float = 1.0) -> np.ndarray:
    matte = np.zeros((40, 50), np.float32)
    matte[10:30, 10:30] = value
    return matte


def test_the_truth_has_no_errors() -> None:
    found = errors.alpha_errors(block(), block(), EVERYWHERE)
    assert (found.sad, found.mse, found.gradient, found.connectivity) == (0, 0, 0, 0)


def test_sad_and_mse_count_the_unknown_pixels_alone() -> None:
    unknown = np.zeros((40, 50), bool)
    unknown[:, 20:] = True
    found = errors.alpha_errors(block(0.5), block(), unknown)
    assert found.sad == pytest.approx(200 * 0.5 / 1000)
    assert found.mse == pytest.approx(200 * 0.25 / unknown.sum())


def test_the_slope_of_a_ramp_is_the_same_everywhere_and_scales() -> None:
    ramp = np.tile(np.arange(50) / 100, (40, 1))
    inner = errors.slope(ramp)[8:-8, 8:-8]
    np.testing.assert_allclose(inner, inner[0, 0])
    np.testing.assert_allclose(errors.slope(2 * ramp)[8:-8, 8:-8], 2 * inner)


def test_connectivity_counts_an_island_and_forgives_what_hangs_on() -> None:
    island, longer = block(), block()
    island[33:36, 40:45] = 1.0  # 15 pixels off the block
    assert errors.alpha_errors(island, block(), EVERYWHERE).connectivity == pytest.approx(15 / 1000)
    longer[10:30, 10:30] = 0.95
    assert errors.alpha_errors(longer, block(), EVERYWHERE).connectivity == 0


@pytest.mark.parametrize("name", clips.CLIPS)
def test_the_plate_is_the_mixture_that_it_says(name: str) -> None:
    frame, again, later = clips.render(name, 3), clips.render(name, 3), clips.render(name, 6)
    alpha = frame.alpha[..., None]
    mixed = frame.foreground * alpha + frame.background * (1 - alpha)
    assert np.abs(frame.rgb - mixed).max() < 0.03
    assert np.abs(frame.rgb - mixed).mean() < 0.005
    assert frame.rgb.tobytes() == again.rgb.tobytes()
    assert np.abs(frame.alpha - later.alpha).max() > 0.5
    assert 0 <= frame.alpha.min() <= frame.alpha.max() <= 1
    partial = (frame.alpha > 0.05) & (frame.alpha < 0.95)
    assert partial.sum() > 300


@pytest.mark.parametrize("name", clips.CLIPS)
def test_the_trimap_holds_the_truth(name: str) -> None:
    alpha = clips.render(name, 0).alpha
    trimap = clips.true_trimap(alpha)
    assert (alpha[trimap == 255] > 0.995).all()
    assert (alpha[trimap == 0] < 0.005).all()
