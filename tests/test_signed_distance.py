"""Signed distances of mattes and level functions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.signed_distance import coverage, inner_distance, redistanced, signed_distance


@pytest.mark.parametrize("edge", [20.0, 20.25, 20.5, 20.9])
def test_an_antialiased_edge_is_where_it_was_drawn(edge: float) -> None:
    columns = np.arange(50, dtype=np.float32) + 0.5
    matte = np.tile(np.clip(edge - columns + 0.5, 0, 1), (30, 1)).astype(np.float32)
    near = np.abs(edge - columns) < 1
    assert np.abs(signed_distance(matte)[15] - (edge - columns))[near].max() < 0.3
    assert np.abs(coverage(signed_distance(matte)) - matte).max() < 0.3


def test_a_disc_measures_to_within_a_pixel_everywhere() -> None:
    rows, columns = np.mgrid[:90, :90] + 0.5
    truth = (25 - np.hypot(columns - 45, rows - 45)).astype(np.float32)
    found = redistanced(truth)
    assert np.abs(found - truth).max() < 0.8
    assert np.array_equal(redistanced(3 * truth) >= 0, truth >= 0)


@pytest.mark.parametrize(("value", "distance"), [(0.0, -64), (1.0, 64)])
def test_nothing_and_everything(value: float, distance: float) -> None:
    assert (signed_distance(np.full((4, 5), value, np.float32)) == distance).all()


def test_measuring_again_leaves_the_edge_in_place() -> None:
    rows, columns = np.mgrid[:60, :60] + 0.5
    truth = (18.3 - np.hypot(columns - 30.4, rows - 29.7)).astype(np.float32)
    distance = truth
    for _ in range(20):
        distance = redistanced(distance)
    assert coverage(distance).sum() == pytest.approx(coverage(truth).sum(), rel=0.01)
    assert np.array_equal(distance >= 0, truth >= 0)


def test_the_same_bits_whatever_the_threads_and_where_arrays_lie() -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(1).standard_normal((300, 500)).astype(np.float32), (0, 0), 12)
    threads, found, kept = cv2.getNumThreads(), set(), []
    try:
        for attempt in range(40):
            cv2.setNumThreads(1 + attempt % 2)
            found.add(redistanced(smooth).tobytes())
            kept.append(np.empty(1000 + 1237 * attempt, np.float32))  # moves the next arrays
    finally:
        cv2.setNumThreads(threads)
    assert len(found) == 1


def test_the_inner_distance_is_exact() -> None:
    inside = np.ones((60, 80), np.uint8)
    inside[20, 30] = 0
    rows, columns = np.mgrid[:60, :80]
    true = np.sqrt(((rows - 20) ** 2 + (columns - 30) ** 2).astype(np.float32))
    assert np.array_equal(inner_distance(inside, 200.0), true)
    assert np.array_equal(inner_distance(inside, 9.5), np.minimum(true, np.float32(9.5)))
