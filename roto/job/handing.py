"""The files of a hand-off, written as a whole: plates and masks as a tool reads them, blends, and the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import OutputError, RotoError
from roto.export.exporter import ExportJob, Writer
from roto.export.ffv1 import FFV1
from roto.export.pictures import PICTURES, PictureExporter, picture
from roto.export.png import png_bytes
from roto.export.staging import Staging
from roto.export.video import Codec, Picture, VideoExporter
from roto.frames.source import ClipInfo, ColourTags
from roto.handoff.defect import as_8_bits, mask_of
from roto.handoff.layout import LayoutOptions, Names, name_at
from roto.handoff.manifest import MAX_BYTES, HandedFrame, Manifest, read_manifest, write_manifest
from roto.image import Box, Frame, Matte, Pixels
from roto.shot.file import dumps, loads
from roto.timing import FrameRange

MANIFEST = "handoff.json"
_KIND = "handoff"
_LAYER = "plates"
_GREY_TAGS = ColourTags(1, 1, 1, True)


def load_manifest(path: Path) -> tuple[Manifest, Path]:
    """The manifest in a file, or in a folder, and the folder. RotoError, naming the file, for what is not valid."""
    file = path / MANIFEST if path.is_dir() else path
    try:
        if file.stat().st_size > MAX_BYTES:
            raise RotoError(f"{file}: larger than {MAX_BYTES >> 20} MB, which no manifest is")
        return read_manifest(loads(file.read_bytes())), file.parent
    except OSError as error:
        raise RotoError(f"{file} cannot be read: {error.strerror}; name the {MANIFEST} of a hand-off") from None
    except RotoError as error:
        raise RotoError(f"{file}: {error}") from None


def check_folder(out: Path, overwrite: bool) -> Manifest | None:
    """The hand-off that stands in a folder and is to be replaced, if there is one. OutputError for a folder that holds
    anything, unless it is a hand-off and may be overwritten: a tool would read whatever lies beside its frames."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; -o names a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return None
    if not overwrite:
        raise OutputError(f"{out} is not empty; choose another -o, or say --overwrite to replace a hand-off there")
    try:
        return load_manifest(out)[0]
    except RotoError:
        raise OutputError(f"{out} is not empty and holds no hand-off; choose another -o") from None


@dataclass(frozen=True, slots=True, eq=False)
class Handed:
    """A frame to hand over, all of the window's size. pixels: uint8, uint16 or float32, ``H x W x 3``."""

    number: int
    pixels: Pixels
    blend: NDArray[np.uint16]


class HandWriter:
    """Writes frames into a staging folder. See :func:`hand_writer`."""

    def __init__(self, staging: Staging, names: Names, options: LayoutOptions, clip: ClipInfo, plates: Writer) -> None:
        self._staging, self._names, self._options, self._clip = staging, names, options, clip
        self._plates = plates
        self.masks: Writer | None = None
        self.frames: list[HandedFrame] = []

    def write(self, handed: Handed) -> None:
        soft, depth = self._options.soft_masks, self._options.depth
        mask: Any = mask_of(handed.blend)
        if soft:
            mask = as_8_bits(handed.blend) if depth == "8" else handed.blend
        alpha: Matte | None = None
        if self._names.masks is None:
            top = np.float32(np.iinfo(mask.dtype).max)
            alpha = (1 - mask / top).astype(np.float32)
        frame = Frame(handed.number, handed.pixels, alpha, linear=self._clip.linear)
        self._plates.write(picture(frame))
        digest = None
        if self.masks is not None:
            grey = np.dstack([mask] * 3)
            self.masks.write(picture(Frame(handed.number, grey)))
        elif self._names.masks is not None:
            digest = self._save(self._names.masks, handed.number, mask)
        blend = self._save(self._names.blends, handed.number, handed.blend)
        self.frames.append(HandedFrame(handed.number, bool(handed.blend.any()), blend, digest))

    def _save(self, pattern: str, number: int, pixels: NDArray[Any]) -> str:
        data = png_bytes(pixels, pixel_aspect=self._clip.pixel_aspect)
        path = self._staging.path(Path(name_at(pattern, number)))
        try:
            path.write_bytes(data)
        except OSError as error:
            raise OutputError(f"cannot write to {self._staging.folder}: {error.strerror}") from None
        return hashlib.sha256(data).hexdigest()


def targets_of(names: Names, frames: FrameRange) -> list[Path]:
    """Every file of a hand-off, relative to its folder, the manifest last: where it stands, all the others do."""
    patterns = [each for each in (names.plates, names.masks, names.blends) if each is not None]
    found = [Path(name_at(pattern, number)) for pattern in patterns for number in frames.numbers()]
    return [*dict.fromkeys(found), Path(MANIFEST)]


