"""Whole pictures out: what comes back of them, bit for bit where the kind is lossless, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roto.errors import OutputError, RotoError
from roto.export.destination import destination, kind_of_source
from roto.export.exporter import ExportFrame, ExportJob
from roto.export.pictures import PICTURES, picture
from roto.frames.open import open_source
from roto.frames.source import ColourTags, FrameSource
from roto.image import Frame
from roto.timing import FrameRange

every_kind = pytest.mark.parametrize("kind", PICTURES)
DTYPES = (np.uint8, np.uint16, np.float32)
# by kind: the pixels that it stores without any loss
LOSSLESS = [
    *[(kind, dtype) for kind in ("png", "tiff", "ffv1") for dtype in (np.uint8, np.uint16)],
    ("tiff", np.float32),
    ("exr", np.float16),
    ("exr-float", np.float32),
]


def noise(dtype: type, size: tuple[int, int], count: int = 3, alpha: bool = False) -> list[Frame]:
    """Frames 1003 on, every value of the type's range as likely; floats below 0 and above 1 too."""
    rng = np.random.default_rng(7)
    shape = (size[1], size[0], 3)
    frames = []
    for number in range(1003, 1003 + count):
        if dtype in (np.float32, np.float16):
            pixels = rng.normal(0.5, 2, shape).astype(dtype).astype(np.float32)
        else:
            pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
        coverage = (rng.integers(0, 256, shape[:2]) / np.float32(255)).astype(np.float32) if alpha else None
        frames.append(Frame(number, pixels, coverage, linear=dtype in (np.float32, np.float16)))
    return frames


