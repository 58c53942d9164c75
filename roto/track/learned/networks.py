"""The trained networks of a set of weights, ready to be asked, and the arrays that go in and out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from roto.track.learned.certainty import FACTS, sure
from roto.track.learned.nets import STRIDE, AppearanceNet, FusionNet, PropagationNet, asking, plane_of, ready
from roto.track.learned.planes import padded


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """Keyframes as the propagation network remembers them."""

    looks: Tensor
    told: Tensor


class Networks:
    """Propagation, fusion and the start of the appearance network."""

    def __init__(
        self,
        propagation: PropagationNet,
        fusion: FusionNet,
        appearance: AppearanceNet,
        confidence: NDArray[np.float32] | None = None,
    ) -> None:
        self._propagation = ready(propagation)
        self._fusion = ready(fusion)
        self.appearance = appearance
        self._confidence = np.zeros(FACTS, np.float32) if confidence is None else confidence

    @classmethod
    def from_weights(cls, weights: Mapping[str, Any]) -> Networks:
        """From the state dictionaries "propagation", "fusion", "appearance" and "confidence". RuntimeError when they
        are those of other networks."""
        nets = (PropagationNet(), FusionNet(), AppearanceNet())
        for net, name in zip(nets, ("propagation", "fusion", "appearance"), strict=True):
            net.load_state_dict(weights[name])  # half computing becomes single
        return cls(*nets, confidence=weights["confidence"]["weights"].float().numpy())

    def sure(self, known: NDArray[np.float32]) -> float:
        """Expected intersection over union of a frame of which these facts are known."""
        return sure(self._confidence, known)

    def remember(self, keyframes: NDArray[np.float32]) -> Remembered:
        """``N x 6 x H x W`` memory planes of a span's keyframes, N at least 1."""
        with asking():
            looks, told = self._propagation.memory.remember(_batch(keyframes))
        # all keyframes are one memory
        return Remembered(*(x.float().transpose(0, 1).flatten(1)[None] for x in (looks, told)))

    def propagate(
        self, planes: NDArray[np.float32], carried: NDArray[np.float32], memory: Remembered
    ) -> NDArray[np.float32]:
        """Log-odds ``H x W`` from propagation planes and the carried distance in working pixels."""
        height, width = carried.shape
        with asking():
            inputs = _batch(padded(planes, STRIDE)[None]), _batch(padded(carried[None], STRIDE)[None])
            return plane_of(self._propagation(*inputs, memory.looks, memory.told), height, width)

    def fuse(self, planes: NDArray[np.float32], mixed: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds ``H x W`` from fusion planes and the distance that the passes mix to."""
        height, width = mixed.shape
        with asking():
            odds = self._fusion(_batch(padded(planes, STRIDE)[None]), _batch(padded(mixed[None], STRIDE)[None]))
            return plane_of(odds, height, width)


def _batch(planes: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(planes)).contiguous(memory_format=torch.channels_last)
