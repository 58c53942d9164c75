"""Growing and shrinking."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from roto.edge.grow import grow
from roto.masks import Ellipse, Rectangle
from roto.masks.combine import combine
from roto.masks.edge_distance import edge_distance
from roto.masks.mask import Canvas

CANVAS = Canvas(150, 140)


def disc(radius, feather_px=0.0):
    return Ellipse(center=(75.3, 69.6), radii=(radius, radius), feather_px=feather_px).coverage(CANVAS)


@pytest.mark.parametrize("by", [-20, -2.5, -0.3, 0.3, 1, 2.5, 7])
def test_a_grown_disc_is_a_larger_disc(by):
    grown, expected = grow(disc(45), by), disc(45 + by)
    assert np.abs(grown - expected).max() < 0.35
    assert np.abs(grown - expected).mean() < 0.002
    edge_length = 2 * np.pi * (45 + by)
    assert (grown - expected).sum(dtype=float) / edge_length == pytest.approx(0, abs=0.04)


@pytest.mark.parametrize("feather_px", [4, 12, 30])
@pytest.mark.parametrize("by", [-8, -0.4, 2.5, 8])
def test_a_soft_edge_moves_and_stays_soft(by, feather_px):
    assert np.abs(grow(disc(45, feather_px), by) - disc(45 + by, feather_px)).max() < 0.06


def test_shrinking_by_more_than_the_radius_leaves_nothing():
    assert not grow(disc(6), -7.5).any()


def test_growing_does_not_touch_the_border_of_the_picture():
    """A shape that the picture cuts off has no edge there."""
    matte = np.ones((30, 40), np.float32)
    matte[:, 25:] = 0
    shrunk = grow(matte, -3)
    assert (shrunk[:, :21] == 1).all()
    assert (shrunk[:, 23:] == 0).all()


def test_nothing_grows_out_of_nothing():
    assert not grow(np.zeros((5, 6), np.float32), 4).any()


@pytest.mark.parametrize("feather_px", [0, 3])
@pytest.mark.parametrize("by", [2.5, 8])
def test_growing_thin_strands_leaves_no_holes(feather_px, by):
    """Further in than the middle of something thin lies its other side."""
    lines = [
        Rectangle(center=(75, 70), size=(120, 4), rotation_deg=angle, feather_px=feather_px) for angle in (8, 37, 60)
    ]
    strands = combine(lines, CANVAS)
    grown = grow(strands, by)
    assert (grown >= strands).all()
    deep = edge_distance(strands, 64) > 3 - by
    assert grown[deep].min() > 0.9


def test_a_hard_matte_without_anti_aliasing_grows_as_with_a_disc_for_a_brush():
    matte = (disc(30) > 0.5).astype(np.float32)
    matte[60:64, 10:140] = 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    assert grow(matte, 5).sum() == pytest.approx(cv2.dilate(matte, brush).sum(), rel=0.03)
