from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import OpenEXR
import OpenImageIO as oiio  # noqa: N813 - its own documentation's name
import PIL.Image
import pytest

from roto.errors import SourceError
from roto.frames.mask_image import read_mask_image
from roto.frames.open import open_source
from roto.frames.still import read_image, read_image_info

RNG = np.random.default_rng(0)
RGB8 = RNG.integers(0, 256, (6, 9, 3)).astype(np.uint8)
RGB16 = RNG.integers(0, 65536, (6, 9, 3)).astype(np.uint16)
ALPHA8 = RNG.integers(0, 256, (6, 9)).astype(np.uint8)
ALPHA16 = RNG.integers(0, 65536, (6, 9)).astype(np.uint16)


def save(path: Path, pixels: Any) -> Path:
    """Write RGB, RGBA or grey by OpenCV."""
    order = {2: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}
    cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[..., order[pixels.shape[2]]])
    return path


def save_exr(path: Path, channels: dict[str, Any], **header: Any) -> Path:
    base = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(base | header, channels).write(str(path))
    return path


def save_by_oiio(path: Path, pixels: Any, **attributes: Any) -> Path:
    height, width, count = pixels.shape
    kind = {"float16": "half", "float32": "float", "uint32": "uint"}.get(str(pixels.dtype), str(pixels.dtype))
    spec = oiio.ImageSpec(width, height, count, kind)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), *(value if isinstance(value, tuple) else (value,)))
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_image(pixels), out.geterror()
    out.close()
    return path


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("rgb", "alpha"), [(RGB8, ALPHA8), (RGB16, ALPHA16)], ids=["8 bit", "16 bit"])
def test_integers_are_exact_and_alpha_straight(suffix: str, rgb: Any, alpha: Any, tmp_path: Path) -> None:
    path = save(tmp_path / f"a.{suffix}", rgb)
    image = read_image(path)
    assert image.info.bits == rgb.dtype.itemsize * 8
    assert image.alpha is None
    assert image.pixels.dtype == rgb.dtype
    assert np.array_equal(image.pixels, rgb)
    save_by_oiio(path, np.dstack([rgb, alpha]), oiio__UnassociatedAlpha=1)
    image = read_image(path)
    assert image.info.has_alpha
    assert np.array_equal(image.pixels, rgb)
    assert image.alpha is not None
    assert np.array_equal(image.alpha, alpha.astype(np.float32) / np.float32(np.iinfo(rgb.dtype).max))


@pytest.mark.parametrize("grey", [RGB8[..., 0], RGB16[..., 0]], ids=["8 bit", "16 bit"])
def test_grey_png(grey: Any, tmp_path: Path) -> None:
    image = read_image(save(tmp_path / "a.png", grey))
    assert np.array_equal(image.pixels, np.dstack([grey] * 3))


def test_grey_png_with_alpha(tmp_path: Path) -> None:
    PIL.Image.fromarray(np.dstack([RGB8[..., 0], ALPHA8]), "LA").save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert np.array_equal(image.pixels, np.dstack([RGB8[..., 0]] * 3))
    assert image.alpha is not None
    assert np.array_equal(image.alpha, ALPHA8.astype(np.float32) / np.float32(255))


def test_palette_png(tmp_path: Path) -> None:
    ids = RNG.integers(0, 5, (6, 9)).astype(np.uint8)
    palette = RNG.integers(0, 256, (256, 3)).astype(np.uint8)
    picture = PIL.Image.fromarray(ids, "P")
    picture.putpalette(palette.tobytes())
    picture.save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, palette[ids])
    mask = read_mask_image(tmp_path / "a.png")
    assert mask.indices is not None
    assert np.array_equal(mask.indices, ids)


