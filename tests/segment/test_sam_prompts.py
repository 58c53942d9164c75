"""Prompts reach SAM exact to the half pixel, and answers come back to where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from roto.segment.prompt import Prompt
from roto.segment.ranking import overlap
from roto.segment.sam.package import segment_anything
from roto.segment.sam.prompts import Scaling

SIZES = [(640, 360), (360, 640), (1920, 1080), (200, 200), (97, 61)]


def disc(width: int, height: int, x: float, y: float, radius: float) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:height, :width] + 0.5
    return np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def encoder() -> Any:
    """The package's own prompt encoder for an input of 256 pixels, 16 x 16 patches."""
    segment_anything()
    from segment_anything.modeling import PromptEncoder

    torch.manual_seed(4)
    return PromptEncoder(64, (16, 16), (256, 256), 16).requires_grad_(False)


@pytest.mark.parametrize("size", SIZES)
def test_the_input_is_scaled_as_the_package_scales_it(size: tuple[int, int]) -> None:
    segment_anything()
    from segment_anything.utils.transforms import ResizeLongestSide

    scaling = Scaling(*size, 1024, 64)
    expected = ResizeLongestSide.get_preprocess_shape(size[1], size[0], 1024)
    assert (scaling.input_height, scaling.input_width) == expected


@pytest.mark.parametrize("size", SIZES)
def test_a_click_on_a_patchs_centre_is_encoded_as_that_patch(size: tuple[int, int], encoder: Any) -> None:
    """The encoder gives image and prompts one coordinate system; nothing may be lost by half a pixel between them."""
    scaling = Scaling(*size, 256, 16)
    row, column = scaling.input_height // 16 // 2, scaling.input_width // 16 - 1
    across, down = scaling.scale
    click = ((column + 0.5) * 16 / across, (row + 0.5) * 16 / down)
    points = scaling.points(Prompt(points=(click,), labels=(True,)))
    assert points is not None
    sparse, _ = encoder(points=tuple(torch.from_numpy(each)[None] for each in points), boxes=None, masks=None)
    kind = encoder.point_embeddings[1].weight[0]
    torch.testing.assert_close(sparse[0, 0] - kind, encoder.get_dense_pe()[0, :, row, column], atol=2e-4, rtol=0)


def test_half_a_pixel_would_show(encoder: Any) -> None:
    """The test above would notice a missing half."""
    scaling = Scaling(256, 256, 256, 16)
    points = scaling.points(Prompt(points=((24.5, 40.0),), labels=(True,)))
    assert points is not None
    sparse, _ = encoder(points=tuple(torch.from_numpy(each)[None] for each in points), boxes=None, masks=None)
    difference = sparse[0, 0] - encoder.point_embeddings[1].weight[0] - encoder.get_dense_pe()[0, :, 2, 1]
    assert float(difference.abs().max()) > 1e-3


def test_a_boxs_corners_are_encoded_like_points(encoder: Any) -> None:
    scaling = Scaling(640, 360, 256, 16)
    box = scaling.box(Prompt(box=(20.0, 20.0, 60.0, 100.0)))
    assert box is not None
    sparse, _ = encoder(points=None, boxes=torch.from_numpy(box)[None], masks=None)
    place = encoder.get_dense_pe()[0]
    torch.testing.assert_close(sparse[0, 0] - encoder.point_embeddings[2].weight[0], place[:, 0, 0], atol=2e-4, rtol=0)
    torch.testing.assert_close(sparse[0, 1] - encoder.point_embeddings[3].weight[0], place[:, 2, 1], atol=2e-4, rtol=0)


def test_labels_tell_on_from_off() -> None:
    points = Scaling(100, 100, 256, 16).points(Prompt(points=((1, 2), (3, 4), (5, 6)), labels=(True, False, True)))
    assert points is not None
    assert points[1].tolist() == [1, 0, 1]
    assert Scaling(100, 100, 256, 16).points(Prompt(box=(1, 2, 3, 4))) is None
    assert Scaling(100, 100, 256, 16).box(Prompt(points=((1, 2),), labels=(True,))) is None


@pytest.mark.parametrize("size", SIZES)
def test_a_matte_survives_as_logits(size: tuple[int, int]) -> None:
    """There and back: the contour stays within a fraction of a cell, at the picture's border too."""
    width, height = size
    radius = min(size) * 0.3
    scaling = Scaling(width, height, 1024, 64)
    for x, y in ((width / 2, height / 2), (width - radius / 2, height - radius / 2)):
        matte = disc(width, height, x, y, radius)
        logits = scaling.mask_logits(matte)
        assert logits.shape == (256, 256)
        assert np.abs(logits).max() == 10
        back = scaling.matte(logits)
        assert back.shape == matte.shape
        cell = 4 / min(scaling.scale)
        assert overlap(matte, back) > 1 - 0.15 * max(cell, 1) / radius
        for weights in (np.arange(width), np.arange(height)[:, None]):
            assert float((matte * weights).sum() / matte.sum()) == pytest.approx(
                float((back * weights).sum() / back.sum()), abs=0.03 * max(cell, 1)
            )


def test_logits_rise_by_the_distance_and_stop_where_it_is_sure() -> None:
    logits = Scaling(1024, 1024, 1024, 64).mask_logits(disc(1024, 1024, 512, 512, 200))
    row = logits[128]  # its centre is half a cell below the disc's
    cells = np.arange(256) + 0.5
    distance = 50 - np.hypot(cells - 128, 0.5)
    np.testing.assert_allclose(row, np.clip(4 * distance, -10, 10), atol=0.15)


def test_outside_the_picture_there_is_nothing() -> None:
    logits = Scaling(200, 100, 256, 16).mask_logits(np.ones((100, 200), np.float32))
    assert logits[:31].min() == 10
    assert logits[34:].max() == -10


@pytest.mark.parametrize(("matte", "expected"), [(0.0, -10.0), (1.0, 10.0)])
def test_empty_and_full_mattes(matte: float, expected: float) -> None:
    scaling = Scaling(64, 64, 256, 16)
    logits = scaling.mask_logits(np.full((64, 64), matte, np.float32))
    assert set(np.unique(logits)) == {np.float32(expected)}
    assert set(np.unique(scaling.matte(logits))) == {np.float32(matte)}


def test_an_answer_agrees_with_the_packages_own_upscaling() -> None:
    segment_anything()
    from segment_anything.modeling import Sam

    rng = np.random.default_rng(5)
    coarse = torch.from_numpy(rng.standard_normal((1, 1, 8, 8)).astype(np.float32))
    logits = torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic")
    scaling = Scaling(640, 360, 256, 16)

    class Only:
        class image_encoder:  # noqa: N801 - named as postprocess_masks looks for it
            img_size = 256

    own = Sam.postprocess_masks(Only, logits, (scaling.input_height, scaling.input_width), (360, 640))  # type: ignore[arg-type]
    found = scaling.matte(logits[0, 0].numpy())
    assert overlap(found, (own[0, 0].numpy() > 0).astype(np.float32)) > 0.97


def test_what_is_no_number_is_outside() -> None:
    scaling = Scaling(80, 60, 256, 16)
    assert scaling.matte(np.full((64, 64), np.nan, np.float32)).max() == 0
