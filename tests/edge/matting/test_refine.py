"""Every matting method on rendered pictures with exact alpha, and what each does with bad input."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest

from roto.edge.matting import METHODS
from roto.edge.matting.refine import refine
from roto.errors import BackendUnavailable, RotoError

OURS = ["linked-lines", "guided"]
SIZE = 96


def noise(seed, colour):
    rng = np.random.default_rng(seed)
    grid = rng.random((SIZE // 8, SIZE // 8, 3), np.float32)
    return cv2.resize(grid, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) * 0.15 + np.float32(colour)


def scene(hole=False):
    """A soft red disc on a blue-green ground: plate, alpha, and a trimap that knows nothing of a hole in it."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5
    from_centre = np.hypot(x - 48, y - 48)
    alpha = np.clip((32 - from_centre) / 6, 0, 1).astype(np.float32)
    unknown = np.abs(from_centre - 29) < 8
    if hole:
        alpha[np.hypot(x - 48, y - 48) < 5] = 0
        unknown |= np.hypot(x - 48, y - 48) < 9
    plate = noise(1, (0.7, 0.2, 0.1)) * alpha[..., None] + noise(2, (0.1, 0.3, 0.5)) * (1 - alpha[..., None])
    trimap = np.where(unknown, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)
    return np.clip(plate, 0, 1).astype(np.float32), alpha, trimap


@pytest.mark.parametrize("method", METHODS)
def test_alpha_is_near_the_truth_and_exact_where_it_is_known(method):
    plate, alpha, trimap = scene()
    matte = refine(plate, trimap, method)
    unknown = trimap == 128
    assert matte.dtype == np.float32
    assert matte.min() >= 0
    assert matte.max() <= 1
    assert (matte[trimap == 255] == 1).all()
    assert (matte[trimap == 0] == 0).all()
    assert np.abs(matte - alpha)[unknown].mean() < 0.06


def test_a_hole_that_the_trimap_does_not_know_is_found():
    """The colour lines alone fill it: nothing in the trimap beside it is background."""
    plate, _, trimap = scene(hole=True)
    middle = (slice(46, 50), slice(46, 50))
    assert refine(plate, trimap, "linked-lines")[middle].mean() < 0.1
    assert refine(plate, trimap, "closed-form")[middle].mean() > 0.5


def test_uint8_and_floating_point_trimaps_mean_the_same():
    plate, _, trimap = scene()
    floats = np.where(trimap == 128, 0.4, trimap / 255).astype(np.float32)
    np.testing.assert_array_equal(refine(plate, trimap), refine(plate, floats))


@pytest.mark.parametrize("method", OURS)
def test_the_same_bytes_whatever_the_threads(method):
    import torch

    plate, _, trimap = scene()
    once = refine(plate, trimap, method)
    threads, opencv = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(3)
    cv2.setNumThreads(3)
    try:
        again = refine(plate, trimap, method)
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3)
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(opencv)
    assert once.tobytes() == again.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_a_trimap_without_unknown_pixels_is_the_matte(method):
    plate, _, trimap = scene()
    known = np.where(trimap == 128, 0, trimap).astype(np.uint8)
    np.testing.assert_array_equal(refine(plate, known, method), known / np.float32(255))


@pytest.mark.parametrize("value", [0, 255])
def test_unknown_pixels_need_known_foreground_and_background(value):
    plate, _, trimap = scene()
    trimap[trimap != 128] = value
    missing = "foreground" if value == 0 else "background"
    with pytest.raises(RotoError, match=f"no {missing}, so there is nothing to tell them apart by"):
        refine(plate, trimap)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_inf_in_the_plate_are_named_with_their_place(value):
    plate, _, trimap = scene()
    plate[7, 9, 1] = value
    with pytest.raises(RotoError, match="NaN or Inf, first at column 9, row 7"):
        refine(plate, trimap)


def test_values_beyond_white_are_clipped_as_on_a_display():
    plate, _, trimap = scene()
    brighter = plate.copy()
    brighter[0:4] = 7.0
    clipped = np.minimum(brighter, 1)
    np.testing.assert_array_equal(refine(brighter, trimap), refine(clipped, trimap))


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_a_trimap_outside_0_to_1_is_refused(value):
    plate, _, trimap = scene()
    floats = (trimap / 255).astype(np.float32)
    floats[3, 3] = value
    with pytest.raises(RotoError, match="values from 0 to 1"):
        refine(plate, floats)


@pytest.mark.parametrize(
    ("plate", "trimap", "says"),
    [
        (np.zeros((4, 5, 3), np.float32), np.zeros((5, 4), np.uint8), "float32 5 x 4 x 3"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8), "got .* of uint8"),
        (np.zeros((4, 5, 3), np.float32), np.zeros((4, 5), np.int32), "got int32"),
        (np.zeros((4, 5, 3), np.float32), np.zeros((4, 5, 1), np.uint8), "one picture H x W"),
        (np.zeros((0, 5, 3), np.float32), np.zeros((0, 5), np.uint8), "one picture H x W"),
    ],
)
def test_arrays_of_another_kind_are_refused(plate, trimap, says):
    with pytest.raises(RotoError, match=says):
        refine(plate, trimap)


