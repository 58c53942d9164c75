"""Where whole pictures go, and as what, from what a user writes behind ``-o``.

A file's name says its kind: ``graded.mkv``, ``graded.####.exr``. Anything else is a folder, into which they go as
``FOLDER/NAME/NAME.1001.exr`` or ``FOLDER/NAME.mkv``, by default of the kind that keeps what the source has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from roto.errors import BackendUnavailable, OutputError, RotoError
from roto.export.exporter import ExportJob, Writer
from roto.export.pictures import PICTURES, PictureExporter
from roto.export.video import VideoExporter
from roto.frames.pattern import parse_pattern
from roto.frames.source import ClipInfo
from roto.timing import FrameRange

_KINDS = {
    ".png": ("png",),
    ".tif": ("tiff",),
    ".tiff": ("tiff",),
    ".exr": ("exr", "exr-float"),
    ".mkv": ("ffv1",),
    ".mov": ("prores4444", "prores4444xq"),
    ".mp4": ("h264",),
}
_LIKE_A_KIND = re.compile(r"\.([a-z]{3,4}|m4v|m2ts)")  # and not .v2, .final
_KINDS_OF_STILLS = {"tiff": "tiff", "exr": "exr", "png": "png", "jpeg": "png", "dpx": "png"}


@dataclass(frozen=True, slots=True)
class Destination:
    """An exporter and the job that it is going to be given."""

    exporter: PictureExporter
    job: ExportJob

    @property
    def files(self) -> tuple[Path, ...]:
        return self.exporter.targets(self.job)

    def open(self) -> Writer:
        """OutputError when a file stands there already that is not to be overwritten."""
        return self.exporter.open(self.job)


def kind_of_source(clip: ClipInfo) -> str:
    """The kind that keeps every pixel of a clip as it is."""
    if clip.kind == "video":
        return "ffv1"
    kind = _KINDS_OF_STILLS.get(clip.codec, "png")
    return "exr-float" if kind == "exr" and not clip.half else kind


def destination(
    out: Path,
    kind: str | None,
    clip: ClipInfo,
    frames: FrameRange,
    *,
    name: str,
    times: tuple[Fraction, ...] = (),
    overwrite: bool = False,
) -> Destination:
    """Where the pictures of ``frames`` go. ``clip`` describes them: size, rate, alpha, linear. ``name`` is what they
    are called in a folder, ``times`` as in :class:`ExportJob`.

    RotoError for a kind that there is not or that has another extension, and for an extension that is no kind's;
    BackendUnavailable for one that cannot be written here, OutputError for a sequence without a frame number in its
    name.
    """
    extension = out.suffix.lower()
    if extension not in _KINDS and not out.is_dir() and (_LIKE_A_KIND.fullmatch(extension) or "#" in out.name):
        kinds, this = ", ".join(_KINDS), "that" if "#" in extension else extension
        raise RotoError(
            f"{out}: pictures are not written as {this}, but as {kinds}; "
            "a folder of that name would have to be there already"
        )
    named = extension in _KINDS and not out.is_dir()
    if kind is not None and kind not in PICTURES:
        raise RotoError(f"{kind!r} is not a kind of pictures; there are {', '.join(PICTURES)}")
    if kind is None:
        kind = kind_of_source(clip)
        if named and kind not in _KINDS[extension]:
            kind = _KINDS[extension][0]
    if named and kind not in _KINDS[extension]:
        raise RotoError(f"{out}: {kind} is not written as {extension}, but {' or '.join(_KINDS[extension])} is")
    exporter = PICTURES[kind]
    reason = exporter.unavailable()
    if reason is not None:
        raise BackendUnavailable(f"pictures as {kind}", reason)
    if named:
        exporter = _placed(exporter, out, frames)
        out = out.parent
    job = ExportJob(
        folder=out,
        clip=clip,
        layers=(name,),
        first=frames.first,
        last=frames.last,
        times=times,
        overwrite=overwrite,
    )
    return Destination(exporter, job)


def _placed(exporter: PictureExporter, out: Path, frames: FrameRange) -> PictureExporter:
    """The exporter with its files as the user named them."""
    if isinstance(exporter, VideoExporter):
        return replace(exporter, place=Path(out.name))
    pattern = parse_pattern(out)
    if pattern is not None:
        return replace(exporter, place=lambda number: Path(pattern.name(number)))
    if len(frames) > 1:
        raise OutputError(
            f"{out}: {len(frames)} frames need a number in their names; write {out.stem}.####{out.suffix}"
        )
    return replace(exporter, place=lambda number: Path(out.name))
