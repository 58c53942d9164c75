"""TIFF files, read back by Pillow, OpenCV and OpenImageIO."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from roto.export.tiff import tiff_bytes


def noise(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.random.default_rng(5).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def read_oiio(path: Path) -> tuple[np.ndarray, OpenImageIO.ImageSpec]:
    config = OpenImageIO.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    image = OpenImageIO.ImageInput.open(str(path), config)
    assert image, OpenImageIO.geterror()
    pixels, spec = image.read_image(image.spec().format), image.spec()
    assert not image.geterror()
    image.close()
    return pixels, spec


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(121, 161), (1, 1), (64, 7), (65, 1), (130, 161, 4), (1, 1, 4)])
def test_every_reader_sees_the_same_pixels(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    pixels = noise(shape, dtype)
    path = tmp_path / "a.tiff"
    path.write_bytes(tiff_bytes(pixels))
    assert np.array_equal(read_oiio(path)[0].reshape(shape), pixels)
    if pixels.ndim == 2 or dtype == np.uint16:  # OpenCV multiplies an 8-bit TIFF by its alpha
        seen = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(seen if pixels.ndim == 2 else seen[..., [2, 1, 0, 3]], pixels)
    if pixels.ndim == 2 or dtype == np.uint8:  # Pillow has no 16-bit RGBA
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("shape", [(121, 161), (1, 1), (65, 2)])
def test_every_reader_sees_the_same_floats(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(6).random(shape, np.float32)
    path = tmp_path / "a.tiff"
    path.write_bytes(tiff_bytes(pixels))
    seen, spec = read_oiio(path)
    assert str(spec.format) == "float"
    assert np.array_equal(seen.reshape(shape), pixels)
    assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), pixels)
    with Image.open(path) as image:
        assert image.mode == "F"
        assert np.array_equal(np.asarray(image), pixels)


def test_pixel_aspect_is_carried(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    path.write_bytes(tiff_bytes(noise((4, 4), np.uint8), pixel_aspect=Fraction(59, 54)))
    assert read_oiio(path)[1].get_float_attribute("PixelAspectRatio") == pytest.approx(59 / 54)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rgba_keeps_the_plate_straight_and_at_its_precision(make_job, frames_of, export, assert_nearest, dtype) -> None:
    job = make_job()
    frames = frames_of(job, dtype)
    pixels = np.stack([read_oiio(path)[0] for path in export("tiff-rgba", job, frames)])
    assert pixels.dtype == dtype
    assert np.array_equal(pixels[..., :3], [frame.plate.pixels for frame in frames])
    assert_nearest(pixels[..., 3], frames, np.iinfo(dtype).max)
