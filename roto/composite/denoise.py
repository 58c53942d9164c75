"""Noise taken out by OpenCV's non-local means (A. Buades, B. Coll and J.-M. Morel, CVPR 2005)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from roto.composite.effect import Effect, Region
from roto.composite.light import Floats
from roto.image import Box
from roto.options import option

_PATCH_PX, _SEARCH_PX = 5, 15
_STEPS = 65535


@dataclass(frozen=True, kw_only=True)
class Denoise(Effect):
    """In 16 bits, of display-referred numbers in [0, 1]; what lies beyond stays as it is, and so do fractions."""

    type: ClassVar[str] = "denoise"
    summary: ClassVar[str] = "OpenCV's non-local means; seconds a frame at full size"

    strength: float = option(3.0, "about the noise's deviation, in steps of 8 bits", minimum=0.0, maximum=100.0)

    def needs(self, box: Box, width: int, height: int) -> Box:
        return box.padded(_PATCH_PX // 2 + _SEARCH_PX // 2 + 1, width, height)

    def apply(self, picture: Floats, region: Region) -> Floats:
        if self.strength == 0:
            return picture
        return region.light.in_display(picture, self._cleaned)

    def _cleaned(self, picture: Floats) -> Floats:
        codes = np.rint(np.clip(picture, 0, 1) * np.float32(_STEPS)).astype(np.uint16)
        strength = self.strength * _STEPS / 255
        cleaned = cv2.fastNlMeansDenoising(codes, [strength], None, _PATCH_PX, _SEARCH_PX, cv2.NORM_L1)
        change = cleaned.astype(np.float32) - codes.astype(np.float32)
        done: Floats = picture + change / np.float32(_STEPS)
        return done
