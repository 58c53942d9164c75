"""What comes back of every kind: mattes, frame numbers, rate, time code, pixel aspect and colour.

Read by OpenImageIO and the ffmpeg program, never by roto. A kind that is registered needs one line in KINDS: how its
mattes are found, how far they may be off, and which of the source's facts its format has a place for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame, ExportJob
from roto.frames.source import ColourTags

LAYERS = ("fg", "far away", "behind", "4th", "fifth")  # the second is absent, the third is partly behind the first
RATE, ASPECT, BT709 = Fraction(30000, 1001), Fraction(4, 3), ColourTags(1, 1, 1, False)


@dataclass(frozen=True)
class Export:
    """The files of one export, and who reads videos."""

    files: tuple[Path, ...]
    layers: tuple[str, ...]
    ffmpeg: Any

    def of(self, layer: str) -> list[Path]:
        return [path for path in self.files if path.name.startswith(f"{layer}.")]


Read = Callable[[Export, str], NDArray[np.float64]]


def channel_of(path: Path, name: str, part: int = 0) -> NDArray[np.float64]:
    image = OpenImageIO.ImageInput.open(str(path))
    assert image, OpenImageIO.geterror()
    pixels = image.read_image(part, 0, 0, image.spec_dimensions(part).nchannels, "double")
    assert image.seek_subimage(part, 0)
    place = image.spec().channelindex(name)
    image.close()
    assert place >= 0, name
    return pixels[..., place]


def header_of(path: Path) -> OpenImageIO.ImageSpec:
    image = OpenImageIO.ImageInput.open(str(path))
    spec = image.spec()
    image.close()
    return spec


def channel(name: str) -> Read:
    """A channel of the layer's own files."""
    return lambda export, layer: np.stack([channel_of(path, name) for path in export.of(layer)])


def own_channel(export: Export, layer: str) -> NDArray[np.float64]:
    return np.stack([channel_of(path, layer) for path in export.files])


def own_part(export: Export, layer: str) -> NDArray[np.float64]:
    mattes = []
    for path in export.files:
        image = OpenImageIO.ImageInput.open(str(path))
        parts = []
        while image.seek_subimage(len(parts), 0):
            parts.append(image.spec().get_string_attribute("oiio:subimagename"))
        image.geterror()
        assert parts == list(export.layers)
        mattes.append(channel_of(path, "A", parts.index(layer)))
    return np.stack(mattes)


def packed(export: Export, layer: str) -> NDArray[np.float64]:
    """The channel that says that it is the layer's."""
    mattes = []
    for path in export.files:
        said = {attribute.name: attribute.value for attribute in header_of(path).extra_attribs}
        mattes += [channel_of(path, name) for name in "RGBA" if said.get(f"matte/{name}") == layer]
    return np.stack(mattes)


def cryptomatte(export: Export, layer: str) -> NDArray[np.float64]:
    """The sum of the coverages beside the id that the manifest has for the layer."""
    mattes = []
    for path in export.files:
        image = OpenImageIO.ImageInput.open(str(path))
        spec, pixels = image.spec(), image.read_image("float")
        said = {a.name: a.value for a in spec.extra_attribs if a.name.startswith("cryptomatte/149bd9e/")}
        kind = said["cryptomatte/149bd9e/name"]
        number = int(json.loads(said["cryptomatte/149bd9e/manifest"])[layer], 16)
        matte = np.zeros(pixels.shape[:2])
        for level in range(3):
            r, g, b, a = (pixels[..., spec.channelindex(f"{kind}{level:02d}.{name}")].copy() for name in "RGBA")
            matte += g * (r.view(np.uint32) == number) + a * (b.view(np.uint32) == number)
        mattes.append(matte)
    return np.stack(mattes)


def plane(pixel_format: str, name: str, top: int, decoder: str | None = None) -> Read:
    """A plane of the layer's own video as it is coded."""

    def read(export: Export, layer: str) -> NDArray[np.float64]:
        (path,) = export.of(layer)
        return export.ffmpeg.planes(path, pixel_format, name, decoder=decoder) / top

    return read


def shown(export: Export, layer: str) -> NDArray[np.float64]:
    """What a player shows of a matte in luma."""
    (path,) = export.of(layer)
    return export.ffmpeg.decode(path, "rgb24")[..., 1] / 255


@dataclass(frozen=True)
class Kind:
    """``off``: half a code and float32's rounding, or what the codec loses. ``carries``: facts in the file."""

    read: Read
    off: float
    carries: str  # of "rate", "time code", "aspect", "colour"
    empty: float = 0  # what an absent layer may come to


