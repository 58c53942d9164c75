"""FFV1, H.264 and VP9, read back by the ffmpeg program."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from roto.errors import OutputError
from roto.export.exporter import ExportFrame, ExportJob
from roto.frames.source import ColourTags
from roto.image import Frame

SIZES = [(160, 120), (161, 121), (161, 120), (160, 121)]
TINY = [(1, 1), (2, 1), (16, 16)]


def real_edges(test_data: Path, job: ExportJob) -> list[ExportFrame]:
    """Hard, thin and moving edges of a hand-made segmentation, with its photograph, cut to the job's size."""
    masks = sorted((test_data / "davis" / "Annotations" / "480p").iterdir())[0]
    photos = test_data / "davis" / "JPEGImages" / "480p" / masks.name
    inside = slice(180, 180 + job.clip.height), slice(300, 300 + job.clip.width)
    frames = []
    for number, path in zip(range(job.first, job.last + 1), sorted(masks.iterdir()), strict=False):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[inside]
        photo = cv2.imread(str(photos / f"{path.stem}.jpg"))[inside][..., ::-1]
        matte = cv2.GaussianBlur((mask > 0).astype(np.float32), (0, 0), 0.7)
        frames.append(ExportFrame(number, {"fg": matte}, Frame(number, np.ascontiguousarray(photo))))
    return frames


@pytest.mark.parametrize("size", SIZES + TINY)
def test_ffv1_is_lossless(make_job, frames_of, export, ffmpeg, assert_nearest, size) -> None:
    job = make_job(clip={"width": size[0], "height": size[1]})
    frames = frames_of(job)
    (path,) = export("ffv1", job, frames)
    assert_nearest(ffmpeg.decode(path, "gray16le")[..., 0], frames, 65535)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("dtype", "pixel_format"), [(np.uint8, "rgba"), (np.uint16, "rgba64le")])
def test_ffv1_keeps_the_plate_straight_and_at_its_precision(
    make_job, frames_of, export, ffmpeg, assert_nearest, dtype, pixel_format, size
) -> None:
    job = make_job(clip={"width": size[0], "height": size[1]})
    frames = frames_of(job, dtype)
    (path,) = export("ffv1-rgba", job, frames)
    seen = ffmpeg.decode(path, pixel_format)
    assert np.array_equal(seen[..., :3], [frame.plate.pixels for frame in frames])
    assert_nearest(seen[..., 3], frames, np.iinfo(dtype).max)


def test_what_an_encoder_does_not_take_is_one_line(make_job, frames_of, export) -> None:
    job = make_job(clip={"width": 1, "height": 40})
    with pytest.raises(OutputError, match=r"^ffv1: FFmpeg's ffv1 failed on pictures of 1 x 40 \(.*another kind"):
        export("ffv1", job, frames_of(job))
    assert list(job.folder.iterdir()) == []


@pytest.mark.parametrize("size", SIZES)
def test_h264_keeps_real_edges_and_the_size(make_job, export, ffmpeg, test_data, size) -> None:
    job = make_job(12, clip={"width": size[0], "height": size[1]})
    frames = real_edges(test_data, job)
    (path,) = export("h264", job, frames)
    assert ffmpeg.size(path) == size
    mattes = np.stack([frame.mattes["fg"] for frame in frames]) * 255
    assert mattes.max() == 255
    assert mattes.min() == 0
    assert np.abs(ffmpeg.decode(path, "gray")[..., 0] - mattes).max() < 6
    player = cv2.VideoCapture(str(path))
    shown = np.stack([player.read()[1] for _ in frames])
    assert np.abs(shown - mattes[..., None]).max() < 6


def test_h264_of_an_even_size_is_what_every_player_opens(make_job, frames_of, export, ffmpeg) -> None:
    job = make_job(1)
    (path,) = export("h264", job, frames_of(job))
    assert "h264 (High) (avc1" in ffmpeg.describe(path)
    assert "yuv420p(tv" in ffmpeg.describe(path)


@pytest.mark.parametrize("size", SIZES)
def test_vp9_keeps_real_edges_and_colours(make_job, export, ffmpeg, test_data, size) -> None:
    job = make_job(6, clip={"width": size[0], "height": size[1], "colour": ColourTags(1, 1, 1, False)})
    frames = real_edges(test_data, job)
    (path,) = export("vp9", job, frames)
    assert ffmpeg.size(path) == size
    alpha = ffmpeg.planes(path, "yuva420p", "a", decoder="libvpx-vp9")
    assert np.abs(alpha - np.stack([frame.mattes["fg"] for frame in frames]) * 255.0).max() < 8
    seen = ffmpeg.decode(path, "rgba", decoder="libvpx-vp9")[..., :3].astype(np.float64)
    plates = np.stack([frame.plate.pixels for frame in frames])
    assert np.abs(seen.mean(axis=(1, 2)) - plates.mean(axis=(1, 2))).max() < 1  # no colour cast
    assert np.abs(seen - plates).mean() < 4  # chroma has a quarter of the pixels


def test_vp9_follows_the_sources_range(make_job, frames_of, export, ffmpeg) -> None:
    full = make_job(1, clip={"colour": ColourTags(1, 1, 1, True)})
    (path,) = export("vp9", full, frames_of(full))
    assert "yuv420p(pc, bt709)" in ffmpeg.describe(path)
    seen = ffmpeg.decode(path, "rgba", decoder="libvpx-vp9")[..., :3].astype(np.float64)
    assert np.abs(seen - frames_of(full)[0].plate.pixels).mean() < 4
