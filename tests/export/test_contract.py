"""What every kind of export promises. A kind that is registered needs one line here: how its mattes are read back."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame, ExportJob

Read = Callable[..., NDArray[np.float64]]
LAYERS = ("fg", "far away")


def still(channel: str | None) -> Read:
    """A channel of every file, by OpenImageIO; None is the layer's own name."""

    def read(files: list[Path], layer: str, ffmpeg: object) -> NDArray[np.float64]:
        mattes = []
        for path in files:
            image = OpenImageIO.ImageInput.open(str(path))
            place = image.spec().channelindex(channel or layer)
            mattes.append(image.read_image("double")[..., place])
            image.close()
        return np.stack(mattes)

    return read


def plane(pixel_format: str, name: str, top: int, decoder: str | None = None) -> Read:
    """A plane of a video as it is coded, by the ffmpeg program."""

    def read(files: list[Path], layer: str, ffmpeg: object) -> NDArray[np.float64]:
        (path,) = files
        return ffmpeg.planes(path, pixel_format, name, decoder=decoder) / top

    return read


def shown(files: list[Path], layer: str, ffmpeg: object) -> NDArray[np.float64]:
    """What a player shows of a matte in luma."""
    (path,) = files
    return ffmpeg.decode(path, "rgb24")[..., 1] / 255


# How a matte is read back, and how far it may be off: half a code and float32's rounding, or what the codec loses.
READ_BACK: dict[str, tuple[Read, float]] = {
    "png": (still("Y"), 0.51 / 65535),
    "png8": (still("Y"), 0.51 / 255),
    "png-rgba": (still("A"), 0.51 / 255),
    "tiff": (still("Y"), 0.51 / 65535),
    "tiff-rgba": (still("A"), 0.51 / 255),
    "exr": (still("A"), 2**-12),
    "exr-float": (still("A"), 0),
    "exr-layers": (still(None), 2**-12),
    "exr-layers-float": (still(None), 0),
    "prores4444": (plane("yuva444p12le", "a", 4095), 0.51 / 1023 + 4 / 4095),
    "prores4444xq": (plane("yuva444p12le", "a", 4095), 0.51 / 1023 + 4 / 4095),
    "ffv1": (plane("gray16le", "y", 65535), 0.51 / 65535),
    "ffv1-rgba": (plane("bgra", "a", 255), 0.51 / 255),
    "h264": (shown, 6 / 255),
    "vp9": (plane("yuva420p", "a", 255, "libvpx-vp9"), 8 / 255),
}

every_plate = pytest.mark.parametrize("kind", [name for name, kind in EXPORTERS.items() if kind.needs_plate])
every_kind = pytest.mark.parametrize("kind", EXPORTERS)


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_kind_can_be_read_back() -> None:
    assert READ_BACK.keys() == EXPORTERS.keys()


@every_kind
def test_a_kind_says_what_it_is(kind: str) -> None:
    exporter = EXPORTERS[kind]
    assert exporter.name == kind
    assert exporter.summary
    assert exporter.unavailable() is None


