"""A semantic-segmentation model of the package ``transformers``: how likely each pixel is of a category.

SegFormer (Xie et al., NeurIPS 2021), BEiT, DPT and UPerNet say it of every class at every pixel; MaskFormer and
Mask2Former (Cheng et al., NeurIPS 2021 and CVPR 2022) answer with masks and the class of each, which add up to the
same. The weights come from a folder that the user has.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import metadata
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import BackendUnavailable
from roto.image import Matte
from roto.segment import device as devices
from roto.segment.pretrained import ModelFiles, configuration, load, preparation_of_any_size
from roto.semantic.categories import classes_of
from roto.semantic.found import Found, FoundOptions, softened, unsure
from roto.signed_distance import coverage, redistanced

WHAT = "semantic"
_CONFIGURATIONS = {
    "segformer": "SegformerConfig",
    "beit": "BeitConfig",
    "data2vec-vision": "Data2VecVisionConfig",
    "dpt": "DPTConfig",
    "upernet": "UperNetConfig",
    "maskformer": "MaskFormerConfig",
    "mask2former": "Mask2FormerConfig",
}
_CLASSES = {
    "segformer": "SegformerForSemanticSegmentation",
    "beit": "BeitForSemanticSegmentation",
    "data2vec-vision": "Data2VecVisionForSemanticSegmentation",
    "dpt": "DPTForSemanticSegmentation",
    "upernet": "UperNetForSemanticSegmentation",
    "maskformer": "MaskFormerForInstanceSegmentation",
    "mask2former": "Mask2FormerForUniversalSegmentation",
}
_EVERY_PX = 32  # sides of what a network is given are whole multiples of this
_LARGEST_PX = 4096
_LEAST_PROBABILITY = 1e-4
_SPECK = 0.05  # a probability that adds nothing to what is expected to be missing
_VERSION = 1  # of what happens here around the package


class SemanticModel:
    """A model, opened when it is first needed and once. BackendUnavailable with the reason where it cannot run here."""

    def __init__(self, files: ModelFiles, device: str = "auto") -> None:
        self._files = files
        self._config = configuration(files, _CONFIGURATIONS)
        self._kind = str(files.config["model_type"])
        self._size = _size(files)
        self._prepared = preparation_of_any_size(files)
        self.device = devices.resolve(device)
        self.identity = f"{WHAT} {_VERSION}, {metadata.version('transformers')}, {files.identity}"

    @property
    def labels(self) -> Mapping[int, str]:
        """The classes that it knows, by number."""
        return {int(number): str(label) for number, label in self._config.id2label.items()}

    @cached_property
    def _model(self) -> Any:
        return load(self._files, _CLASSES[self._kind], self._config, self.device)

    def find(self, rgb: NDArray[np.uint8], category: str, options: FoundOptions) -> Found:
        """What is of a category in a picture, uint8 ``H x W x 3``, its edge where it is as likely as not.

        DocumentError listing what the model knows where the category is none of it.
        """
        asked = classes_of(category, self.labels, self._files.name)
        likely = self.probability(rgb, asked)
        inside = likely >= 0.5
        confidence = expected_overlap(likely)
        if not inside.any():
            return Found(np.zeros(likely.shape, np.float32), 0.0, f"{self._files.name} sees no {category} here")
        if confidence < options.least:
            why = unsure(options, self._files.name)
            return Found(np.zeros(likely.shape, np.float32), confidence, why)
        sure = np.clip(likely, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        matte = coverage(redistanced(np.log(sure / (1 - sure))))
        return Found(softened(rgb, matte, options.soft_px), confidence, f"{self._files.name}")

    def probability(self, rgb: NDArray[np.uint8], classes: tuple[int, ...]) -> Matte:
        """How likely each pixel is of one of some classes, float32 ``H x W`` in [0, 1]."""
        import torch

        height, width = rgb.shape[:2]
        with torch.inference_mode(), devices.repeatable(), devices.enough_memory(self._files.name, self.device):
            pixels = self._tensor(rgb).to(self.device)
            found = self._shares(self._model(pixel_values=pixels))
            likely = found[list(classes)].sum(dim=0).cpu().numpy()
        # in log-odds, which a line across an edge is straight in
        sure = np.clip(likely, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY).astype(np.float32)
        large = cv2.resize(np.log(sure / (1 - sure)), (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(1 / (1 + np.exp(-large)), np.float32)

    def _shares(self, found: Any) -> Any:
        """The probability of each class, ``classes x h x w``; they add up to 1."""
        if hasattr(found, "logits") and found.logits is not None:
            return found.logits[0].float().softmax(dim=0)
        import torch

        named = found.class_queries_logits[0].float().softmax(dim=-1)[:, :-1]  # the last one is for no object
        shares = torch.einsum("qc,qhw->chw", named, found.masks_queries_logits[0].float().sigmoid())
        return shares / shares.sum(dim=0).clamp(min=1e-6)

    def _tensor(self, rgb: NDArray[np.uint8]) -> Any:
        width, height = self._size.of(rgb.shape[1], rgb.shape[0])
        return self._prepared.resized(rgb, width, height)


class _Size:
    """What a picture is brought to: a square, whatever its shape, or a shorter side, its shape nearly kept."""

    def __init__(self, square: tuple[int, int] | None, shorter: int, longest: int) -> None:
        self._square, self._shorter, self._longest = square, shorter, longest

    def of(self, width: int, height: int) -> tuple[int, int]:
        if self._square is not None:
            return self._square
        scale = min(self._shorter / min(width, height), self._longest / max(width, height))
        across, down = (max(round(side * scale / _EVERY_PX), 1) * _EVERY_PX for side in (width, height))
        return across, down


def _size(files: ModelFiles) -> _Size:
    given = files.preparation.get("size")
    sides = dict(given) if isinstance(given, Mapping) else {"height": given, "width": given}
    longest = sides.get("longest_edge") or files.preparation.get("max_size") or _LARGEST_PX
    numbers = [sides.get("height"), sides.get("width"), sides.get("shortest_edge"), longest]
    if not all(value is None or (isinstance(value, int) and 0 < value <= _LARGEST_PX) for value in numbers):
        raise BackendUnavailable(files.what, f"{files.name} prepares pictures with size {given}, which is none")
    height, width, shorter = numbers[:3]
    if height and width:
        return _Size((width, height), 0, 0)
    if shorter:
        return _Size(None, shorter, longest)
    raise BackendUnavailable(
        files.what, f"{files.name} prepares pictures with size {given}; height and width, or shortest_edge is needed"
    )


def expected_overlap(likely: Matte) -> float:
    """The intersection over union that is expected of everything more likely than not, going by the probabilities
    themselves; 0 where nothing is."""
    inside = likely >= 0.5
    covered = float(np.count_nonzero(inside))
    if not covered:
        return 0.0
    missed = float(likely[~inside & (likely >= _SPECK)].sum(dtype=np.float64))
    return float(likely[inside].sum(dtype=np.float64)) / (covered + missed)
