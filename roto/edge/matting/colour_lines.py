"""The matting Laplacian: in every window of 3 x 3 pixels alpha is an affine function of colour.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", CVPR 2006. Only the rows of unknown
pixels are built, block by block, so that nothing larger than their own coefficients is held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.edge.matting.problem import Floats, Problem

FLAT = 1e-7 / 9  # variance of colour below which a window counts as flat; as in the paper's code
_BLOCK = (48, 96)  # rows, columns: small enough that its coefficients stay in the processor's cache
_WINDOW = [(dy, dx) for dy in range(3) for dx in range(3)]
_REACH = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_SELF = 12  # the place of (0, 0) in _REACH


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """The equations ``A alpha = b`` of the unknown pixels, in compressed rows; all in one order of the pixels.

    pixels: int64 ``N``, each pixel's place in the flattened picture. number: int32 ``H x W``, its place in that
    list, -1 for known pixels. first ``N + 1``, column, value: ``A``, symmetric. diagonal: ``N``. right: ``b``, what
    the known pixels contribute. own: ``N``, what each pixel weighs by itself, in the diagonal and not in ``A``.
    """

    pixels: NDArray[np.int64]
    number: NDArray[np.int32]
    first: NDArray[np.int32]
    column: NDArray[np.int32]
    value: Floats
    diagonal: Floats
    right: Floats
    own: Floats | None = None


def colour_lines(problem: Problem) -> System:
    """The matting Laplacian's rows for the unknown pixels of a picture of at least 3 x 3 pixels."""
    blocks = _blocks(problem)
    height, width = problem.unknown.shape
    number = np.full((height + 4, width + 4), -1, np.int32)  # with a border, so that neighbours need no test
    inside = number[2:-2, 2:-2]
    pixels, count = [], 0
    for rows, columns in blocks:
        y, x = np.nonzero(problem.unknown[rows, columns])
        pixels.append((y + rows.start) * width + x + columns.start)
        inside[rows, columns][y, x] = np.arange(count, count + len(y), dtype=np.int32)
        count += len(y)
    known = np.zeros((height + 4, width + 4), np.float32)
    known[2:-2, 2:-2] = np.where(problem.unknown, 0, problem.known)
    steps = np.array([dy * (width + 4) + dx for dy, dx in _REACH])
    lengths, columns_, values, diagonal, right = [], [], [], [], []
    for place, (rows, columns) in zip(pixels, blocks, strict=True):
        weights = _block_rows(problem, rows, columns)
        at = (place // width + 2) * (width + 4) + place % width + 2
        around = at[:, None] + steps
        other = number.ravel()[around]
        linked = (weights != 0) & (other >= 0)
        lengths.append(linked.sum(axis=1))
        columns_.append(other[linked])
        values.append(weights[linked])
        diagonal.append(weights[:, _SELF].copy())
        right.append(-np.einsum("ij,ij->i", weights, known.ravel()[around]))
    return System(
        pixels=np.concatenate(pixels),
        number=inside,
        first=np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int32),
        column=np.concatenate(columns_),
        value=np.concatenate(values),
        diagonal=np.concatenate(diagonal),
        right=np.concatenate(right).astype(np.float32),
    )


def _blocks(problem: Problem) -> list[tuple[slice, slice]]:
    """The blocks of the picture in which something is unknown, each no wider than that."""
    height, width = problem.unknown.shape
    found = []
    for top in range(0, height, _BLOCK[0]):
        rows = slice(top, min(top + _BLOCK[0], height))
        for left in range(0, width, _BLOCK[1]):
            here = np.flatnonzero(problem.unknown[rows, left : left + _BLOCK[1]].any(axis=0))
            if here.size:
                found.append((rows, slice(left + int(here[0]), left + int(here[-1]) + 1)))
    return found


def _block_rows(problem: Problem, rows: slice, columns: slice) -> Floats:
    """Coefficients of a block's unknown pixels towards the 25 pixels around each, float32 ``n x 25``."""
    height, width = problem.unknown.shape
    top, bottom = max(rows.start - 1, 1), min(rows.stop + 1, height - 1)  # the centres of all windows that touch it
    left, right = max(columns.start - 1, 1), min(columns.stop + 1, width - 1)
    m, n = bottom - top, right - left
    colour = problem.rgb[top - 1 : bottom + 1, left - 1 : right + 1].transpose(2, 0, 1).astype(np.float64)
    whitened = _whitened(np.stack([colour[:, dy : dy + m, dx : dx + n] for dy, dx in _WINDOW]))
    total = np.zeros((25, m + 2, n + 2), np.float32)
    views = [[part[dy : dy + m, dx : dx + n] for dy, dx in _WINDOW] for part in total]
    ninth = np.float32(1 / 9)
    for i, (yi, xi) in enumerate(_WINDOW):
        for j in range(i, 9):
            yj, xj = _WINDOW[j]
            affinity = whitened[i, 0] * whitened[j, 0]
            affinity += whitened[i, 1] * whitened[j, 1]
            affinity += whitened[i, 2] * whitened[j, 2]
            affinity += ninth
            step = (yj - yi) * 5 + xj - xi
            if i == j:
                views[_SELF][i] += 1 - affinity
            else:
                views[_SELF + step][i] -= affinity
                views[_SELF - step][j] -= affinity
    own = total[:, rows.start - top + 1 : rows.stop - top + 1, columns.start - left + 1 : columns.stop - left + 1]
    return np.ascontiguousarray(own[:, problem.unknown[rows, columns]].T)


def _whitened(colour: NDArray[np.float64]) -> Floats:
    """Colours of windows, ``9 x 3 x ...``, minus their mean, times the inverse Cholesky factor of their covariance,
    divided by 3: the product of two of them is the windows' affinity less one ninth."""
    c = colour - colour.mean(axis=0)

    def covariance(a: int, b: int) -> NDArray[np.float64]:
        return np.asarray(np.einsum("k...,k...->...", c[:, a], c[:, b]) / 9, np.float64)

    l00 = np.sqrt(covariance(0, 0) + FLAT)
    l10, l20 = covariance(1, 0) / l00, covariance(2, 0) / l00
    l11 = np.sqrt(covariance(1, 1) + FLAT - l10 * l10)
    l21 = (covariance(2, 1) - l20 * l10) / l11
    l22 = np.sqrt(covariance(2, 2) + FLAT - l20 * l20 - l21 * l21)
    white = np.empty(c.shape, np.float32)
    first = c[:, 0] / l00
    second = (c[:, 1] - l10 * first) / l11
    white[:, 0], white[:, 1] = first / 3, second / 3
    white[:, 2] = (c[:, 2] - l20 * first - l21 * second) / (3 * l22)
    return white
