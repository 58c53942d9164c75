"""Which of segment-anything's models a checkpoint belongs to, read from the shapes of its tensors.

Kirillov et al., "Segment Anything", ICCV 2023; the image encoder is the plain backbone of Li et al., "Exploring Plain
Vision Transformer Backbones for Object Detection", ECCV 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from roto.errors import BackendUnavailable
from roto.segment.sam.package import segment_anything

Shapes = Mapping[str, tuple[int, ...]]

# What no shape tells, the same in every model of the package (segment_anything/build_sam.py).
_DECODER_HEADS = 8
_NORM_EPSILON = 1e-6
_MEAN, _DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes that the package's classes are built from; lengths in pixels of the model's input or in channels."""

    image_size: int
    patch_size: int
    encoder_width: int
    encoder_heads: int
    encoder_hidden: int
    encoder_bias: bool
    window: int  # in patches; 0 where every block sees the whole picture
    global_blocks: tuple[int, ...]
    encoder_depth: int
    width: int  # of prompts, features and decoder
    mask_channels: int
    answers: int  # beside the single one
    decoder_depth: int
    decoder_hidden: int
    quality_depth: int
    quality_hidden: int


def architecture(shapes: Shapes) -> Architecture:
    """From the shapes of a checkpoint's tensors. ValueError with the reason where they are no SAM's."""
    try:
        return _architecture(shapes)
    except KeyError as error:
        raise ValueError(f"it has no tensor {error.args[0]}") from error
    except (IndexError, TypeError, ZeroDivisionError) as error:
        raise ValueError("its tensors have other shapes") from error


def _architecture(shapes: Shapes) -> Architecture:
    grid, width = shapes["image_encoder.pos_embed"][1:3][0], shapes["image_encoder.pos_embed"][3]
    patch = shapes["image_encoder.patch_embed.proj.weight"][2]
    depth = _count(shapes, "image_encoder.blocks.{}.norm1.weight")
    sides = [(shapes[f"image_encoder.blocks.{i}.attn.rel_pos_h"][0] + 1) // 2 for i in range(depth)]
    windows = {side for side in sides if side != grid}
    if len(windows) > 1:
        raise ValueError(f"its windows have {len(windows)} different sizes")
    quality = _count(shapes, "mask_decoder.iou_prediction_head.layers.{}.weight")
    return Architecture(
        image_size=grid * patch,
        patch_size=patch,
        encoder_width=width,
        encoder_heads=width // shapes["image_encoder.blocks.0.attn.rel_pos_h"][1],
        encoder_hidden=shapes["image_encoder.blocks.0.mlp.lin1.weight"][0],
        encoder_bias="image_encoder.blocks.0.attn.qkv.bias" in shapes,
        window=windows.pop() if windows else 0,
        global_blocks=tuple(i for i, side in enumerate(sides) if side == grid),
        encoder_depth=depth,
        width=shapes["image_encoder.neck.0.weight"][0],
        mask_channels=shapes["prompt_encoder.mask_downscaling.3.weight"][0],
        answers=shapes["mask_decoder.mask_tokens.weight"][0] - 1,
        decoder_depth=_count(shapes, "mask_decoder.transformer.layers.{}.norm1.weight"),
        decoder_hidden=shapes["mask_decoder.transformer.layers.0.mlp.lin1.weight"][0],
        quality_depth=quality,
        quality_hidden=shapes["mask_decoder.iou_prediction_head.layers.0.weight"][0],
    )


def _count(shapes: Shapes, pattern: str) -> int:
    number = 0
    while pattern.format(number) in shapes:
        number += 1
    if not number:
        raise KeyError(pattern.format(0))
    return number


def build(sizes: Architecture) -> Any:
    """An untrained ``segment_anything.modeling.Sam`` of those sizes."""
    import torch

    segment_anything()
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    grid = sizes.image_size // sizes.patch_size
    return Sam(
        image_encoder=ImageEncoderViT(
            img_size=sizes.image_size,
            patch_size=sizes.patch_size,
            embed_dim=sizes.encoder_width,
            depth=sizes.encoder_depth,
            num_heads=sizes.encoder_heads,
            mlp_ratio=Fraction(sizes.encoder_hidden, sizes.encoder_width),
            out_chans=sizes.width,
            qkv_bias=sizes.encoder_bias,
            norm_layer=partial(torch.nn.LayerNorm, eps=_NORM_EPSILON),
            use_rel_pos=True,
            window_size=sizes.window,
            global_attn_indexes=sizes.global_blocks,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=sizes.width,
            image_embedding_size=(grid, grid),
            input_image_size=(sizes.image_size, sizes.image_size),
            mask_in_chans=sizes.mask_channels,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=sizes.answers,
            transformer=TwoWayTransformer(
                depth=sizes.decoder_depth,
                embedding_dim=sizes.width,
                num_heads=_DECODER_HEADS,
                mlp_dim=sizes.decoder_hidden,
            ),
            transformer_dim=sizes.width,
            iou_head_depth=sizes.quality_depth,
            iou_head_hidden_dim=sizes.quality_hidden,
        ),
        pixel_mean=list(_MEAN),
        pixel_std=list(_DEVIATION),
    )


def load(name: str, state: Mapping[str, Any]) -> Any:
    """The model of a checkpoint called ``name``, float32 on the CPU, for answers alone.

    state: its tensors by name. BackendUnavailable where they are another model's.
    """
    import torch

    segment_anything()
    try:
        shapes = {key: tuple(int(side) for side in tensor.shape) for key, tensor in state.items()}
        sizes = architecture(shapes)
        with torch.device("meta"):  # no time and memory for numbers that the checkpoint replaces
            model = build(sizes)
        _fit(shapes, {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()})
    except (AttributeError, AssertionError, ValueError) as error:
        reason = f"{name} is no checkpoint of the package segment-anything: {error}"
        raise BackendUnavailable("sam", reason) from error
    model.load_state_dict(state, assign=True)
    model.pixel_mean = torch.tensor(_MEAN).view(-1, 1, 1)
    model.pixel_std = torch.tensor(_DEVIATION).view(-1, 1, 1)
    return model.float().requires_grad_(False).eval()


def _fit(found: Shapes, wanted: Shapes) -> None:
    for key, shape in wanted.items():
        if key not in found:
            raise ValueError(f"it has no tensor {key}")
        if found[key] != shape:
            raise ValueError(f"its tensor {key} is {found[key]}, expected {shape}")
    for key in found:
        if key not in wanted:
            raise ValueError(f"it has a tensor {key} too many")
