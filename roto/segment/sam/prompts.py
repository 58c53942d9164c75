"""Prompts and answers between roto's pixels and SAM's.

SAM sees the picture scaled so that its longer side is ``image_size``, at the top left of a square of ``grid x grid``
patches, and answers in cells, four to a patch along each side. Its prompt encoder takes coordinates in that square
with pixel centres at whole numbers and adds the half itself (``PromptEncoder._embed_points``).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.segment.prompt import Prompt
from roto.signed_distance import coverage, redistanced, signed_distance

Array = NDArray[np.float32]
_CELLS = 4  # of an answer and of the mask prompt, along a patch
_REPEAT = cv2.BORDER_REPLICATE
_OFF, _ON = 0, 1  # the labels of the prompt encoder

# A mask prompt is an earlier answer's logits. Where there is only a matte, +-10 stands for sure, as in SAM 2
# (sam2/modeling/sam2_base.py, _use_mask_as_output), reached 2.5 cells from the edge: about as steep as SAM's own.
_LOGIT_PER_CELL = 4.0
_SURE = 10.0


@dataclass(frozen=True, slots=True)
class Scaling:
    """How one size of picture lies in the model's square input: width, height and image_size in pixels, grid in
    patches."""

    width: int
    height: int
    image_size: int
    grid: int

    @property
    def input_width(self) -> int:
        return self._scaled(self.width)

    @property
    def input_height(self) -> int:
        return self._scaled(self.height)

    def _scaled(self, side: int) -> int:
        """Rounded as ``ResizeLongestSide.get_preprocess_shape`` does."""
        return int(side * (self.image_size * 1.0 / max(self.width, self.height)) + 0.5)

    @property
    def scale(self) -> tuple[float, float]:
        """Input pixels to a picture's pixel, along x and y."""
        return self.input_width / self.width, self.input_height / self.height

    @property
    def answer_size(self) -> int:
        """Cells along each side of an answer."""
        return self.grid * _CELLS

    def coordinates(self, positions: NDArray[np.float64]) -> Array:
        """Picture positions ``N x 2``, first pixel's centre at (0.5, 0.5), as the prompt encoder expects them."""
        return np.asarray(positions * self.scale - 0.5, np.float32)

    def points(self, prompt: Prompt) -> tuple[Array, NDArray[np.int64]] | None:
        """Coordinates ``N x 2`` and labels of a prompt's points; None without any."""
        if not prompt.points:
            return None
        labels = np.where(prompt.labels, _ON, _OFF).astype(np.int64)
        return self.coordinates(np.asarray(prompt.points, np.float64)), labels

    def box(self, prompt: Prompt) -> Array | None:
        """Corners of a prompt's box, 4 numbers; None without one."""
        if prompt.box is None:
            return None
        return self.coordinates(np.asarray(prompt.box, np.float64).reshape(2, 2)).reshape(4)

    def mask_logits(self, matte: Matte) -> Array:
        """A matte, ``H x W``, as a mask prompt: its signed distance in cells, as logits, float32 ``S x S``."""
        cell = (self._cell[0] + self._cell[1]) / 2
        reach = _SURE / _LOGIT_PER_CELL * cell + 2  # so that interpolation meets no clamped value before it is sure
        logits = signed_distance(matte, reach) * np.float32(_LOGIT_PER_CELL / cell)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = (self.answer_size, self.answer_size)
        seen = cv2.warpAffine(logits, self._place(), size, flags=flags, borderValue=-_SURE)
        return np.asarray(np.clip(seen, -_SURE, _SURE), np.float32)

    def matte(self, logits: Array) -> Matte:
        """The answer in the picture, anti-aliased, ``H x W``: the logits' zero contour. Logits ``S x S``; where they
        are no numbers, nothing is inside."""
        flags = cv2.INTER_CUBIC
        known = np.nan_to_num(logits, nan=-_SURE, posinf=_SURE, neginf=-_SURE)
        size = (self.width, self.height)
        level = cv2.warpAffine(known, self._place(), size, flags=flags, borderMode=_REPEAT)
        return coverage(redistanced(np.asarray(level, np.float32)))

    @property
    def _cell(self) -> tuple[float, float]:
        """The picture's pixels to a cell, along x and y."""
        step = self.image_size / self.answer_size
        return step / self.scale[0], step / self.scale[1]

    def _place(self) -> NDArray[np.float64]:
        """From cells to pixels, as ``warpAffine`` counts both: whole numbers at their centres."""
        across, down = self._cell
        return np.array([[across, 0, 0.5 * across - 0.5], [0, down, 0.5 * down - 0.5]])
