"""What the networks are shown: finite, of about unit size, and the same planes that the training disturbs."""

from __future__ import annotations

import numpy as np
import pytest

from roto.track.learned.planes import (
    FAR_PLANE,
    FUSION_PLANES,
    MEMORY_PX,
    NEAR_PLANE,
    PROPAGATION_PLANES,
    Carriage,
    Side,
    fusion_planes,
    lab_planes,
    memory_planes,
    near_and_far,
    padded,
    propagation_planes,
)

SHAPE = (30, 44)


def plane(seed: int, size: float) -> np.ndarray:
    return (size * np.random.default_rng(seed).standard_normal(SHAPE)).astype(np.float32)


def lab(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


def carriage(size: float, carried: np.ndarray | None = None, age: int = 3) -> Carriage:
    return Carriage(
        lab=lab(1),
        warped=lab(2),
        carried=plane(1, size) if carried is None else carried,
        chained=plane(2, size),
        odds=plane(3, size),
        doubt=np.abs(plane(4, size)),
        flow=np.stack([plane(5, size), plane(6, size)], 2),
        global_odds=plane(8, size),
        look_odds=plane(9, size),
        age=age,
    )


@pytest.mark.parametrize("size", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("age", [1, 100_000])
def test_propagation_planes_are_bounded_whatever_is_known(size: float, age: int) -> None:
    planes = propagation_planes(carriage(size, age=age))
    assert (planes.shape, planes.dtype) == ((PROPAGATION_PLANES, *SHAPE), np.float32)
    assert np.isfinite(planes).all()
    assert np.abs(planes).max() <= 16  # the change of colours from one end to the other


@pytest.mark.parametrize("size", [0.0, 1.0, 1e4])
def test_fusion_planes_are_bounded_whatever_is_known(size: float) -> None:
    forward, backward = (Side(plane(s, size), plane(s + 1, size), plane(s + 2, size), 500, 50 * size) for s in (1, 5))
    planes = fusion_planes(lab(1), forward, backward, plane(9, size), 0.25)
    assert (planes.shape, planes.dtype) == ((FUSION_PLANES, *SHAPE), np.float32)
    assert np.isfinite(planes).all()
    assert np.abs(planes).max() < 6
    assert (planes[16] == -0.5).all()


def test_a_subject_that_is_lost_is_shown_too() -> None:
    planes = propagation_planes(carriage(1, carried=np.full(SHAPE, -32, np.float32)))
    assert np.isfinite(planes).all()
    np.testing.assert_allclose(planes[NEAR_PLANE], -1, atol=1e-6)


def test_each_evidence_has_its_own_plane() -> None:
    """A change of one of the things that are known shows, and elsewhere nothing changes."""
    plain = carriage(0.5)
    expected = {
        "lab": {0, 1, 2, 3, 4, 5},
        "warped": {3, 4, 5},
        "carried": {6, 7, 10, 11},
        "global_odds": {8},
        "doubt": {9},
        "flow": {10, 11},
        "age": {12},
        "chained": {13},
        "look_odds": {14},
        "odds": {15},
    }
    for name, changed in expected.items():
        values = {field: getattr(plain, field) for field in Carriage.__slots__}
        old = values[name]
        values[name] = old + 1 if name == "age" else (255 - old if old.dtype == np.uint8 else np.flip(old, 0).copy())
        difference = propagation_planes(Carriage(**values)) != propagation_planes(plain)
        assert set(np.flatnonzero(difference.any((1, 2)))) == changed, name


def test_the_sides_of_a_fusion_are_told_apart() -> None:
    a, b = Side(plane(1, 2), plane(2, 2), plane(3, 2), 1, 0.5), Side(plane(4, 2), plane(5, 2), plane(6, 2), 7, 4)
    planes, swapped = fusion_planes(lab(1), a, b, plane(7, 2), 0.25), fusion_planes(lab(1), b, a, plane(7, 2), 0.75)
    np.testing.assert_array_equal(planes[5:10], swapped[10:15])
    np.testing.assert_array_equal(planes[10:15], swapped[5:10])
    np.testing.assert_array_equal(planes[15:], -swapped[15:])


def test_motion_is_shown_against_that_of_the_subject() -> None:
    carried = np.full(SHAPE, -5, np.float32)
    carried[10:20, 10:30] = 5
    known = carriage(1, carried=carried)
    known.flow[:] = (7, -3)
    assert (propagation_planes(known)[10:12] == 0).all()
    known.flow[:, :10] = (9, -3)
    moving = propagation_planes(known)[10:12]
    np.testing.assert_allclose(moving[0][:, :10], np.tanh(0.5), rtol=1e-6)
    assert (moving[1] == 0).all()


def test_near_and_far_planes_follow_from_the_distance_alone() -> None:
    carried = plane(3, 20)
    planes = propagation_planes(carriage(1, carried=carried))
    again = np.full_like(planes, np.nan)
    near_and_far(carried, again)
    assert set(np.flatnonzero(np.isfinite(again).all((1, 2)))) == {NEAR_PLANE, FAR_PLANE}
    np.testing.assert_array_equal(again[[NEAR_PLANE, FAR_PLANE]], planes[[NEAR_PLANE, FAR_PLANE]])


def test_planes_are_padded_with_their_border() -> None:
    planes = np.stack([plane(1, 1), plane(2, 1)])
    larger = padded(planes, 16)
    assert larger.shape == (2, 32, 48)
    np.testing.assert_array_equal(larger[:, :30, :44], planes)
    np.testing.assert_array_equal(larger[:, 30:, :44], np.repeat(planes[:, -1:], 2, 1))
    np.testing.assert_array_equal(larger[:, :30, 44:], np.repeat(planes[:, :, -1:], 4, 2))
    assert padded(larger, 16) is larger


def box(shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    """A signed distance, roughly: 8 inside, -8 outside."""
    distance = np.full(shape, -8, np.float32)
    distance[rows, columns] = 8
    return distance


def test_a_keyframe_is_remembered_around_its_subject() -> None:
    shape = (300, 400)
    distance = box(shape, slice(100, 140), slice(200, 260))
    shown = memory_planes(lab(1, shape), distance)
    assert (shown.shape, shown.dtype) == ((6, MEMORY_PX, MEMORY_PX), np.float32)
    assert shown[3].sum() == 40 * 60  # as large as it is: it is smaller than the square
    rows, columns = np.nonzero(shown[3])
    assert (rows.mean(), columns.mean()) == (MEMORY_PX / 2 - 0.5, MEMORY_PX / 2 - 0.5)
    assert (shown[5] == 1).all()
    np.testing.assert_array_equal(shown[:3, 92:132, 82:142], lab_planes(lab(1, shape)[100:140, 200:260]))


@pytest.mark.parametrize(
    ("rows", "columns", "known"),
    [
        (slice(0, 20), slice(0, 20), (slice(102, None), slice(102, None))),
        (slice(280, 300), slice(380, 400), (slice(None, 122), slice(None, 122))),
    ],
)
def test_beyond_the_frames_border_nothing_is_known_and_nothing_inside(
    rows: slice, columns: slice, known: tuple[slice, slice]
) -> None:
    shown = memory_planes(lab(1, (300, 400)), box((300, 400), rows, columns))
    assert (shown[5][known] == 1).all()
    assert shown[5].sum() == shown[5][known].size
    assert shown[3].sum() == 400
    assert (shown[3][shown[5] == 0] == 0).all()
    assert np.isfinite(shown).all()


@pytest.mark.parametrize("shape", [(600, 900), (40, 700), (700, 3)])
def test_a_subject_that_fills_its_frame_fits_into_the_square(shape: tuple[int, int]) -> None:
    shown = memory_planes(lab(1, shape), np.full(shape, 8, np.float32))
    assert np.isfinite(shown).all()
    side = 1.5 * max(shape)
    expected = shape[0] * shape[1] * (MEMORY_PX / side) ** 2
    assert shown[5].sum() == pytest.approx(expected, rel=0.03, abs=MEMORY_PX)
    np.testing.assert_array_equal(shown[3], shown[5])
