"""Exact-area anti-aliasing: the share of every pixel that a closed outline covers.

Coverage is integrated, not sampled. The outline is cut into horizontal bands at its vertices, at its crossings and at
the borders of pixel rows, so that within a band no two edges cross and the winding number between them is constant.
Only the edges between outside (winding number 0) and inside (anything else) are kept, and their exact signed areas are
summed along each row, as in the accumulation buffer of scan converters for fonts (R. Levien, font-rs, 2016).

The fill rule is non-zero winding, as in Nuke, After Effects and Silhouette: where an outline overlaps itself, the
overlap is inside.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Box, Matte

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

MAX_PIECES = 8_000_000  # about 1 GB of working memory
_TINY = 1e-9  # px; below this two positions are one


class _Edges(NamedTuple):
    """Edges that are not horizontal, each with ``y0 < y1``; ``winding`` is +1 if it was drawn downwards, else -1."""

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    winding: Integers


class _Pieces(NamedTuple):
    """Edges cut at the bands' borders, sorted by band and then from left to right."""

    band: Integers
    x_top: Floats
    x_bottom: Floats
    winding: Integers


def rasterise(outline: Floats, width: int, height: int) -> Matte:
    """Coverage of the closed polygon ``outline``, clipped at the picture.

    outline: float64 ``N x 2`` of (x, y) in pixels; the last point joins the first.
    Returns float32 ``height x width`` in [0, 1], exact but for float32 rounding.
    DocumentError when the outline runs up and down or across itself too often to be filled.
    """
    matte = np.zeros((height, width), np.float32)
    if len(outline) < 3:
        return matte
    clipped = _clip(outline, width, height)
    left, top = np.floor(clipped.min(axis=0)).astype(int)
    right, bottom = np.ceil(clipped.max(axis=0)).astype(int)
    box = Box(int(left), int(top), int(right), int(bottom))
    if box.empty:
        return matte
    edges = _edges(clipped - (left, top))
    borders, pieces = _bands(edges, box.height)
    kept = _boundary(pieces)
    top, bottom = borders[kept.band], borders[kept.band + 1]
    matte[box.slices] = _accumulate(top, bottom, kept.x_top, kept.x_bottom, kept.winding, box.width, box.height)
    return matte


def fill_edges(start: Floats, end: Floats, width: int, height: int) -> Matte:
    """Coverage of closed outlines given edge by edge, of which none cross and which keep their inside on the same hand.

    start, end: float64 ``N x 2`` of (x, y) in pixels, within the picture, in any order. Clockwise as seen (inside on
    the right), or everything is 0. Returns float32 ``height x width`` in [0, 1].
    """
    if len(start) == 0:
        return np.zeros((height, width), np.float32)
    edges = _sloping(start, end)
    first, last = np.floor(edges.y0).astype(np.int64), np.ceil(edges.y1).astype(np.int64)
    counts = last - first
    edge = np.repeat(np.arange(counts.size), counts)
    row = np.arange(edge.size) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    top, bottom = np.maximum(edges.y0[edge], row), np.minimum(edges.y1[edge], row + 1)
    slope = ((edges.x1 - edges.x0) / (edges.y1 - edges.y0))[edge]
    x_top, x_bottom = (edges.x0[edge] + (y - edges.y0[edge]) * slope for y in (top, bottom))
    return _accumulate(
        top, bottom, np.clip(x_top, 0, width), np.clip(x_bottom, 0, width), -edges.winding[edge], width, height
    )


def _clip(outline: Floats, width: int, height: int) -> Floats:
    """The outline with what lies outside the picture pushed onto its border: coverage within stays the same."""
    clipped = outline
    for axis, border in ((0, 0.0), (0, float(width)), (1, 0.0), (1, float(height))):
        offset = clipped[:, axis] - border
        following = np.roll(offset, -1)
        crossing = np.flatnonzero(offset * following < 0)
        if crossing.size:
            start, end = clipped[crossing], clipped[(crossing + 1) % len(clipped)]
            along = (offset[crossing] / (offset[crossing] - following[crossing]))[:, None]
            points = start + along * (end - start)
            points[:, axis] = border
            clipped = np.insert(clipped, crossing + 1, points, axis=0)
    return np.clip(clipped, (0, 0), (width, height))


def _edges(outline: Floats) -> _Edges:
    return _sloping(outline, np.roll(outline, -1, axis=0))


def _sloping(start: Floats, end: Floats) -> _Edges:
    sloping = start[:, 1] != end[:, 1]
    start, end = start[sloping], end[sloping]
    down = start[:, 1] < end[:, 1]
    upper, lower = np.where(down[:, None], start, end), np.where(down[:, None], end, start)
    return _Edges(upper[:, 0], upper[:, 1], lower[:, 0], lower[:, 1], np.where(down, 1, -1))