@pytest.mark.parametrize("tag", range(1, 9))
def test_exif_orientation(tag: int, tmp_path: Path) -> None:
    shown = np.zeros((16, 24, 3), np.uint8)
    shown[:8, :8], shown[8:, 16:] = (250, 10, 10), (10, 10, 250)
    turns = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p.swapaxes(0, 1), 2),
        8: lambda p: np.rot90(p, -1),
    }
    stored = PIL.Image.fromarray(np.ascontiguousarray(turns[tag](shown)))
    exif = PIL.Image.Exif()
    exif[0x0112] = tag
    stored.save(tmp_path / "a.jpg", quality=100, subsampling=0, exif=exif)
    image = read_image(tmp_path / "a.jpg")
    assert (image.info.width, image.info.height) == (24, 16)
    assert np.abs(image.pixels.astype(int) - shown).max() < 30
    assert image.info.rotation == {3: 180, 6: 90, 8: 270, 5: 90, 7: 270}.get(tag, 0)


def test_sixteen_bit_float_and_uint32_tiff(tmp_path: Path) -> None:
    values = RNG.normal(size=(6, 9, 3)).astype(np.float32)
    image = read_image(save_by_oiio(tmp_path / "a.tif", values))
    assert image.info.linear
    assert np.array_equal(image.pixels, values)
    whole = RNG.integers(0, 2**32, (6, 9, 3), dtype=np.uint32)
    image = read_image(save_by_oiio(tmp_path / "b.tif", whole))
    assert (image.info.bits, image.info.linear) == (32, False)
    assert np.abs(image.pixels - whole / (2**32 - 1)).max() < 1e-7


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx_keeps_every_code_value(bits: int, tmp_path: Path) -> None:
    """Written by FFmpeg, read by us."""
    name = {8: "rgb24", 10: "gbrp10be", 12: "gbrp12be", 16: "rgb48be"}[bits]
    codes = RNG.integers(0, 2**bits, (16, 24, 3))
    codes[0, 0], codes[0, 1] = 0, 2**bits - 1
    frame = av.VideoFrame(24, 16, name)
    dtype = np.dtype(np.uint8 if bits == 8 else ">u2")
    parts = [codes[..., [1, 2, 0][at]] for at in range(3)] if bits in (10, 12) else [codes.reshape(16, -1)]
    for plane, values in zip(frame.planes, parts, strict=True):
        rows = np.zeros((16, plane.line_size // dtype.itemsize), dtype)
        rows[:, : values.shape[1]] = values
        plane.update(rows.tobytes())
    path = tmp_path / "a.dpx"
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("dpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = 24, 16, name
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    image = read_image(path)
    assert image.info.bits == bits
    top = 255 if bits == 8 else 65535
    assert np.array_equal(image.pixels, np.round(codes * (top / (2**bits - 1))))


@pytest.mark.parametrize("packing", ["Packed", "Filled, method A", "Filled, method B"])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_every_packing_of_a_dpx(packing: str, endian: str, bits: int, tmp_path: Path) -> None:
    """Written by OpenImageIO, RGB and RGBA; 10 bits of white are white."""
    for count in (3, 4):
        codes = RNG.integers(0, 2**bits, (6, 23, count))
        codes[0, 0], codes[0, 1] = 0, 2**bits - 1
        widened = codes << (16 - bits) | codes >> max(2 * bits - 16, 0) if bits < 16 else codes
        path = save_by_oiio(
            tmp_path / "a.dpx",
            widened.astype(np.uint16),
            oiio__BitsPerSample=bits,
            dpx__Packing=packing,
            oiio__Endian=endian,
            oiio__UnassociatedAlpha=1,
        )
        image = read_image(path)
        assert image.info.bits == bits
        assert np.array_equal(image.pixels, np.round(codes[..., :3] * (65535 / (2**bits - 1))))
        if count == 4:
            assert image.alpha is not None
            assert np.abs(image.alpha - codes[..., 3] / (2**bits - 1)).max() < 1e-5


@pytest.mark.parametrize("name", ["dpx_nuke_10bits_rgb.dpx", "dpx_nuke_16bits_rgba.dpx"])
def test_real_dpx_are_what_ffmpeg_decodes(name: str, test_data: Path) -> None:
    """All 1024 codes, the second file's too: it has 10 bits, whatever its name says."""
    path = test_data / "exr" / "oiio-images" / "dpx" / name
    image = read_image(path)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    planes = [
        np.frombuffer(plane, "<u2").reshape(plane.height, -1)[:, : frame.width].astype(np.uint32)
        for plane in frame.planes
    ]
    assert image.info.bits == 10
    assert image.pixels.dtype == np.uint16
    codes = np.dstack([planes[2], planes[0], planes[1]])  # planes are G, B, R
    assert len(np.unique(codes)) > 256
    assert np.array_equal(image.pixels, np.rint(codes * (65535 / 1023)))
    if "rgba" in name:
        assert image.alpha is not None
        assert np.array_equal(np.rint(image.alpha * 1023), planes[3])


@pytest.mark.parametrize(
    ("code", "turn"), [(0, np.array), (1, np.fliplr), (2, np.flipud), (3, lambda p: np.rot90(p, 2))]
)
def test_a_dpx_that_was_scanned_another_way_round(code: int, turn: Any, tmp_path: Path) -> None:
    """SMPTE 268M image orientation, two bytes at 768."""
    path = save_by_oiio(tmp_path / "a.dpx", RGB8, oiio__Endian="big")
    data = bytearray(path.read_bytes())
    assert data[:4] == b"SDPX"
    data[768:770] = code.to_bytes(2, "big")
    path.write_bytes(data)
    assert np.array_equal(read_image(path).pixels, turn(RGB8))


def test_a_dpx_of_columns_is_refused(tmp_path: Path) -> None:
    path = save_by_oiio(tmp_path / "a.dpx", RGB8, oiio__Endian="big")
    data = bytearray(path.read_bytes())
    data[768:770] = (5).to_bytes(2, "big")
    path.write_bytes(data)
    with pytest.raises(SourceError, match="lines run from top to bottom; write it with lines from left to right"):
        read_image(path)


@pytest.mark.parametrize("bits", [1, 2, 4, 10, 12, 14])
@pytest.mark.parametrize("count", [1, 3])
def test_every_depth_of_a_tiff(bits: int, count: int, tmp_path: Path) -> None:
    codes = RNG.integers(0, 2**bits, (6, 9, count))
    dtype = np.uint8 if bits < 8 else np.uint16
    top = np.iinfo(dtype).max
    stored = np.rint(codes * (top / (2**bits - 1))).astype(dtype)
    image = read_image(save_by_oiio(tmp_path / "a.tif", stored, oiio__BitsPerSample=bits))
    assert image.info.bits == max(bits, 8)
    assert np.abs(image.pixels / top - codes / (2**bits - 1)).max() <= 0.51 / top


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_float_tiff_is_a_mask_as_it_is(dtype: Any, tmp_path: Path) -> None:
    values = RNG.random((6, 9)).astype(dtype)
    mask = read_mask_image(save_by_oiio(tmp_path / "a.tif", values[..., None]))
    assert np.array_equal(mask.luma, values.astype(np.float32))


def test_dpx_header(tmp_path: Path) -> None:
    path = save_by_oiio(
        tmp_path / "a.dpx",
        RGB16,
        oiio__BitsPerSample=10,
        dpx__TimeCode="01:02:03:04",
        dpx__TemporalFrameRate=23.976,
        PixelAspectRatio=2.0,
    )
    info = open_source(path).info
    assert (info.bits, info.timecode, info.rate) == (10, "01:02:03:04", Fraction(24000, 1001))
    assert info.pixel_aspect == 2


def test_exr_half_and_float(tmp_path: Path) -> None:
    for dtype in (np.float16, np.float32):
        rgba = RNG.random((6, 9, 4)).astype(dtype)
        image = read_image(save_exr(tmp_path / "a.exr", {"RGBA": rgba}))
        assert image.info.linear
        assert image.info.bits == 32
        assert np.array_equal(image.pixels, rgba[..., :3].astype(np.float32))
        assert image.alpha is not None
        assert np.array_equal(image.alpha, rgba[..., 3].astype(np.float32))


def test_exr_rate_by_its_standard_name(tmp_path: Path) -> None:
    header = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
    pixels = np.zeros((6, 9, 3), np.float16)
    OpenEXR.File({**header, "framesPerSecond": Fraction(30000, 1001)}, {"RGB": pixels}).write(str(tmp_path / "a.exr"))
    assert open_source(tmp_path / "a.exr").info.rate == Fraction(30000, 1001)


@pytest.mark.parametrize(("dtype", "half"), [(np.float16, True), (np.float32, False)])
def test_exr_says_whether_it_stores_half_floats(tmp_path: Path, dtype: type, half: bool) -> None:
    info = open_source(save_exr(tmp_path / "a.exr", {"RGB": np.zeros((6, 9, 3), dtype)})).info
    assert (info.bits, info.half) == (32, half)


def test_exr_header(tmp_path: Path) -> None:
    path = save_by_oiio(
        tmp_path / "a.exr",
        RNG.random((6, 9, 3)).astype(np.float16),
        PixelAspectRatio=2.0,
        FramesPerSecond=(oiio.TypeDesc("rational"), (24000, 1001)),
        smpte__TimeCode=(oiio.TypeDesc("timecode"), (0x01020344, 0)),  # BCD, with the drop-frame bit
    )
    info = open_source(path).info
    assert info.rate == Fraction(24000, 1001)
    assert info.pixel_aspect == 2
    assert info.timecode == "01:02:03;04"


def test_exr_infinities_and_nans_become_finite(tmp_path: Path) -> None:
    rgb = np.zeros((6, 9, 3), np.float32)
    rgb[0, 0], rgb[1, 1], rgb[2, 2] = np.nan, np.inf, -np.inf
    pixels = read_image(save_exr(tmp_path / "a.exr", {"RGB": rgb})).pixels
    assert (pixels[0, 0, 0], pixels[1, 1, 1], pixels[2, 2, 2]) == (0, 65504, -65504)


def test_exr_overscan_is_cut_and_a_small_data_window_placed(tmp_path: Path) -> None:
    rgb = RNG.random((8, 12, 3)).astype(np.float32)
    data = (np.array([-2, -1], np.int32), np.array([9, 6], np.int32))
    shown = (np.array([0, 0], np.int32), np.array([7, 9], np.int32))
    pixels = read_image(save_exr(tmp_path / "a.exr", {"RGB": rgb}, dataWindow=data, displayWindow=shown)).pixels
    expected = np.zeros((10, 8, 3), np.float32)
    expected[:7] = rgb[1:, 2:10]
    assert np.array_equal(pixels, expected)


def test_exr_single_channels(tmp_path: Path) -> None:
    values = RNG.random((6, 9)).astype(np.float32)
    for name in ("Y", "Z"):
        image = read_image(save_exr(tmp_path / "a.exr", {name: values}))
        assert np.array_equal(image.pixels, np.dstack([values] * 3))
    with pytest.raises(SourceError, match="no R, G, B or Y channels to show; it has u, v"):
        read_image(save_exr(tmp_path / "b.exr", {"u": values, "v": values}))


def test_exr_layers_and_parts(tmp_path: Path) -> None:
    beauty, other = RNG.random((2, 6, 9, 3)).astype(np.float32)
    image = read_image(
        save_exr(tmp_path / "a.exr", {f"fg.{name}": beauty[..., at].copy() for at, name in enumerate("RGB")})
    )
    assert np.array_equal(image.pixels, beauty)
    assert image.info.notes == ("no R, G, B of its own; layer 'fg' is used",)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"Z": other[..., 0]}, "depth"),
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"RGB": beauty}, "beauty"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "parts.exr"))
    assert np.array_equal(read_image(tmp_path / "parts.exr").pixels, beauty)


