"""A checkpoint's architecture is read from its shapes, and another model's file is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from roto.errors import BackendUnavailable
from roto.segment.sam.architecture import Architecture, architecture, build, load
from roto.segment.sam.package import segment_anything

SMALL = Architecture(
    image_size=64,
    patch_size=16,
    encoder_width=32,
    encoder_heads=4,
    encoder_hidden=48,
    encoder_bias=True,
    window=2,
    global_blocks=(1,),
    encoder_depth=3,
    width=32,
    mask_channels=8,
    answers=3,
    decoder_depth=2,
    decoder_hidden=40,
    quality_depth=3,
    quality_hidden=24,
)
State = dict[str, Any]


def shapes(state: State) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(1)
    return dict(build(SMALL).state_dict())


@pytest.mark.parametrize(
    ("name", "width", "depth", "heads", "global_blocks"),
    [
        ("vit_b", 768, 12, 12, (2, 5, 8, 11)),
        ("vit_l", 1024, 24, 16, (5, 11, 17, 23)),
        ("vit_h", 1280, 32, 16, (7, 15, 23, 31)),
    ],
)
def test_the_published_sizes(name: str, width: int, depth: int, heads: int, global_blocks: tuple[int, ...]) -> None:
    with torch.device("meta"):
        state = segment_anything().sam_model_registry[name]().state_dict()
        found = architecture(shapes(state))
        assert shapes(build(found).state_dict()) == shapes(state)
    assert (found.encoder_width, found.encoder_depth, found.encoder_heads) == (width, depth, heads)
    assert found.global_blocks == global_blocks
    assert (found.image_size, found.patch_size, found.window, found.width) == (1024, 16, 14, 256)


@pytest.mark.parametrize(
    "sizes",
    [
        SMALL,
        replace(SMALL, window=0, global_blocks=(0, 1, 2)),
        replace(SMALL, patch_size=8, image_size=96, window=5, global_blocks=()),
        replace(SMALL, encoder_bias=False, answers=1, quality_depth=2, decoder_depth=1),
    ],
)
def test_any_size_is_read_back(sizes: Architecture) -> None:
    assert architecture(shapes(build(sizes).state_dict())) == sizes


def test_loading_computes_as_the_package_does(state: State) -> None:
    torch.manual_seed(2)
    own = build(SMALL).eval()
    own.load_state_dict(state)
    loaded = load("small", {name: tensor.half() for name, tensor in state.items()})
    picture = torch.rand(1, 3, 64, 64)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(loaded.image_encoder(picture), own.image_encoder(picture), atol=5e-3, rtol=0)
    torch.testing.assert_close(loaded.pixel_mean, own.pixel_mean)
    torch.testing.assert_close(loaded.pixel_std, own.pixel_std)


def without(name: str) -> Callable[[State], State]:
    return lambda state: {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: {}, "it has no tensor image_encoder.pos_embed"),
        (lambda _: {"conv1.weight": torch.zeros(64, 3, 7, 7)}, "it has no tensor image_encoder.pos_embed"),
        (lambda state: {f"module.{key}": value for key, value in state.items()}, "it has no tensor"),
        (without("mask_decoder.iou_token.weight"), "it has no tensor mask_decoder.iou_token.weight"),
        (without("image_encoder.blocks.0.attn.rel_pos_h"), "no tensor image_encoder.blocks.0.attn.rel_pos_h"),
        (
            lambda state: {**state, "mask_decoder.hf_token.weight": torch.zeros(1)},
            "mask_decoder.hf_token.weight too many",
        ),
        (lambda state: {**state, "image_encoder.neck.2.weight": torch.zeros(3)}, "neck.2.weight is .3,., expected"),
        (lambda state: {**state, "image_encoder.pos_embed": torch.zeros(5)}, "its tensors have other shapes"),
        (lambda state: {**state, "image_encoder.pos_embed": torch.zeros(1, 0, 0, 0)}, "small.pt is no checkpoint"),
        (lambda state: {**state, "image_encoder.pos_embed": "text"}, "small.pt is no checkpoint"),
    ],
)
def test_another_models_file_is_refused_in_one_line(
    change: Callable[[State], State], reason: str, state: State
) -> None:
    with pytest.raises(BackendUnavailable, match=reason) as raised:
        load("small.pt", change(state))
    assert "\n" not in str(raised.value)
    assert "small.pt is no checkpoint of the package segment-anything" in str(raised.value)
