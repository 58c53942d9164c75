"""Subjects that a model names by itself, without a prompt."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.detect.find import WORKING_PX, Find, border_share, plausible, shrunk, shrunk_size, without_repeats
from roto.segment.prompt import Candidate

_LOOK_PX = 1024  # longer side of the picture that a model is given; SAM sees no more of a larger one
_POINTS = 16  # enough for subjects, and a quarter of the time that all their parts would take
_REPEATED = 0.7
_WEIGHT = 0.5  # a model's answers are well drawn, but most are parts or background
_LARGE, _SMALL_LOSS = 0.05, 0.25  # share of the picture from which on size adds nothing; the power it counts with


@runtime_checkable
class Automatic(Protocol):
    """A model that segments a whole picture by itself."""

    def subjects(self, rgb: NDArray[np.uint8], *, points_per_side: int) -> tuple[Candidate, ...]:
        """Everything that it takes for a subject, uint8 ``H x W x 3`` in, mattes of the picture's size out.
        ``points_per_side``: clicks along each side of the picture, all of which are answered."""


def find_automatic(rgb: NDArray[np.uint8], model: Automatic) -> list[Find]:
    """A model's subjects on the full picture, the best first, without repeats and what is too small or too large."""
    seen = shrunk(rgb, _LOOK_PX)
    size = shrunk_size(rgb.shape[1], rgb.shape[0], WORKING_PX)
    found = []
    for answer in model.subjects(seen, points_per_side=_POINTS):
        inside = np.asarray(cv2.resize(answer.matte, size, interpolation=cv2.INTER_AREA) >= 0.5)
        if plausible(inside):
            found.append(Find("sam", inside, _score(inside, answer.score), answer.matte))
    return without_repeats(found, _REPEATED)


def _score(inside: NDArray[np.bool_], estimate: float) -> float:
    size = float(min(float(inside.mean()) / _LARGE, 1.0) ** _SMALL_LOSS)
    return _WEIGHT * min(max(estimate, 0.0), 1.0) * size * max(1 - 2 * border_share(inside), 0.0)