def test_exr_luminance_and_chroma(tmp_path: Path) -> None:
    luminance = RNG.uniform(0.1, 1, (8, 12)).astype(np.float16)
    path = tmp_path / "a.exr"
    path.write_bytes(luminance_chroma_exr(luminance, np.full((4, 6), 0.25, "<f2"), np.full((4, 6), -0.5, "<f2")))
    image = read_image(path)
    y = luminance.astype(np.float64)
    red, blue = y * 1.25, y * 0.5
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    assert np.abs(image.pixels - np.dstack([red, green, blue])).max() < 1e-4
    assert (read_image_info(path).width, image.info.linear) == (12, True)


def test_no_number_in_chroma_stays_where_it_is(tmp_path: Path) -> None:
    """Chroma is filtered as it is brought to the luminance's size."""
    ry, by = np.full((4, 6), 0.25, "<f2"), np.full((4, 6), -0.5, "<f2")
    path = tmp_path / "a.exr"
    path.write_bytes(luminance_chroma_exr(np.full((8, 12), 0.5, np.float16), ry, by))
    clean = read_image(path).pixels
    ry[1, 2], by[3, 3] = np.nan, np.nan
    path.write_bytes(luminance_chroma_exr(np.full((8, 12), 0.5, np.float16), ry, by))
    pixels = read_image(path).pixels
    assert np.isfinite(pixels).all()
    assert np.abs(pixels).max() < 1
    changed = (np.abs(pixels - clean) > 1e-3).any(axis=2)
    assert 0 < changed.sum() <= 2 * 9  # three by three pixels around each


