"""The subject's looks, learned from a span's own keyframes: a small network fitted for a few seconds.

After Caelles et al., "One-Shot Video Object Segmentation", CVPR 2017, with a start that was itself trained so that few
steps suffice (Nichol et al., "On First-Order Meta-Learning Algorithms", 2018).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from roto.image import Box, bounding_box
from roto.segment.colour import Lab, to_lab
from roto.segment.device import repeatable
from roto.segment.resegment import Example
from roto.track.learned.descent import OneCycle
from roto.track.learned.nets import STRIDE, AppearanceNet, asking, laid_out, learning, plane_of, ready
from roto.track.learned.planes import lab_planes, padded
from roto.track.view import MOST_PIXELS, view_of

_CROP_PX = 128
_BATCH = 4
_RATE = 4e-3
_EDGE_PX = 12.0  # most crops are centred this near to the edge


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A keyframe at the resolution that the tracker sees it at."""

    lab: Lab
    inside: NDArray[np.float32]
    edge: NDArray[np.int64]  # N x 2, rows and columns near the edge
    core: NDArray[np.int64]


def shown(example: Example, pixels: int) -> Shown:
    """``example`` with its surroundings, scaled as the tracker will see the subject."""
    height, width = example.distance.shape
    box = bounding_box(example.distance > 0)
    if box.empty:
        box = Box(0, 0, width, height)
    view = view_of(box.padded(24 + max(box.width, box.height) // 4, width, height), pixels)
    size = max(round(width * view.scale), 1), max(round(height * view.scale), 1)
    rgb = cv2.resize(example.rgb, size, interpolation=cv2.INTER_AREA)
    distance = cv2.resize(example.distance, size, interpolation=cv2.INTER_AREA) * np.float32(view.scale)
    near, core = np.argwhere(np.abs(distance) < _EDGE_PX), np.argwhere(distance > 0)
    return Shown(to_lab(np.asarray(rgb, np.uint8)), (distance > 0).astype(np.float32), near, core)


def fit(
    start: AppearanceNet, examples: Sequence[Example], steps: int, pixels: int = MOST_PIXELS, seed: int = 0
) -> AppearanceNet:
    """A copy of ``start``, fitted to the examples as they are seen with ``pixels`` working pixels."""
    net = AppearanceNet()
    net.load_state_dict(start.state_dict())
    laid_out(net).train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1
    pictures = [shown(example, pixels) for example in examples]
    rng = np.random.default_rng(seed)
    descent = OneCycle(net.parameters(), _RATE, steps + 1)
    with repeatable():
        for _ in range(steps):
            _take_step(net, pictures, descent, rng)
    return net.eval()


def _take_step(net: AppearanceNet, pictures: Sequence[Shown], descent: OneCycle, rng: np.random.Generator) -> None:
    crops = [_crop(pictures[int(rng.integers(len(pictures)))], rng) for _ in range(_BATCH)]
    lab = torch.from_numpy(np.stack([crop[0] for crop in crops])).contiguous(memory_format=torch.channels_last)
    inside = torch.from_numpy(np.stack([crop[1] for crop in crops]))[:, None]
    with learning():  # left before the weights change: it keeps them in its own precision
        odds = net(lab)
    odds = odds.float()
    share = torch.sigmoid(odds)
    both, either = (share * inside).sum(), (share + inside - share * inside).sum()
    loss = functional.binary_cross_entropy_with_logits(odds, inside) + 0.5 * (1 - (both + 1) / (either + 1))
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    descent.step()


def _crop(picture: Shown, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A random view of a keyframe: turned, scaled, mirrored, its colours shifted."""
    height, width = picture.inside.shape
    among = picture.edge if rng.random() < 0.6 else picture.core
    if rng.random() < 0.3 or not len(among):
        row, column = rng.integers(height), rng.integers(width)
    else:
        row, column = among[rng.integers(len(among))]
    zoom, turn, mirror = np.exp(rng.normal(0, 0.25)), rng.normal(0, 0.2), rng.choice((-1, 1))
    place = np.zeros((2, 3))
    place[:, :2] = zoom * np.array([[np.cos(turn) * mirror, -np.sin(turn)], [np.sin(turn) * mirror, np.cos(turn)]])
    centre = _CROP_PX / 2 + rng.uniform(-_CROP_PX / 3, _CROP_PX / 3, 2)
    place[:, 2] = centre - place[:, :2] @ np.array([column, row])
    size, border = (_CROP_PX, _CROP_PX), cv2.BORDER_REFLECT_101
    lab = lab_planes(np.asarray(cv2.warpAffine(picture.lab, place, size, borderMode=border)))
    inside = np.asarray(cv2.warpAffine(picture.inside, place, size, borderMode=border))
    lab[0] = lab[0] * np.exp(rng.normal(0, 0.1)) + rng.normal(0, 0.12)
    lab[1:] = lab[1:] * np.exp(rng.normal(0, 0.1)) + rng.normal(0, 0.05, (2, 1, 1))
    return lab.astype(np.float32), inside.astype(np.float32)


class Looks:
    """A fitted network, ready to be asked."""

    def __init__(self, net: AppearanceNet) -> None:
        copy = AppearanceNet()
        copy.load_state_dict(net.state_dict())
        self._net = ready(copy)

    def odds(self, lab: Lab) -> NDArray[np.float32]:
        """Log-odds a pixel of ``H x W x 3``, positive where it looks like the subject."""
        height, width = lab.shape[:2]
        planes = torch.from_numpy(padded(lab_planes(lab), STRIDE))[None]
        with asking():
            odds = self._net(planes.contiguous(memory_format=torch.channels_last))
            return plane_of(odds, height, width)


def to_bytes(net: AppearanceNet) -> bytes:
    """A fitted network, to be kept."""
    kept = io.BytesIO()
    torch.save(net.state_dict(), kept)
    return kept.getvalue()


def from_bytes(data: bytes) -> AppearanceNet:
    net = AppearanceNet()
    net.load_state_dict(torch.load(io.BytesIO(data), weights_only=True))
    return net
