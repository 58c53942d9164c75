"""The picture of numbered proposals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roto.review.proposals import proposal_picture
from roto.review.thumbnails import layer_colour


def disc(x: float, y: float, radius: float, width: int = 320, height: int = 200) -> NDArray[np.float32]:
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)


def plate(width: int = 320, height: int = 200) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 90, np.uint8)


def pixels_of(picture: NDArray[np.uint8], index: int) -> NDArray[np.int64]:
    """Rows and columns that show a proposal's own colour, undiluted: its outline and its badge."""
    return np.argwhere((picture == np.array(layer_colour(index), np.uint8)).all(axis=2))


@pytest.mark.parametrize(("width", "height", "longest"), [(320, 200, 640), (1000, 500, 1000), (4096, 2160, 1920)])
def test_the_picture_is_of_a_size_to_be_looked_at(width: int, height: int, longest: int) -> None:
    picture = proposal_picture(plate(width, height), [disc(width / 2, height / 2, 50, width, height)])
    assert picture.dtype == np.uint8
    assert max(picture.shape[:2]) == longest
    assert picture.shape[1] / picture.shape[0] == pytest.approx(width / height, rel=0.01)


def test_each_has_its_colour_and_what_is_outside_stays_as_it_is() -> None:
    picture = proposal_picture(plate(), [disc(80, 100, 50), disc(240, 100, 40)])
    for index, column in enumerate((160, 480)):
        assert len(pixels_of(picture, index)) > 100
        assert abs(np.median(pixels_of(picture, index)[:, 1]) - column) < 60
    assert (picture[:20, :20] == 90).all()
    assert (picture[200, 120] != 90).any()


def test_a_badge_stands_clear_of_the_others_of_nested_subjects() -> None:
    picture = proposal_picture(plate(), [disc(160, 100, 45), disc(160, 100, 90), disc(160, 100, 60)])
    for index in range(3):
        badge = np.zeros(picture.shape[:2], np.uint8)
        badge[tuple(pixels_of(picture, index).T)] = 1
        blocks = badge[: badge.shape[0] // 8 * 8, : badge.shape[1] // 8 * 8].reshape(-1, 8, badge.shape[1] // 8, 8)
        assert blocks.mean(axis=(1, 3)).max() > 0.6  # beside its digit the badge is full colour; a line is not


def test_the_badge_of_a_small_subject_leaves_it_visible() -> None:
    small = disc(160, 6, 4)
    picture = proposal_picture(plate(), [small])
    badge = pixels_of(picture, 0)
    assert badge[:, 0].max() > 30  # below it: above there is no room
    assert (badge >= 0).all()


def test_an_empty_list_is_the_plate() -> None:
    assert (proposal_picture(plate(), []) == 90).all()