def _bands(edges: _Edges, rows: int) -> tuple[Floats, _Pieces]:
    """Borders of the bands (float64, ascending) and the pieces in them, none of which cross."""
    borders = np.unique(np.concatenate([edges.y0, edges.y1, np.arange(rows + 1.0)]))
    pieces = _cut(edges, borders)
    while True:
        crossings = _crossings(borders, pieces)
        finer = np.union1d(borders, crossings)
        if finer.size == borders.size:
            return borders, pieces
        borders, pieces = finer, _cut(edges, finer)


def _cut(edges: _Edges, borders: Floats) -> _Pieces:
    first, last = np.searchsorted(borders, edges.y0), np.searchsorted(borders, edges.y1)
    counts = last - first
    total = int(counts.sum())
    if total > MAX_PIECES:
        raise DocumentError(
            "",
            "the outline is too intricate to fill: it runs across itself or up and down too often; use fewer points",
        )
    edge = np.repeat(np.arange(counts.size), counts)
    band = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    slope = ((edges.x1 - edges.x0) / (edges.y1 - edges.y0))[edge]
    x0, y0 = edges.x0[edge], edges.y0[edge]
    low, high = np.minimum(edges.x0, edges.x1)[edge], np.maximum(edges.x0, edges.x1)[edge]
    x_top = np.clip(x0 + (borders[band] - y0) * slope, low, high)
    x_bottom = np.clip(x0 + (borders[band + 1] - y0) * slope, low, high)
    order = np.lexsort((x_top + x_bottom, band))
    return _Pieces(band[order], x_top[order], x_bottom[order], edges.winding[edge][order])


def _crossings(borders: Floats, pieces: _Pieces) -> Floats:
    """Heights at which neighbouring pieces of a band cross; bands too thin to matter are left as they are."""
    gap_top, gap_bottom = np.diff(pieces.x_top), np.diff(pieces.x_bottom)
    together = pieces.band[1:] == pieces.band[:-1]
    pair = np.flatnonzero(together & (np.minimum(gap_top, gap_bottom) < -_TINY))
    top, bottom = borders[pieces.band[pair]], borders[pieces.band[pair] + 1]
    along = gap_top[pair] / (gap_top[pair] - gap_bottom[pair])
    height = top + along * (bottom - top)
    heights: Floats = height[(height > top + _TINY) & (height < bottom - _TINY)]
    return heights


def _boundary(pieces: _Pieces) -> _Pieces:
    """Only the pieces between outside and inside; ``winding`` becomes +1 where one enters from the left, else -1."""
    after = np.cumsum(pieces.winding)  # runs through all bands: each of them ends at 0, the outline being closed
    before = after - pieces.winding
    kept = (before == 0) != (after == 0)
    entering = np.where(before == 0, 1, -1)[kept]
    return _Pieces(pieces.band[kept], pieces.x_top[kept], pieces.x_bottom[kept], entering)


def _accumulate(
    top: Floats, bottom: Floats, x_top: Floats, x_bottom: Floats, entering: Integers, width: int, height: int
) -> Matte:
    """Sum of the signed areas to the right of pieces of edges, each within one row of pixels. It changes only in the
    cells that pieces pass through. ``entering`` is +1 where one enters from the left, else -1."""
    row = np.floor(top).astype(np.int64)
    left, right = np.minimum(x_top, x_bottom), np.maximum(x_top, x_bottom)
    first = np.floor(left).astype(np.int64)
    counts = np.maximum(np.ceil(right).astype(np.int64) - first, 1)
    piece = np.repeat(np.arange(counts.size), counts)
    column = np.arange(piece.size) - np.repeat(np.cumsum(counts) - counts, counts) + first[piece]
    cell_left, cell_right = np.maximum(left[piece], column), np.minimum(right[piece], column + 1)
    run = np.where(counts == 1, 1.0, right - left)[piece]
    share = np.where(counts[piece] == 1, 1.0, (cell_right - cell_left) / run)
    area = entering[piece] * (bottom - top)[piece] * share
    beyond = (cell_left + cell_right) / 2 - column
    stride = width + 2  # an edge on the right border still has a cell, and one after it
    index = row[piece] * stride + column
    cells, position = np.unique(np.concatenate([index, index + 1]), return_inverse=True)
    change = np.bincount(position, np.concatenate([area * (1 - beyond), area * beyond]))
    coverage: Floats = np.cumsum(change, dtype=np.float64)  # runs through all rows: each of them ends at 0
    coverage = (coverage + _ROUND) - _ROUND
    runs = np.diff(cells, prepend=0, append=height * stride)
    values = np.concatenate([[0.0], np.clip(coverage, 0.0, 1.0)]).astype(np.float32)
    matte: Matte = np.repeat(values, runs).reshape(height, stride)[:, :width]
    return matte


# Adding and taking away drops rounding errors below 2**-32, so that outside is exactly 0 and inside exactly 1.
_ROUND = math.ldexp(1.0, 20)
