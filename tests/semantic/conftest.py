"""A small random SegFormer that is built from the package's own classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from roto.segment.pretrained import package, quiet

LABELS = {0: "wall", 1: "person", 2: "car, auto", 3: "sky-other-merged", 4: "bus", 5: "potted plant"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SegFormer as it is saved by the package, of random weights. It is shared: copy it before it is changed."""
    import torch

    transformers, path = package("semantic"), tmp_path_factory.mktemp("segformer")
    with quiet(transformers), torch.random.fork_rng():
        torch.manual_seed(5)
        config = transformers.SegformerConfig(
            num_encoder_blocks=2,
            depths=[1, 1],
            sr_ratios=[4, 2],
            hidden_sizes=[8, 16],
            patch_sizes=[7, 3],
            strides=[4, 2],
            num_attention_heads=[1, 2],
            mlp_ratios=[2, 2],
            decoder_hidden_size=16,
            id2label=LABELS,
            label2id={label: number for number, label in LABELS.items()},
        )
        model = transformers.SegformerForSemanticSegmentation(config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(4 if parameter.dim() > 1 else 1)
            model.decode_head.classifier.weight.mul_(20)  # so that it is sure of what it says
        model.save_pretrained(path)
    prepare(path, {"size": {"height": 64, "width": 96}})
    return path


def prepare(path: Path, changed: dict[str, object]) -> None:
    """Write how pictures are prepared for the model in a folder."""
    settings = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25], "resample": 2, **changed}
    (path / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
