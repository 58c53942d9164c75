"""Answers to a text: the detector of SAM 3 (Carion et al., "SAM 3: Segment Anything with Concepts", 2025)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import BackendUnavailable, RotoError
from roto.image import Matte
from roto.segment import device as devices
from roto.segment.pretrained import ModelFiles, Preparation, configuration, load, package, preparation, spread
from roto.segment.prompt import Candidate, Prompt
from roto.segment.ranking import ranked
from roto.signed_distance import coverage, redistanced

_CONFIGURATIONS = {"sam3_video": "Sam3VideoConfig", "sam3": "Sam3Config"}
_FOUND = 0.5  # an instance counts from this likelihood on, as in the authors' own code
_MOST = 12  # instances that are answered one by one
_VISUAL = "visual"  # what the model was trained to read where a box is all there is
_VERSION = 1  # of what happens here around the package


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """features: what the package's vision encoder gives, on its device. width, height: of the picture."""

    features: Any
    width: int
    height: int


class TextSegmenter:
    """Whatever the text names, in the picture: each instance, and all of them together.

    A box shows one of them; points and an earlier mask choose among those found. The model is loaded when it is first
    needed and once; its picture encoder computes in ``precision``, the device's best type unless it is said, the rest
    in float32. BackendUnavailable with the reason where it cannot run here.
    """

    name = "sam3"

    def __init__(self, files: ModelFiles, device: str = "auto", precision: str | None = None) -> None:
        self._config = configuration(files, _CONFIGURATIONS)
        self._config = getattr(self._config, "detector_config", self._config)
        if files.tokenizer is None:
            raise BackendUnavailable(
                self.name, f"{files.name} holds no tokenizer.json, without which no text can be read; copy it there too"
            )
        self._files = files
        self.device = devices.resolve(device)
        self.precision = precision or devices.precision(self.device)
        version = metadata.version("transformers")
        self.identity = f"sam3 {_VERSION}, {version}, {files.identity}"
        self._loaded: Any = None

    @property
    def model(self) -> Any:
        """The package's ``Sam3Model``, on its device."""
        if self._loaded is None:
            self._loaded = load(self._files, "Sam3Model", self._config, self.device)
        return self._loaded

    @cached_property
    def prepared(self) -> Preparation:
        return preparation(self._files, self._config.image_size)

    def embed(self, rgb: NDArray[np.uint8]) -> Embedding:
        import torch

        with torch.inference_mode(), devices.repeatable(), devices.enough_memory(self._files.name, self.device):
            pixels = self.prepared.tensor(rgb).to(self.device)
            with devices.computing(self.device, self.precision):
                features = self.model.get_vision_features(pixels)
            features.fpn_hidden_states = [level.float() for level in features.fpn_hidden_states]
        return Embedding(features, rgb.shape[1], rgb.shape[0])

    def pack(self, embedding: Embedding) -> bytes:
        return b""  # 100 MB, for a picture that is asked about a few times

    def unpack(self, data: bytes) -> Embedding:
        raise ValueError("SAM 3 keeps no embeddings")

    def answer(self, embedding: Embedding, prompt: Prompt) -> tuple[Candidate, ...]:
        """RotoError for a prompt without text and box, and for a text that is empty or too long."""
        if prompt.text is None and prompt.box is None:
            raise RotoError("SAM 3 needs a text or a box; points and masks only choose among what it finds")
        logits, scores = self._instances(embedding, prompt)
        order = [int(i) for i in np.argsort(-scores, kind="stable") if scores[i] >= _FOUND]
        mattes, estimates = [], [float(scores[i]) for i in order[:_MOST]]
        union = np.full((embedding.height, embedding.width), -1, np.float32)
        for count, index in enumerate(order):
            level = spread(logits[index], embedding.width, embedding.height)
            union = np.maximum(union, level)
            if count < _MOST:
                mattes.append(_matte(level))
        if len(order) != 1:  # of nothing, too: an empty answer
            mattes.append(_matte(union))
            estimates.append(float(scores[order].mean()) if order else 0.0)
        return ranked(mattes, estimates, prompt)

    def _instances(self, embedding: Embedding, prompt: Prompt) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits ``K x h x w`` over the whole picture, positive inside, and how likely each is what was asked for."""
        import torch

        words = torch.tensor([self._read(_VISUAL if prompt.text is None else prompt.text)], device=self.device)
        asked: dict[str, Any] = {"input_ids": words, "attention_mask": torch.ones_like(words)}
        if prompt.box is not None:
            x0, y0, x1, y1 = prompt.box
            box = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]
            sides = [embedding.width, embedding.height] * 2
            shares = [value / side for value, side in zip(box, sides, strict=True)]
            asked["input_boxes"] = torch.tensor([[shares]], dtype=torch.float32, device=self.device)
            asked["input_boxes_labels"] = torch.ones((1, 1), dtype=torch.int64, device=self.device)
        with torch.inference_mode(), devices.repeatable(), devices.enough_memory(self._files.name, self.device):
            found = self.model(vision_embeds=embedding.features, **asked)
            scores = found.pred_logits[0].sigmoid() * found.presence_logits[0].sigmoid()
            return found.pred_masks[0].cpu().numpy(), scores.cpu().numpy()

    def _read(self, text: str) -> Sequence[int]:
        """The numbers that the model reads a text as."""
        if not text.strip():
            raise RotoError("the text is empty: name the subject, for example 'the dog'")
        most = int(self._config.text_config.max_position_embeddings)
        numbers: Sequence[int] = self._tokenizer.encode(text.strip()).ids
        if len(numbers) > most:
            raise RotoError(f"the text is too long for SAM 3: {len(numbers)} word parts, at most {most} are read")
        return numbers

    @cached_property
    def _tokenizer(self) -> Any:
        package(self.name)
        tokenizers: Any = importlib.import_module("tokenizers")
        try:
            tokenizer = tokenizers.Tokenizer.from_str(self._files.tokenizer)
        except Exception as error:  # the package raises nothing more particular
            raise BackendUnavailable(
                self.name, f"the tokenizer.json of {self._files.name} is damaged: {error}"
            ) from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def _matte(level: NDArray[np.float32]) -> Matte:
    return coverage(redistanced(level))