def luminance_chroma_exr(luminance: Any, ry: Any, by: Any) -> bytes:
    """An uncompressed scan line file with 2 x 2 subsampled chroma, byte by byte."""

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value

    height, width = luminance.shape
    channels = b"".join(
        name + b"\0" + struct.pack("<iB3xii", 1, 0, step, step) for name, step in ((b"BY", 2), (b"RY", 2), (b"Y", 1))
    )
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    header = struct.pack("<ii", 20000630, 2)
    header += attribute("channels", "chlist", channels + b"\0") + attribute("compression", "compression", b"\0")
    header += attribute("dataWindow", "box2i", box) + attribute("displayWindow", "box2i", box)
    header += attribute("lineOrder", "lineOrder", b"\0") + attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    header += attribute("screenWindowCenter", "v2f", bytes(8))
    header += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    offsets, body = b"", b""
    for row in range(height):
        line = b"" if row % 2 else by[row // 2].tobytes() + ry[row // 2].tobytes()
        line += luminance[row].tobytes()
        offsets += struct.pack("<Q", len(header) + 8 * height + len(body))
        body += struct.pack("<ii", row, len(line)) + line
    return header + offsets + body


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "exr", "dpx"])
@pytest.mark.parametrize("kept", [0.02, 0.6])
def test_files_cut_short(suffix: str, kept: float, tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / f"a.{suffix}"
    noise = RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    if suffix == "exr":
        save_exr(path, {"RGB": noise.astype(np.float32)})
    elif suffix == "dpx":
        save_by_oiio(path, noise)
    else:
        save(path, noise)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SourceError) as refused:
        read_image(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "exr", "dpx"])
