"""Masks over time: a defect that rides on a panning plate, a wire lost for a frame, a logo that stands still."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roto.handoff.over_time import along_motion, still, union_of_all

WIDTH, HEIGHT, PAN = 160, 112, 4


def texture(seed: int, width: int = 400) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    fine = cv2.resize(rng.random((HEIGHT // 4, width // 4, 3), np.float32), (width, HEIGHT))
    coarse = cv2.resize(rng.random((HEIGHT // 16, width // 16, 3), np.float32), (width, HEIGHT))
    return np.rint(255 * (0.5 * fine + 0.5 * coarse)).astype(np.uint8)


def panned(count: int, seed: int = 1) -> list[NDArray[np.uint8]]:
    """A plate whose content moves by PAN pixels to the left a frame."""
    wide = texture(seed)
    return [np.ascontiguousarray(wide[:, PAN * i : PAN * i + WIDTH]) for i in range(count)]


def spot(x: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    return np.asarray(np.hypot(columns - x, rows - 50) <= 7)


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / (a | b).sum())


NOTHING = np.zeros((HEIGHT, WIDTH), bool)


def test_a_defect_is_brought_along_with_what_it_lies_on() -> None:
    plates = panned(5)
    cores = [NOTHING, NOTHING, spot(90 - 2 * PAN), NOTHING, NOTHING]
    found = list(along_motion(zip(cores, plates, strict=True), 2))
    for i, union in enumerate(found):
        assert overlap(union, spot(90 - PAN * i)) > 0.85, i
    nearer = list(along_motion(zip(cores, plates, strict=True), 1))
    assert [bool(union.any()) for union in nearer] == [False, True, True, True, False]


def test_a_frame_where_the_mask_was_lost_gets_it_from_its_neighbours() -> None:
    plates = panned(7)
    cores = [spot(100 - PAN * i) for i in range(7)]
    cores[3] = NOTHING
    for i, union in enumerate(along_motion(zip(cores, plates, strict=True), 2)):
        assert overlap(union, spot(100 - PAN * i)) > 0.8
        assert (union | cores[i] == union).all(), "a frame's own mask is never taken away"


def test_a_wire_one_pixel_wide_is_not_lost_on_the_way() -> None:
    plates = panned(3)
    wire = np.zeros((HEIGHT, WIDTH), bool)
    wire[20:90, 80] = True
    first, *_ = along_motion(zip([NOTHING, wire, NOTHING], plates, strict=True), 1)
    assert first[22:88, 80 + PAN - 1 : 80 + PAN + 2].any(axis=1).all()


def test_nothing_is_brought_over_a_cut() -> None:
    plates = [*panned(2, seed=1), *[255 - p // 3 for p in panned(2, seed=2)]]
    cores = [spot(80), spot(76), NOTHING, NOTHING]
    found = [bool(union.any()) for union in along_motion(zip(cores, plates, strict=True), 3)]
    assert found == [True, True, False, False]


def test_what_stands_still_is_united_where_it_is() -> None:
    cores = [spot(40 + 10 * i) for i in range(6)]
    for i, union in enumerate(still(cores, 2)):
        expected = np.logical_or.reduce(cores[max(i - 2, 0) : i + 3])
        assert (union == expected).all()
    assert len(list(still(cores, 50))) == 6
    whole = union_of_all(cores)
    assert whole is not None
    assert (whole == np.logical_or.reduce(cores)).all()
    assert union_of_all([]) is None


@pytest.mark.parametrize("threads", [1, 4])
def test_the_same_masks_whatever_the_threads(threads: int) -> None:
    plates, cores = panned(4), [spot(90 - PAN * i) for i in range(4)]
    before = cv2.getNumThreads()
    expected = list(along_motion(zip(cores, plates, strict=True), 2))
    cv2.setNumThreads(threads)
    try:
        found = list(along_motion(zip(cores, plates, strict=True), 2))
    finally:
        cv2.setNumThreads(before)
    assert all((a == b).all() for a, b in zip(expected, found, strict=True))
