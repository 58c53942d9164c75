"""ProRes 4444, read back by the ffmpeg program."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize(("kind", "profile"), [("prores4444", "ap4h"), ("prores4444xq", "ap4x")])
def test_alpha_is_exact_at_ten_bits_and_the_plate_is_close(
    make_job, frames_of, export, ffmpeg, assert_nearest, kind, profile
) -> None:
    job = make_job()
    frames = frames_of(job, np.uint16)
    (path,) = export(kind, job, frames)
    assert profile in ffmpeg.describe(path)
    assert_nearest(ffmpeg.planes(path, "yuva444p12le", "a") >> 2, frames, 1023)
    rgba = ffmpeg.decode(path, "rgba64le").astype(np.float64)
    errors = np.abs(rgba[..., :3] - [frame.plate.pixels for frame in frames]) / 65535
    assert errors.mean() < 0.002
    assert errors.max() < 0.02
