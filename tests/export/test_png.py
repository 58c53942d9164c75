"""PNG files, read back by Pillow, OpenCV and OpenImageIO."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from roto.export.png import png_bytes
from roto.frames.source import ColourTags


def noise(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def read_oiio(path: Path) -> np.ndarray:
    image = OpenImageIO.ImageInput.open(str(path), _unassociated())
    assert image, OpenImageIO.geterror()
    pixels = image.read_image(image.spec().format)
    image.close()
    return np.squeeze(pixels)


def _unassociated() -> OpenImageIO.ImageSpec:
    config = OpenImageIO.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    return config


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(121, 161), (1, 1), (1, 7), (9, 1), (121, 161, 3), (121, 161, 4)])
def test_every_reader_sees_the_same_pixels(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    pixels = noise(shape, dtype)
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes(pixels))
    assert np.array_equal(read_oiio(path).reshape(shape), pixels)
    seen = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(seen if pixels.ndim == 2 else seen[..., [2, 1, 0, 3][: shape[2]]], pixels)
    if pixels.ndim == 2 or dtype == np.uint8:  # Pillow has no 16-bit colour
        with Image.open(path) as image:
            image.verify()
        with Image.open(path) as image:
            assert np.array_equal(np.asarray(image), pixels)


def test_text_of_any_script_is_carried(tmp_path: Path) -> None:
    text = {"matte/R": 'равнина, "links"', "matte/G": "x"}
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes(noise((4, 4, 3), np.uint16), text=text))
    assert OpenImageIO.ImageInput.open(str(path)).spec().get_string_attribute("matte/R") == text["matte/R"]
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape == (4, 4, 3)
    with Image.open(path) as image:
        assert dict(image.text) == text


def test_pixel_aspect_and_colour_are_carried(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(
        png_bytes(noise((4, 4, 4), np.uint8), pixel_aspect=Fraction(59, 54), tags=ColourTags(9, 16, 9, False))
    )
    spec = OpenImageIO.ImageInput.open(str(path)).spec()
    assert spec.get_float_attribute("PixelAspectRatio") == pytest.approx(59 / 54)
    assert list(spec.getattribute("CICP")) == [9, 16, 0, 1]


@pytest.mark.parametrize(("kind", "top"), [("png", 65535), ("png8", 255)])
def test_a_matte_is_its_nearest_code(make_job, frames_of, export, assert_nearest, kind: str, top: int) -> None:
    job = make_job()
    frames = frames_of(job)
    files = export(kind, job, frames)
    assert_nearest(np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files]), frames, top)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rgba_keeps_the_plate_straight_and_at_its_precision(
    make_job, frames_of, export, assert_nearest, dtype: type
) -> None:
    job = make_job()
    frames = frames_of(job, dtype)
    pixels = np.stack([read_oiio(path) for path in export("png-rgba", job, frames)])
    assert pixels.dtype == dtype
    assert np.array_equal(pixels[..., :3], [frame.plate.pixels for frame in frames])
    assert_nearest(pixels[..., 3], frames, np.iinfo(dtype).max)
