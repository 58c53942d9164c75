"""What is known about the subject in a small view of a picture, before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.segment.appearance import Appearance
from roto.segment.barrier import barrier_distance
from roto.segment.colour import Lab, to_lab
from roto.segment.total_variation import edge_cost, minimum_cut

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

OUTSIDE = np.float32(-8)  # log-odds where the subject cannot be
_LENGTH = 3.0
_HELD = np.float32(8)
_RARE = np.float32(3e-4)
_BARRIER = np.float32(30)

# Weights of the evidence, fitted by logistic regression on real pictures and on composites of them.
FIRST = {
    "inside or out": 1.014,
    "rare outside": -0.302,
    "rare beside": 0.364,
    "rare above and below": -0.172,
    "rare nearby": 0.255,
    "barrier": 0.584,
    "off centre": -1.675,
    "texture": 0.414,
    "": -2.37,
}
_AGAIN = ("rare nearby", "barrier", "inside or out", "rare beside")
SECOND = (
    (0.341, -0.202, 2.067, 0.54, 0.038, 0.062, 0.254, 0.044, 0.412, 0.728, -2.825),
    (0.449, -0.076, 1.378, 0.981, -0.089, -0.032, 0.103, 0.098, 0.394, 0.803, -1.666),
)


@dataclass(frozen=True, eq=False)
class Scene:
    """A view, ``H x W``, with a box that the subject fills, in the view's pixels.

    held: int8, 1 where the prompt says inside, -1 where it says outside, 0 elsewhere.
    """

    rgb: NDArray[np.uint8]
    box: tuple[float, float, float, float]
    held: NDArray[np.int8]

    @cached_property
    def lab(self) -> Lab:
        return to_lab(np.asarray(cv2.bilateralFilter(self.rgb, 5, 20, 3), np.uint8))

    @cached_property
    def colours(self) -> Appearance:
        return Appearance(self.lab)

    @cached_property
    def within(self) -> Mask:
        """The pixels of the box."""
        x0, y0, x1, y1 = self.box
        x, y = self._centres
        return np.asarray((x > x0) & (x < x1) & (y > y0) & (y < y1))

    @property
    def size(self) -> float:
        """Mean side of the box in pixels."""
        x0, y0, x1, y1 = self.box
        return float(np.sqrt((x1 - x0) * (y1 - y0)))

    @property
    def _centres(self) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        height, width = self.rgb.shape[:2]
        return np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5

    @cached_property
    def _cost(self) -> Plane:
        return edge_cost(self.lab, _LENGTH)

    @cached_property
    def evidence(self) -> dict[str, Plane]:
        """What speaks for the subject when nothing is known but its box: colours that are common within and rare
        around it, a barrier on the way in, the middle of the box, texture."""
        x0, y0, x1, y1 = self.box
        inside = self.within.astype(np.float32)
        ring, colours, size = 1 - inside, self.colours, self.size
        own, other = colours.share(inside), colours.share(ring)
        x, y = self._centres
        off = np.hypot((2 * x - x0 - x1) / (x1 - x0), (2 * y - y0 - y1) / (y1 - y0))
        return {
            "inside or out": np.log((own + np.float32(2e-4)) / (other + np.float32(2e-4))),
            "rare outside": _rarity(other),
            "rare beside": _rarity(colours.nearby_share(ring, 4 * (x1 - x0), 0.12 * size)),
            "rare above and below": _rarity(colours.nearby_share(ring, 0.12 * size, 4 * (y1 - y0))),
            "rare nearby": _rarity(colours.nearby_share(ring, 0.3 * size, 0.3 * size)),
            "barrier": barrier_distance(self.lab, ~self.within) / _BARRIER,
            "off centre": off.astype(np.float32),
            "texture": texture(self.lab),
        }

    @cached_property
    def first(self) -> Plane:
        """Log-odds by the evidence alone."""
        return weighted(tuple(FIRST.values()), list(self.evidence.values()))

    def second(self, start: Plane, weights: tuple[float, ...]) -> Plane:
        """Log-odds by the evidence and by the looks of ``start``, a labelling from 0 to 1."""
        start = self.keeping(np.where(self.within, start, np.float32(0)))
        rest = [*(self.evidence[name] for name in _AGAIN), self.first, self.evidence["off centre"]]
        return np.where(self.within, weighted(weights, [*self.looks(start), *rest]), OUTSIDE)

    def keeping(self, labels: Plane) -> Plane:
        """A labelling with what the prompt holds."""
        return np.where(self.held == 0, labels, (self.held > 0).astype(np.float32))

    def looks(self, start: Plane) -> list[Plane]:
        """What speaks for pixels that look like those of a labelling nearby, in two reaches, and that lie by them."""
        return [
            *(self.colours.balance(start, reach * self.size) for reach in (0.15, 0.35)),
            *(np.asarray(cv2.GaussianBlur(start, (0, 0), reach * self.size), np.float32) for reach in (0.02, 0.08)),
        ]

    def cut(self, odds: Plane, iterations: int = 60) -> Plane:
        """The relaxed labelling of least cost, 0 to 1, that keeps what the prompt holds."""
        held = np.where(self.held == 0, np.clip(odds, -5, 5), _HELD * self.held).astype(np.float32)
        return minimum_cut(held, self._cost, (held > 0).astype(np.float32), iterations)


def chance(odds: Plane) -> Plane:
    """Log-odds as a chance, 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)


def weighted(weights: tuple[float, ...], planes: list[Plane]) -> Plane:
    """Weighted sum of planes; the last weight stands alone."""
    odds = np.full_like(planes[0], weights[-1], np.float32)
    for weight, plane in zip(weights[:-1], planes, strict=True):
        odds += np.float32(weight) * plane
    return odds


def _rarity(share: Plane) -> Plane:
    return np.asarray(-np.log(share + _RARE), np.float32)


def texture(lab: Lab) -> Plane:
    """Logarithm of the local contrast of lightness."""
    lightness = lab[..., 0].astype(np.float32)
    mean = cv2.blur(lightness, (9, 9))
    variance = cv2.blur(lightness * lightness, (9, 9)) - mean * mean
    return np.log1p(np.sqrt(np.maximum(variance, 0))).astype(np.float32)
