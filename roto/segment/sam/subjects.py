"""What SAM takes for a thing without being asked: its automatic mask generator on a kept embedding."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.segment import device as devices
from roto.segment.prompt import Candidate, Prompt
from roto.segment.ranking import overlap
from roto.segment.sam.embedding import Embedding
from roto.segment.sam.package import segment_anything
from roto.segment.sam.prompts import Scaling

_PROMPTS_AT_ONCE = 16  # more are hardly faster, and each holds three masks of the full size


class Sam(Protocol):
    """What is needed of the segmenter."""

    @property
    def model(self) -> Any: ...

    @property
    def device(self) -> str: ...

    def embed(self, rgb: NDArray[np.uint8]) -> Embedding: ...

    def answer(self, embedding: Embedding, prompt: Prompt) -> tuple[Candidate, ...]: ...


def subjects(
    segmenter: Sam,
    rgb: NDArray[np.uint8],
    points_per_side: int,
    quality: float,
    stability: float,
    smallest_px: int,
) -> tuple[Candidate, ...]:
    """Proposals, the largest and most stable first; none where nothing passes.

    rgb: uint8 ``H x W x 3``. points_per_side: clicks along each side of the picture, all of which are answered.
    quality, stability: the least estimate of its intersection over union, and the least intersection over union
    between a mask's outlines at logits 1 and -1, both 0 to 1. smallest_px: specks and holes below that area go.
    A candidate's score is SAM's own estimate, its agreement the stability.
    """
    embedding = segmenter.embed(rgb)
    generator = segment_anything().SamAutomaticMaskGenerator(
        segmenter.model,
        points_per_side=points_per_side,
        points_per_batch=_PROMPTS_AT_ONCE,
        pred_iou_thresh=quality,
        stability_score_thresh=stability,
        min_mask_region_area=smallest_px,
    )
    _look(generator.predictor, embedding, segmenter.device)
    with devices.repeatable(), devices.enough_memory("sam", segmenter.device):
        found = generator.generate(rgb)
    found.sort(key=lambda each: -each["area"] * each["stability_score"])
    return tuple(_candidate(segmenter, embedding, each) for each in found)


class _Coordinates:
    """In place of the predictor's transform: exact to the half pixel, and float32, which every device knows."""

    def __init__(self, scaling: Scaling) -> None:
        self._scaling = scaling

    def apply_coords(self, points: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
        return self._scaling.coordinates(points)


def _look(predictor: Any, embedding: Embedding, device: str) -> None:
    """Give the predictor the embedding instead of having it encode the picture again."""
    import torch

    scaling = embedding.scaling

    def set_image(image: NDArray[np.uint8]) -> None:
        predictor.features = torch.from_numpy(embedding.features.astype(np.float32)).to(device)[None]
        predictor.original_size = image.shape[:2]
        predictor.input_size = (scaling.input_height, scaling.input_width)
        predictor.is_image_set = True

    predictor.set_image = set_image
    predictor.transform = _Coordinates(scaling)


def _candidate(segmenter: Sam, embedding: Embedding, found: dict[str, Any]) -> Candidate:
    """The generator keeps hard masks only: its click is asked again for the one with a soft edge."""
    hard: Matte = found["segmentation"].astype(np.float32)
    x, y = found["point_coords"][0]
    answers = segmenter.answer(embedding, Prompt(points=((x, y),), labels=(True,)))
    matte = max((each.matte for each in answers), key=lambda matte: overlap(matte, hard))
    return Candidate(matte, min(max(found["predicted_iou"], 0.0), 1.0), found["stability_score"])
