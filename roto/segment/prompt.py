"""Prompts: what an artist, or the tracker, points at in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prompt:
    """Where a subject is, in pixels of the picture that is asked about; at least one of the four is given.

    points: ``(x, y)`` each. labels: one for each point, True on the subject and False off it.
    box: ``(x0, y0, x1, y1)`` around the subject, x0 < x1 and y0 < y1.
    mask: an earlier matte of the subject, float32 ``H x W`` in [0, 1], of the picture's size.
    text: the subject's name, for the models that read.
    """

    points: tuple[tuple[float, float], ...] = ()
    labels: tuple[bool, ...] = ()
    box: tuple[float, float, float, float] | None = None
    mask: Matte | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if len(self.points) != len(self.labels):
            raise ValueError(f"{len(self.points)} points with {len(self.labels)} labels")
        if not self.points and self.box is None and self.mask is None and self.text is None:
            raise ValueError("a prompt needs a point, a box, a mask or a text")

    @property
    def positive(self) -> NDArray[np.float32]:
        """The points on the subject, float32 ``N x 2``."""
        return self._labelled(True)

    @property
    def negative(self) -> NDArray[np.float32]:
        """The points off the subject, float32 ``N x 2``."""
        return self._labelled(False)

    def _labelled(self, wanted: bool) -> NDArray[np.float32]:
        chosen = [point for point, label in zip(self.points, self.labels, strict=True) if label is wanted]
        return np.asarray(chosen, np.float32).reshape(-1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One answer to a prompt.

    matte: float32 ``H x W`` in [0, 1], of the picture's size, anti-aliased.
    score: the segmenter's own estimate of the answer's intersection over union with the truth, 0 to 1.
    agreement: how well the answer fits the prompt, 0 to 1 (:func:`roto.segment.ranking.agreement`).
    """

    matte: Matte
    score: float
    agreement: float