HALF = 2**-12  # half a step of half floats below 1
IN_EXR, IN_MOV, IN_MKV = "rate, time code, aspect", "rate, time code, aspect, colour", "time code, aspect, colour"
TEN_BITS = 0.51 / 1023 + 4 / 4095  # ProRes' alpha is exact at 10 bits, and decoded to 12
KINDS: dict[str, Kind] = {
    "png": Kind(channel("Y"), 0.51 / 65535, "aspect"),
    "png8": Kind(channel("Y"), 0.51 / 255, "aspect"),
    "png-rgba": Kind(channel("A"), 0.51 / 255, "aspect, colour"),
    "png-packed": Kind(packed, 0.51 / 65535, "aspect"),
    "tiff": Kind(channel("Y"), 0.51 / 65535, "aspect"),
    "tiff8": Kind(channel("Y"), 0.51 / 255, "aspect"),
    "tiff-float": Kind(channel("Y"), 0, "aspect"),
    "tiff-rgba": Kind(channel("A"), 0.51 / 255, "aspect"),
    "exr": Kind(channel("A"), HALF, f"{IN_EXR}, colour"),
    "exr-float": Kind(channel("A"), 0, f"{IN_EXR}, colour"),
    "exr-layers": Kind(own_channel, HALF, IN_EXR),
    "exr-layers-float": Kind(own_channel, 0, IN_EXR),
    "exr-parts": Kind(own_part, HALF, IN_EXR),
    "exr-parts-float": Kind(own_part, 0, IN_EXR),
    "exr-packed": Kind(packed, HALF, IN_EXR),
    "cryptomatte": Kind(cryptomatte, 2**-24, IN_EXR),  # a product of two floats
    "prores4444": Kind(plane("yuva444p12le", "a", 4095), TEN_BITS, IN_MOV),
    "prores4444xq": Kind(plane("yuva444p12le", "a", 4095), TEN_BITS, IN_MOV),
    "ffv1": Kind(plane("gray16le", "y", 65535), 0.51 / 65535, IN_MKV),
    "ffv1-rgba": Kind(plane("bgra", "a", 255), 0.51 / 255, IN_MKV),
    "h264": Kind(shown, 6 / 255, IN_MOV),
    "vp9": Kind(plane("yuva420p", "a", 255, "libvpx-vp9"), 8 / 255, IN_MKV, empty=1 / 255),
}

every_kind = pytest.mark.parametrize("kind", EXPORTERS)


@pytest.fixture
def exported(make_job, frames_of, export, ffmpeg) -> Callable[..., tuple[Export, list[ExportFrame]]]:
    """``exported(kind, size)``: three frames of five layers, and what they were made from."""

    def run(kind: str, size: tuple[int, int] = (160, 120), **clip: Any) -> tuple[Export, list[ExportFrame]]:
        width, height = size
        facts = {"width": width, "height": height, "rate": RATE, "pixel_aspect": ASPECT, "colour": BT709, **clip}
        job: ExportJob = make_job(layers=LAYERS, clip=facts)
        frames = [with_more_layers(frame) for frame in frames_of(job)]
        return Export(export(kind, job, frames), LAYERS, ffmpeg), frames

    return run


def with_more_layers(frame: ExportFrame) -> ExportFrame:
    disc = frame.mattes["fg"]
    more = {"behind": np.roll(disc, 9, axis=1), "4th": np.float32(0.25) * disc, "fifth": disc[::-1].copy()}
    return replace(frame, mattes={**frame.mattes, **more})


def expected(kind: str, frames: list[ExportFrame], layer: str) -> NDArray[np.float64]:
    """The layer's mattes; in a Cryptomatte what the layers before it leave of them."""
    mattes = [{name: m.astype(np.float64) for name, m in frame.mattes.items()} for frame in frames]
    above = LAYERS[: LAYERS.index(layer)] if kind == "cryptomatte" else ()
    return np.stack(
        [each[layer] * np.prod([1 - each[name] for name in above if name in each], axis=0) for each in mattes]
    )


def test_every_kind_is_read_back() -> None:
    assert KINDS.keys() == EXPORTERS.keys()


