"""EXR files, written by the OpenEXR package and read back by OpenImageIO."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame
from roto.frames.source import ColourTags
from roto.image import Frame


def read(path: Path) -> tuple[np.ndarray, OpenImageIO.ImageSpec]:
    image = OpenImageIO.ImageInput.open(str(path))
    assert image, OpenImageIO.geterror()
    pixels, spec = image.read_image("float"), image.spec()
    image.close()
    return pixels, spec


def linear(frame: ExportFrame) -> ExportFrame:
    """The frame with a scene-linear plate that goes well above 1 and below 0."""
    pixels = frame.plate.pixels * np.float32(9) - np.float32(0.5)
    return replace(frame, plate=Frame(frame.number, pixels, linear=True))


@pytest.mark.parametrize(("kind", "stored", "relative"), [("exr", "half", 2**-11), ("exr-float", "float", 0)])
def test_colour_is_premultiplied_and_stays_linear(make_job, frames_of, export, kind, stored, relative) -> None:
    job = make_job(clip={"linear": True})
    frames = [linear(frame) for frame in frames_of(job, np.float32)]
    for path, frame in zip(export(kind, job, frames), frames, strict=True):
        pixels, spec = read(path)
        assert spec.channelnames == ("R", "G", "B", "A")
        assert str(spec.format) == stored
        wanted = np.dstack([frame.plate.pixels * frame.mattes["fg"][..., None], frame.mattes["fg"]])
        assert np.allclose(pixels, wanted, rtol=relative, atol=2**-25 if relative else 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_plate_of_whole_numbers_keeps_its_encoding(make_job, frames_of, export, dtype) -> None:
    job = make_job(1)
    frames = frames_of(job, dtype)
    pixels, _ = read(export("exr-float", job, frames)[0])
    straight = frames[0].plate.pixels / np.float32(np.iinfo(dtype).max)
    assert np.allclose(pixels[..., :3], straight * frames[0].mattes["fg"][..., None], rtol=0, atol=1e-7)


def test_what_half_cannot_hold_stays_finite(make_job, frames_of, export) -> None:
    job = make_job(1)
    frame = frames_of(job, np.float32)[0]
    bright = replace(frame, plate=Frame(frame.number, np.full_like(frame.plate.pixels, 1e6), linear=True))
    pixels, _ = read(export("exr", job, [bright])[0])
    assert pixels.max() == 65504


@pytest.mark.parametrize("kind", ["exr-layers", "exr-layers-float"])
def test_one_file_has_a_channel_per_layer(make_job, frames_of, export, kind) -> None:
    job = make_job(layers=("fg", "hair", "Fuß.links"))
    frames = frames_of(job)
    files = export(kind, job, frames)
    assert len(files) == len(frames)
    for path, frame in zip(files, frames, strict=True):
        pixels, spec = read(path)
        assert set(spec.channelnames) == set(job.layers)
        seen = pixels[..., spec.channelindex("fg")]
        assert np.allclose(seen, frame.mattes["fg"], rtol=0, atol=0 if "float" in kind else 2**-12)
        assert not pixels[..., spec.channelindex("hair")].any()


@pytest.mark.parametrize("kind", ["exr-parts", "exr-parts-float"])
@pytest.mark.parametrize("layers", [("fg", "hair", "Fuß.links"), ("fg",)])
def test_one_file_has_a_part_per_layer(make_job, frames_of, export, kind, layers) -> None:
    job = make_job(2, layers=layers, clip={"pixel_aspect": Fraction(2)})
    frames = frames_of(job)
    for path, frame in zip(export(kind, job, frames), frames, strict=True):
        image = OpenImageIO.ImageInput.open(str(path))
        for part, layer in enumerate(layers):
            assert image.seek_subimage(part, 0)
            spec, pixels = image.spec(), image.read_image(part, 0, 0, 1, "float")
            assert spec.get_string_attribute("oiio:subimagename") == layer
            assert spec.channelnames == ("A",)
            assert str(spec.format) == ("float" if "float" in kind else "half")
            wanted = frame.mattes.get(layer, np.zeros((120, 160)))
            assert np.allclose(pixels[..., 0], wanted, rtol=0, atol=0 if "float" in kind else 2**-12)
            assert spec.getattribute("framesPerSecond") == (30000, 1001)
            assert spec.getattribute("smpte:TimeCode")[0] == 0x01000040 + frame.number - 1003
            assert spec.get_float_attribute("PixelAspectRatio") == 2
        assert not image.seek_subimage(len(layers), 0)
        image.close()


def test_a_layer_with_the_name_of_the_file_is_refused(make_job) -> None:
    with pytest.raises(OutputError, match="rename the layer"):
        EXPORTERS["exr-layers"].targets(make_job(layers=("fg", "mattes")))


def test_the_header_says_when_and_how(make_job, frames_of, export) -> None:
    job = make_job(2, clip={"pixel_aspect": Fraction(2), "colour": ColourTags(9, 16, 9, False)})
    specs = [read(path)[1] for path in export("exr", job, frames_of(job))]
    drop = 0x40  # SMPTE ST 12-1: binary-coded hours, minutes, seconds and frames, flags in the spare bits
    assert [spec.getattribute("smpte:TimeCode")[0] for spec in specs] == [0x01000000 | drop, 0x01000001 | drop]
    assert specs[0].get_float_attribute("PixelAspectRatio") == 2
    assert specs[0].getattribute("framesPerSecond") == (30000, 1001)
    assert specs[0].getattribute("chromaticities")[:2] == pytest.approx((0.708, 0.292))
    assert specs[0].getattribute("cicp") == "9/16/0/1"


def test_a_matte_has_no_colour(make_job, frames_of, export) -> None:
    job = make_job(1)
    spec = read(export("exr-layers", job, frames_of(job))[0])[1]
    assert spec.getattribute("chromaticities") is None
    assert spec.getattribute("cicp") is None
