"""Named categories, by a small random SegFormer and a Mask2Former-like answer built from the package's own classes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from roto.errors import BackendUnavailable, DocumentError
from roto.segment.pretrained import package, quiet
from roto.semantic.categories import CATEGORIES, classes_of
from roto.semantic.found import FoundOptions
from roto.semantic.model import SemanticModel, expected_overlap
from roto.weights.model_folder import model_folder

from .conftest import LABELS, prepare

WIDTH, HEIGHT = 90, 60
RGB = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
RGB[:, 45:] //= 3  # two halves that a random network tells apart
EVERYTHING = FoundOptions(least=0.0)


def opened(path: Path) -> SemanticModel:
    return SemanticModel(model_folder(path, "semantic"), "cpu")


def _most_likely(model: SemanticModel) -> str:
    """What is seen in about half of the picture."""
    shares = {label: float((model.probability(RGB, (n,)) >= 0.5).mean()) for n, label in LABELS.items()}
    return min(shares, key=lambda label: abs(shares[label] - 0.5)).split(",")[0]


def test_probabilities_are_the_network_s_own(folder):
    import torch

    model = opened(folder)
    every = [model.probability(RGB, (number,)) for number in LABELS]
    assert np.abs(np.sum(every, axis=0) - 1).mean() < 0.02  # each is enlarged by itself
    assert every[0].shape == (HEIGHT, WIDTH)
    assert every[0].dtype == np.float32
    transformers = package("semantic")
    picture = torch.nn.functional.interpolate(
        torch.from_numpy(RGB).permute(2, 0, 1)[None], (64, 96), mode="bilinear", antialias=True
    )
    with quiet(transformers), torch.inference_mode():
        network = transformers.SegformerForSemanticSegmentation.from_pretrained(folder, local_files_only=True).eval()
        logits = network(pixel_values=(picture.float() / 255 - 0.5) / 0.25).logits
        there = torch.nn.functional.interpolate(logits.softmax(1), (HEIGHT, WIDTH), mode="bilinear")[0]
    assert np.abs(every[1] - there[1].numpy()).mean() < 0.02


def test_a_category_is_its_classes_together(folder):
    model = opened(folder)
    both = model.probability(RGB, (2, 4))
    np.testing.assert_allclose(both, model.probability(RGB, (2,)) + model.probability(RGB, (4,)), atol=0.02)


def test_a_matte_has_its_edge_where_the_category_is_as_likely_as_not(folder):
    model = opened(folder)
    label = _most_likely(model)
    likely = model.probability(RGB, classes_of(label, LABELS, "it"))
    found = model.find(RGB, label, EVERYTHING)
    inside = likely >= 0.5
    assert 0 < inside.mean() < 1
    assert ((found.matte >= 0.5) == inside).mean() > 0.99
    assert found.matte.min() == 0
    assert found.matte.max() == 1
    assert found.confidence == pytest.approx(expected_overlap(likely))


def test_the_same_bytes_every_time(folder):
    first, second = (opened(folder).find(RGB, "person", EVERYTHING) for _ in range(2))
    assert first.matte.tobytes() == second.matte.tobytes()
    assert first.confidence == second.confidence


def test_nothing_of_a_category_is_an_empty_matte_that_nothing_is_expected_of(folder):
    model = opened(folder)
    rare = min(LABELS, key=lambda number: float(model.probability(RGB, (number,)).max()))
    assert model.probability(RGB, (rare,)).max() < 0.5
    found = model.find(RGB, LABELS[rare].split(",")[0], EVERYTHING)
    assert not found.matte.any()
    assert found.confidence == 0


def test_less_than_is_asked_for_is_an_empty_matte(folder):
    model = opened(folder)
    found = model.find(RGB, _most_likely(model), FoundOptions(least=1.0))
    assert not found.matte.any()
    assert 0 < found.confidence < 1
    assert "less sure than least=1 asks for" in found.why


def test_masks_with_classes_add_up_to_classes(folder):
    """What MaskFormer and Mask2Former answer: here a left half that is surely a car, and a right one that is a wall."""
    import torch

    classes = torch.full((1, 2, len(LABELS) + 1), -20.0)
    classes[0, 0, 2] = classes[0, 1, 0] = 20.0
    masks = torch.full((1, 2, 4, 8), -20.0)
    masks[0, 0, :, :4] = masks[0, 1, :, 4:] = 20.0
    shares = opened(folder)._shares(
        SimpleNamespace(logits=None, class_queries_logits=classes, masks_queries_logits=masks)
    )
    assert shares.shape == (len(LABELS), 4, 8)
    np.testing.assert_allclose(shares[2, :, :4], 1, atol=1e-4)
    np.testing.assert_allclose(shares[0, :, 4:], 1, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "given"),
    [
        ({"height": 64, "width": 96}, (96, 64)),
        (128, (128, 128)),
        ({"shortest_edge": 64, "longest_edge": 2048}, (96, 64)),
        ({"shortest_edge": 640, "longest_edge": 320}, (320, 224)),
    ],
)
def test_pictures_are_brought_to_the_size_that_the_folder_asks_for(folder, tmp_path, size, given):
    copied = shutil.copytree(folder, tmp_path / "model")
    prepare(copied, {"size": size})
    assert opened(copied)._tensor(RGB).shape == (1, 3, given[1], given[0])


ADE = {0: "wall", 2: "sky", 4: "tree", 9: "grass", 12: "person", 20: "car", 80: "bus", 126: "animal"}
CITYSCAPES = {0: "road", 8: "vegetation", 9: "terrain", 10: "sky", 11: "person", 12: "rider", 13: "car", 18: "bicycle"}
COCO = {
    0: "person",
    1: "bicycle",
    15: "cat",
    119: "sky-other-merged",
    125: "grass-merged",
    129: "building-other-merged",
}


@pytest.mark.parametrize(
    ("labels", "category", "classes"),
    [
        (ADE, "sky", (2,)),
        (ADE, "vehicle", (20, 80)),
        (ADE, "plant", (4, 9)),
        (ADE, "Animal", (126,)),
        (CITYSCAPES, "person", (11, 12)),
        (CITYSCAPES, "plant", (8,)),
        (CITYSCAPES, "ground", (0, 9)),
        (CITYSCAPES, "terrain", (9,)),
        (COCO, "sky", (119,)),
        (COCO, "grass", (125,)),
        (COCO, "sky-other-merged", (119,)),
        (COCO, "building", (129,)),
        ({0: "person, individual, someone", 1: "car, auto, machine"}, "machine", (1,)),
    ],
)
def test_categories_are_found_in_the_label_sets_there_are(labels, category, classes):
    assert classes_of(category, labels, "a model") == classes


@pytest.mark.parametrize(
    ("category", "message"),
    [
        (
            "vehicles",
            "category: it knows no 'vehicles'; did you mean 'vehicle'?; categories of it: "
            "person, sky, vehicle, animal, plant; its own labels: wall, sky, tree, grass, person, car, bus, animal",
        ),
        ("water", "category: it knows no 'water'; categories of it: person"),
        ("", "category: it knows no ''; categories of it: person"),
    ],
)
def test_an_unknown_category_lists_what_the_model_knows(category, message):
    with pytest.raises(DocumentError) as error:
        classes_of(category, ADE, "it")
    assert str(error.value).startswith(message)


def test_categories_do_not_share_words():
    words = [word for every in CATEGORIES.values() for word in every]
    assert len(words) == len(set(words))


def test_expected_overlap_goes_by_the_probabilities():
    likely = np.array([[0.9, 0.7, 0.25, 0.01]], np.float32)
    assert expected_overlap(likely) == pytest.approx(1.6 / 2.25)
    assert expected_overlap(np.full((2, 2), 0.2, np.float32)) == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": {"shortest": 3}}, "prepares pictures with size .*; height and width, or shortest_edge is needed"),
        ({"size": "large"}, "prepares pictures with size large, which is none"),
        ({"size": 512, "resample": 3}, "prepares pictures with resample 3, where 2 is needed"),
        ({"size": 512, "image_std": [1]}, "gives no image_std of three channels"),
    ],
)
def test_other_preparation_is_refused(folder, tmp_path, changed, message):
    copied = shutil.copytree(folder, tmp_path / "model")
    prepare(copied, changed)
    with pytest.raises(BackendUnavailable, match=message):
        opened(copied)


def test_another_kind_of_model_is_refused(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "model")
    config = json.loads((copied / "config.json").read_text("utf-8"))
    (copied / "config.json").write_text(json.dumps({**config, "model_type": "oneformer"}), "utf-8")
    with pytest.raises(BackendUnavailable, match="of type 'oneformer', where one of segformer, beit"):
        opened(copied)


def test_weights_of_another_shape_are_refused(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "model")
    config = json.loads((copied / "config.json").read_text("utf-8"))
    (copied / "config.json").write_text(json.dumps({**config, "decoder_hidden_size": 24}), "utf-8")
    with pytest.raises(BackendUnavailable, match="has another shape of"):
        opened(copied).find(RGB, "person", EVERYTHING)
