"""File names, time code and times of what is written."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame
from roto.export.naming import TAGS, Template, job_times, still_path, time_base, video_path
from roto.image import Frame


def test_the_matte_has_the_plain_name_and_other_kinds_a_tag() -> None:
    assert still_path("hero", "", 1001, "png") == Path("hero/hero.1001.png")
    assert still_path("hero", "rgba", 7, "png") == Path("hero.rgba/hero.rgba.0007.png")
    assert still_path("hero", "", -3, "exr") == Path("hero/hero.-0003.exr")
    assert still_path("hero", "", 123456, "exr") == Path("hero/hero.123456.exr")
    assert video_path("left hand", "xq", "mov") == Path("left hand.xq.mov")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("png", "fg/fg.1003.png"),
        ("png8", "fg.8bit/fg.8bit.1003.png"),
        ("png-rgba", "fg.rgba/fg.rgba.1003.png"),
        ("png-packed", "mattes-1.packed/mattes-1.packed.1003.png"),
        ("tiff", "fg/fg.1003.tiff"),
        ("tiff8", "fg.8bit/fg.8bit.1003.tiff"),
        ("tiff-float", "fg.float/fg.float.1003.tiff"),
        ("tiff-rgba", "fg.rgba/fg.rgba.1003.tiff"),
        ("exr", "fg/fg.1003.exr"),
        ("exr-float", "fg.float/fg.float.1003.exr"),
        ("exr-layers", "mattes/mattes.1003.exr"),
        ("exr-layers-float", "mattes.float/mattes.float.1003.exr"),
        ("exr-parts", "mattes.parts/mattes.parts.1003.exr"),
        ("exr-parts-float", "mattes.parts-float/mattes.parts-float.1003.exr"),
        ("exr-packed", "mattes-1.packed/mattes-1.packed.1003.exr"),
        ("cryptomatte", "mattes.crypto/mattes.crypto.1003.exr"),
        ("prores4444", "fg.mov"),
        ("prores4444xq", "fg.xq.mov"),
        ("ffv1", "fg.mkv"),
        ("ffv1-rgba", "fg.rgba.mkv"),
        ("h264", "fg.mp4"),
        ("vp9", "fg.webm"),
    ],
)
def test_where_a_kind_goes(make_job, kind: str, wanted: str) -> None:
    job = make_job(1)
    assert EXPORTERS[kind].targets(job) == (job.folder / wanted,)


@pytest.mark.parametrize("kind", EXPORTERS)
def test_no_layer_can_take_the_name_of_another_kind(make_job, kind: str) -> None:
    exporter = EXPORTERS[kind]
    assert exporter.tag in ("", *TAGS)
    if len(exporter.targets(make_job(1, layers=("fg", "bg")))) == 2:  # elsewhere, layers do not name files
        with pytest.raises(OutputError, match="rename it"):
            exporter.targets(make_job(layers=("fg", "fg.rgba")))


def test_times_start_with_the_job(make_job) -> None:
    job = make_job(3, times=(Fraction(5, 2), Fraction(3), Fraction(4)), clip={"variable_rate": True})
    assert job_times(job) == (0, Fraction(1, 2), Fraction(3, 2))


def test_times_must_be_as_many_as_frames(make_job) -> None:
    with pytest.raises(ValueError, match="3 frames need 3 times, got 1"):
        job_times(make_job(3, times=(Fraction(0),), clip={"variable_rate": True}))


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ([Fraction(0), Fraction(1001, 24000), Fraction(2002, 24000)], Fraction(1001, 24000)),  # constant: a frame
        ([Fraction(0), Fraction(1, 90), Fraction(1, 9)], Fraction(1, 90000)),
        ([Fraction(0), Fraction(1, 7)], Fraction(1, 630000)),  # the coarsest that is exact
        ([Fraction(0), Fraction(1, 1000003), Fraction(1, 999983)], Fraction(1, 90000)),  # beyond any container
    ],
)
def test_the_tick_is_the_coarsest_that_is_exact(times: list[Fraction], wanted: Fraction) -> None:
    assert time_base(tuple(times), Fraction(24000, 1001)) == wanted


@pytest.mark.parametrize("kind", EXPORTERS)
def test_every_kind_writes_under_the_users_names(make_job, kind: str) -> None:
    exporter = EXPORTERS[kind]
    frame = ".{frame:06d}" if exporter.numbered else ""
    template = Template("{shot}/{kind}/{layer}" + frame + ".{ext}")
    name = template.of(shot="sh010", kind=kind, extension=exporter.extension, numbered=exporter.numbered)
    job = replace(make_job(1), name=name)
    (target,) = exporter.targets(job)
    assert target.parent == job.folder / "sh010" / kind
    assert target.suffix == f".{exporter.extension}"
    assert target.name.endswith(f".001003.{exporter.extension}") == exporter.numbered
    matte = np.full((job.clip.height, job.clip.width), 0.5, np.float32)
    plate = Frame(job.first, np.zeros((job.clip.height, job.clip.width, 3), np.uint8))
    with exporter.open(job) as writer:
        writer.write(ExportFrame(job.first, dict.fromkeys(job.layers, matte), plate))
    assert writer.files == (target,)
    assert target.is_file()


def test_two_kinds_of_one_folder(make_job) -> None:
    for kind in ("png", "png8"):
        template = Template("{shot}/{layer}_{kind}.{frame}.{ext}")
        job = replace(make_job(1), name=template.of(shot="a", kind=kind, extension="png", numbered=True))
        with EXPORTERS[kind].open(job) as writer:
            writer.write(ExportFrame(job.first, {"fg": np.zeros((job.clip.height, job.clip.width), np.float32)}))
    assert sorted(path.name for path in (job.folder / "a").iterdir()) == ["fg_png.1003.png", "fg_png8.1003.png"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{layr}.{ext}", "did you mean 'layer'"),
        ("{layer}.{frame:x}.{ext}", "is written {frame}, {frame} or {frame:04d}"),
        ("{layer!r}.{ext}", "is written {layer}"),
        ("{layer:4}.{ext}", "is written {layer}"),
        ("/{layer}.{ext}", "is no path within the output folder"),
        ("a/../{layer}.{ext}", "is no path within the output folder"),
        ("a//{layer}.{ext}", "is no path within the output folder"),
        ("{layer", "expected '}' before end of string"),
        ("{}.png", "known here: shot, layer, kind, ext, frame"),
    ],
)
def test_what_is_no_name_is_one_line(text: str, line: str) -> None:
    with pytest.raises(OutputError) as caught:
        Template(text)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("text", "numbered", "line"),
    [
        ("{layer}.{ext}", True, "a file a frame, so that its name needs a {frame}"),
        ("{layer}.{frame}.{ext}", False, "one file, without a {frame}"),
        ("{layer}.{frame}.exr", True, "is written as .png"),
        ("{shot}.{frame}.png", True, "has no {layer}"),
    ],
)
def test_a_name_that_a_kind_cannot_have_is_one_line(text: str, numbered: bool, line: str) -> None:
    with pytest.raises(OutputError) as caught:
        Template(text).of(shot="a", kind="png", extension="png", numbered=numbered)
    assert line in str(caught.value)
