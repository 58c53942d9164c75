"""What stands out in a still."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.detect.find import overlap
from roto.detect.salient import find_salient, saliency_of
from roto.segment.barrier import barrier_distance


def test_a_blob_on_a_quiet_ground_is_found(flower: NDArray[np.uint8], flower_matte: NDArray[np.float32]) -> None:
    best = find_salient(flower)[0]
    assert best.how == "salient"
    assert overlap(best.inside, flower_matte >= 0.5) > 0.9


def test_a_ramp_and_a_flat_picture_have_no_subject() -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 200).astype(np.uint8)[None, :, None], (120, 200, 3)).copy()
    assert find_salient(ramp) == []
    assert find_salient(np.full((120, 200, 3), 90, np.uint8)) == []
    assert not saliency_of(np.full((120, 200, 3), 90, np.uint8)).any()


@pytest.mark.parametrize("coarse", [1, 4])
def test_texture_all_over_is_no_subject(coarse: int) -> None:
    grain = np.random.default_rng(2).integers(0, 256, (160 // coarse, 240 // coarse, 3)).astype(np.uint8)
    assert find_salient(grain.repeat(coarse, axis=0).repeat(coarse, axis=1)) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 50), (7, 7)])
def test_pictures_of_any_size(height: int, width: int) -> None:
    find_salient(np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8))


def test_a_subject_that_the_lower_edge_cuts_off_is_found_whole() -> None:
    picture = np.full((160, 240, 3), (60, 130, 60), np.uint8)
    picture[50:, 90:150] = (190, 170, 160)
    true = picture[..., 0] == 190
    assert overlap(find_salient(picture)[0].inside, true) > 0.9


def test_the_barrier_is_the_change_on_the_way_to_the_border() -> None:
    values = np.tile(np.arange(61, dtype=np.uint8)[None, :, None], (41, 1, 1))
    border = np.ones((41, 61), bool)
    border[1:-1, 1:-1] = False
    assert barrier_distance(values, border).max() == 0  # every pixel has a straight way up or down
    values[15:25, 20:40] = 200
    assert barrier_distance(values, border)[18, 30] == 200 - 40  # the brightest ground that touches it
