"""Answers to a text, by a small random SAM 3 that is built from the package's own configuration."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roto.errors import BackendUnavailable, RotoError
from roto.segment.device import repeatable
from roto.segment.pretrained import package, quiet, spread
from roto.segment.prompt import Prompt
from roto.segment.ranking import ranked
from roto.segment.text import TextSegmenter
from roto.signed_distance import coverage, redistanced
from roto.track.video_session import TransformersVideoModel
from roto.weights.model_folder import model_folder

SIDE, WIDTH, HEIGHT = 64, 120, 90
_GRIDS = [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2]
_LAYERS = {"hidden_size": 128, "num_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
_WORDS = [
    "d",
    "o",
    "g</w>",
    "c",
    "a",
    "t</w>",
    "do",
    "ca",
    "dog</w>",
    "cat</w>",
    "v",
    "i",
    "s",
    "u",
    "a",
    "l</w>",
    "<|startoftext|>",
    "<|endoftext|>",
]
RGB = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def _model(transformers: Any) -> Any:
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
    text = {
        "model_type": "clip_text_model",
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 32,
        "projection_dim": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 32,
        "bos_token_id": len(_WORDS) - 2,
        "eos_token_id": len(_WORDS) - 1,
    }
    detector = {
        "model_type": "sam3",
        "vision_config": vision,
        "text_config": text,
        "geometry_encoder_config": {**_LAYERS, "roi_size": 3},
        "detr_encoder_config": _LAYERS,
        "detr_decoder_config": {**_LAYERS, "num_queries": 8},
        "mask_decoder_config": {"hidden_size": 128, "num_attention_heads": 2},
    }
    tracker = {
        "model_type": "sam3_tracker_video",
        "vision_config": vision,
        "image_size": SIDE,
        "prompt_encoder_config": {"hidden_size": 128, "image_size": SIDE, "patch_size": 16, "mask_input_channels": 4},
        "mask_decoder_config": {"hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2},
        "memory_attention_hidden_size": 128,
        "memory_attention_num_layers": 1,
        "memory_encoder_hidden_size": 128,
        "mask_downsampler_embed_dim": 128,
        "memory_fuser_embed_dim": 128,
        "memory_fuser_num_layers": 1,
    }
    return transformers.Sam3VideoModel(transformers.Sam3VideoConfig(detector_config=detector, tracker_config=tracker))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole SAM 3, detector and tracker, as it is published. It is shared: copy it before it is changed."""
    import torch

    transformers, path = package("sam3"), tmp_path_factory.mktemp("sam3")
    with quiet(transformers), torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        model = _model(transformers).eval()
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(3)
        for name, parameter in model.named_parameters():
            if "presence_head" in name and name.endswith("bias"):
                parameter.fill_(4.0)
        model.save_pretrained(path)
        merges = [("d", "o"), ("do", "g</w>"), ("c", "a"), ("ca", "t</w>")]
        tokenizer = transformers.CLIPTokenizer(vocab={word: i for i, word in enumerate(_WORDS)}, merges=merges)
        images = transformers.Sam3ImageProcessor(size={"height": SIDE, "width": SIDE})
        transformers.Sam3Processor(images, tokenizer).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def segmenter(folder: Path) -> TextSegmenter:
    return TextSegmenter(model_folder(folder, "sam3"), "cpu", "float32")


@pytest.fixture(scope="module")
def embedding(segmenter: TextSegmenter) -> Any:
    return segmenter.embed(RGB)


BOX = (10.0, 20.0, 50.0, 70.0)


@pytest.mark.parametrize("asked", [{"text": "Dog"}, {"text": "dog cat"}, {"text": "cat", "box": BOX}, {"box": BOX}])
def test_answers_are_the_packages_own(
    segmenter: TextSegmenter, embedding: Any, folder: Path, asked: dict[str, Any]
) -> None:
    import torch
    import transformers

    with quiet(transformers):
        processor = transformers.Sam3Processor.from_pretrained(folder, local_files_only=True)
    boxes = [[list(asked["box"])]] if "box" in asked else None
    given = processor(images=RGB, text=asked.get("text"), input_boxes=boxes, return_tensors="pt")
    with torch.inference_mode(), repeatable():
        output = segmenter.model(**{name: value for name, value in given.items() if name != "original_sizes"})
        scores = (output.pred_logits.sigmoid() * output.presence_logits.sigmoid())[0].numpy()
    found = segmenter.answer(embedding, Prompt(**asked))
    singles = _without_union(found) if len(found) > 1 else found
    assert len(singles) == np.count_nonzero(scores >= 0.5) >= 1
    for candidate in singles:
        index = int(np.argmin(np.abs(scores - candidate.score)))
        assert candidate.score == pytest.approx(float(scores[index]), abs=1e-4)
        expected = coverage(redistanced(spread(output.pred_masks[0, index].numpy(), WIDTH, HEIGHT)))
        np.testing.assert_allclose(candidate.matte, expected, atol=0.02)