@every_kind
@pytest.mark.parametrize("size", [(161, 121), (64, 48)])
def test_mattes_come_back_and_absent_layers_are_empty(make_job, frames_of, export, ffmpeg, kind, size) -> None:
    job = make_job(layers=LAYERS, clip={"width": size[0], "height": size[1]})
    frames = frames_of(job)
    files = export(kind, job, frames)
    read, tolerance = READ_BACK[kind]
    per_layer = [files[: len(files) // 2], files[len(files) // 2 :]] if "layers" not in kind else [files, files]
    present, absent = (read(list(some), layer, ffmpeg) for some, layer in zip(per_layer, LAYERS, strict=True))
    assert present.shape == absent.shape == (3, size[1], size[0])
    assert np.abs(present - [frame.mattes["fg"] for frame in frames]).max() <= tolerance
    assert absent.max() <= (1 / 255 if kind == "vp9" else 0)


@every_kind
def test_targets_are_what_is_written_and_nothing_else(make_job, frames_of, export, kind) -> None:
    job = make_job(layers=LAYERS)
    targets = EXPORTERS[kind].targets(job)
    assert export(kind, job, frames_of(job)) == targets
    assert files_under(job.folder) == sorted(targets)


def test_all_kinds_fit_into_one_folder(make_job) -> None:
    targets = [path for exporter in EXPORTERS.values() for path in exporter.targets(make_job(layers=LAYERS))]
    assert len(targets) == len(set(targets))


@every_kind
def test_two_runs_give_the_same_bytes(make_job, frames_of, export, tmp_path, kind) -> None:
    jobs = [make_job(folder=tmp_path / name) for name in "ab"]
    first, second = (export(kind, job, frames_of(job)) for job in jobs)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@every_kind
def test_nothing_is_overwritten_unasked(make_job, frames_of, export, kind) -> None:
    job = make_job()
    last = EXPORTERS[kind].targets(job)[-1]
    last.parent.mkdir(parents=True)
    last.write_bytes(b"by hand")
    with pytest.raises(OutputError, match=r"exists already; pass --overwrite .* or choose another -o"):
        export(kind, job, frames_of(job))
    assert files_under(job.folder) == [last]
    assert last.read_bytes() == b"by hand"
    export(kind, make_job(overwrite=True), frames_of(job))
    assert last.read_bytes() != b"by hand"


def write_or_interrupt(kind: str, job: ExportJob, frames: list[ExportFrame | None]) -> None:
    """Write frames; None stands for Ctrl-C."""
    with EXPORTERS[kind].open(job) as writer:
        for frame in frames:
            if frame is None:
                raise KeyboardInterrupt
            writer.write(frame)


@every_kind
def test_an_interrupt_leaves_nothing(make_job, frames_of, kind) -> None:
    job = make_job()
    frames = [*frames_of(job)[:2], None]
    with pytest.raises(KeyboardInterrupt):
        write_or_interrupt(kind, job, frames)
    assert list(job.folder.iterdir()) == []


@every_kind
def test_an_incomplete_export_leaves_nothing(make_job, frames_of, kind) -> None:
    job = make_job()
    with pytest.raises(ValueError, match="before frame 1005 of 1005 came"):
        write_or_interrupt(kind, job, frames_of(job)[:2])
    assert list(job.folder.iterdir()) == []


@contextlib.contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Every file of this process ends at ``size`` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@every_kind
def test_a_full_disk_is_one_line_and_leaves_nothing(make_job, frames_of, export, kind) -> None:
    job = make_job()
    with (
        no_room_beyond(1000),
        pytest.raises(OutputError, match=r"^cannot write to .*out: File too large; .* choose another -o$"),
    ):
        export(kind, job, frames_of(job))
    assert list(job.folder.iterdir()) == []


@every_kind
def test_an_output_folder_that_is_a_file_is_refused(make_job, frames_of, export, tmp_path, kind) -> None:
    (tmp_path / "out").write_bytes(b"")
    job = make_job()
    with pytest.raises(OutputError, match="out"):
        export(kind, job, frames_of(job))


@every_kind
def test_frames_out_of_order_are_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    with pytest.raises(ValueError, match="expects frame 1003 of 1005, got 1004"), EXPORTERS[kind].open(job) as writer:
        writer.write(frames_of(job)[1])


@every_kind
def test_a_matte_of_another_size_is_a_mistake(make_job, frames_of, kind) -> None:
    job: ExportJob = make_job()
    frame = frames_of(job)[0]
    small = ExportFrame(frame.number, {"fg": frame.mattes["fg"][1:]}, frame.plate)
    with pytest.raises(TypeError, match="a matte here is 120 x 160"), EXPORTERS[kind].open(job) as writer:
        writer.write(small)


@every_plate
def test_a_missing_plate_is_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    with (
        pytest.raises(ValueError, match="needs the plate 160 x 120 of frame 1003, got none"),
        EXPORTERS[kind].open(job) as writer,
    ):
        writer.write(ExportFrame(1003, frames_of(job)[0].mattes))


@every_plate
def test_a_plate_of_another_frame_is_a_mistake(make_job, frames_of, kind) -> None:
    job = make_job()
    first, second, _ = frames_of(job)
    with pytest.raises(ValueError, match="got frame 1004 of"), EXPORTERS[kind].open(job) as writer:
        writer.write(ExportFrame(1003, first.mattes, second.plate))


@every_plate
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_frame_that_the_source_lacks_needs_no_plate(make_job, frames_of, export, ffmpeg, kind, dtype) -> None:
    job = make_job(clip={"missing": (1004,), "bits": 8 * np.dtype(dtype).itemsize})
    frames = frames_of(job, dtype)
    frames[1] = ExportFrame(1004, frames[1].mattes)
    files = export(kind, job, frames)
    mattes = READ_BACK[kind][0](list(files), "fg", ffmpeg)
    assert np.abs(mattes - [frame.mattes["fg"] for frame in frames]).max() < 8 / 255


@pytest.mark.parametrize("kind", [kind for kind in EXPORTERS if "layers" not in kind])  # there, layers are channels
@pytest.mark.parametrize("layer", ["", "a/b", "..", ".hidden", "a:b", "new\nline"])
def test_a_layer_that_cannot_be_a_file_is_refused(make_job, kind, layer) -> None:
    with pytest.raises(OutputError, match="cannot be a file's name"):
        EXPORTERS[kind].targets(make_job(layers=(layer,)))
