"""Colour conversion against the standard's formulas, computed here in double precision."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from roto.frames.open import open_source

WEIGHTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def reference(planes: list[Any], bits: int, code: int, full: bool) -> Any:
    """R'G'B' in [0, 1] of 4:4:4 Y'CbCr (ITU-T H.273, 8.3)."""
    kr, kb = WEIGHTS[code]
    y, cb, cr = (plane.astype(np.float64) for plane in planes)
    top, step, middle = 2**bits - 1, 2 ** (bits - 8), 2 ** (bits - 1)
    luma = y / top if full else (y - 16 * step) / (219 * step)
    scale = top if full else 224 * step
    blue = luma + 2 * (1 - kb) * (cb - middle) / scale
    red = luma + 2 * (1 - kr) * (cr - middle) / scale
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.dstack([red, green, blue]), 0, 1)


def filled_frame(pix_fmt: str, bits: int, seed: int = 0, size: tuple[int, int] = (64, 48)) -> Any:
    """A frame of random samples, and its planes."""
    rng = np.random.default_rng(seed)
    frame = av.VideoFrame(*size, pix_fmt)
    planes = []
    for plane in frame.planes:
        dtype = np.uint8 if bits == 8 else np.uint16
        values = rng.integers(0, 2**bits, (plane.height, plane.width)).astype(dtype)
        rows = np.zeros((plane.height, plane.line_size // dtype().itemsize), dtype)
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
        planes.append(values)
    return frame, planes


def lossless(path: Path, make_video: Any, frame: Any, tags: dict[str, int]) -> Path:
    def tag(_: Any, stream: Any) -> None:
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)

    for name, value in tags.items():
        setattr(frame, name, value)
    frames = [frame]
    written: Path = make_video(path, frames=frames, codec="ffv1", pix_fmt=frame.format.name, prepare=tag)
    return written


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("code", [1, 6, 9])
@pytest.mark.parametrize(("pix_fmt", "bits"), [("yuv444p", 8), ("yuv444p10le", 10), ("yuv444p12le", 12)])
def test_matrix_and_range(pix_fmt: str, bits: int, code: int, full: bool, tmp_path: Path, make_video: Any) -> None:
    frame, planes = filled_frame(pix_fmt, bits)
    tags = {"colorspace": code, "color_range": 2 if full else 1, "color_primaries": code, "color_trc": code}
    source = open_source(lossless(tmp_path / "a.mkv", make_video, frame, tags))
    colour = source.info.colour
    assert (colour.primaries, colour.transfer, colour.matrix, colour.full_range) == (code, code, code, full)
    assert source.info.bits == bits
    pixels = source.frame(0).pixels
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    # libswscale's 8-bit arithmetic may be half a level further off than perfect rounding.
    allowed = 1.0 / 255 if bits == 8 else 1.01 / 65535
    top = 255 if bits == 8 else 65535
    assert np.abs(pixels / top - reference(planes, bits, code, full)).max() <= allowed


@pytest.mark.parametrize(("size", "code"), [((720, 576), 6), ((1280, 64), 1), ((64, 640), 1)])
def test_untagged_video_is_decoded_as_players_do(
    size: tuple[int, int], code: int, tmp_path: Path, make_video: Any
) -> None:
    frame, planes = filled_frame("yuv444p10le", 10, size=size)
    source = open_source(lossless(tmp_path / "a.mkv", make_video, frame, {}))
    assert source.info.colour.matrix == 2
    assert any("colour matrix unspecified" in note for note in source.info.notes)
    assert np.abs(source.frame(0).pixels / 65535 - reference(planes, 10, code, False)).max() <= 1.01 / 65535


@pytest.mark.parametrize(("pix_fmt", "bits"), [("gray10le", 10), ("gray16le", 16), ("gbrp10le", 10), ("gbrp16le", 16)])
def test_deep_grey_and_rgb_are_exact(pix_fmt: str, bits: int, tmp_path: Path, make_video: Any) -> None:
    frame, planes = filled_frame(pix_fmt, bits)
    expected = np.dstack([planes[0]] * 3 if len(planes) == 1 else [planes[2], planes[0], planes[1]])
    pixels = open_source(lossless(tmp_path / "a.mkv", make_video, frame, {})).frame(0).pixels
    assert np.array_equal(pixels, np.round(expected.astype(np.float64) * 65535 / (2**bits - 1)))


@pytest.mark.parametrize(
    ("pix_fmt", "bits"), [("yuva444p", 8), ("yuva444p10le", 10), ("yuva420p", 8), ("gbrap12le", 12), ("bgra", 8)]
)
def test_alpha_is_exact(pix_fmt: str, bits: int, tmp_path: Path, make_video: Any) -> None:
    if pix_fmt == "bgra":
        packed = np.random.default_rng(1).integers(0, 256, (48, 64, 4)).astype(np.uint8)
        frame, alpha = av.VideoFrame.from_ndarray(packed, "bgra"), packed[..., 3]
    else:
        frame, planes = filled_frame(pix_fmt, bits)
        alpha = planes[3]
    source = open_source(lossless(tmp_path / "a.mkv", make_video, frame, {}))
    assert source.info.has_alpha
    found = source.frame(0).alpha
    assert found is not None
    assert found.dtype == np.float32
    assert np.array_equal(found, alpha.astype(np.float32) / np.float32(2**bits - 1))


def test_prores_4444_alpha(tmp_path: Path, make_video: Any) -> None:
    frame, planes = filled_frame("yuva444p10le", 10)
    clip = make_video(
        tmp_path / "a.mov", frames=[frame], codec="prores_ks", pix_fmt="yuva444p10le", options={"alpha_bits": "16"}
    )
    alpha = open_source(clip).frame(0).alpha
    assert alpha is not None
    assert np.abs(alpha - planes[3] / 1023).max() < 0.5 / 1023


def test_webm_alpha_survives(tmp_path: Path, make_video: Any) -> None:
    frame, _ = filled_frame("yuva420p", 8)
    ramp = np.linspace(0, 255, frame.planes[3].line_size).astype(np.uint8)
    frame.planes[3].update(np.tile(ramp, (frame.height, 1)).tobytes())
    clip = make_video(tmp_path / "a.webm", frames=[frame], codec="libvpx-vp9", pix_fmt="yuva420p", options={"crf": "4"})
    source = open_source(clip)
    alpha = source.frame(0).alpha
    assert source.info.has_alpha
    assert alpha is not None
    assert np.abs(alpha - ramp[:64] / 255).max() < 0.05


@pytest.mark.parametrize(("pix_fmt", "across", "down"), [("yuv420p10le", 2, 2), ("yuv422p10le", 2, 1)])
def test_chroma_lies_where_the_standard_puts_it(
    pix_fmt: str, across: int, down: int, tmp_path: Path, make_video: Any
) -> None:
    """A chroma ramp, linear in the picture's coordinates, comes out linear and not shifted."""
    frame = av.VideoFrame(64, 48, pix_fmt)
    columns = np.arange(64 // across) * across + 0.5  # left-sited: on the first luma column of its block
    rows = np.arange(48 // down) * down + down / 2
    chroma = np.round(512 + 4 * (columns[None] - 32) + 2 * (rows[:, None] - 24)).astype(np.uint16)
    for plane, values in zip(frame.planes, [np.full((48, 64), 512, np.uint16), chroma, chroma], strict=True):
        padded = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        padded[:, : plane.width] = values
        plane.update(padded.tobytes())
    source = open_source(lossless(tmp_path / "a.mkv", make_video, frame, {"colorspace": 1, "color_range": 2}))
    y, x = np.mgrid[0:48, 0:64] + 0.5
    wanted = 512 + 4 * (x - 32) + 2 * (y - 24)
    expected = reference([np.full((48, 64), 512), wanted, wanted], 10, 1, True)
    inside = (slice(2, -2), slice(2, -2))
    found = source.frame(0).pixels[inside] / 65535
    assert np.abs(found - expected[inside]).max() < 2 / 1023


def test_eight_bit_chroma_agrees_with_ten_bit(tmp_path: Path, make_video: Any) -> None:
    rng = np.random.default_rng(2)
    smooth = np.cumsum(rng.integers(-1, 2, (2, 24, 32)), axis=2) + 128
    results = []
    for pix_fmt, bits in (("yuv420p", 8), ("yuv420p10le", 10)):
        frame = av.VideoFrame(64, 48, pix_fmt)
        for plane, values in zip(frame.planes, [np.full((48, 64), 120), *smooth], strict=True):
            dtype = np.uint8 if bits == 8 else np.uint16
            padded = np.zeros((plane.height, plane.line_size // dtype().itemsize), dtype)
            padded[:, : plane.width] = values << (bits - 8)
            plane.update(padded.tobytes())
        tags = {"colorspace": 1, "color_range": 1}
        results.append(open_source(lossless(tmp_path / f"{bits}.mkv", make_video, frame, tags)).frame(0).rgb_float())
    assert np.abs(results[0] - results[1])[2:-2, 2:-2].max() < 3 / 255


def test_rates_are_fractions(tmp_path: Path, make_video: Any) -> None:
    assert open_source(make_video(tmp_path / "a.mp4", 3)).info.rate == Fraction(25)


def test_float_video_has_no_infinities_and_nans(tmp_path: Path, make_video: Any) -> None:
    frame = av.VideoFrame(64, 48, "gbrpf32le")
    values = np.random.default_rng(2).random((3, 48, 64)).astype(np.float32)
    values[:, 0, 0], values[:, 1, 1], values[:, 2, 2] = np.nan, np.inf, -np.inf
    for plane, samples in zip(frame.planes, values, strict=True):
        rows = np.zeros((48, plane.line_size // 4), np.float32)
        rows[:, :64] = samples
        plane.update(rows.tobytes())
    path = make_video(
        tmp_path / "a.mkv", frames=[frame], codec="ffv1", pix_fmt="gbrpf32le", options={"strict": "experimental"}
    )
    source = open_source(path)
    pixels = source.frame(0).pixels
    source.close()
    assert pixels.dtype == np.float32
    assert (pixels[0, 0, 0], pixels[1, 1, 1], pixels[2, 2, 2]) == (0, 65504, -65504)
    good = np.isfinite(values[0])
    assert np.array_equal(pixels[good], np.dstack([values[2], values[0], values[1]])[good])  # planes are G, B, R
