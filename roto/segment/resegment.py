"""What every re-segmenter can do: correct an edge that flow carried, knowing the subject's look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A picture with its answer: rgb uint8 ``H x W x 3``, distance the signed distance of the subject's edge,
    float32 ``H x W`` in the picture's pixels, positive inside. number: the frame, where that is of interest."""

    rgb: NDArray[np.uint8]
    distance: NDArray[np.float32]
    number: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What a re-segmenter is told besides the picture.

    model: what :meth:`Resegmenter.learn` made of the keyframes.
    before: the neighbouring frame, already warped onto this one, with its answer carried along.
    doubt: forward-backward error of that warp in pixels, ``H x W``.
    """

    model: Any
    before: Example
    doubt: NDArray[np.float32]


class Resegmenter(Protocol):
    """One way to re-segment. Learning and embedding are values, so that they can be kept and asked again; a
    re-segmenter itself has no state that an answer depends on."""

    name: str  # as on the command line: "local"

    def learn(self, examples: Sequence[Example]) -> Any:
        """What the span's keyframes teach. Examples without a subject show the background alone."""

    def embed(self, rgb: NDArray[np.uint8]) -> Any:
        """The expensive part of looking at one picture, uint8 ``H x W x 3``."""

    def support(self, embedding: Any, model: Any, distance: NDArray[np.float32]) -> float:
        """Share of the subject at ``distance``, 0 to 1, that looks like it rather than like the background."""

    def certainty(self, model: Any) -> float:
        """How far its answers can stand without flow, 0 to 1, judged on the keyframes that ``model`` comes from."""

    def resegment(self, embedding: Any, carried: Carried, prior: NDArray[np.float32]) -> NDArray[np.float32]:
        """The subject's matte, float32 ``H x W`` in [0, 1], given the signed distance that flow carried here."""
