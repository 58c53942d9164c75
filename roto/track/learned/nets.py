"""The networks. All of them see pictures at working resolution and answer with log-odds a pixel: positive inside.

This module imports torch, so it is itself imported only where a network is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from roto.segment import device
from roto.segment.device import repeatable
from roto.track.learned.planes import FUSION_PLANES, PROPAGATION_PLANES

STRIDE = 16  # pictures are padded to a multiple of this
ODDS_PER_PX = 1 / 1.5  # log-odds of the carried edge, a pixel away from it
MOST_PRIOR = 6.0  # and at most this far from it
_JOINT = 3  # the level of a pyramid, at a stride of 8, where another source joins
_KEY_CHANNELS, _VALUE_CHANNELS = 32, 24
_MEMORY_CHANNELS = _VALUE_CHANNELS + 2  # with what the matte itself says there, and how good the match is


class Block(nn.Module):
    """Convolution, batch normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.normalise: nn.Module = nn.BatchNorm2d(outputs, momentum=0.05)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.normalise(self.convolve(x)), inplace=True)

    def fold(self) -> None:
        """Put the normalisation into the convolution: the same answer, faster. For inference alone."""
        if isinstance(self.normalise, nn.BatchNorm2d):
            self.convolve = nn.utils.fusion.fuse_conv_bn_eval(self.convolve, self.normalise)
            self.normalise = nn.Identity()


