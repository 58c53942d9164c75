"""What the steps do that look at nothing but the matte: feather, levels, choke, holes, specks, anti-aliasing."""

from __future__ import annotations

import numpy as np
import pytest

from roto.edge.antialias import antialias
from roto.edge.choke import choke
from roto.edge.despeckle import despeckle
from roto.edge.fill_holes import fill_holes
from roto.edge.levels import levels
from roto.masks import Ellipse, Polygon, Rectangle
from roto.masks.combine import combine
from roto.masks.feather import FALLOFFS, feather
from roto.masks.mask import Canvas

CANVAS = Canvas(150, 140)
EDGE_X = 70.0  # of a straight edge: inside is left of it
COLUMNS = np.arange(150) + 0.5


def disc(radius, center=(75.3, 69.6), **options):
    return Ellipse(center=center, radii=(radius, radius), **options)


def half():
    return np.tile(np.clip(EDGE_X - np.arange(150), 0, 1), (20, 1)).astype(np.float32)


@pytest.mark.parametrize(("side", "outer"), [("both", 10), ("in", 0), ("out", 20)])
@pytest.mark.parametrize("shape", FALLOFFS)
def test_a_feather_lies_on_the_side_that_it_says(side, outer, shape):
    row = feather(half(), 20, side, shape)[10]
    t = np.clip((EDGE_X + outer - COLUMNS) / 20, 0, 1)
    expected = {"linear": t, "smooth": t * t * (3 - 2 * t), "smooth0": t * t, "smooth1": 1 - (1 - t) ** 2}[shape]
    assert np.abs(row - expected).max() < 0.03
    assert (row[t == 1] == 1).all()
    assert (row[EDGE_X + outer + 1 < COLUMNS] == 0).all()


@pytest.mark.parametrize("side", ["in", "out"])
def test_a_one_sided_feather_does_not_touch_the_other_side(side):
    matte = combine([disc(40)], CANVAS)
    soft = feather(matte, 12, side)
    if side == "in":
        assert (soft <= matte).all()
        assert (soft[matte == 0] == 0).all()
    else:
        assert (soft >= matte).all()


def test_a_strand_narrower_than_an_inner_feather_fades_and_stays():
    strand = combine([Rectangle(center=(75, 70), size=(120, 6), rotation_deg=20)], CANVAS)
    soft = feather(strand, 20, "in", "linear")
    assert soft.max() == pytest.approx(3 / 20, abs=0.03)


def test_an_outer_feather_leaves_a_soft_inside_as_it_is():
    soft = combine([disc(40, feather_px=30)], CANVAS)
    wider = feather(soft, 10, "out")
    inside = soft > 0.55
    np.testing.assert_allclose(wider[inside], soft[inside], atol=0.001)


def test_levels_are_the_formula():
    ramp = np.linspace(0, 1, 1001, dtype=np.float32)[None]
    found = levels(ramp, 0.2, 0.7, 2.0, 0.1, 0.9)
    expected = 0.1 + 0.8 * np.clip((ramp.astype(float) - 0.2) / 0.5, 0, 1) ** 0.5
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert levels(ramp, white=0.7)[0, 700:].min() == 1
    assert levels(ramp) is ramp


@pytest.mark.parametrize("amount", [0.3, -0.3])
def test_choke_moves_one_end_of_a_soft_edge(amount):
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None]
    choked = choke(ramp, amount)[0]
    assert (choked[:30] == 0).all() if amount > 0 else (choked[70:] == 1).all()
    assert choked[100] == 1
    assert choked[0] == 0
    hard = (ramp > 0.5).astype(np.float32)
    np.testing.assert_array_equal(choke(hard, amount), hard)


def test_holes_are_filled_up_to_their_size_with_their_rim():
    solid = combine([disc(60)], CANVAS)
    holes = [disc(4, (60.3, 60.6), operation="subtract"), disc(12, (90.2, 80.4), operation="subtract", feather_px=6)]
    matte = combine([disc(60), *holes], CANVAS)
    np.testing.assert_array_equal(fill_holes(matte, 20), matte)
    small = fill_holes(matte, 60)
    np.testing.assert_array_equal(small[50:72, 50:72], solid[50:72, 50:72])
    np.testing.assert_array_equal(small[64:98, 74:108], matte[64:98, 74:108])
    np.testing.assert_allclose(fill_holes(matte, 500), solid, atol=0.002)


