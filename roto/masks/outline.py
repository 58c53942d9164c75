"""What polygons, curves and the like share: they are closed outlines that are filled."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.masks.feather import feather
from roto.masks.fields import MaskFields
from roto.masks.mask import Canvas
from roto.masks.rasterise import rasterise


@dataclass(frozen=True, kw_only=True)
class OutlineMask(MaskFields, abc.ABC):
    """A mask with an outline. It may overlap itself: the fill rule is non-zero winding."""

    @abc.abstractmethod
    def outline(self) -> NDArray[np.float64]:
        """The closed outline as a polygon, float64 ``N x 2`` of (x, y) in pixels."""

    def coverage(self, canvas: Canvas) -> Matte:
        margin = math.ceil(self.feather_px / 2) + 1 if self.feather_px else 0  # an edge just outside reaches in
        matte = rasterise(self.outline() + margin, canvas.width + 2 * margin, canvas.height + 2 * margin)
        matte = feather(matte, self.feather_px)
        matte = np.ascontiguousarray(matte[margin : margin + canvas.height, margin : margin + canvas.width])
        return np.float32(1) - matte if self.invert else matte