def _without_union(found: Any) -> list[Any]:
    areas = [float(each.matte.sum()) for each in found]
    return [each for i, each in enumerate(found) if i != int(np.argmax(areas))]


def test_every_instance_is_a_candidate_and_all_of_them_together_too(segmenter: TextSegmenter, embedding: Any) -> None:
    found = segmenter.answer(embedding, Prompt(text="dog"))
    assert len(found) >= 3
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    union = max(found, key=lambda each: float(each.matte.sum()))
    for each in found:
        assert each.matte.shape == (HEIGHT, WIDTH)
        assert each.matte.dtype == np.float32
        assert 0.5 <= each.score <= 1
        assert not ((each.matte > 0.5) & (union.matte < 0.5)).any()


def test_points_choose_among_what_is_found(segmenter: TextSegmenter, embedding: Any) -> None:
    found = segmenter.answer(embedding, Prompt(text="dog"))
    for wanted in found:
        others = np.max([each.matte for each in found if each is not wanted], axis=0)
        only = np.argwhere((wanted.matte > 0.5) & (others < 0.5))
        if len(only):
            y, x = only[len(only) // 2]
            best = segmenter.answer(embedding, Prompt(text="dog", points=((x + 0.5, y + 0.5),), labels=(True,)))[0]
            assert best.agreement == 1
            assert best.matte[y, x] > 0.5


def test_the_text_matters_and_the_case_does_not(segmenter: TextSegmenter, embedding: Any) -> None:
    (dog, same, cat) = (segmenter.answer(embedding, Prompt(text=text))[0] for text in ("dog", " DOG ", "cat"))
    assert np.array_equal(dog.matte, same.matte)
    assert dog.score != cat.score


def test_what_is_not_there_is_an_empty_answer(folder: Path, tmp_path: Path) -> None:
    import torch

    segmenter = TextSegmenter(model_folder(folder, "sam3"), "cpu", "float32")
    with torch.no_grad():
        for name, parameter in segmenter.model.named_parameters():
            if "presence_head" in name and name.endswith("bias"):
                parameter.fill_(-20.0)
    (only,) = segmenter.answer(segmenter.embed(RGB), Prompt(text="dog"))
    assert not only.matte.any()
    assert (only.score, only.agreement) == (0, 0)


def test_the_same_bytes_on_any_number_of_threads(folder: Path) -> None:
    import torch

    threads, answers = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            segmenter = TextSegmenter(model_folder(folder, "sam3"), "cpu")
            answers.append([c.matte.tobytes() for c in segmenter.answer(segmenter.embed(RGB), Prompt(text="dog"))])
    finally:
        torch.set_num_threads(threads)
    assert answers[0] == answers[1]


def test_the_tracker_of_the_same_folder_tracks(folder: Path) -> None:
    session = TransformersVideoModel(model_folder(folder, "video"), "cpu", "float32").session()
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[20:60, 30:80] = 1
    session.key(0, RGB, matte)
    assert session.see(1, RGB).logits.shape == (SIDE // 4, SIDE // 4)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (Prompt(text="  "), "the text is empty"),
        (Prompt(text="dog " * 40), "too long for SAM 3: 42 word parts, at most 32"),
        (Prompt(points=((3.0, 3.0),), labels=(True,)), "needs a text or a box"),
    ],
)
def test_prompts_that_cannot_be_answered(
    segmenter: TextSegmenter, embedding: Any, prompt: Prompt, message: str
) -> None:
    with pytest.raises(RotoError, match=message):
        segmenter.answer(embedding, prompt)


def test_a_folder_without_a_tokenizer(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "tokenizer.json").unlink()
    with pytest.raises(BackendUnavailable, match=r"holds no tokenizer\.json, without which no text can be read"):
        TextSegmenter(model_folder(copy, "sam3"), "cpu")


def test_a_damaged_tokenizer(folder: Path, tmp_path: Path, embedding: Any) -> None:
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(BackendUnavailable, match=r"the tokenizer\.json of model is damaged") as caught:
        TextSegmenter(model_folder(copy, "sam3"), "cpu").answer(embedding, Prompt(text="dog"))
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_read(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "model")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "sam2_video"}))
    with pytest.raises(BackendUnavailable, match="type 'sam2_video', where one of sam3_video, sam3 is needed"):
        TextSegmenter(model_folder(copy, "sam3"), "cpu")


def test_embeddings_are_not_kept(segmenter: TextSegmenter, embedding: Any) -> None:
    assert segmenter.pack(embedding) == b""
    with pytest.raises(ValueError, match="keeps no embeddings"):
        segmenter.unpack(b"")
    assert ranked([np.zeros((2, 2), np.float32)], [0.0], Prompt(text="dog"))[0].agreement == 0
