"""ProRes 4444, read back by the ffmpeg program."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from roto.frames.source import ColourTags

SIZES = [(160, 120), (161, 121), (160, 121)]  # odd widths go through another encoder
every_kind = pytest.mark.parametrize(("kind", "profile"), [("prores4444", "ap4h"), ("prores4444xq", "ap4x")])


@every_kind
@pytest.mark.parametrize("size", SIZES)
def test_alpha_is_exact_at_ten_bits_and_the_plate_is_close(
    make_job, frames_of, export, ffmpeg, assert_nearest, kind, profile, size
) -> None:
    job = make_job(clip={"width": size[0], "height": size[1]})
    frames = frames_of(job, np.uint16)
    (path,) = export(kind, job, frames)
    assert profile in ffmpeg.describe(path)
    assert_nearest(ffmpeg.planes(path, "yuva444p12le", "a") >> 2, frames, 1023)
    rgba = ffmpeg.decode(path, "rgba64le").astype(np.float64)
    errors = np.abs(rgba[..., :3] - [frame.plate.pixels for frame in frames]) / 65535
    assert errors.mean() < 0.002
    assert errors.max() < 0.02


@every_kind
@pytest.mark.parametrize("size", SIZES[:2])
def test_both_encoders_carry_what_is_known_of_the_clip(
    make_job, frames_of, export, ffmpeg, kind, profile, size
) -> None:
    facts = {"pixel_aspect": Fraction(4, 3), "colour": ColourTags(9, 16, 9, False)}
    job = make_job(2, clip={"width": size[0], "height": size[1], **facts})
    (path,) = export(kind, job, frames_of(job))
    described = ffmpeg.describe(path)
    assert "(tv, bt2020nc/bt2020/smpte2084, progressive)" in described
    assert "SAR 4:3" in described
    assert re.findall(r"timecode +: (\S+)", described) == ["01:00:00;00"] * 2  # the video's and the time code track's


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize(
    "tags", [(1, 13, 0), (1, 8, 1), (9, 14, 9), (5, 1, 5), (7, 7, 7), (2, 2, 2), (9, 1, 10), (12, 13, 2)]
)
def test_colours_that_its_frames_cannot_name_are_decoded_all_the_same(
    make_job, frames_of, export, ffmpeg, tags, size
) -> None:
    """sRGB and linear stand in the container alone: a frame that had them would not be shown."""
    job = make_job(1, clip={"width": size[0], "height": size[1], "colour": ColourTags(*tags, False)})
    frames = frames_of(job)
    (path,) = export("prores4444", job, frames)
    assert np.abs(ffmpeg.decode(path, "rgb24")[0].astype(int) - frames[0].plate.pixels).mean() < 1


def test_xq_spends_more_on_the_plate(make_job, frames_of, export) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    sizes = []
    for kind in ("prores4444", "prores4444xq"):
        job = make_job(1)
        (frame,) = frames_of(job)
        frame.plate.pixels[:] = noise
        sizes.append(export(kind, job, [frame])[0].stat().st_size)
    assert sizes[1] > 1.05 * sizes[0]