def test_no_damage_escapes_as_anything_but_an_error_line(suffix: str, seed: int, tmp_path: Path, capfd: Any) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "exr":
        save_exr(path, {"RGB": RGB8.astype(np.float32)})
    elif suffix == "dpx":
        save_by_oiio(path, RGB8)
    else:
        save(path, RGB8)
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(8, min(len(data), 900), 6):
        data[place] ^= int(rng.integers(1, 256))
    path.write_bytes(data)
    try:
        image = read_image(path)
    except SourceError as error:
        text = str(error)
    else:
        text = ""
        assert image.pixels.shape == (image.info.height, image.info.width, 3)
    assert "\n" not in text
    assert capfd.readouterr() == ("", "")


def test_a_damaged_png_chunk(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB8)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(SourceError, match="checksum is wrong"):
        read_image(path)


def test_a_header_that_claims_too_much(tmp_path: Path) -> None:
    """A decompression bomb: a small file that would unpack to hundreds of gigabytes."""
    header = struct.pack(">IIBBBBB", 300_000, 300_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000))), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(packed))
    with pytest.raises(SourceError, match=r"bomb\.png: "):
        open_source(path)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", RGB8)
    jpeg = read_image(path).pixels
    path.rename(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, jpeg)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(SourceError, match="not a PNG, JPEG, TIFF, EXR or DPX image"):
        read_image(tmp_path / "text.png")