def test_an_unknown_method_is_named_beside_those_there_are():
    plate, _, trimap = scene()
    with pytest.raises(RotoError, match="no matting method 'magic', choose from linked-lines, guided"):
        refine(plate, trimap, "magic")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_frames_a_pixel_wide_are_solved(method, shape):
    along = np.linspace(0, 1, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    plate = np.stack([along, 0.2 + 0 * along, 1 - along], axis=-1)
    trimap = np.full(shape, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    matte = refine(plate, trimap, method)
    assert matte.shape == shape
    assert np.isfinite(matte).all()
    assert (matte.flat[0], matte.flat[-1]) == (0, 1)


@pytest.mark.parametrize("method", OURS)
@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (3, 1)])
def test_the_smallest_frames_are_solved(method, shape):
    trimap = np.full(shape, 128, np.uint8)
    trimap.flat[0], trimap.flat[-1] = 0, 255
    matte = refine(np.full((*shape, 3), 0.5, np.float32), trimap, method)
    assert np.isfinite(matte).all()
    assert (matte.flat[0], matte.flat[-1]) == (0, 1)


def test_a_method_that_cannot_is_one_clear_line():
    """KNN looks for 20 neighbours, which a picture of 9 pixels does not have."""
    trimap = np.array([[0, 128, 255]], np.uint8)
    with pytest.raises(RotoError, match=r"knn found no solution .*; use linked-lines or guided"):
        refine(np.zeros((1, 3, 3), np.float32), trimap, "knn")


@pytest.mark.parametrize("method", ["closed-form", "knn", "learning-based", "random-walk"])
def test_without_pymatting_the_remedy_is_named(method, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymatting", None)
    plate, _, trimap = scene()
    with pytest.raises(BackendUnavailable, match=rf"{method} .* pip install 'roto\[matting\]'"):
        refine(plate, trimap, method)
    for ours in OURS:
        refine(plate, trimap, ours)


def test_where_the_picture_does_not_tell_alpha_keeps_to_the_mask():
    """The lower half of the disc looks like its ground."""
    plate, alpha, _ = scene()
    plate[60:] = noise(2, (0.1, 0.3, 0.5))[60:]
    mask = (alpha > 0.5).astype(np.float32)
    away = cv2.distanceTransform((mask > 0).astype(np.uint8), cv2.DIST_L2, 5)
    away -= cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5)
    trimap = np.where(away > 24, 255, np.where(away < -14, 0, 128)).astype(np.uint8)
    with_mask, without = refine(plate, trimap, mask=mask), refine(plate, trimap)
    below = np.s_[64:76, 40:56]  # inside the disc
    assert with_mask[below].mean() > 0.6
    assert without[below].mean() < with_mask[below].mean() - 0.2
    above = np.s_[:50]
    assert np.abs(with_mask - alpha)[above].mean() < 0.05


def test_a_mask_counts_as_much_as_it_is_said_to():
    plate, alpha, trimap = scene()
    mask = np.zeros_like(alpha)  # wrong everywhere
    errors = [np.abs(refine(plate, trimap, mask=mask, mask_weight=each) - alpha).mean() for each in (0, 1, 100)]
    assert errors[0] == np.abs(refine(plate, trimap) - alpha).mean()
    assert errors[0] < errors[1] < errors[2]


def test_a_mask_of_another_size_is_refused():
    plate, _, trimap = scene()
    with pytest.raises(TypeError):
        refine(plate, trimap, mask=np.zeros((5, 5), np.float32))


def test_something_thin_that_looks_like_its_ground_keeps_its_middle():
    """A bar of 8 px, half of it in the colours of the ground, whose band leaves nothing known of it."""
    plate, alpha = noise(2, (0.1, 0.3, 0.5)), np.zeros((SIZE, SIZE), np.float32)
    alpha[10:30, 10:40] = 1
    alpha[18:26, 10:90] = 1
    plate[10:30, 10:40] = noise(1, (0.7, 0.2, 0.1))[10:30, 10:40]
    plate[18:26, :60] = np.where(alpha[18:26, :60, None] > 0, noise(1, (0.7, 0.2, 0.1))[18:26, :60], plate[18:26, :60])
    plate = np.clip(plate, 0, 1).astype(np.float32)
    found = np.where(cv2.dilate(alpha, np.ones((9, 9), np.uint8)) > 0, 128, 0).astype(np.uint8)
    found[14:26, 14:34] = 255
    thin = np.s_[20:24, 66:84]
    assert refine(plate, found, mask=alpha)[thin].mean() > 0.6
    assert refine(plate, found)[thin].mean() < 0.3
