"""An answer put back: colours there and back, sizes that a model makes, and bits that nobody may touch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roto.errors import RotoError
from roto.handoff.colour import check_inverse, handed, taken_back
from roto.handoff.merge import blended, check_size, fitted
from roto.image import Frame, srgb_decoded, srgb_encoded


@pytest.mark.parametrize("codes", [256, 65536])
def test_srgb_is_undone_exactly_for_every_code(codes: int) -> None:
    values = np.arange(codes) / (codes - 1)
    back = srgb_encoded(srgb_decoded(values.astype(np.float32))).astype(np.float64)
    assert (np.rint(back * (codes - 1)) == np.arange(codes)).all()
    linear = np.linspace(0, 1, 10_001, dtype=np.float32)
    assert np.abs(srgb_decoded(srgb_encoded(linear)) - linear).max() < 5e-7  # what float32 leaves


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("depth", ["8", "16"])
def test_a_whole_number_plate_comes_back_as_well_as_its_depth_allows(dtype: Any, depth: str) -> None:
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(1).integers(0, top + 1, (20, 30, 3)).astype(dtype)
    shown = handed(Frame(0, pixels), depth)
    assert shown.dtype == (np.uint8 if depth == "8" else np.uint16)
    back = taken_back(shown, pixels.dtype, None)
    assert back.dtype == dtype
    if dtype == np.uint16 and depth == "8":
        assert np.abs(back.astype(int) - pixels).max() <= 129
    else:
        assert (back == pixels).all()


def test_a_scene_linear_plate_is_shown_as_srgb_and_put_back() -> None:
    pixels = np.random.default_rng(2).random((20, 30, 3), np.float32)
    frame = Frame(0, pixels, linear=True)
    assert (handed(frame, "8") == frame.rgb8()).all()
    back = taken_back(handed(frame, "16"), pixels.dtype, srgb_decoded)
    assert np.abs(back - pixels).max() < 3e-5
    assert (handed(frame, "float") == pixels).all()
    assert (taken_back(pixels, pixels.dtype, None) == pixels).all()


def test_a_view_that_loses_colours_is_told_and_one_without_an_inverse_refused(tmp_path: Path) -> None:
    import cv2

    from roto.frames.open import open_source
    from roto.frames.view import View, ViewedSource

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))

    def lost(view: str) -> float:
        source = ViewedSource(open_source(tmp_path / "a.png"), View(space="ACEScg", view=view))
        return check_inverse(source.display, source.display.inverse(), source.display.name)

    assert lost("Un-tone-mapped") == 0
    assert 0 < lost("ACES 1.0 - SDR Video") < 0.02
    with pytest.raises(RotoError, match=r"D60 sim.*cannot be undone: 8 % .*--depth float"):
        lost("ACES 1.0 - SDR Video (D60 sim on D65)")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_the_blend_leaves_keeps_its_bits(dtype: Any, channels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    scale = 8.0 if dtype == np.float32 else np.iinfo(dtype).max
    source, answer = ((rng.random((40, 50, *channels)) * scale - (dtype == np.float32)).astype(dtype) for _ in range(2))
    if dtype == np.float32:
        source[0, 0] = -0.0
    blend = rng.integers(0, 65536, (40, 50)).astype(np.uint16)
    blend[:20], blend[30:] = 0, 65535
    out = blended(source, answer, blend)
    assert out.dtype == dtype
    assert out[:20].tobytes() == source[:20].tobytes()
    assert out[30:].tobytes() == answer[30:].tobytes()
    share = (blend[20:30] / 65535).reshape(10, 50, *[1] * len(channels))
    exact = source[20:30] + (answer[20:30].astype(np.float64) - source[20:30]) * share
    assert np.abs(out[20:30] - exact).max() <= (0.5 if dtype != np.float32 else 1e-6)


@pytest.mark.parametrize("size", [(854, 480), (848, 480), (856, 480), (832, 448), (896, 512), (864, 480)])
def test_sizes_that_models_round_to_are_taken(size: tuple[int, int]) -> None:
    check_size(size, (854, 480), None, "answer")


@pytest.mark.parametrize("size", [(853, 480), (427, 240), (1708, 960), (480, 854), (720, 480)])
def test_any_other_size_is_refused_unless_scaling_is_asked_for(size: tuple[int, int]) -> None:
    with pytest.raises(RotoError, match=rf"{size[0]} x {size[1]}, handed over were 854 x 480"):
        check_size(size, (854, 480), None, "answer")
    if abs(size[0] / size[1] - 854 / 480) < 0.02:
        check_size(size, (854, 480), "scale", "answer")
    else:
        with pytest.raises(RotoError, match="another aspect"):
            check_size(size, (854, 480), "scale", "answer")


def test_an_answer_is_scaled_or_laid_where_its_tool_cut_it() -> None:
    y, x = np.mgrid[:48, :86]
    picture = np.stack([x, y, x + y], axis=-1).astype(np.uint8)
    same, there = fitted(picture, 86, 48, None)
    assert same is picture
    assert there is None
    centred, there = fitted(picture[:, 3:83], 86, 48, "centre")
    assert there is not None
    assert there[:, 3:83].all()
    assert there.sum() == 48 * 80
    assert (centred[:, 3:83] == picture[:, 3:83]).all()
    padded = np.pad(picture, ((0, 0), (0, 2), (0, 0)), mode="edge")
    back, there = fitted(padded, 86, 48, "corner")
    assert there is not None
    assert there.all()
    assert (back == picture).all()
    scaled, there = fitted(picture[:, :80], 86, 48, "scale")
    assert there is None
    assert scaled.shape == (48, 86, 3)
    assert scaled.dtype == np.uint8