@pytest.mark.parametrize("values", [RGB8[..., 0], RGB16[..., 0]], ids=["8 bit", "16 bit"])
def test_grey_masks_are_exact(values: Any, tmp_path: Path) -> None:
    mask = read_mask_image(save(tmp_path / "a.png", values))
    assert mask.luma.dtype == np.float32
    assert np.array_equal(mask.luma, values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max))
    assert mask.alpha is None
    assert mask.indices is None


def test_masks_of_colour_and_alpha(tmp_path: Path) -> None:
    mask = read_mask_image(save(tmp_path / "a.png", np.dstack([RGB8, ALPHA8])))
    assert np.abs(mask.luma - RGB8 @ [0.2126, 0.7152, 0.0722] / 255).max() < 1e-6
    assert mask.alpha is not None
    assert np.array_equal(mask.alpha, ALPHA8.astype(np.float32) / np.float32(255))


def test_every_real_image_is_read(test_data: Path, capfd: Any) -> None:
    files = [path for path in sorted((test_data / "exr").rglob("*")) if path.suffix in (".exr", ".dpx", ".tif")]
    assert len(files) > 35
    for path in files:
        image = read_image(path)
        assert image.pixels.shape == (image.info.height, image.info.width, 3)
        assert read_image_info(path) == image.info
        if image.pixels.dtype == np.float32:
            assert np.isfinite(image.pixels).all()
    assert capfd.readouterr() == ("", "")


def test_real_tiffs_agree_with_each_other(test_data: Path) -> None:
    """One flower in many layouts."""
    folder = test_data / "exr" / "oiio-images" / "libtiffpic" / "depth"
    flower = read_image(folder / "flower-rgb-contig-16.tif").pixels / 65535
    for name in ("rgb-contig-08", "rgb-planar-08", "rgb-planar-16", "rgb-contig-32", "rgb-planar-32"):
        image = read_image(folder / f"flower-{name}.tif")
        top = np.iinfo(image.pixels.dtype).max if image.pixels.dtype.kind == "u" else 1
        assert np.abs(image.pixels / top - flower).max() < 1 / 255
    for name in ("palette-08", "palette-16"):
        assert np.abs(read_image(folder / f"flower-{name}.tif").pixels / 255 - flower).mean() < 0.02
    inks = read_image(folder / "flower-separated-contig-08.tif")
    assert "CMYK, turned into RGB without a colour profile" in inks.info.notes
    assert np.corrcoef(inks.pixels.ravel(), flower.ravel())[0, 1] > 0.85
    for name in ("separated-planar-08", "separated-contig-16", "separated-planar-16"):
        image = read_image(folder / f"flower-{name}.tif")
        assert np.abs(image.pixels / np.iinfo(image.pixels.dtype).max - inks.pixels / 255).max() < 3 / 255


def test_real_exr_windows(test_data: Path) -> None:
    folder = test_data / "exr" / "openexr-images"
    whole = read_image(folder / "DisplayWindow" / "t01.exr").pixels
    assert np.array_equal(read_image(folder / "DisplayWindow" / "t05.exr").pixels, whole[20:280, 30:370])
    moved = read_image(folder / "DisplayWindow" / "t08.exr").pixels
    assert moved.shape == (401, 501, 3)
    assert np.array_equal(moved[40:340, 30:430], whole)
    assert not read_image(folder / "DisplayWindow" / "t12.exr").pixels.any()
    overscan = read_image(test_data / "exr" / "oiio-images" / "grid-overscan.exr")
    assert (overscan.info.width, overscan.info.height) == (1000, 1000)
    assert read_image(folder / "Beachball" / "multipart.0001.exr").alpha is not None
