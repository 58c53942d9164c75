"""File names, time code and times of what is written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.naming import TAGS, job_times, still_path, time_base, video_path


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
