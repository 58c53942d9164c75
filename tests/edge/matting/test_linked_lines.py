"""Our own method: tiles, memory, and the systems that it solves."""

from __future__ import annotations

import cv2
import numpy as np
import psutil
import pytest

from roto.edge.matting import colour_lines as lines
from roto.edge.matting import linked_lines
from roto.edge.matting.alike import alike
from roto.edge.matting.problem import Problem
from roto.edge.matting.refine import refine
from roto.errors import RotoError


def problem(height=40, width=50, seed=3):
    rng = np.random.default_rng(seed)
    rgb = cv2.resize(rng.random((height // 4, width // 4, 3), np.float32), (width, height))
    x = np.mgrid[0:height, 0:width][1]
    unknown = (x > 12) & (x < 35)
    return Problem(rgb, (x >= 35).astype(np.float32), unknown)


def dense(system):
    count = len(system.pixels)
    rows = np.repeat(np.arange(count), np.diff(system.first))
    matrix = np.zeros((count, count))
    np.add.at(matrix, (rows, system.column), system.value)
    return matrix


def test_the_colour_lines_are_those_of_pymatting(monkeypatch):
    from pymatting import cf_laplacian

    monkeypatch.setattr(lines, "FLAT", 1e-5 / 9)  # pymatting adds it to the sum over a window
    given = problem()
    system = lines.colour_lines(given)
    whole = cf_laplacian(given.rgb.astype(np.float64), epsilon=1e-5).toarray()
    np.testing.assert_allclose(dense(system), whole[np.ix_(system.pixels, system.pixels)], atol=2e-4)
    known = np.flatnonzero(~given.unknown)
    right = -whole[np.ix_(system.pixels, known)] @ given.known.ravel()[known]
    np.testing.assert_allclose(system.right, right, atol=2e-4)


def test_blocks_do_not_show_in_the_colour_lines(monkeypatch):
    given = problem()
    whole = lines.colour_lines(given)
    monkeypatch.setattr(lines, "_BLOCK", (7, 9))
    parts = lines.colour_lines(given)
    order, other = np.argsort(whole.pixels), np.argsort(parts.pixels)
    np.testing.assert_array_equal(whole.pixels[order], parts.pixels[other])
    np.testing.assert_allclose(dense(whole)[np.ix_(order, order)], dense(parts)[np.ix_(other, other)], atol=1e-6)


def test_links_are_symmetric_and_say_nothing_about_an_even_alpha():
    given = problem()
    links = alike(Problem(given.rgb, np.ones_like(given.known), given.unknown))
    matrix = dense(links)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(links.degree, matrix.sum(axis=1) + links.right, rtol=1e-4)


def soft_disc(size):
    """A disc that fills the picture, a soft edge and a band through many tiles."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) + 0.5
    away = np.hypot(x - size / 2, y - size / 2)
    alpha = np.clip((0.4 * size - away) / 8, 0, 1).astype(np.float32)
    rng = np.random.default_rng(5)
    texture = cv2.resize(rng.random((size // 10, size // 10, 3), np.float32), (size, size)) * 0.2
    plate = texture + alpha[..., None] * np.float32((0.5, 0.2, 0.0)) + np.float32((0.1, 0.2, 0.3))
    trimap = np.where(np.abs(away - 0.4 * size + 4) < 14, 128, np.where(alpha > 0.5, 255, 0)).astype(np.uint8)
    return plate, alpha, trimap


def test_tiles_give_what_the_whole_gives(monkeypatch):
    plate, alpha, trimap = soft_disc(320)
    whole = refine(plate, trimap)
    monkeypatch.setattr("roto.edge.matting.linked_lines.TILE_PX", 96)
    monkeypatch.setattr("roto.edge.matting.linked_lines.OVERLAP_PX", 24)
    tiled = refine(plate, trimap)
    unknown = trimap == 128
    assert not np.array_equal(tiled, whole)
    assert np.abs(tiled - whole)[unknown].mean() < 0.01
    assert np.abs(tiled - alpha)[unknown].mean() < 0.02


def test_tiles_solve_no_more_at_a_time_than_they_say(monkeypatch):
    plate, _, trimap = soft_disc(320)
    solved = []
    inner = lines.colour_lines
    monkeypatch.setattr("roto.edge.matting.linked_lines.TILE_PX", 64)
    monkeypatch.setattr("roto.edge.matting.linked_lines.OVERLAP_PX", 16)
    monkeypatch.setattr(
        "roto.edge.matting.linked_lines.colour_lines", lambda part: solved.append(part.unknown.shape) or inner(part)
    )
    refine(plate, trimap)
    assert len(solved) > 8
    assert max(max(shape) for shape in solved) <= 64 + 2 * 16


def test_too_little_memory_for_a_tile_is_one_clear_line(monkeypatch):
    plate, _, trimap = soft_disc(160)
    memory = psutil.virtual_memory()._replace(available=10_000)
    monkeypatch.setattr(linked_lines.psutil, "virtual_memory", lambda: memory)
    with pytest.raises(RotoError, match=r"needs \d+ MB of memory for a tile and 0 MB are free; .*guided"):
        refine(plate, trimap)