def test_a_bay_and_an_opening_at_the_border_are_no_holes():
    bay = combine(
        [Rectangle(center=(75, 70), size=(80, 80)), Rectangle(center=(75, 40), size=(10, 40), operation="subtract")],
        CANVAS,
    )
    np.testing.assert_array_equal(fill_holes(bay, 1e6), bay)
    border = np.ones((40, 40), np.float32)
    border[10:20, :6] = 0
    np.testing.assert_array_equal(fill_holes(border, 1e6), border)


def test_a_ring_of_diagonal_pixels_encloses():
    ring = np.zeros((9, 9), np.float32)
    for i in range(4):
        ring[i, 4 + i] = ring[4 + i, 8 - i] = ring[8 - i, 4 - i] = ring[4 - i, i] = 1
    assert (fill_holes(ring, 64)[4] == 1).all()


def test_specks_go_up_to_their_size_and_the_rest_stays():
    speck, patch = disc(3, (20.3, 20.6)), disc(9, (125.3, 120.6), feather_px=4)
    matte = combine([disc(40), speck, patch], CANVAS)
    np.testing.assert_array_equal(despeckle(matte, 20), matte)
    np.testing.assert_array_equal(despeckle(matte, 40), combine([disc(40), patch], CANVAS))
    np.testing.assert_allclose(despeckle(matte, 400), combine([disc(40)], CANVAS), atol=0.002)


def test_a_hair_of_diagonal_pixels_is_no_speck():
    hair = np.zeros((80, 80), np.float32)
    hair[np.arange(60), np.arange(60)] = 1
    np.testing.assert_array_equal(despeckle(hair, 30), hair)


def test_a_speck_at_the_border_of_the_picture_goes():
    matte = combine([disc(40)], CANVAS)
    stained = matte.copy()
    stained[:3, :3] = 1
    np.testing.assert_array_equal(despeckle(stained, 20), matte)


SHAPES = {
    "ellipse": Ellipse(center=(75.3, 69.6), radii=(60, 40), rotation_deg=20),
    "disc": disc(12),
    "bar": Rectangle(center=(75, 70), size=(110, 50), rotation_deg=7),
    "strand": Rectangle(center=(75, 70), size=(120, 3), rotation_deg=33),
    "triangle": Polygon(points=((20, 20), (130, 60), (40, 120))),
    "cut off": Rectangle(center=(75, 70), size=(400, 60), rotation_deg=33),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_anti_aliasing_finds_the_edge_that_a_hard_mask_stands_for(shape):
    exact = shape.coverage(CANVAS)
    hard = (exact >= 0.5).astype(np.float32)
    smooth = antialias(hard)
    edge = (exact > 0) & (exact < 1)
    errors = [float(np.sqrt(np.mean((matte - exact)[edge] ** 2))) for matte in (hard, smooth)]
    assert errors[1] < 0.7 * errors[0]
    assert smooth.sum(dtype=float) == pytest.approx(hard.sum(dtype=float), rel=0.0005)
    assert (smooth[(exact == 0) | (exact == 1)] == exact[(exact == 0) | (exact == 1)]).mean() > 0.995


def test_anti_aliasing_leaves_what_is_soft_as_it_is():
    soft = combine([disc(40, feather_px=10)], CANVAS)
    np.testing.assert_array_equal(antialias(soft), soft)
    fine = combine([disc(40)], CANVAS)
    np.testing.assert_array_equal(antialias(fine), fine)


def test_anti_aliasing_stays_within_a_pixel():
    hard = np.zeros((12, 12), np.float32)
    hard[3:6, 3:6] = hard[6:9, 6:9] = 1  # two squares that touch at a corner
    hard[1, 10] = 1
    smooth = antialias(hard)
    assert (smooth[4, 4], smooth[7, 7]) == (1, 1)
    assert smooth[1, 10] > 0.7
    assert smooth[hard == 0].max() < 0.5
    np.testing.assert_allclose(smooth[2:10, 2:10], smooth[2:10, 2:10].T, atol=1e-6)
    assert smooth.sum() == pytest.approx(hard.sum(), abs=0.01)
