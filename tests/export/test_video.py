"""Timing, time code, pixel aspect and colour tags of the videos, read by the ffmpeg program."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import accumulate

import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.video import VideoExporter
from roto.frames.source import ColourTags

VIDEOS = [name for name, exporter in EXPORTERS.items() if isinstance(exporter, VideoExporter)]
MATTES = {"ffv1", "h264"}
MILLISECONDS = {"mkv", "webm"}  # containers that count no finer
every_video = pytest.mark.parametrize("kind", VIDEOS)


def assert_times(seen: list[Fraction], wanted: list[Fraction], kind: str) -> None:
    assert len(seen) == len(wanted)
    tolerance = Fraction(1, 2000) if EXPORTERS[kind].extension in MILLISECONDS else 0
    assert max(abs(a - b) for a, b in zip(sorted(seen), wanted, strict=True)) <= tolerance


@every_video
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(60)])
def test_a_constant_rate_is_exact(make_job, frames_of, export, ffmpeg, kind, rate) -> None:
    job = make_job(5, clip={"rate": rate, "timecode": None})
    (path,) = export(kind, job, frames_of(job))
    assert_times(ffmpeg.times(path), [i / rate for i in range(5)], kind)
    shown = re.search(r"([\d.]+) fps", ffmpeg.describe(path))
    assert float(shown[1]) == pytest.approx(float(rate), abs=0.01)


@every_video
def test_a_constant_rate_is_exact_though_its_container_rounds(make_job, frames_of, export, ffmpeg, kind) -> None:
    rate = Fraction(24000, 1001)
    milliseconds = tuple(Fraction(round(i / rate * 1000), 1000) for i in range(3, 8))
    job = make_job(5, times=milliseconds, clip={"rate": rate})
    (path,) = export(kind, job, frames_of(job))
    assert_times(ffmpeg.times(path), [i / rate for i in range(5)], kind)


@every_video
@pytest.mark.parametrize(
    "steps",
    [
        [Fraction(n, 90000) for n in (3003, 1500, 6006, 1, 90000)],
        [Fraction(n, 600) for n in (20, 21, 40, 19, 20)],
        [Fraction(1, 7), Fraction(1, 11), Fraction(1, 13), Fraction(1, 7), Fraction(2, 13)],
    ],
    ids=["90000ths", "600ths", "odd fractions"],
)
def test_variable_times_are_kept_from_the_first_frame_on(make_job, frames_of, export, ffmpeg, kind, steps) -> None:
    if EXPORTERS[kind].extension in MILLISECONDS:
        steps = [max(step, Fraction(1, 500)) for step in steps]
    times = tuple(accumulate(steps, initial=Fraction(17, 4)))
    job = make_job(6, times=times, clip={"variable_rate": True})
    (path,) = export(kind, job, frames_of(job))
    assert_times(ffmpeg.times(path), [time - times[0] for time in times], kind)


@every_video
def test_times_that_stand_still_are_refused_before_any_work(make_job, kind) -> None:
    times = (Fraction(0), Fraction(1, 2), Fraction(1, 2))
    job = make_job(3, times=times, clip={"variable_rate": True})
    with pytest.raises(OutputError, match=r"frame 1005 of shot\.mov is not later than the one before it"):
        EXPORTERS[kind].targets(job)


@every_video
@pytest.mark.parametrize(
    ("timecode", "rate", "wanted"),
    [
        ("00:59:59;28", Fraction(30000, 1001), "01:00:00;00"),
        ("00:00:59;28", Fraction(30000, 1001), "00:01:00;02"),
        ("00:00:59:28", Fraction(30000, 1001), "00:01:00:00"),
        ("23:59:59:23", Fraction(24), "00:00:00:01"),
        ("10:00:00:00", Fraction(25), "10:00:00:02"),
        ("10:00:00:00", Fraction(12), "10:00:00:02"),
    ],
)
def test_time_code_is_that_of_the_first_written_frame(
    make_job, frames_of, export, ffmpeg, kind, timecode, rate, wanted
) -> None:
    job = make_job(2, clip={"timecode": timecode, "rate": rate})
    (path,) = export(kind, job, frames_of(job))
    assert set(re.findall(r"timecode\s*: (\S+)", ffmpeg.describe(path), re.IGNORECASE)) == {wanted}


@every_video
def test_without_a_time_code_there_is_none(make_job, frames_of, export, ffmpeg, kind) -> None:
    job = make_job(2, clip={"timecode": None})
    (path,) = export(kind, job, frames_of(job))
    assert "timecode" not in ffmpeg.describe(path).lower()


@every_video
@pytest.mark.parametrize(
    ("timecode", "rate"), [("00:00:00:29", Fraction(25)), ("garbage", Fraction(25)), ("01:00:00:00", Fraction(1, 3))]
)
def test_a_time_code_that_cannot_be_counted_is_left_out(
    make_job, frames_of, export, ffmpeg, kind, timecode, rate
) -> None:
    job = make_job(2, clip={"timecode": timecode, "rate": rate})
    (path,) = export(kind, job, frames_of(job))
    assert "timecode" not in ffmpeg.describe(path).lower()


@every_video
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(8, 9)])
def test_pixel_aspect_is_carried(make_job, frames_of, export, ffmpeg, kind, aspect) -> None:
    job = make_job(2, clip={"pixel_aspect": aspect})
    (path,) = export(kind, job, frames_of(job))
    described = ffmpeg.describe(path)
    seen = re.search(r"SAR (\d+):(\d+)", described)
    tolerance = 0.5 / job.clip.width if EXPORTERS[kind].extension in MILLISECONDS else 0
    assert abs(int(seen[1]) / int(seen[2]) - aspect) <= tolerance
    assert ffmpeg.size(path) == (160, 120)
    assert "Invalid" not in described
    assert len(ffmpeg.times(path)) == 2


@every_video
def test_square_pixels_stay_square(make_job, frames_of, export, ffmpeg, kind) -> None:
    job = make_job(2)
    (path,) = export(kind, job, frames_of(job))
    seen = re.search(r"SAR (\d+):(\d+)", ffmpeg.describe(path))
    assert seen is None or seen[1] == seen[2]


@every_video
@pytest.mark.parametrize(
    ("tags", "matrix", "primaries", "transfer"),
    [
        (ColourTags(1, 1, 1, False), "bt709", "bt709", "bt709"),
        (ColourTags(9, 16, 9, False), "bt2020nc", "bt2020", "smpte2084"),
        (ColourTags(9, 18, 9, False), "bt2020nc", "bt2020", "arib-std-b67"),
        (ColourTags(6, 6, 6, False), "smpte170m", "smpte170m", "smpte170m"),
        (ColourTags(1, 13, 0, True), "bt709", "bt709", "iec61966-2-1"),
        (ColourTags(5, 1, 5, False), "bt470bg", "bt470bg", "bt709"),
        (ColourTags(), "smpte170m", "unknown", "unknown"),  # what players take for that size
    ],
)
def test_colour_tags_are_the_sources(
    make_job, frames_of, export, ffmpeg, kind, tags, matrix, primaries, transfer
) -> None:
    job = make_job(2, clip={"colour": tags})
    (path,) = export(kind, job, frames_of(job))
    if kind in MATTES and transfer in {"smpte2084", "arib-std-b67"}:  # a player would tone-map the matte
        primaries = transfer = "unknown"
    described = re.search(r"Video: .*?\((?:tv|pc), ([^,)]+)", ffmpeg.describe(path))
    assert described, ffmpeg.describe(path)
    seen = described[1].split("/") if "/" in described[1] else [described[1]] * 3
    assert seen[1:] == [primaries, transfer]
    if kind == "ffv1-rgba":
        assert seen[0] == "gbr"
    else:
        assert seen[0] == matrix
