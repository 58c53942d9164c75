"""Not-a-number and infinity in a plate: what is written is defined, and the matte is as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
import pytest

from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame
from roto.frames.open import open_source
from roto.frames.still import read_image
from roto.image import Frame

PLATES = [name for name, kind in EXPORTERS.items() if kind.needs_plate]
STILLS = ["png-rgba", "tiff-rgba", "exr", "exr-float"]


def read(path: Path) -> np.ndarray:
    config = OpenImageIO.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    image = OpenImageIO.ImageInput.open(str(path), config)
    pixels = image.read_image("float")
    image.close()
    return pixels


def rings(test_data: Path) -> Path:
    return test_data / "exr" / "openexr-images" / "TestImages" / "BrightRingsNanInf.exr"


def half_covered(width: int, height: int) -> np.ndarray:
    """Nothing on the left, a ramp in the middle, all on the right."""
    ramp = np.clip((np.arange(width) - width / 3) / (width / 3), 0, 1)
    return np.tile(ramp.astype(np.float32), (height, 1))


@pytest.mark.parametrize("kind", PLATES)
def test_a_real_plate_with_nan_and_infinity_is_written_and_its_matte_is_exact(
    make_job, export, ffmpeg, test_data, kind
) -> None:
    source = open_source(rings(test_data))
    plate = source.frame(source.info.range.first)
    source.close()
    matte = half_covered(plate.width, plate.height)
    facts = {"width": plate.width, "height": plate.height, "linear": True, "bits": 32}
    job = make_job(1, clip=facts)
    (path,) = export(kind, job, [ExportFrame(1003, {"fg": matte}, Frame(1003, plate.pixels, linear=True))])
    if kind not in STILLS:
        decoder = "libvpx-vp9" if kind == "vp9" else None
        alpha = ffmpeg.decode(path, "rgba64le", decoder=decoder)[0, ..., 3] / 65535
        assert np.abs(alpha - matte).max() < 8 / 255
        return
    pixels = read(path)
    assert np.isfinite(pixels).all()
    assert np.abs(pixels[..., 3] - matte).max() <= {"exr-float": 0, "exr": 2**-12}.get(kind, 0.51 / 65535)
    if kind.startswith("exr"):
        assert not pixels[matte == 0].any()  # colour is premultiplied: nothing is left under an empty matte
        bad = ~np.isfinite(
            np.dstack([OpenEXR.File(str(rings(test_data)), separate_channels=True).channels()[c].pixels for c in "RGB"])
        )
        assert bad.sum() == 18
        assert np.isin(np.abs(plate.pixels[bad]), [0, 65504]).all()
        elsewhere = ~bad & (matte[..., None] == 1)
        assert np.array_equal(pixels[..., :3][elsewhere], plate.pixels[elsewhere])


@pytest.mark.parametrize("kind", STILLS)
def test_a_plate_that_nobody_cleaned_is_defined_too(make_job, frames_of, export, kind) -> None:
    """As it can come through the library, past the readers."""
    job = make_job(1, clip={"linear": True})
    (frame,) = frames_of(job, np.float32)
    pixels = frame.plate.pixels.copy()
    pixels[:2], pixels[2:4], pixels[-2:] = np.nan, np.inf, -np.inf
    pixels[60, 60] = np.nan, np.inf, -np.inf
    (path,) = export(kind, job, [ExportFrame(1003, frame.mattes, Frame(1003, pixels, linear=True))])
    seen = read(path)
    assert np.isfinite(seen).all()
    assert np.abs(seen[..., 3] - frame.mattes["fg"]).max() <= 2**-12
    assert frame.mattes["fg"][60, 60] == 1
    assert seen[60, 60, :3].tolist() == ([0, 65504, -65504] if kind.startswith("exr") else [0, 1, 0])
    if kind.startswith("exr"):
        assert not seen[frame.mattes["fg"] == 0].any()


def test_alpha_and_masks_of_no_numbers(tmp_path: Path) -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    path = tmp_path / "a.tif"
    spec = OpenImageIO.ImageSpec(4, 1, 4, "float")
    spec.attribute("oiio:UnassociatedAlpha", 1)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    out.write_image(np.dstack([values] * 4))
    out.close()
    image = read_image(path)
    assert image.alpha.tolist() == [[0, 1, 0, 0.5]]
    assert image.pixels[0, :, 0].tolist() == [0, 65504, -65504, 0.5]