def smooth(size: tuple[int, int], dtype: type = np.uint8) -> list[Frame]:
    """Three frames that a lossy codec keeps nearly: a ramp that moves."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    top = np.iinfo(dtype).max
    frames = []
    for step in range(3):
        ramp = np.stack([x / size[0], y / size[1], (x + y + step) / (size[0] + size[1] + 2)], axis=-1)
        frames.append(Frame(1003 + step, (ramp * top).astype(dtype)))
    return frames


@pytest.fixture
def written(make_job: Callable[..., ExportJob]) -> Callable[..., tuple[Path, ...]]:
    """``written(kind, frames, **facts of the clip)``: the finished files."""

    def write(kind: str, frames: list[Frame], **clip: Any) -> tuple[Path, ...]:
        facts = {"width": frames[0].width, "height": frames[0].height, "has_alpha": frames[0].alpha is not None}
        facts |= {"linear": frames[0].linear, **clip}
        job = make_job(len(frames), layers=("graded",), clip=facts)
        with PICTURES[kind].open(job) as writer:
            for frame in frames:
                writer.write(picture(frame))
        return writer.files

    return write


def opened(files: tuple[Path, ...]) -> FrameSource:
    return open_source(files[0] if len(files) == 1 else files[0].parent)


def read(files: tuple[Path, ...]) -> list[Frame]:
    source = opened(files)
    try:
        return list(source.frames(source.info.range.first, source.info.range.last))
    finally:
        source.close()


@every_kind
def test_a_kind_says_what_it_is(kind: str) -> None:
    assert PICTURES[kind].name == kind
    assert PICTURES[kind].summary
    assert PICTURES[kind].needs_plate
    assert PICTURES[kind].unavailable() is None


def test_all_kinds_fit_into_one_folder(make_job) -> None:
    targets = [path for kind in PICTURES.values() for path in kind.targets(make_job(layers=("graded",)))]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize(("kind", "dtype"), LOSSLESS)
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("size", [(64, 48), (61, 47)])
def test_a_lossless_kind_gives_the_same_pixels(written, kind, dtype, alpha, size) -> None:
    frames = [replace(frame, premultiplied=alpha and "exr" in kind) for frame in noise(dtype, size, alpha=alpha)]
    files = written(kind, frames)
    for seen, frame in zip(read(files), frames, strict=True):
        assert seen.premultiplied == frame.premultiplied
        assert seen.pixels.dtype == frame.pixels.dtype
        assert np.array_equal(seen.pixels, frame.pixels)
        if alpha:
            assert np.abs(seen.alpha - frame.alpha).max() <= (2**-11 if kind == "exr" else 1e-5)
        else:
            assert seen.alpha is None


@pytest.mark.parametrize(("kind", "premultiplied"), [("exr-float", False), ("tiff", True)])
def test_a_kind_is_straight_or_premultiplied_whatever_the_source_was(written, kind, premultiplied) -> None:
    frames = [replace(frame, premultiplied=premultiplied) for frame in noise(np.float32, (61, 47), alpha=True)]
    for seen, frame in zip(read(written(kind, frames)), frames, strict=True):
        there = frame.alpha > 0  # 0 hides what colour it was
        alpha = frame.alpha[there][:, None]
        expected = frame.pixels[there] / alpha if premultiplied else frame.pixels[there] * alpha
        np.testing.assert_allclose(seen.pixels[there], expected, rtol=1e-6)
        assert seen.premultiplied != premultiplied


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_another_reader_sees_the_same_in_ffv1(written, ffmpeg, dtype, alpha) -> None:
    frames = noise(dtype, (64, 48), alpha=alpha)
    (path,) = written("ffv1", frames)
    seen = ffmpeg.decode(path, "rgba" if dtype is np.uint8 else "rgba64le")
    assert np.array_equal(seen[..., :3], [frame.pixels for frame in frames])
    top = np.iinfo(dtype).max
    wanted = [top if frame.alpha is None else np.rint(frame.alpha * top) for frame in frames]
    assert np.array_equal(
        seen[..., 3], np.broadcast_to(np.array(wanted).reshape(3, *np.shape(wanted[0]) or (1, 1)), seen.shape[:3])
    )


@pytest.mark.parametrize(("kind", "off"), [("prores4444", 3), ("prores4444xq", 3), ("h264", 8)])
@pytest.mark.parametrize("size", [(160, 120), (161, 121)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_lossy_kind_looks_the_same(written, ffmpeg, kind, off, size, dtype) -> None:
    frames = smooth(size, dtype)
    (path,) = written(kind, frames, colour=ColourTags(1, 1, 1, False))
    scale = np.iinfo(dtype).max / 255
    wanted = [frame.pixels / scale for frame in frames]
    assert np.abs(ffmpeg.decode(path, "rgb24") - wanted).max() <= off
    assert np.abs([frame.rgb8().astype(float) for frame in read((path,))] - np.array(wanted)).max() <= off


def test_prores_keeps_alpha(written) -> None:
    frames = smooth((160, 120))
    alpha = np.linspace(0, 1, 120 * 160, dtype=np.float32).reshape(120, 160)
    files = written("prores4444", [Frame(frame.number, frame.pixels, alpha) for frame in frames])
    for seen in read(files):
        assert np.abs(seen.alpha - alpha).max() <= 0.51 / 1023 + 4 / 4095


@every_kind
def test_the_files_say_what_the_source_said(written, kind) -> None:
    rate, aspect = Fraction(30000, 1001), Fraction(4, 3)
    files = written(kind, smooth((160, 120)), rate=rate, pixel_aspect=aspect, colour=ColourTags(1, 1, 1, False))
    info = opened(files).info
    assert float(info.pixel_aspect) == pytest.approx(float(aspect), abs=0.005)
    assert len(info.range) == 3
    if len(files) == 3:
        assert info.range == FrameRange(1003, 1005)
    else:
        assert (info.colour.primaries, info.colour.transfer) == (1, 1)
    if kind not in ("png", "tiff"):
        assert info.timecode == "01:00:00;00"
        assert info.rate == pytest.approx(rate, rel=1e-3)


@every_kind
def test_two_runs_give_the_same_bytes_and_nothing_is_overwritten(written, kind, tmp_path) -> None:
    first = [path.read_bytes() for path in written(kind, smooth((160, 120)))]
    with pytest.raises(OutputError, match="exists already; pass --overwrite"):
        written(kind, noise(np.uint8, (160, 120)))
    files = sorted((tmp_path / "out").rglob("*.*"))
    assert [path.read_bytes() for path in files if path.is_file()] == first
    (tmp_path / "out").rename(tmp_path / "before")
    assert [path.read_bytes() for path in written(kind, smooth((160, 120)))] == first


@every_kind
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("alpha", [False, True])
def test_a_frame_that_the_source_lacks_is_black(make_job, kind, dtype, alpha) -> None:
    bits = 32 if dtype is np.float32 else 8 * np.dtype(dtype).itemsize
    facts = {"missing": (1004,), "bits": bits, "linear": bits == 32, "has_alpha": alpha, "width": 64, "height": 48}
    job = make_job(layers=("graded",), clip=facts)
    frames = noise(dtype, (64, 48), alpha=alpha)
    with PICTURES[kind].open(job) as writer:
        writer.write(picture(frames[0]))
        writer.write(ExportFrame(1004, {}))
        writer.write(picture(frames[2]))
    black = read(writer.files)[1]
    assert black.rgb8().max() <= 2


FACTS = {"range": FrameRange(1, 3)}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"kind": "video", "codec": "h264"}, "ffv1"),
        ({"kind": "sequence", "codec": "png"}, "png"),
        ({"kind": "sequence", "codec": "jpeg"}, "png"),
        ({"kind": "still", "codec": "tiff"}, "tiff"),
        ({"kind": "sequence", "codec": "exr", "half": True}, "exr"),
        ({"kind": "sequence", "codec": "exr"}, "exr-float"),
    ],
)
def test_a_folder_gets_the_kind_that_keeps_the_source(make_job, tmp_path, facts, kind) -> None:
    clip = make_job(clip=facts).clip
    assert kind_of_source(clip) == kind
    found = destination(tmp_path / "out", None, clip, FrameRange(1, 2), name="graded")
    assert found.exporter.name == kind
    assert found.files[0].relative_to(tmp_path).parts[:2] in (
        ("out", "graded"),
        ("out", "graded.float"),
        ("out", "graded.mkv"),
    )


@pytest.mark.parametrize(
    ("out", "kind", "last"),
    [
        ("a.mkv", "ffv1", "a.mkv"),
        ("A.MOV", "prores4444", "A.MOV"),
        ("a.rgba.mp4", "h264", "a.rgba.mp4"),
        ("a.####.png", "png", "a.0012.png"),
        ("a_%06d.tif", "tiff", "a_000012.tif"),
        ("%d.tiff", "tiff", "12.tiff"),
    ],
)
def test_a_file_name_says_the_kind(make_job, tmp_path, out, kind, last) -> None:
    found = destination(tmp_path / out, None, make_job().clip, FrameRange(9, 12), name="graded")
    assert found.exporter.name == kind
    assert found.files[-1] == tmp_path / last


@pytest.mark.parametrize("out", ["a.mkv", "a.####.png", "b.tiff", "a.%04d.exr"])
def test_files_lie_where_the_user_named_them(make_job, tmp_path, out) -> None:
    frames = noise(np.uint8, (64, 48), 1 if out == "b.tiff" else 3)
    clip = make_job(clip={"width": 64, "height": 48}).clip
    found = destination(tmp_path / out, None, clip, FrameRange(1003, 1002 + len(frames)), name="graded")
    with found.open() as writer:
        for frame in frames:
            writer.write(picture(frame))
    assert sorted(tmp_path.iterdir()) == sorted(found.files) == sorted(writer.files)


def test_an_exr_of_a_float_source_is_float_unless_half_is_asked_for(make_job, tmp_path) -> None:
    clip = make_job(clip={"kind": "sequence", "codec": "exr", "bits": 32}).clip
    out = tmp_path / "a.####.exr"
    assert destination(out, None, clip, FrameRange(1, 2), name="g").exporter.name == "exr-float"
    assert destination(out, "exr", clip, FrameRange(1, 2), name="g").exporter.name == "exr"


@pytest.mark.parametrize(
    ("out", "kind", "message"),
    [
        ("a.mkv", "webp", "'webp' is not a kind of pictures; there are png, tiff, exr, exr-float, ffv1, prores4444"),
        ("a.mkv", "prores4444", r"a.mkv: prores4444 is not written as .mkv, but ffv1 is"),
        ("a.png", None, r"a.png: 2 frames need a number in their names; write a.####.png"),
        ("a.##.##.png", None, "a sequence's name holds one frame number, this one 2"),
    ],
)
def test_a_bad_destination_is_one_line(make_job, tmp_path, out, kind, message) -> None:
    with pytest.raises(RotoError, match=message):
        destination(tmp_path / out, kind, make_job().clip, FrameRange(1, 2), name="graded")
