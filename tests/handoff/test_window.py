"""Crops, canvases and the blend of a canvas, against what they must hold and what they must not touch."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from roto.errors import RotoError
from roto.handoff.fill import INSIDE, OUTSIDE, extended, filled
from roto.handoff.window import (
    CanvasOptions,
    aspect_box,
    canvas_box,
    check_window,
    crop_box,
    outpaint_blend,
    placed,
    rounded,
    whole_box,
)
from roto.image import Box


@pytest.mark.parametrize("multiple", [1, 8, 64])
@pytest.mark.parametrize(
    "defect", [Box(0, 0, 5, 5), Box(300, 200, 420, 260), Box(850, 470, 854, 480), Box(2, 2, 850, 470)]
)
def test_a_crop_holds_the_defect_with_its_context_and_lies_inside_where_it_can(defect: Box, multiple: int) -> None:
    box = crop_box(defect, 854, 480, 20, multiple)
    assert box.width % multiple == 0
    assert box.height % multiple == 0
    wanted = defect.padded(20, 854, 480)
    assert wanted.union(box) == box
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= 854 or box.width > 854
    assert box.y1 <= 480 or box.height > 480
    assert box.width - wanted.width < multiple


def test_a_whole_picture_grows_on_the_right_and_below() -> None:
    assert whole_box(854, 480, 8) == Box(0, 0, 856, 480)
    assert whole_box(854, 480, 1) == Box(0, 0, 854, 480)


@pytest.mark.parametrize(
    ("size", "aspect", "anchor", "expected"),
    [
        ((640, 480), "16/9", "centre", Box(-106, 0, 747, 480)),
        ((640, 480), "16/9", "left", Box(0, 0, 853, 480)),
        ((640, 480), "16/9", "right", Box(-213, 0, 640, 480)),
        ((1920, 1080), "9/16", "centre", Box(0, -1166, 1920, 2247)),
        ((1920, 1080), "1/1", "bottom", Box(0, -840, 1920, 1080)),
        ((1920, 1080), "1/1", "top", Box(0, 0, 1920, 1920)),
    ],
)
def test_an_aspect_is_reached_by_growing_alone(size: tuple[int, int], aspect: str, anchor: str, expected: Box) -> None:
    assert aspect_box(*size, Fraction(aspect), Fraction(1), anchor) == expected


def test_an_aspect_is_that_of_the_picture_as_it_is_shown() -> None:
    box = aspect_box(720, 576, Fraction(16, 9), Fraction(16, 15), "left")
    assert float(box.width * Fraction(16, 15) / 576) == pytest.approx(16 / 9, abs=0.002)


@pytest.mark.parametrize("size", [(1920, 1080), (854, 480), (853, 480)])
def test_an_aspect_that_is_there_already_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(RotoError, match="16:9 already"):
        aspect_box(*size, Fraction(16, 9), Fraction(1), "centre")
    with pytest.raises(RotoError, match=r"800 x 600 of pixels 1\.333 wide is 16:9 already; nothing to outpaint"):
        aspect_box(800, 600, Fraction(16, 9), Fraction(4, 3), "centre")


def test_an_anchor_across_the_growth_is_refused() -> None:
    with pytest.raises(RotoError, match="grows in width"):
        aspect_box(640, 480, Fraction(16, 9), Fraction(1), "top")


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(-10, 0, 100, 50), Box(-12, 0, 100, 56)),
        (Box(0, 0, 110, 48), Box(0, 0, 112, 48)),
        (Box(-5, -3, 106, 53), Box(-5, -3, 107, 53)),
        (Box(-5, -3, 108, 51), Box(-8, -4, 112, 52)),
    ],
)
def test_a_canvas_is_rounded_up_on_the_sides_that_grow(box: Box, expected: Box) -> None:
    found = rounded(box, 100, 48, 8)
    assert found == expected
    assert found.width % 8 == found.height % 8 == 0


def test_a_canvas_that_is_too_large_is_refused() -> None:
    assert check_window(Box(0, 0, 16384, 16384)).width == 16384
    with pytest.raises(RotoError, match="20000 x 16384"):
        check_window(Box(0, 0, 20000, 16384))
    with pytest.raises(RotoError, match="70000 x 10"):
        check_window(Box(-70000, 0, 0, 10))


@pytest.mark.parametrize("overlap", [0, 1, 6])
def test_an_outpaint_is_whole_where_it_is_new_and_fades_into_the_picture(overlap: int) -> None:
    box = canvas_box(60, 40, CanvasOptions(left_px=8, bottom_px=5))
    blend = outpaint_blend(60, 40, box, overlap)
    assert blend.shape == (45, 68)
    original = placed(np.ones((40, 60), bool), box).astype(bool)
    assert (blend[~original] == 65535).all()
    inside = blend[:40, 8:]
    reached = max(overlap - 1, 0)
    kept = np.zeros((40, 60), bool)
    kept[: 40 - reached, reached:] = True
    assert not inside[kept].any(), "the sides that do not grow, and all beyond the overlap, stay as they are"
    assert (inside[~kept] > 0).all()
    row = inside[10].astype(int)
    assert (np.diff(row) <= 0).all()
    assert row[0] < 65535


def test_an_overlap_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(RotoError, match="leaves nothing"):
        outpaint_blend(60, 40, Box(-8, 0, 68, 40), 30)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("fill", OUTSIDE)
def test_the_picture_is_itself_in_a_larger_one_whatever_the_fill(fill: str, dtype: type) -> None:
    rng = np.random.default_rng(4)
    picture = (rng.random((30, 40, 3)) * (1 if dtype is np.float32 else np.iinfo(dtype).max)).astype(dtype)
    out = extended(picture, Box(-50, -6, 45, 33), fill)
    assert out.shape == (39, 95, 3)
    assert out.dtype == dtype
    assert (out[6:36, 50:90] == picture).all()
    if fill == "edge":
        assert (out[6:36, 0] == picture[:, 0]).all()
    if fill == "black":
        assert not out[:6].any()
    if fill == "grey":
        assert len(np.unique(out[:6])) == 1
    if fill == "blur":
        spans = [np.ptp(region.astype(np.float64)) for region in (out[6:36, :40], picture)]
        assert spans[0] < spans[1]


def test_a_crop_of_a_picture_is_that_part_of_it() -> None:
    picture = np.arange(30 * 40 * 3, dtype=np.uint16).reshape(30, 40, 3)
    assert (extended(picture, Box(5, 6, 21, 22), "edge") == picture[6:22, 5:21]).all()


@pytest.mark.parametrize("fill", INSIDE)
def test_a_fill_changes_nothing_but_what_is_to_change(fill: str) -> None:
    y, x = np.mgrid[:40, :60]
    picture = np.stack([x * 4, y * 4, x + y], axis=-1).astype(np.uint8)
    change = np.zeros((40, 60), bool)
    change[10:25, 20:40] = True
    broken = picture.copy()
    broken[change] = 255
    out = filled(broken, change, fill)
    assert (out[~change] == picture[~change]).all()
    if fill == "smooth":  # a linear ramp is continued exactly, but for rounding and what the sweeps leave
        assert np.abs(out[change].astype(int) - picture[change]).max() <= 3
    elif fill == "keep":
        assert (out == broken).all()


def test_a_smooth_fill_of_a_whole_picture_is_grey() -> None:
    assert (filled(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool), "smooth") == 128).all()