@every_kind
@pytest.mark.parametrize("size", [(161, 121), (64, 48)])
def test_mattes_come_back_and_absent_layers_are_empty(exported, kind, size) -> None:
    export, frames = exported(kind, size)
    for layer in LAYERS:
        seen = KINDS[kind].read(export, layer)
        assert seen.shape == (3, size[1], size[0])
        if layer == "far away":
            assert np.abs(seen).max() <= KINDS[kind].empty
        else:
            assert np.abs(seen - expected(kind, frames, layer)).max() <= KINDS[kind].off, layer


@every_kind
def test_there_are_as_many_frames_as_in_the_source_with_its_numbers(exported, kind) -> None:
    export, _ = exported(kind)
    numbers = [re.search(r"\.(\d{4})\.\w+$", path.name) for path in export.files]
    if numbers[0] is None:
        for path in export.files:
            assert len(export.ffmpeg.times(path)) == 3
    else:
        by_folder = [path.parent for path in export.files]
        assert [int(found[1]) for found in numbers] == [1003, 1004, 1005] * len(set(by_folder))


@every_kind
def test_the_files_say_what_the_source_said(exported, kind) -> None:
    """All that the format has a place for, and nothing that was made up."""
    export, _ = exported(kind, colour=BT709, timecode="00:59:59;28")
    wanted = {"rate": RATE, "time code": "01:00:00;00", "aspect": float(ASPECT), "colour": (1, 1)}
    for path in {path.parent.name or path.name: path for path in reversed(export.files)}.values():
        facts = facts_of_image(path) if path.suffix in (".png", ".tiff", ".exr") else facts_of_video(path, export)
        assert set(facts) == set(KINDS[kind].carries.split(", ")), facts
        for name, value in facts.items():
            near = pytest.approx(wanted[name], abs=0.005) if name == "aspect" else wanted[name]
            assert value == near, name


def facts_of_image(path: Path) -> dict[str, Any]:
    spec = header_of(path)
    facts: dict[str, Any] = {"aspect": spec.get_float_attribute("PixelAspectRatio")}
    if spec.getattribute("framesPerSecond"):
        facts["rate"] = Fraction(*spec.getattribute("framesPerSecond"))
    code = spec.getattribute("smpte:TimeCode")  # SMPTE ST 12-1: binary-coded digits, bit 6 is the drop-frame flag
    if code:
        digits = f"{code[0] & ~0x40:08x}"
        facts["time code"] = ":".join(digits[at : at + 2] for at in (0, 2, 4)) + (";" if code[0] & 0x40 else ":")
        facts["time code"] += digits[6:]
    if path.suffix == ".png" and spec.getattribute("CICP"):
        facts["colour"] = tuple(spec.getattribute("CICP"))[:2]
    if path.suffix == ".exr" and spec.getattribute("cicp"):
        assert tuple(spec.getattribute("chromaticities"))[:4] == pytest.approx((0.64, 0.33, 0.30, 0.60))
        facts["colour"] = tuple(map(int, spec.getattribute("cicp").split("/")))[:2]
    return facts


def facts_of_video(path: Path, export: Export) -> dict[str, Any]:
    described = export.ffmpeg.describe(path)
    facts: dict[str, Any] = {"time code": re.search(r"timecode\s*: (\S+)", described, re.IGNORECASE)[1]}
    facts["aspect"] = float(Fraction(*map(int, re.search(r"SAR (\d+):(\d+)", described).groups())))
    times = sorted(export.ffmpeg.times(path))
    if times == [number / RATE for number in range(3)]:
        facts["rate"] = RATE
    else:  # Matroska counts milliseconds
        assert max(abs(time - number / RATE) for number, time in enumerate(times)) <= Fraction(1, 2000)
    named = {"bt709": 1}
    colour = re.search(r"Video: .*?\((?:tv|pc), ([^,)]+)", described)[1].split("/")
    facts["colour"] = tuple(named[name] for name in (colour[1:] or colour * 2))
    return facts


@pytest.mark.parametrize("kind", [name for name, kind in EXPORTERS.items() if kind.needs_plate])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_frame_that_the_source_lacks_needs_no_plate(make_job, frames_of, export, ffmpeg, kind, dtype) -> None:
    job = make_job(clip={"missing": (1004,), "bits": 8 * np.dtype(dtype).itemsize})
    frames = frames_of(job, dtype)
    frames[1] = ExportFrame(1004, frames[1].mattes)
    mattes = KINDS[kind].read(Export(export(kind, job, frames), ("fg",), ffmpeg), "fg")
    assert np.abs(mattes - [frame.mattes["fg"] for frame in frames]).max() < 8 / 255
