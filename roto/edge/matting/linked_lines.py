"""Our own method: colour lines in every small window, linked to pixels of like colour anywhere near.

The colour lines alone (closed-form matting) carry alpha from pixel to pixel and cannot enter a hole that the trimap
leaves unknown; links alone (KNN matting) are noisy where colours are mixed. Together they are better than either, and
the links spread what is known in few steps. Solved from coarse to fine: each level starts from the one below, so that
the fine one, where a step is dear, only has to sharpen.

On a level larger than a tile each tile is solved by itself, its border held at the level below, and tiles are blended
over their overlap. Which tiles there are follows from the size of the picture alone.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray

from roto.edge.matting.alike import Links, alike
from roto.edge.matting.colour_lines import colour_lines
from roto.edge.matting.conjugate_gradients import solve
from roto.edge.matting.problem import Floats, Problem
from roto.errors import RotoError
from roto.image import Box, Matte
from roto.segment.device import repeatable

TILE_PX = 768  # without the overlap
OVERLAP_PX = 64  # on every side
BYTES_PER_PIXEL = 700  # of working memory, at most, for each unknown pixel of a tile
_LINK = 1e-3
_COARSEST_PX = 64  # a picture no larger than this has no coarser level
_COARSE, _FINE = (1e-4, 300), (1e-4, 250)  # tolerance and most steps


def by_linked_lines(problem: Problem) -> Matte:
    """Alpha by colour lines and links of like colour, in [0, 1] at the unknown pixels.

    Needs at most ``BYTES_PER_PIXEL`` bytes of working memory for each unknown pixel of a tile, at most 560 MB, beside
    a few copies of the picture; RotoError where so much is not to be had.
    """
    levels = [problem]
    while min(levels[-1].unknown.shape) > _COARSEST_PX:
        coarser = levels[-1].every_second()
        if not (coarser.unknown.any() and coarser.has_both):
            break
        levels.append(coarser)
    with repeatable():
        links: Links | None = None
        alpha: Matte | None = None
        for depth in reversed(range(len(levels))):
            links, alpha = _solve_level(levels[depth], alpha, links, finest=depth == 0)
    assert alpha is not None
    return alpha


def _solve_level(
    problem: Problem, coarser: Matte | None, links: Links | None, finest: bool
) -> tuple[Links | None, Matte]:
    """Alpha of one level and, where it was solved as a whole, the links of its pixels."""
    height, width = problem.unknown.shape
    start = np.full((height, width), 0.5, np.float32) if coarser is None else _enlarged(coarser, height, width)
    start = np.where(problem.unknown, start, problem.known)
    if max(height, width) <= TILE_PX + 2 * OVERLAP_PX or coarser is None:
        return _solve_tile(problem, start, links, finest)
    total, weight = np.zeros_like(start), np.zeros_like(start)
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            own = Box(left, top, min(left + TILE_PX, width), min(top + TILE_PX, height))
            if not problem.unknown[own.slices].any():
                continue
            box = own.padded(OVERLAP_PX, width, height)
            tile = problem.within(box)
            part = np.ascontiguousarray(start[box.slices])
            border = _inner_border(box, width, height)
            known = np.where(tile.unknown, part, tile.known)
            held = replace(tile, known=known, unknown=tile.unknown & ~border)
            if held.unknown.any():
                _, part = _solve_tile(held, part, None, finest)
            share = _ramp(own, box)
            total[box.slices] += share * part
            weight[box.slices] += share
    return None, np.where(problem.unknown & (weight > 0), total / np.maximum(weight, np.float32(1e-6)), start)


def _solve_tile(problem: Problem, start: Floats, links: Links | None, finest: bool) -> tuple[Links | None, Matte]:
    _check_memory(int(problem.unknown.sum()))
    sparse = finest and min(problem.unknown.shape) > _COARSEST_PX
    grid = problem.every_second() if sparse else problem
    if links is None or not sparse:
        links = alike(grid) if grid.unknown.any() else None
    system = colour_lines(problem)
    linked = _places(links, system.number, sparse) if links is not None else None
    tolerance, most = _FINE if finest else _COARSE
    if problem.expected is not None and problem.trust is not None:
        trust, expected = (each.ravel()[system.pixels] for each in (problem.trust, problem.expected))
        system = replace(system, diagonal=system.diagonal + trust, right=system.right + trust * expected, own=trust)
    values = solve(system, links, linked, _LINK, start.ravel()[system.pixels], tolerance, most)
    alpha = np.where(problem.unknown, start, problem.known)
    alpha.ravel()[system.pixels] = np.clip(values, 0, 1)
    return links, alpha


def _places(links: Links, number: NDArray[np.int32], sparse: bool) -> NDArray[np.int64]:
    """Where the pixels of the links stand among those of the system."""
    numbers = number[::2, ::2] if sparse else number
    return numbers.ravel()[links.pixels].astype(np.int64)


def _check_memory(unknown: int) -> None:
    needed, free = unknown * BYTES_PER_PIXEL, psutil.virtual_memory().available
    if needed > free:
        raise RotoError(
            f"refining the matte needs {needed / 1e6:.0f} MB of memory for a tile and {free / 1e6:.0f} MB are free; "
            "close other programs, run fewer workers, narrow the trimap, or refine with the method guided"
        )


def _enlarged(coarse: Matte, height: int, width: int) -> Matte:
    """Every coarse pixel at the place it was taken from, and linear in between."""
    twice = np.array([[2, 0, 0], [0, 2, 0]], np.float32)
    return np.asarray(
        cv2.warpAffine(coarse, twice, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _inner_border(box: Box, width: int, height: int) -> NDArray[np.bool_]:
    """The outermost pixels of a tile, but not those on the border of the picture."""
    border = np.zeros((box.height, box.width), bool)
    border[0] |= box.y0 > 0
    border[-1] |= box.y1 < height
    border[:, 0] |= box.x0 > 0
    border[:, -1] |= box.x1 < width
    return border


def _ramp(own: Box, box: Box) -> Floats:
    """A tile's share: 1 inside, falling to 0 over twice the overlap where other tiles follow."""

    def along(first: int, last: int, outer: int, end: int) -> Floats:
        place = np.arange(outer, end, dtype=np.float32) + np.float32(0.5)
        share = np.ones(end - outer, np.float32)
        if outer < first:
            share = np.minimum(share, (place - outer) / (2 * (first - outer)))
        if end > last:
            share = np.minimum(share, (end - place) / (2 * (end - last)))
        return share

    return np.outer(along(own.y0, own.y1, box.y0, box.y1), along(own.x0, own.x1, box.x0, box.x1)).astype(np.float32)
