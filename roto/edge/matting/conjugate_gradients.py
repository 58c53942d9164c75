"""Conjugate gradients over the colour lines and the links, with the diagonal as preconditioner."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.alike import Links
from roto.edge.matting.colour_lines import System
from roto.edge.matting.problem import Floats

if TYPE_CHECKING:
    import torch


def solve(
    system: System,
    links: Links | None,
    linked: NDArray[np.int64] | None,
    weight: float,
    start: Floats,
    tolerance: float,
    most: int,
) -> Floats:
    """Alpha of the system's pixels, float32 ``N``, not clipped.

    linked: for each pixel of the links its place in the system. weight: of a link, beside a window's weight of 1.
    start: where the iteration begins. It ends when the residual, measured by the preconditioner, has fallen to
    ``tolerance`` times that of alpha 0, or after ``most`` steps.
    """
    import torch

    matrix = _rows(system.first, system.column, system.value)
    diagonal, right = torch.from_numpy(system.diagonal), torch.from_numpy(system.right)
    graph: torch.Tensor | None = None
    if links is not None and linked is not None:
        graph = _rows(links.first, links.column, links.value * np.float32(weight))
        place, degree = torch.from_numpy(linked), torch.from_numpy(links.degree * np.float32(weight))
        diagonal[place] += degree
        right[place] += torch.from_numpy(links.right * np.float32(weight))

    own = None if system.own is None else torch.from_numpy(system.own)

    def times(x: torch.Tensor) -> torch.Tensor:
        y = matrix @ x
        if own is not None:
            y += own * x
        if graph is not None:
            part = x[place]
            y[place] += degree * part - graph @ part
        return y

    # pixels without any window or link, which only an empty neighbourhood has, keep their start
    inverse = torch.where(diagonal > 0, 1 / diagonal, torch.zeros(()))
    x = torch.from_numpy(start.copy())
    residual = right - times(x)
    step = inverse * residual
    direction = step.clone()
    square = torch.dot(residual, step)
    enough = tolerance**2 * torch.dot(right, inverse * right)
    for _ in range(most):
        if not square > enough:
            break
        image = times(direction)
        along = square / torch.dot(direction, image)
        x.add_(along * direction)
        residual.sub_(along * image)
        torch.mul(inverse, residual, out=step)
        before, square = square, torch.dot(residual, step)
        direction.mul_(square / before).add_(step)
    return np.asarray(x.numpy(), np.float32)


def _rows(first: NDArray[np.int32], column: NDArray[np.int32], value: Floats) -> torch.Tensor:
    import torch

    count = len(first) - 1
    with warnings.catch_warnings():  # torch calls its compressed rows a beta
        warnings.simplefilter("ignore", UserWarning)
        parts = torch.from_numpy(first), torch.from_numpy(column), torch.from_numpy(value)
        return torch.sparse_csr_tensor(parts[0], parts[1], parts[2], size=(count, count))
