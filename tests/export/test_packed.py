"""Mattes packed into colour channels, read back by Pillow, OpenCV and OpenImageIO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import OpenImageIO
import pytest
from PIL import Image

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame

LAYERS = ("hat", "hair", "Schuh, links", "coat", "равнина")


def with_layers(frame: ExportFrame, layers: Sequence[str]) -> ExportFrame:
    """Each layer has a matte of its own."""
    disc = frame.mattes["fg"]
    return replace(frame, mattes={name: disc * np.float32(0.9**at) for at, name in enumerate(layers)})


def test_a_png_holds_three_layers_and_says_which(make_job, frames_of, export) -> None:
    job = make_job(1, layers=LAYERS)
    frame = with_layers(frames_of(job)[0], LAYERS)
    files = export("png-packed", job, [frame])
    assert [path.name for path in files] == ["mattes-1.packed.1003.png", "mattes-2.packed.1003.png"]
    for path, layers in zip(files, (LAYERS[:3], LAYERS[3:]), strict=True):
        with Image.open(path) as image:
            assert dict(image.text) == {f"matte/{c}": name for c, name in zip("RGB", layers, strict=False)}
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1]
        assert pixels.dtype == np.uint16
        for at in range(3):
            wanted = frame.mattes[layers[at]] * 65535.0 if at < len(layers) else 0
            assert np.abs(pixels[..., at] - wanted).max() <= 0.51


def test_an_exr_holds_four_layers_and_says_which(make_job, frames_of, export) -> None:
    job = make_job(1, layers=LAYERS)
    frame = with_layers(frames_of(job)[0], LAYERS)
    files = export("exr-packed", job, [frame])
    assert [path.name for path in files] == ["mattes-1.packed.1003.exr", "mattes-2.packed.1003.exr"]
    for path, layers, channels in zip(files, (LAYERS[:4], LAYERS[4:]), ("RGBA", "RGB"), strict=True):
        image = OpenImageIO.ImageInput.open(str(path))
        spec, pixels = image.spec(), image.read_image("float")
        image.close()
        assert spec.channelnames == tuple(channels)
        for at, channel in enumerate(channels):
            name = layers[at] if at < len(layers) else ""
            assert spec.get_string_attribute(f"matte/{channel}") == name
            assert np.abs(pixels[..., at] - frame.mattes.get(name, 0)).max() <= 2**-12


@pytest.mark.parametrize("kind", ["png-packed", "exr-packed"])
def test_one_layer_is_a_picture_of_three_channels(make_job, frames_of, export, kind) -> None:
    job = make_job(1)
    (path,) = export(kind, job, frames_of(job))
    image = OpenImageIO.ImageInput.open(str(path))
    pixels = image.read_image("float")
    image.close()
    assert pixels.shape == (120, 160, 3)
    assert pixels[..., 0].any()
    assert not pixels[..., 1:].any()


@pytest.mark.parametrize("kind", ["png-packed", "exr-packed"])
def test_a_layer_with_the_name_of_a_file_is_refused(make_job, kind) -> None:
    with pytest.raises(OutputError, match="named 'mattes-1': rename the layer"):
        EXPORTERS[kind].targets(make_job(layers=("fg", "mattes-1")))
