"""The background's motion: fitted past a subject, and its noise."""

from __future__ import annotations

import numpy as np
import pytest

from roto.detect.background import fit_homography, homography_flow, split_motion


def zoom() -> np.ndarray:
    return np.array([[1.02, 0.004, -3.0], [-0.003, 1.01, 2.0], [1e-5, -2e-5, 1.0]])


def test_a_homography_is_found_past_a_third_of_the_picture() -> None:
    flow = homography_flow(zoom(), 240, 160)
    flow[40:140, 60:150] += (5, -4)
    found = homography_flow(fit_homography(flow), 240, 160)
    assert np.abs(found - homography_flow(zoom(), 240, 160)).max() < 0.05


def test_what_moves_by_itself_is_measured_in_units_of_noise() -> None:
    rng = np.random.default_rng(1)
    flow = homography_flow(zoom(), 240, 160) + rng.normal(0, 0.4, (160, 240, 2)).astype(np.float32)
    flow[60:100, 90:150] += (6, 0)
    residual = split_motion(flow.astype(np.float32)).residual
    assert np.median(residual[60:100, 90:150]) > 5
    assert np.median(residual[:50]) < 1.5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 40), (9, 9), (48, 48)])
def test_no_motion_and_small_pictures_give_none(height: int, width: int) -> None:
    still = split_motion(np.zeros((height, width, 2), np.float32))
    assert np.abs(still.background).max() < 1e-3
    assert still.residual.max() < 0.1
