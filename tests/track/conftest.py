"""Small random models of the three families, built from the package's own configurations, in folders as it saves them.

Four frames of memory, and so few pointers too: what a session forgets shows within a few frames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roto.segment.pretrained import package, quiet

SIDE = 64
_GRIDS = [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2]
_PROMPTS = {"hidden_size": 128, "image_size": SIDE, "patch_size": 16, "mask_input_channels": 4}
_DECODER = {
    "hidden_size": 128,
    "mlp_dim": 32,
    "num_attention_heads": 2,
    "iou_head_hidden_dim": 16,
    "iou_head_depth": 2,
}
_MEMORY = {
    "num_maskmem": 4,
    "max_object_pointers_in_encoder": 4,
    "memory_attention_hidden_size": 128,
    "memory_attention_num_layers": 1,
    "memory_encoder_hidden_size": 128,
    "memory_encoder_output_channels": 64,
    "mask_downsampler_embed_dim": 128,
    "memory_fuser_embed_dim": 128,
    "memory_fuser_intermediate_dim": 32,
    "memory_fuser_num_layers": 1,
}
_COMMON = {"prompt_encoder_config": _PROMPTS, "mask_decoder_config": _DECODER, "image_size": SIDE, **_MEMORY}


def _sam2(transformers: Any) -> Any:
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [3],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": _GRIDS,
        "fpn_hidden_size": 128,
    }
    config = transformers.Sam2VideoConfig(
        vision_config=vision,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[SIDE // 16] * 2,
        **_COMMON,
    )
    return transformers.Sam2VideoModel(config)


def _edgetam(transformers: Any) -> Any:
    arguments = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]}
    vision = {
        "model_type": "edgetam_vision_model",
        "backbone_config": transformers.TimmWrapperConfig(architecture="test_convnext", model_args=arguments),
        "backbone_channel_list": [64, 48, 32, 24],
        "backbone_feature_sizes": _GRIDS,
        "fpn_hidden_size": 128,
    }
    config = transformers.EdgeTamVideoConfig(
        vision_config=vision,
        memory_attention_mlp_hidden_size=32,
        memory_attention_rope_feat_sizes=[SIDE // 16] * 2,
        memory_attention_rope_k_sizes=[2, 2],
        perceiver_resampler_num_latents=4,
        perceiver_resampler_num_latents_2d=4,
        perceiver_resampler_mlp_intermediate_size=32,
        perceiver_resampler_num_layers=1,
        **_COMMON,
    )
    return transformers.EdgeTamVideoModel(config)


def _sam3(transformers: Any) -> Any:
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": 16,
        "window_size": 2,
        "global_attn_indexes": [1],
        "pretrain_image_size": 32,
    }
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "backbone_feature_sizes": _GRIDS,
        "fpn_hidden_size": 128,
    }
    config = transformers.Sam3TrackerVideoConfig(
        vision_config=vision, memory_attention_feed_forward_hidden_size=32, **_COMMON
    )
    return transformers.Sam3TrackerVideoModel(config)


FAMILIES: dict[str, Callable[[Any], Any]] = {"sam2": _sam2, "edgetam": _edgetam, "sam3": _sam3}


def save(family: str, folder: Path) -> Path:
    """A model of that family, whose subject is there and whose answers depend on what it sees."""
    import torch

    transformers = package("video")
    with quiet(transformers), torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        model = FAMILIES[family](transformers).eval()
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(4)
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(2.0)
        model.save_pretrained(folder)
        transformers.Sam2ImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's model. It is shared: copy it before it is changed."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = save(family, tmp_path_factory.mktemp(family))
        return made[family]

    return folder
