"""A tool's answer put back into the plates that it was made from."""

from __future__ import annotations

import contextlib
import hashlib
import struct
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.export.destination import destination
from roto.export.pictures import picture
from roto.frames.pattern import listed
from roto.frames.source import FrameSource
from roto.frames.view import ViewedSource
from roto.handoff.colour import Undo, check_inverse, taken_back
from roto.handoff.layout import name_at
from roto.handoff.manifest import HandedFrame, Manifest
from roto.handoff.merge import blended, check_size, fitted
from roto.handoff.window import placed
from roto.image import Box, Frame, bounding_box, srgb_decoded
from roto.job.answers import Answers, open_answers
from roto.job.handing import load_manifest
from roto.pipeline import open_clip
from roto.shot.document import Document
from roto.timing import FrameRange

MISSING = ("error", "keep")
_NAME = "merged"
_PNG_HEAD = struct.Struct(">8sI4sII")


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What was merged: frames with an answer, those kept as they are for want of one, and those that needed none."""

    frames: FrameRange
    answered: tuple[int, ...]
    kept: tuple[int, ...]
    untouched: tuple[int, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def merge(
    manifest_path: Path,
    answer: Path,
    out: Path,
    *,
    kind: str | None = None,
    fit: str | None = None,
    missing: str = "error",
    start: int | None = None,
    source: Path | None = None,
    keep_going: bool = False,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Merged:
    """Composite ``answer`` through a hand-off's blends onto its source, and write the pictures to ``out``.

    kind: of pictures, see :data:`roto.export.pictures.PICTURES`; None: what keeps the source as it is. fit: see
        :func:`roto.handoff.merge.fitted`. missing: "error", or "keep" the plate of frames without an answer. start: see
        :func:`open_answers`. source: where the plates lie now, whether or not they are the same to the byte.
        keep_going: open a damaged source, as it was handed over.
    RotoError when the plates or the blends are not those of the hand-off, or the answer does not fit to it.
    """
    manifest, folder = load_manifest(manifest_path)
    frames = FrameRange(manifest.frames[0].number, manifest.frames[-1].number)
    report = on_progress or (lambda done, total: None)
    with ExitStack() as stack:
        entry = manifest.source if source is None else replace(manifest.source, path=str(source.absolute()))
        plates = open_clip(Document(source=entry), folder, keep_going=keep_going)
        stack.callback(plates.close)
        about_source = _check_source(plates, manifest, frames, vouched=source is not None)
        undo = _undo(plates, manifest)
        answers = open_answers(answer, manifest.numbers, manifest.plates, start=start)
        stack.callback(answers.close)
        needed = [frame.number for frame in manifest.frames if frame.changed]
        absent = _unanswered(answers, needed, answer, missing)
        info, canvas = plates.info, manifest.canvas
        clip = replace(info, width=canvas.width, height=canvas.height, missing=())
        times = tuple(plates.time(number) for number in frames.numbers())
        target = destination(out, kind, clip, frames, name=_NAME, times=times, overwrite=overwrite)
        blends = _Blends(folder, manifest)
        writer = stack.enter_context(target.open())
        for done, (plate, handed) in enumerate(
            zip(plates.frames(frames.first, frames.last), manifest.frames, strict=True), 1
        ):
            merged = _on_canvas(plate, canvas)
            if handed.changed and handed.number in answers:
                merged = _merged(merged, answers, blends.load(handed), manifest, fit, undo)
            writer.write(picture(merged))
            report(done, len(frames))
    lost = set(absent)
    return Merged(
        frames=frames,
        answered=tuple(number for number in needed if number not in lost),
        kept=tuple(absent),
        untouched=tuple(frame.number for frame in manifest.frames if not frame.changed),
        files=target.files,
        notes=(*about_source, *answers.notes, *_told(manifest, info.linear), *_about_masks(folder, manifest)),
    )


def _unanswered(answers: Answers, needed: Sequence[int], path: Path, missing: str) -> list[int]:
    """The masked frames that have no answer. RotoError for any where ``missing`` is "error"."""
    absent = [number for number in needed if number not in answers]
    if absent and missing == "error":
        raise RotoError(
            f"{path}: no answer for {len(absent)} of {len(needed)} masked frames: {listed(absent)}; "
            "give them, or say --missing keep to leave their plates"
        )
    return absent


def _check_source(plates: FrameSource, manifest: Manifest, frames: FrameRange, *, vouched: bool) -> list[str]:
    """What a person should know of the plates. RotoError when they cannot be those that were handed over, or are not to
    the byte and nobody vouches for them."""
    info = plates.info
    problem = None
    if (info.width, info.height) != manifest.size:
        problem = f"it is {info.width} x {info.height}, handed over was {manifest.size[0]} x {manifest.size[1]}"
    elif frames.first not in info.range or frames.last not in info.range:
        problem = f"it has frames {info.range}, handed over were {frames}"
    elif plates.fingerprint() != manifest.fingerprint:
        problem = "its files have changed since the hand-off, or were copied without their times"
        if vouched:
            return [f"{info.path}: {problem}"]
    if problem is not None:
        raise RotoError(
            f"{info.path} is not the source that was handed over: {problem}; name it with --source, or prepare again"
        )
    return []


def _undo(plates: FrameSource, manifest: Manifest) -> Undo | None:
    """What takes the answer's pixels to the source's encoding; None where they are in it."""
    if manifest.encoding == "sRGB":
        return srgb_decoded
    if manifest.encoding == "view":
        if not isinstance(plates, ViewedSource):
            raise RotoError("the manifest speaks of a view, and its source has none")
        undo = plates.display.inverse()
        check_inverse(plates.display, undo, plates.display.name)
        return undo
    return None


def _on_canvas(plate: Frame, canvas: Box) -> Frame:
    """The plate on its canvas: black, and opaque where the source has alpha, beyond the picture."""
    if canvas == Box(0, 0, plate.width, plate.height):
        return plate
    pixels: Any = placed(plate.pixels, canvas)
    alpha: Any = None
    if plate.alpha is not None:
        alpha = placed(plate.alpha, canvas, 1)
    return replace(plate, pixels=pixels, alpha=alpha)


def _merged(
    plate: Frame, answers: Answers, blend: NDArray[np.uint16], manifest: Manifest, fit: str | None, undo: Undo | None
) -> Frame:
    """A plate, on its canvas, with its answer."""
    window = manifest.window
    answer = answers.frame(plate.number)
    name = f"the answer for frame {plate.number}"
    check_size((answer.width, answer.height), (window.width, window.height), fit, name)
    _check_encoding(answer, plate, manifest, name)
    pixels, there = fitted(answer.pixels, window.width, window.height, fit)
    bare = 0 if there is None else int(np.count_nonzero((blend > 0) & ~there))
    if bare:
        raise RotoError(f"{name} does not reach {bare} of the masked pixels with --fit {fit}; say --fit scale")
    # only what changes is converted and mixed
    box = bounding_box(blend > 0)
    place = Box(box.x0 + window.x0, box.y0 + window.y0, box.x1 + window.x0, box.y1 + window.y0).within(manifest.canvas)
    taken = taken_back(pixels[box.slices], plate.pixels.dtype, undo)
    out = plate.pixels.copy()
    out[place.slices] = blended(plate.pixels[place.slices], taken, blend[box.slices])
    alpha = plate.alpha
    if alpha is not None and manifest.task == "outpaint":
        whole = np.ones((box.height, box.width), np.float32)
        alpha = alpha.copy()
        alpha[place.slices] = blended(alpha[place.slices], whole, blend[box.slices])
    return replace(plate, pixels=out, alpha=alpha)


def _check_encoding(answer: Frame, plate: Frame, manifest: Manifest, name: str) -> None:
    """RotoError for an answer that is in another light than it was handed over in."""
    if answer.linear and manifest.depth != "float":
        raise RotoError(
            f"{name} is scene-linear float, handed over was what a display shows; give back PNG or TIFF of it"
        )
    if plate.linear and manifest.depth == "float" and not answer.linear:
        raise RotoError(f"{name} is in whole numbers, handed over was scene-linear EXR; give back EXR")


def _about_masks(folder: Path, manifest: Manifest) -> list[str]:
    """A line where masks were edited since: the merge goes by the blends. Masks may be gone."""
    if manifest.masks is None:
        return []
    edited = []
    for frame in manifest.frames:
        path = folder / name_at(manifest.masks, frame.number)
        with contextlib.suppress(OSError):
            if frame.mask is not None and hashlib.sha256(path.read_bytes()).hexdigest() != frame.mask:
                edited.append(frame.number)
    if not edited:
        return []
    return [
        f"the masks of frames {listed(edited)} were changed since they were handed over: what is put back goes by "
        "blends/ as it was; to change more, change the layer and prepare again"
    ]


class _Blends:
    """The blends of a hand-off, each checked against the hash that its manifest has of it."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest

    def load(self, frame: HandedFrame) -> NDArray[np.uint16]:
        path = self._folder / name_at(self._manifest.blends, frame.number)
        try:
            inside = path.resolve(strict=True).is_relative_to(self._folder.resolve())
            data = path.read_bytes() if inside else b""
        except OSError as error:
            raise RotoError(f"{path} cannot be read: {error.strerror}; prepare the hand-off again") from None
        if not inside:
            raise RotoError(f"{path} leads out of the hand-off's folder; prepare the hand-off again")
        if hashlib.sha256(data).hexdigest() != frame.blend:
            raise RotoError(f"{path} is not as it was handed over; prepare the hand-off again")
        window = self._manifest.window
        if not _is_png_of(data, window.width, window.height):
            raise RotoError(f"{path} is no PNG of {window.width} x {window.height} pixels; prepare the hand-off again")
        blend = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if blend is None or blend.dtype != np.uint16 or blend.shape != (window.height, window.width):
            raise RotoError(f"{path} is no 16-bit grey PNG; prepare the hand-off again")
        picture_box = self._manifest.canvas.within(window)
        kept = np.zeros((window.height, window.width), np.uint16)
        shown = picture_box.shared(Box(0, 0, window.width, window.height))
        kept[shown.slices] = blend[shown.slices]  # a crop may reach beyond the canvas
        return kept


def _is_png_of(data: bytes, width: int, height: int) -> bool:
    """By its header, before anything is decoded."""
    if len(data) < _PNG_HEAD.size:
        return False
    mark, _, kind, *size = _PNG_HEAD.unpack_from(data)
    return mark == b"\x89PNG\r\n\x1a\n" and kind == b"IHDR" and size == [width, height]


def _told(manifest: Manifest, linear: bool) -> list[str]:
    if manifest.encoding == "sRGB":
        return ["the answer was put back from sRGB into linear light; where it counts nothing is above 1"]
    if manifest.encoding == "view":
        return [f"the answer was put back through the inverse of {manifest.display}"]
    if linear:
        return ["the answer was taken in the source's own encoding"]
    return []
