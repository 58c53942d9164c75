"""Trimaps from masks: the band's width, what never vanishes, and the automatic band."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.matting.refine import refine
from roto.edge.trimap import UNKNOWN, automatic_trimap, trimap
from roto.errors import RotoError


def disc(radius, size=120):
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return (np.hypot(x - size / 2, y - size / 2) < radius).astype(np.float32)


@pytest.mark.parametrize("width", [4, 10, 30])
def test_the_band_lies_half_inside_and_half_outside(width):
    found = trimap(disc(40), width)
    area = np.pi * ((40 + width / 2) ** 2 - (40 - width / 2) ** 2)
    assert (found == UNKNOWN).sum() == pytest.approx(area, rel=0.1)
    assert (found == 255).sum() == pytest.approx(np.pi * (40 - width / 2) ** 2, rel=0.06)


def test_no_width_leaves_the_mask_alone():
    np.testing.assert_array_equal(trimap(disc(30), 0), disc(30) * 255)


def test_partial_coverage_is_unknown_wherever_it_is():
    mask = disc(40)
    mask[60, 60] = 0.4
    mask[5, 5] = 0.2
    found = trimap(mask, 6)
    assert (found[60, 60], found[5, 5]) == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("width", [12, 60, 500])
def test_a_band_wider_than_the_object_leaves_its_middle(width):
    mask = np.zeros((80, 160), np.float32)
    mask[36:44, 20:140] = 1
    found = trimap(mask, width)
    assert (found == 255).any()
    assert (found == 0).any()
    assert ((found == 255) <= (mask == 1)).all()
    assert ((found == 0) <= (mask == 0)).all()


def test_a_loose_strand_has_no_middle():
    """Whether it is solid is what refining is to find out."""
    mask = disc(40)
    mask[3:5, 10:100] = 1
    found = trimap(mask, 12)
    assert (found[3:5, 10:100] == UNKNOWN).all()
    assert (found == 255).any()


@pytest.mark.parametrize("value", [0, 1])
def test_without_an_edge_everything_is_known(value):
    mask = np.full((20, 30), value, np.float32)
    rgb = np.zeros((20, 30, 3), np.float32)
    assert (trimap(mask, 9) == 255 * value).all()
    assert (automatic_trimap(rgb, mask) == 255 * value).all()


@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (1, 1)])
def test_frames_a_pixel_wide(shape):
    mask = np.zeros(shape, np.float32)
    mask.flat[mask.size // 2 :] = 1
    rgb = np.repeat(mask[..., None], 3, axis=2)
    for found in (trimap(mask, 6), automatic_trimap(rgb, mask)):
        assert found.shape == shape
        assert (found == 255).any()
        assert (refine(rgb, found)[found == 255] == 1).all()


@pytest.mark.parametrize("value", [-0.5, 1.01, np.nan])
def test_a_mask_outside_0_to_1_is_refused(value):
    mask = disc(30)
    mask[0, 0] = value
    with pytest.raises(RotoError, match="coverage from 0 to 1"):
        trimap(mask, 5)
    with pytest.raises(RotoError, match="coverage from 0 to 1"):
        automatic_trimap(np.zeros((120, 120, 3), np.float32), mask)


@pytest.mark.parametrize("width", [-1, float("nan")])
def test_a_negative_width_is_refused(width):
    with pytest.raises(RotoError, match="0 px or more"):
        trimap(disc(30), width)


def half_soft(size=400):
    """A disc whose right half has an edge of 30 px, the left half one of 1 px: plate, alpha, hard mask."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) + 0.5
    away = 130 - np.hypot(x - size / 2, y - size / 2)
    soft = np.where(x > size / 2, 30, 1)
    alpha = np.clip(0.5 + away / soft, 0, 1).astype(np.float32)
    rng = np.random.default_rng(4)
    texture = cv2.resize(rng.random((size // 16, size // 16, 3), np.float32), (size, size)) * 0.1
    plate = texture + alpha[..., None] * np.float32((0.6, 0.2, 0.0)) + np.float32((0.1, 0.2, 0.4))
    return plate.astype(np.float32), alpha, (alpha > 0.5).astype(np.float32)


def test_the_automatic_band_is_wide_where_the_edge_is_soft():
    plate, alpha, mask = half_soft()
    unknown = automatic_trimap(plate, mask) == UNKNOWN
    left, right = unknown[:, :180].sum(), unknown[:, 220:].sum()
    assert right > 1.4 * left
    partial = (alpha > 0.3) & (alpha < 0.7)
    assert unknown[partial].mean() > 0.97


def test_from_a_hard_mask_that_is_off_the_matte_is_found():
    plate, alpha, mask = half_soft()
    moved = np.roll(cv2.erode(mask, np.ones((3, 3), np.uint8)), (1, -2), (0, 1))
    found = refine(plate, automatic_trimap(plate, moved))
    assert np.abs(found - alpha).sum() < 0.4 * np.abs(moved - alpha).sum()