class Pyramid(nn.Module):
    """An encoder and decoder with skips (Ronneberger et al., "U-Net", MICCAI 2015). ``extra`` channels of another
    source join at the stride of ``8``."""

    def __init__(self, inputs: int, widths: tuple[int, ...], extra: int = 0) -> None:
        super().__init__()
        first, *deeper = widths
        self.start = Block(inputs, first)
        self.down = nn.ModuleList(
            nn.Sequential(Block(above, width, 2), Block(width, width))
            for above, width in zip(widths, deeper, strict=False)
        )
        self.up = nn.ModuleList(
            Block(below + width + (extra if level == _JOINT else 0), width)
            for level, (width, below) in enumerate(zip(widths, deeper, strict=False))
        )
        self.out = nn.Conv2d(first, 1, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, extra: Tensor | None = None) -> Tensor:
        levels = [self.start(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        y = levels.pop()
        for level in reversed(range(len(levels))):
            parts = [enlarged(y, levels[level]), levels[level]]
            if extra is not None and level == _JOINT:
                parts.append(extra)
            y = self.up[level](torch.cat(parts, 1))
        odds: Tensor = self.out(y)
        return odds


def enlarged(small: Tensor, like: Tensor) -> Tensor:
    large = functional.interpolate(small, size=like.shape[-2:], mode="bilinear", align_corners=False)
    if large.requires_grad:  # the gradient is a slice of one of more channels, for which torch has only a slow way back
        large.register_hook(_densely)  # type: ignore[no-untyped-call]
    return large


def _densely(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


class Memory(nn.Module):
    """What the keyframes show, matched to a picture: attention over patches of 8 x 8 pixels, as in Oh et al., "Video
    Object Segmentation using Space-Time Memory Networks", ICCV 2019, at a hundredth of its size."""

    def __init__(self) -> None:
        super().__init__()
        self.look = _stride_eight(3, _KEY_CHANNELS)
        self.tell = _stride_eight(5, _VALUE_CHANNELS)
        self.sharpness = nn.Parameter(torch.tensor(10.0))

    def remember(self, shown: Tensor) -> tuple[Tensor, Tensor]:
        """``N x 6 x H x W`` keyframes: Lab, inside (0, 1), squashed distance, and where there is a picture at all
        (0, 1). Returns what each patch looks like, and what it says."""
        shown = shown.to(_kind(self))
        looks = functional.normalize(self.look(shown[:, :3]).flatten(2), dim=1)
        inside, known = (functional.avg_pool2d(shown[:, i : i + 1], 8).flatten(2) for i in (3, 5))
        told = torch.cat([self.tell(shown[:, :5]).flatten(2), inside], 1)
        return torch.cat([looks, known], 1), told

    def recall(self, lab: Tensor, looks: Tensor, told: Tensor) -> Tensor:
        """What the keyframes say of a picture ``N x 3 x H x W``: ``N x 26 x H/8 x W/8``."""
        lab, looks, told = (x.to(_kind(self)) for x in (lab, looks, told))
        asked = functional.normalize(self.look(lab), dim=1) * self.sharpness
        rows, columns = asked.shape[-2:]
        # what is not known of a patch joins as one more channel: all of the match is one product
        asked = torch.cat([asked, torch.ones_like(asked[:, :1])], 1).flatten(2)
        match = asked.transpose(1, 2) @ torch.cat([looks[:, :-1], torch.log(looks[:, -1:] + 1e-4)], 1)
        best = match.amax(2)[:, None] / self.sharpness
        read = torch.softmax(match, dim=2) @ told.transpose(1, 2)  # so that no table of all matches is turned around
        recalled: Tensor = torch.cat([read.transpose(1, 2), best], 1)
        return recalled.reshape(*recalled.shape[:2], rows, columns)


def _stride_eight(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        Block(inputs, 16, 2), Block(16, 24, 2), Block(24, 24), Block(24, 32, 2), nn.Conv2d(32, outputs, 3, padding=1)
    )


class PropagationNet(nn.Module):
    """Carries an edge by one frame."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 128)) -> None:
        super().__init__()
        self.memory = Memory()
        self.body = Pyramid(PROPAGATION_PLANES, widths, _MEMORY_CHANNELS)

    def forward(self, planes: Tensor, prior: Tensor, looks: Tensor, told: Tensor) -> Tensor:
        planes = planes.to(_kind(self))
        recalled = self.memory.recall(planes[:, :3], looks, told)
        odds: Tensor = self.body(planes, recalled)
        return odds + anchored(prior)


class FusionNet(nn.Module):
    """Joins the two passes of a span at one frame."""

    def __init__(self, widths: tuple[int, ...] = (16, 24, 40, 56, 64)) -> None:
        super().__init__()
        self.body = Pyramid(FUSION_PLANES, widths)

    def forward(self, planes: Tensor, prior: Tensor) -> Tensor:
        odds: Tensor = self.body(planes.to(_kind(self)))
        return odds + anchored(prior)


class AppearanceNet(nn.Module):
    """Tells the subject by its looks alone; fitted to the keyframes of each span."""

    def __init__(self, widths: tuple[int, ...] = (16, 24, 40, 56)) -> None:
        super().__init__()
        self.body = Pyramid(3, widths)

    def forward(self, lab: Tensor) -> Tensor:
        odds: Tensor = self.body(lab.to(_kind(self)))
        return odds


def _kind(net: nn.Module) -> torch.dtype:
    """What a network computes in."""
    return next(net.parameters()).dtype


def anchored(prior: Tensor) -> Tensor:
    """Log-odds that a signed distance in working pixels starts from."""
    return torch.clamp(prior * ODDS_PER_PX, -MOST_PRIOR, MOST_PRIOR)


Net = TypeVar("Net", bound=nn.Module)


def folded(net: Net) -> Net:
    """The network, changed for inference."""
    net.eval()
    for module in net.modules():
        if isinstance(module, Block):
            module.fold()
    return laid_out(net)


def ready(net: Net) -> Net:
    """The network, :func:`folded` and in bfloat16 where the processor multiplies in it."""
    return laid_out(folded(net).to(getattr(torch, device.precision("cpu"))))


def laid_out(net: Net) -> Net:
    """The network with its weights as they are fastest on a processor: channels last."""
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return net


@contextmanager
def learning() -> Iterator[None]:
    """Repeatable, on one thread, in bfloat16 where the processor multiplies in it and it is exact enough."""
    with repeatable(), device.computing("cpu", device.precision("cpu")):
        yield


@contextmanager
def asking() -> Iterator[None]:
    """Repeatable, on one thread, with nothing kept for learning. For networks that are :func:`ready`."""
    with repeatable(), torch.inference_mode():
        yield


def plane_of(answer: Tensor, height: int, width: int) -> NDArray[np.float32]:
    """What a network says of one picture, float32 ``height x width``, without the padding. To be run within
    :func:`asking`, for one thread."""
    return np.ascontiguousarray(answer[0, 0, :height, :width].float().numpy())