@contextmanager
def staged(out: Path, names: Names, frames: FrameRange, *, replaces: Manifest | None) -> Iterator[Staging]:
    """A staging folder for a hand-off, committed on a clean exit. What a hand-off that stood there left beyond the new
    one is removed then."""
    targets = targets_of(names, frames)
    try:
        staging = Staging(out, _KIND, targets, replaces is not None)
    except OSError as error:
        raise OutputError(f"cannot write to {out}: {error.strerror}") from None
    try:
        yield staging
        staging.commit()
    except OSError as error:
        staging.discard()
        raise OutputError(f"cannot write to {out}: {error.strerror}; nothing half-written is left there") from None
    except OutputError as error:
        staging.discard()
        # the writers of plates and masks know their own folder alone
        raise OutputError(str(error).replace(str(staging.root), str(out))) from None
    except BaseException:
        staging.discard()
        raise
    if replaces is not None:
        old = Names(replaces.plates, replaces.masks, replaces.blends)
        numbers = replaces.numbers
        kept = set(targets)
        for path in targets_of(old, FrameRange(numbers[0], numbers[-1])):
            if path not in kept:
                (out / path).unlink(missing_ok=True)


@contextmanager
def hand_writer(
    staging: Staging,
    names: Names,
    options: LayoutOptions,
    source: ClipInfo,
    window: Box,
    frames: FrameRange,
    *,
    encoding: str,
    times: tuple[Fraction, ...],
) -> Iterator[HandWriter]:
    """Open writers for the plates and masks of a window, of frames in order."""
    clip = _clip(source, window, options, encoding, has_alpha=names.masks is None)
    with ExitStack() as stack:

        def opened(exporter: PictureExporter, of: ClipInfo) -> Writer:
            job = ExportJob(
                folder=staging.root, clip=of, layers=(_LAYER,), first=frames.first, last=frames.last, times=times
            )
            return stack.enter_context(exporter.open(job))

        plates = opened(_plates(options, names), clip)
        writer = HandWriter(staging, names, options, clip, plates)
        if options.layout == "video" and names.masks is not None:
            writer.masks = opened(_masks(options, names.masks), replace(clip, colour=_GREY_TAGS, bits=8))
        yield writer


def save_manifest(staging: Staging, manifest: Manifest) -> None:
    staging.path(Path(MANIFEST)).write_bytes(dumps(write_manifest(manifest)).encode())


def hashed_videos(staging: Staging, names: Names) -> Mapping[str, str]:
    """The hash of a video of masks, by its name."""
    if names.masks is None or "#" in names.masks:
        return {}
    digest = hashlib.sha256()
    with (staging.root / names.masks).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {names.masks: digest.hexdigest()}


def _clip(source: ClipInfo, window: Box, options: LayoutOptions, encoding: str, *, has_alpha: bool) -> ClipInfo:
    """The handed plates as a clip."""
    tags = source.colour
    if encoding == "sRGB":
        tags = ColourTags(tags.primaries, 13)
    elif encoding == "view":
        tags = ColourTags()
    return replace(
        source,
        width=window.width,
        height=window.height,
        bits={"8": 8, "16": 16, "float": 32}[options.depth],
        has_alpha=has_alpha,
        linear=source.linear and options.depth == "float",
        colour=tags,
        missing=(),
    )


def _plates(options: LayoutOptions, names: Names) -> PictureExporter:
    if options.layout == "video":
        video = _as_video(PICTURES[options.codec])
        if options.codec == "h264":  # nearly lossless: a tool invents from what it sees
            video = replace(video, codecs=(Codec("libx264", {"crf": "8", "preset": "medium"}),))
        return replace(video, place=Path(names.plates))
    exporter = PICTURES["exr-float" if options.depth == "float" else "png"]
    return _placed(exporter, names.plates)


def _placed(exporter: PictureExporter, pattern: str) -> PictureExporter:
    if isinstance(exporter, VideoExporter):
        raise TypeError("a video has no numbered files")
    return replace(exporter, place=lambda number: Path(name_at(pattern, number)))


def _as_video(exporter: PictureExporter) -> VideoExporter:
    if not isinstance(exporter, VideoExporter):
        raise TypeError("a video is needed here")
    return exporter


def _masks(options: LayoutOptions, name: str) -> VideoExporter:
    """Masks as grey, lossless in either codec, so that black stays 0 and white stays all of it."""
    codec = FFV1.codecs[0] if options.codec == "ffv1" else Codec("libx264", {"qp": "0", "preset": "medium"})
    base = _as_video(PICTURES[options.codec])
    return replace(base, name="handoff-masks", codecs=(codec,), paint=_painted_mask, place=Path(name))


def _painted_mask(matte: Matte, plate: Frame | None, tags: ColourTags) -> Picture:
    if plate is None:
        raise ValueError("a mask comes as the plate")
    grey = plate.pixels[..., 0]
    return Picture("gray" if grey.dtype == np.uint8 else "gray16le", [grey], _GREY_TAGS)
