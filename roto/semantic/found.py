"""What is found on a frame, and how it is drawn on the full picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roto.detect.outline import draw_outline
from roto.edge.matting.refine import refine
from roto.edge.trimap import trimap
from roto.image import Matte
from roto.options import option
from roto.semantic.region import Judged

_TO_ONE = np.float32(1 / 255)


class Found(NamedTuple):
    """matte: float32 ``H x W`` in [0, 1]. confidence: the intersection over union with the truth that is expected, 0
    to 1. why: what it rests on, or what is missing."""

    matte: Matte
    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True)
class FoundOptions:
    """When to say no, and how the edge is drawn."""

    least: float = option(0.28, "confidence from which on there is any; below, it is empty", minimum=0.0, maximum=1.0)
    soft_px: float = option(
        0.0,
        "width of the band around its edge that the picture decides, as the edge step refine; 0: a clean edge",
        minimum=0.0,
        maximum=200.0,
    )


def drawn(rgb: NDArray[np.uint8], judged: Judged, options: FoundOptions) -> Found:
    """On the full picture, uint8 ``H x W x 3``. To be run within :func:`roto.motion.flow.one_thread`."""
    if judged.confidence < options.least or not judged.inside.any():
        why = judged.why
        if judged.inside.any():
            why = unsure(options, judged.why)
        return Found(np.zeros(rgb.shape[:2], np.float32), judged.confidence, why)
    return Found(softened(rgb, draw_outline(rgb, judged.inside), options.soft_px), judged.confidence, judged.why)


def unsure(options: FoundOptions, by: str) -> str:
    """Why there is nothing where something may be; ``by``: what tells."""
    return f"what may be there is less sure than least={options.least:g} asks for ({by})"


def softened(rgb: NDArray[np.uint8], matte: Matte, soft_px: float) -> Matte:
    """With its edge decided by the picture over ``soft_px`` pixels: the colour guided filter."""
    if soft_px == 0:
        return matte
    band = trimap(matte, soft_px)
    if not ((band == 0).any() and (band == 255).any()):
        return matte
    return refine(rgb.astype(np.float32) * _TO_ONE, band, "guided")
