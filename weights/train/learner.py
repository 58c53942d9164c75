"""Steps of training: samples in, better networks out."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from roto.track.learned.nets import FusionNet, PropagationNet
from roto.track.learned.planes import (
    ACROSS_PLANE,
    APPEARANCE_PLANE,
    CHAIN_PLANE,
    GLOBAL_PLANE,
    NEAR_PLANE,
    ODDS_PLANE,
    near_and_far,
)

SEEN_PX = 128
_ONE_KEY = 0.6  # share of the steps on which a single keyframe is remembered
_WARM_STEPS = 100
_AVERAGE = 0.998  # decay of the averaged weights
_WEIGHT_FAR = 0.3  # of a pixel far from the true edge; near it, 1 more


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The samples of one clip, as arrays: planes ``N x C x S x S`` float16, prior and truth ``N x S x S``, memories
    ``M x 2 x 6 x P x P``, and the memory that belongs to each sample."""

    planes: NDArray[np.float16]
    prior: NDArray[np.float16]
    truth: NDArray[np.uint8]
    memory: NDArray[np.int64]
    memories: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.prior)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    planes: Tensor
    prior: Tensor
    truth: Tensor
    memories: Tensor


def draw(pools: Sequence[Pool], size: int, rng: np.random.Generator, *, fusion: bool) -> Batch:
    """``size`` samples, each from a pool at random by its size, augmented."""
    share = np.array([len(pool) for pool in pools], np.float64)
    keys = slice(None)
    if fusion or rng.random() < _ONE_KEY:
        first = int(rng.integers(2))
        keys = slice(first, first + 1)
    rows = [
        _augmented(pools[at], int(rng.integers(len(pools[at]))), rng, keys, fusion)
        for at in rng.choice(len(pools), size, p=share / share.sum())
    ]
    planes, prior, truth, memories = (np.stack(column) for column in zip(*rows, strict=True))
    return Batch(*(torch.from_numpy(x) for x in (planes, prior[:, None], truth[:, None], memories)))


def _augmented(
    pool: Pool, at: int, rng: np.random.Generator, keys: slice, fusion: bool
) -> tuple[NDArray[np.float32], ...]:
    size = pool.prior.shape[-1]
    side = round(SEEN_PX * np.exp(rng.uniform(-0.3, np.log(size / SEEN_PX)))) if rng.random() < 0.5 else SEEN_PX
    row, column = rng.integers(0, size - side + 1, 2)
    window = slice(row, row + side), slice(column, column + side)
    planes = pool.planes[at][:, *window].astype(np.float32)
    prior = pool.prior[at][window].astype(np.float32)
    truth = pool.truth[at][window].astype(np.float32) / 255
    memories = pool.memories[pool.memory[at], keys].astype(np.float32)
    if side != SEEN_PX:
        whole = np.concatenate([planes, prior[None], truth[None]]).transpose(1, 2, 0)
        whole = cv2.resize(whole, (SEEN_PX, SEEN_PX), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
        planes, prior, truth = whole[:-2].copy(), whole[-2] * np.float32(SEEN_PX / side), whole[-1]
    if rng.random() < 0.5:
        planes, prior, truth, memories = (x[..., ::-1].copy() for x in (planes, prior, truth, memories))
        if not fusion:
            planes[ACROSS_PLANE] *= -1
    _recolour(planes, memories, rng, fusion)
    if not fusion:
        prior = _disturbed(planes, prior, rng)
    return planes, np.ascontiguousarray(prior), np.ascontiguousarray(truth), memories


def _recolour(
    planes: NDArray[np.float32], memories: NDArray[np.float32], rng: np.random.Generator, fusion: bool
) -> None:
    """The same change of light and hue everywhere, and a little of its own for the memory."""
    gain, shift = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.2)
    strength, turn = np.exp(rng.normal(0, 0.25)), rng.normal(0, 0.4)
    c, s = strength * np.cos(turn), strength * np.sin(turn)
    planes[0] = planes[0] * gain + shift
    memories[:, 0] = memories[:, 0] * gain + shift + rng.normal(0, 0.08)
    pairs = [(planes, 1)] if fusion else [(planes, 1), (planes, 4)]
    if not fusion:
        planes[3] *= gain
    for values, a in [*pairs, *((memory, 1) for memory in memories)]:
        values[a], values[a + 1] = c * values[a] - s * values[a + 1], s * values[a] + c * values[a + 1]


