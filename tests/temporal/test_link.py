"""Where flow leads from places between the pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.flow import grey, one_thread
from roto.temporal.link import Edge, Link, link, places_in
from roto.track.state import BAND_PX, absent_state, crop_state
from roto.track.view import view_of

WIDTH, HEIGHT = 240, 160
NOISE = cv2.GaussianBlur(
    np.random.default_rng(5).standard_normal((HEIGHT, WIDTH + 20, 3)).astype(np.float32), (0, 0), 4
)
BOX = Box(20, 10, 220, 150)


def picture(shift: int) -> NDArray[np.uint8]:
    return np.clip(128 + 400 * NOISE[:, shift : shift + WIDTH], 0, 255).astype(np.uint8)


def panned(pixels: int) -> Link:
    """What is at x in the first frame is at x - 3 in the second one."""
    with one_thread():
        view = view_of(BOX, pixels)
        return link(*(grey(view.picture(picture(shift))) for shift in (0, 3)), view, "medium")


@pytest.mark.parametrize("pixels", [100_000, 10_000])
def test_places_move_as_the_picture_does_whatever_its_scale(pixels: int) -> None:
    joint, rng = panned(pixels), np.random.default_rng(2)
    x, y = rng.uniform(60, 180, 2000).astype(np.float32), rng.uniform(40, 120, 2000).astype(np.float32)
    for side, moved in ((0, -3), (1, 3)):
        (there_x, there_y), trust = joint.follow(side, (x, y))
        assert np.median(np.abs(there_x - x - moved)) < 0.1
        assert np.median(np.abs(there_y - y)) < 0.1
        assert np.median(trust) > 0.95


def test_a_place_outside_the_view_is_not_trusted_nor_one_that_leads_there() -> None:
    x, y = np.float32([19.9, 20, 24, 120, 219.9, 220, 120, 120]), np.float32([80, 80, 80, 80, 80, 80, 9.9, 150])
    _, trust = panned(100_000).follow(0, (x, y))
    assert list(trust > 0) == [False, False, True, True, True, False, False, False]


def test_an_edge_between_the_pixels() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    state = crop_state(0, (30 - np.hypot(columns - 100, rows - 80)).astype(np.float32), Box(0, 0, WIDTH, HEIGHT))
    found = Edge(state).at((np.float32([130, 129.5, 100, 135.25, 0, 500]), np.float32([80, 80, 80, 80, 0, 80])))
    assert found == pytest.approx([0, 0.5, 30, -5.25, -BAND_PX, -BAND_PX], abs=1 / 32)
    nowhere = absent_state(0)
    assert list(Edge(nowhere).at(places_in(BOX, *np.nonzero(np.eye(3))))) == [-BAND_PX] * 3
