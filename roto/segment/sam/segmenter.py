"""Segment Anything (Kirillov et al., ICCV 2023) as a segmenter."""

from __future__ import annotations

from functools import cached_property
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.image import check_matte
from roto.segment import device as devices
from roto.segment.prompt import Candidate, Prompt
from roto.segment.ranking import ranked
from roto.segment.sam import embedding as kept
from roto.segment.sam.architecture import load
from roto.segment.sam.embedding import Embedding
from roto.segment.sam.package import segment_anything
from roto.segment.sam.prompts import Scaling
from roto.segment.sam.subjects import subjects
from roto.segment.segmenter import Checkpoint

_VERSION = 1  # of what happens here around the package


class SamSegmenter:
    """Any checkpoint of the package segment-anything, on the CPU or a GPU.

    The model is loaded when it is first needed and once. The image encoder computes in the device's best type, the
    small decoder always in float32. Its identity is that of the weights: an answer that was given on one machine is not
    asked again because another one computes in another type.
    """

    name = "sam"

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        self._checkpoint = checkpoint
        self._device = (
            device if device in ("auto", "cpu") else devices.resolve(device)
        )  # what is missing is told at once
        self.identity = f"sam {_VERSION}, {metadata.version('segment-anything')}, {checkpoint.identity}"
        self._loaded: Any = None

    @cached_property
    def device(self) -> str:
        """The one that is computed on. BackendUnavailable when that which was asked for is not there."""
        return devices.resolve(self._device)

    @cached_property
    def precision(self) -> str:
        """The type that the image encoder computes in."""
        return devices.precision(self.device)

    @property
    def model(self) -> Any:
        """The package's ``Sam``, on its device. BackendUnavailable where the checkpoint is another model's."""
        if self._loaded is None:
            segment_anything()
            with devices.enough_memory(self._checkpoint.name, self.device):
                self._loaded = load(self._checkpoint.name, self._checkpoint.state()).to(self.device)
        return self._loaded

    def embed(self, rgb: NDArray[np.uint8]) -> Embedding:
        """The embedding of one picture. ValueError for anything but uint8 ``H x W x 3``, RotoError where its longer
        side is so many times the shorter that nothing would be left of it."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise ValueError(f"a picture here is H x W x 3 of uint8, got {rgb.shape} of {rgb.dtype}")
        import torch

        size, grid = self.model.image_encoder.img_size, self.model.prompt_encoder.image_embedding_size[0]
        scaling = Scaling(rgb.shape[1], rgb.shape[0], size, grid)
        if not (scaling.input_width and scaling.input_height):
            raise RotoError(f"SAM cannot look at a picture of {scaling.width} x {scaling.height} pixels: too thin")
        with torch.inference_mode(), devices.repeatable(), devices.enough_memory(self._checkpoint.name, self.device):
            prepared = self.model.preprocess(self._resized(rgb, size))
            with devices.computing(self.device, self.precision):
                features = self.model.image_encoder(prepared[None])[0]
            values = features.to(torch.float16).cpu().numpy()
        return Embedding(values, scaling.width, scaling.height, size)

    def _resized(self, rgb: NDArray[np.uint8], size: int) -> Any:
        """As ``SamPredictor.set_image`` does, ``3 x H x W``."""
        import torch
        from segment_anything.utils.transforms import ResizeLongestSide

        resized = ResizeLongestSide(size).apply_image(rgb)
        return torch.as_tensor(resized, device=self.device).permute(2, 0, 1).contiguous()

    def pack(self, embedding: Embedding) -> bytes:
        return kept.pack(embedding)

    def unpack(self, data: bytes) -> Embedding:
        return kept.unpack(data)

    def answer(self, embedding: Embedding, prompt: Prompt) -> tuple[Candidate, ...]:
        """SAM's candidates, ranked. A single click may mean a thing, its part or its whole: it is answered by the
        three masks that SAM has for that. Wherever more is known, its mask for unambiguous prompts joins them.

        RotoError for a prompt of text alone, ValueError for an embedding of another model.
        """
        if not prompt.points and prompt.box is None and prompt.mask is None:
            raise RotoError("SAM cannot read a text; give it a point, a box or a mask")
        scaling = embedding.scaling
        logits, scores = self._decoded(embedding, prompt, scaling)
        if len(prompt.points) == 1 and prompt.box is None and prompt.mask is None:
            logits, scores = logits[1:], scores[1:]
        return ranked([scaling.matte(each) for each in logits], scores.tolist(), prompt)

    def _decoded(
        self, embedding: Embedding, prompt: Prompt, scaling: Scaling
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits ``K x S x S`` and estimated qualities ``K``, the single mask first."""
        import torch

        model, points, box = self.model, scaling.points(prompt), scaling.box(prompt)
        encoder = model.prompt_encoder
        if embedding.features.shape != (encoder.embed_dim, *encoder.image_embedding_size):
            raise ValueError(f"an embedding of {embedding.features.shape} is none of {self._checkpoint.name}")
        mask = None
        if prompt.mask is not None:
            mask = scaling.mask_logits(check_matte(prompt.mask, embedding.width, embedding.height))[None]
        with torch.inference_mode(), devices.repeatable(), devices.enough_memory(self._checkpoint.name, self.device):
            sparse, dense = encoder(
                points=None if points is None else (self._sent(points[0]), self._sent(points[1])),
                boxes=None if box is None else self._sent(box),
                masks=None if mask is None else self._sent(mask),
            )
            logits, qualities = model.mask_decoder.predict_masks(
                image_embeddings=self._sent(embedding.features.astype(np.float32)),
                image_pe=encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
            )
            return logits[0].float().cpu().numpy(), qualities[0].float().cpu().numpy()

    def _sent(self, values: NDArray[Any]) -> Any:
        """On the device, in a batch of one."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)[None]

    def subjects(
        self,
        rgb: NDArray[np.uint8],
        *,
        points_per_side: int = 16,
        quality: float = 0.88,
        stability: float = 0.95,
        smallest_px: int = 0,
    ) -> tuple[Candidate, ...]:
        """Everything SAM takes for a thing without being asked, the largest and most stable first; see
        :func:`roto.segment.sam.subjects.subjects`. A subject is larger than the 16th part of a picture's side, so
        half as many clicks along a side as the package's default are enough, and a quarter of the time."""
        return subjects(self, rgb, points_per_side, quality, stability, smallest_px)