def _disturbed(
    planes: NDArray[np.float32], prior: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Evidence left out, and a carried edge that is off in other ways than those that were met."""
    if rng.random() < 0.3:
        planes[APPEARANCE_PLANE] *= rng.choice([0, rng.uniform(0, 0.7)])
    if rng.random() < 0.12:
        planes[GLOBAL_PLANE] = 0
    if rng.random() < 0.25:
        cells = int(rng.integers(4, 12))
        noise = rng.standard_normal((cells, cells)).astype(np.float32) * rng.uniform(0, 3) + rng.normal(0, 0.7)
        prior = prior + cv2.resize(noise.astype(np.float32), prior.shape[::-1], interpolation=cv2.INTER_CUBIC)
    near_and_far(prior, planes)
    if rng.random() < 0.1:
        planes[CHAIN_PLANE] = planes[NEAR_PLANE]
    if rng.random() < 0.15:
        planes[ODDS_PLANE] = np.clip(prior / 6, -2, 2)
    return prior.astype(np.float32)


def loss_of(odds: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, heavier near the true edge, and soft intersection over union."""
    inside = (truth > 0.5).float()
    edge = functional.max_pool2d(inside, 9, 1, 4) + functional.max_pool2d(1 - inside, 9, 1, 4) - 1
    entropy = functional.binary_cross_entropy_with_logits(odds, truth, reduction="none")
    share = torch.sigmoid(odds)
    both = (share * truth).sum((1, 2, 3))
    either = (share + truth - share * truth).sum((1, 2, 3))
    return 2 * ((_WEIGHT_FAR + edge) * entropy).mean() + (1 - (both + 1) / (either + 1)).mean()


class Learner:
    """The networks in training, their running average, and their optimiser."""

    def __init__(self, device: str, rate: float) -> None:
        self.device = device
        self.rate = rate
        self.nets = nn.ModuleDict({"propagation": PropagationNet(), "fusion": FusionNet()})
        self.nets.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.nets)
        self.steps = 0
        self.optimiser = torch.optim.AdamW(self.nets.parameters(), lr=rate, weight_decay=1e-4)

    def state(self) -> dict:
        return {
            "nets": self.nets.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
        }

    def load(self, state: dict) -> None:
        self.nets.load_state_dict(state["nets"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = state["steps"]

    def step(self, propagation: Batch, fusion: Batch | None, progress: float) -> tuple[float, float]:
        """One step at ``progress`` (0 to 1) through the whole training. Returns both losses."""
        warm = min(1.0, (self.steps + 1) / _WARM_STEPS)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress))) * warm
        self.nets.train()
        loss = self._propagation_loss(propagation)
        losses = [loss.item(), 0.0]
        if fusion is not None:
            other = self._fusion_loss(fusion)
            losses[1] = other.item()
            loss = loss + other
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.nets.parameters(), 1.0)
        self.optimiser.step()
        self.steps += 1
        self._follow()
        return losses[0], losses[1]

    def _propagation_loss(self, batch: Batch) -> Tensor:
        net: PropagationNet = self.nets["propagation"]
        shown = self._there(batch.memories)
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            looks, told = net.memory.remember(shown.flatten(0, 1))
            looks, told = (x.unflatten(0, shown.shape[:2]).transpose(1, 2).flatten(2) for x in (looks, told))
            odds = net(self._there(batch.planes), self._there(batch.prior), looks, told)
        return loss_of(odds.float(), self._there(batch.truth))

    def _fusion_loss(self, batch: Batch) -> Tensor:
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            odds = self.nets["fusion"](self._there(batch.planes), self._there(batch.prior))
        return loss_of(odds.float(), self._there(batch.truth))

    def _there(self, values: Tensor) -> Tensor:
        values = values.to(self.device)
        return values.contiguous(memory_format=torch.channels_last) if values.dim() == 4 else values

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(_AVERAGE, (self.steps + 1) / (self.steps + 10))
        for mean, now in zip(self.average.state_dict().values(), self.nets.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)
