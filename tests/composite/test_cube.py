"""Look-up tables: against OpenColorIO, and every way in which a file can be wrong."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from roto.composite.cube import parse_cube
from roto.errors import DocumentError

RNG = np.random.default_rng(4)


def text_3d(size, seed=1, head=""):
    rng = np.random.default_rng(seed)
    rows = []
    for blue, green, red in itertools.product(np.linspace(0, 1, size), repeat=3):
        rows.append(np.array([red**0.8, 0.9 * green + 0.05 * red, blue * 1.1 - 0.03]) + rng.normal(0, 0.01, 3))
    return f'# made here\nTITLE "a look"\n{head}\nLUT_3D_SIZE {size}\n' + "".join(
        f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in rows
    )


def text_1d(size, head=""):
    x = np.linspace(0, 1, size)
    rows = np.stack([x**0.5, x**2, 1 - x], axis=1)
    return f"{head}\nLUT_1D_SIZE {size}\n" + "".join(f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in rows)


def by_opencolorio(path: Path, picture):
    ocio = pytest.importorskip("PyOpenColorIO")
    transform = ocio.FileTransform(
        str(path), interpolation=ocio.INTERP_TETRAHEDRAL if "3D" in path.read_text() else ocio.INTERP_LINEAR
    )
    processor = ocio.Config.CreateRaw().getProcessor(transform)
    out = np.array(picture, np.float32, order="C")
    processor.getDefaultCPUProcessor().applyRGB(out)
    return out


@pytest.mark.parametrize(
    "text",
    [
        text_3d(2),
        text_3d(17),
        text_3d(33, head="DOMAIN_MIN -0.5 -0.5 -0.5\nDOMAIN_MAX 2 2 2"),
        text_1d(2),
        text_1d(1024),
        text_1d(65, head="DOMAIN_MIN 0 0 0\nDOMAIN_MAX 4 4 4"),
    ],
)
def test_it_is_what_opencolorio_makes_of_it(tmp_path, text):
    path = tmp_path / "look.cube"
    path.write_text(text)
    picture = RNG.uniform(-0.7, 2.2, (150, 301, 3)).astype(np.float32)
    picture[:10] = RNG.random((10, 301, 1))  # greys, on the diagonal of every cell
    assert np.abs(parse_cube(text, "look.cube")(picture) - by_opencolorio(path, picture)).max() < 2e-5


def test_a_table_that_changes_nothing():
    rows = "".join(f"{r} {g} {b}\n" for b, g, r in itertools.product((0, 0.25, 0.5, 0.75, 1), repeat=3))
    picture = RNG.random((40, 50, 3)).astype(np.float32)
    assert np.abs(parse_cube("LUT_3D_SIZE 5\n" + rows, "x")(picture) - picture).max() < 3e-7


def test_what_is_beyond_the_domain_is_clamped_and_corners_are_exact():
    cube = parse_cube(text_3d(9), "x")
    ends = np.array([[[0, 0, 0], [1, 1, 1], [-3, -3, -3], [7, 7, 7]]], np.float32)
    out = cube(ends)[0]
    assert np.array_equal(out[0], cube.table[0, 0, 0])
    assert np.array_equal(out[1], cube.table[-1, -1, -1])
    assert np.array_equal(out[0], out[2])
    assert np.array_equal(out[1], out[3])


def test_resolves_range_is_a_domain():
    cube = parse_cube(text_1d(5, head="LUT_1D_INPUT_RANGE 0 2"), "x")
    assert (cube.low, cube.high) == ((0, 0, 0), (2, 2, 2))


def test_windows_lines_and_comments_between_rows():
    text = text_3d(2).replace("\n", "\r\n").replace("LUT_3D_SIZE 2\r\n", "LUT_3D_SIZE 2\r\n# rows\r\n\r\n")
    assert parse_cube(text, "x").table.shape == (2, 2, 2, 3)


TWO = "0 0 0\n1 1 1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "look.cube: no LUT_1D_SIZE or LUT_3D_SIZE; it is no .cube file"),
        ("LUT_1D_SIZE 3\n" + TWO, "look.cube: 2 rows of numbers, but LUT_1D_SIZE 3 has 3"),
        ("LUT_3D_SIZE 2\n" + TWO, "look.cube: 2 rows of numbers, but LUT_3D_SIZE 2 has 8"),
        (
            "LUT_1D_SIZE two\n" + TWO,
            "look.cube, line 1: 'LUT_1D_SIZE two', but a whole number from 2 to 65536 is needed",
        ),
        ("LUT_3D_SIZE 257\n", "look.cube, line 1: 'LUT_3D_SIZE 257', but a whole number from 2 to 256 is needed"),
        ("LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n", "look.cube, line 2: a second size; there was LUT_1D_SIZE 2"),
        (TWO, "look.cube, line 1: numbers before LUT_1D_SIZE or LUT_3D_SIZE"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1\n", "look.cube, line 3: '1 1', but three numbers are needed"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1e999\n", "look.cube, line 3: '1 1 1e999', but finite numbers are needed"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 x 1\n", "look.cube, line 3: '1 x 1', but three numbers are needed"),
        ("LUT_1D_SIZE 2\n0 0 0\nTITLE late\n", "look.cube, line 3: 'TITLE' behind the first numbers of the table"),
        ("3DLUT\n", "look.cube, line 1: '3DLUT', but three numbers|numbers before LUT_1D_SIZE"),
        ("SHAPER 2\n", "look.cube, line 1: 'SHAPER' is no word of a .cube file"),
        (
            "LUT_1D_SIZE 2\nDOMAIN_MIN 0 1 0\n" + TWO,
            "look.cube: DOMAIN_MIN 0 1 0 is not below DOMAIN_MAX 1 1 1",
        ),
    ],
)
def test_a_malformed_file_is_one_line(text, message):
    with pytest.raises(DocumentError, match=message):
        parse_cube(text, "look.cube")
