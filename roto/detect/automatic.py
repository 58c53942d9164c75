"""Subjects that a model names by itself, without a prompt."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.find import Find, border_share, plausible, without_repeats, working_size
from roto.segment.prompt import Candidate

_REPEATED = 0.7
_WEIGHT = 0.5  # a model's answers are well drawn, but most are parts or background


@runtime_checkable
class Automatic(Protocol):
    """A model that segments a whole picture by itself."""

    def subjects(self, rgb: NDArray[np.uint8]) -> tuple[Candidate, ...]:
        """Everything that it takes for a subject, uint8 ``H x W x 3`` in, mattes of the picture's size out."""


def find_automatic(rgb: NDArray[np.uint8], model: Automatic) -> list[Find]:
    """A model's subjects on the full picture, the best first, without repeats and what is too small or too large."""
    size = working_size(rgb.shape[1], rgb.shape[0])
    found = []
    for answer in model.subjects(rgb):
        inside = np.asarray(cv2.resize(answer.matte, size, interpolation=cv2.INTER_AREA) >= 0.5)
        if plausible(inside):
            score = _WEIGHT * answer.score * max(1 - 2 * border_share(inside), 0.0)
            found.append(Find("sam", inside, score, answer.matte))
    return without_repeats(found, _REPEATED)
