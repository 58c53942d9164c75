"""Plates and masks for a tool that invents pixels, of a shot's layers or of a canvas that grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.export.staging import Staging
from roto.frames.source import ClipInfo, FrameSource
from roto.frames.view import ViewedSource
from roto.handoff.colour import check_inverse, handed
from roto.handoff.defect import WHOLE_CLIP, Core, DefectOptions, blend_around, core_of
from roto.handoff.fill import extended, filled
from roto.handoff.layout import LayoutOptions, Names, check_layout, names_of
from roto.handoff.manifest import MAX_FRAMES, Manifest
from roto.handoff.over_time import along_motion, still, union_of_all
from roto.handoff.window import (
    CanvasOptions,
    aspect_box,
    canvas_box,
    check_window,
    crop_box,
    outpaint_blend,
    placed,
    rounded,
    whole_box,
)
from roto.image import EMPTY_BOX, Box, Frame, bounding_box
from roto.job.handing import (
    MANIFEST,
    Handed,
    check_folder,
    hand_writer,
    hashed_videos,
    save_manifest,
    staged,
)
from roto.job.solved import OnProgress, solved_layers
from roto.mattes import LayerReader
from roto.paths import relative, resolve
from roto.pipeline import Shot
from roto.settle import about_stacks
from roto.shot.document import Source
from roto.timing import FrameRange


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What was handed over, and where its manifest lies."""

    manifest: Manifest
    path: Path
    frames: FrameRange
    notes: tuple[str, ...]

    @property
    def changed(self) -> int:
        return sum(frame.changed for frame in self.manifest.frames)


def prepare_inpaint(
    shot: Shot,
    out: Path,
    layers: Sequence[str],
    defect: DefectOptions,
    layout: LayoutOptions,
    *,
    frames: FrameRange | None = None,
    crop_px: int | None = None,
    fill: str = "keep",
    workers: int | None = 1,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """Hand over the frames of a shot with the layers of these names masked, solving what is not solved yet.

    ``frames``: some of the shot's; None: all. ``crop_px``: only a box around what is masked on any frame, with so much
    context; None: whole pictures. ``fill``: what the plates show where they are masked, one of
    :data:`roto.handoff.fill.INSIDE`. RotoError before any work for options that do not go together and an output that
    stands in the way, after solving for layers that mask nothing.
    """
    check_layout(layout)
    if defect.over_time == WHOLE_CLIP and defect.union == "motion":
        raise RotoError("masks of the whole clip are united where they are; say --union still, or --over-time N")
    replaces = check_folder(out, overwrite)
    report = on_progress or (lambda what, done, total: None)
    info, frames = shot.source.info, frames or shot.range
    if frames.first not in shot.range or frames.last not in shot.range:
        raise RotoError(f"range {frames} is not within the document's frames, {shot.range}")
    encoding, notes = _encoding(shot.source, layout)
    _check_count(frames)
    with shot.store.locked():
        read, decided = solved_layers(shot, layers, workers=workers, on_progress=on_progress)
        names = names_of(layout, frames.first, frames.last)
        with staged(out, names, frames, replaces=replaces) as staging:
            cores = _Cores(staging)
            masked = _find_cores(shot, list(read.values()), frames, defect, cores, report)
            if masked.empty:
                raise _nothing_masked(shot, layers, frames)
            reach = math.ceil(defect.margin_px + defect.blend_px)
            masked = masked.padded(reach, info.width, info.height)
            window = _around(masked, info, crop_px, layout.multiple)

            def blend_of(number: int) -> NDArray[np.uint16]:
                blend = blend_around(cores.load(number), defect.margin_px, defect.blend_px)
                return np.asarray(placed(blend, window), np.uint16)

            manifest = Manifest(
                task="inpaint",
                canvas=Box(0, 0, info.width, info.height),
                layers=tuple(layers),
                asked={**asdict(defect), "crop_px": crop_px, "fill": fill, **_asked(layout)},
                **_facts(shot.source, _source_entry(shot.document.source, shot.folder, out), window, layout, names),
                encoding=encoding,
                frames=(),
            )
            manifest = _write(
                shot.source, staging, names, layout, manifest, frames, blend_of, lambda n: (fill, "edge"), report
            )
    return Prepared(manifest=manifest, path=out / MANIFEST, frames=frames, notes=(*decided, *notes))


def _nothing_masked(shot: Shot, layers: Sequence[str], frames: FrameRange) -> RotoError:
    what = "layers are" if len(layers) > 1 else f"layer {layers[0]!r} is"
    known = tuple(f"layer {name!r}: " for name in layers)
    why = [line for line in about_stacks(shot, shot.store) if line.startswith(known)]
    told = f" ({'; '.join(why)})" if why else ""
    return RotoError(f"the {what} empty on every frame of {frames}; there is nothing to inpaint{told}")


def _around(masked: Box, info: ClipInfo, crop_px: int | None, multiple: int) -> Box:
    """What is handed over of each picture: all of it, or what is masked with so much context."""
    if crop_px is None:
        return check_window(whole_box(info.width, info.height, multiple))
    return check_window(crop_box(masked, info.width, info.height, crop_px, multiple))


def prepare_outpaint(
    source: FrameSource,
    entry: Source,
    folder: Path,
    frames: FrameRange,
    out: Path,
    canvas: CanvasOptions,
    layout: LayoutOptions,
    *,
    aspect: Fraction | None = None,
    fill: str = "grey",
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """Hand over the frames of a clip on a larger canvas, what is new masked. ``entry`` is the clip as a document in
    ``folder`` says it. ``aspect``: of the canvas, in place of pixels per side. ``fill``: what stands in the new part,
    one of :data:`roto.handoff.fill.OUTSIDE`. RotoError for a canvas that does not grow or is too large."""
    check_layout(layout)
    replaces = check_folder(out, overwrite)
    report = on_progress or (lambda what, done, total: None)
    info = source.info
    window = _canvas(info, canvas, aspect, layout.multiple)
    blend = outpaint_blend(info.width, info.height, window, canvas.overlap_px)
    encoding, notes = _encoding(source, layout)
    _check_count(frames)
    names = names_of(layout, frames.first, frames.last)
    asked = {**asdict(canvas), "aspect": None if aspect is None else str(aspect), "fill": fill, **_asked(layout)}
    manifest = Manifest(
        task="outpaint",
        canvas=window,
        asked=asked,
        **_facts(source, _source_entry(entry, folder, out), window, layout, names),
        encoding=encoding,
        frames=(),
    )
    with staged(out, names, frames, replaces=replaces) as staging:
        manifest = _write(
            source, staging, names, layout, manifest, frames, lambda n: blend, lambda n: ("keep", fill), report
        )
    return Prepared(manifest=manifest, path=out / MANIFEST, frames=frames, notes=tuple(notes))


def _canvas(info: ClipInfo, canvas: CanvasOptions, aspect: Fraction | None, multiple: int) -> Box:
    box = canvas_box(info.width, info.height, canvas)
    grows = box != Box(0, 0, info.width, info.height)
    if aspect is not None:
        if grows:
            raise RotoError("an aspect, or pixels per side: give one of them")
        box = aspect_box(info.width, info.height, aspect, info.pixel_aspect, canvas.anchor)
    elif canvas.anchor != CanvasOptions.anchor:
        raise RotoError(f"--anchor {canvas.anchor} goes with --aspect; pixels per side say where the picture lies")
    elif not grows:
        raise RotoError("the canvas does not grow; give --left, --right, --top or --bottom, or --aspect W:H")
    return check_window(rounded(box, info.width, info.height, multiple))


def _write(
    source: FrameSource,
    staging: Staging,
    names: Names,
    layout: LayoutOptions,
    manifest: Manifest,
    frames: FrameRange,
    blend_of: Callable[[int], NDArray[np.uint16]],
    fills: Callable[[int], tuple[str, str]],
    report: OnProgress,
) -> Manifest:
    """The one loop over the frames: plates, masks and blends out, and the manifest last."""
    window = manifest.window
    times = tuple(source.time(number) for number in frames.numbers())
    with hand_writer(
        staging, names, layout, source.info, window, frames, encoding=manifest.encoding, times=times
    ) as writer:
        for done, frame in enumerate(source.frames(frames.first, frames.last), 1):
            blend = blend_of(frame.number)
            writer.write(Handed(frame.number, _pixels(frame, blend, window, layout.depth, *fills(frame.number)), blend))
            report("handing over", done, len(frames))
    whole = replace(manifest, frames=tuple(writer.frames), hashes=hashed_videos(staging, names))
    save_manifest(staging, whole)
    return whole


def _pixels(frame: Frame, blend: NDArray[np.uint16], window: Box, depth: str, within: str, beyond: str) -> NDArray[Any]:
    pixels = extended(handed(frame, depth), window, beyond)
    return filled(pixels, blend > 0, within)


# -- what is masked ---------------------------------------------------------------------------------------------------


class _Cores:
    """The cores of a clip's frames, in files that go away with the staging folder."""

    def __init__(self, staging: Staging) -> None:
        self._folder = staging.root / ".cores"
        self._folder.mkdir()
        self._shape = (0, 0)

    def save(self, number: int, core: Core) -> None:
        self._shape = core.shape[0], core.shape[1]
        (self._folder / str(number)).write_bytes(isal_zlib.compress(np.packbits(core).tobytes(), 1))

    def load(self, number: int) -> Core:
        packed = np.frombuffer(isal_zlib.decompress((self._folder / str(number)).read_bytes()), np.uint8)
        height, width = self._shape
        return np.unpackbits(packed, count=height * width).reshape(height, width).astype(bool)


def _find_cores(
    shot: Shot,
    layers: Sequence[LayerReader],
    frames: FrameRange,
    defect: DefectOptions,
    cores: _Cores,
    report: OnProgress,
) -> Box:
    """Save the core of every frame; returns the box that holds them all."""
    reach = len(shot.range) if defect.over_time == WHOLE_CLIP else defect.over_time
    seen = FrameRange(max(frames.first - reach, shot.range.first), min(frames.last + reach, shot.range.last))
    masked = EMPTY_BOX
    for done, (number, core) in enumerate(zip(seen.numbers(), _united(shot, layers, seen, defect), strict=True), 1):
        if number in frames:
            cores.save(number, core)
            masked = masked.union(bounding_box(core))
        report("masking", done, len(seen))
    return masked


def _united(shot: Shot, layers: Sequence[LayerReader], seen: FrameRange, defect: DefectOptions) -> Iterator[Core]:
    numbers = seen.numbers()

    def single() -> Iterator[Core]:
        for number in numbers:
            matte = layers[0].matte(number)
            for layer in layers[1:]:
                matte = np.maximum(matte, layer.matte(number))
            yield core_of(matte, defect.fill_holes_px)

    if defect.over_time == 0:
        return single()
    if defect.over_time == WHOLE_CLIP:
        union = union_of_all(single())
        return (union for _ in numbers if union is not None)
    if defect.union == "still":
        return still(single(), defect.over_time)
    plates = (frame.rgb8() for frame in shot.source.frames(seen.first, seen.last))
    return along_motion(zip(single(), plates, strict=True), defect.over_time)


# -- what the manifest says -------------------------------------------------------------------------------------------


def _facts(source: FrameSource, entry: Source, window: Box, layout: LayoutOptions, names: Names) -> dict[str, Any]:
    view = source.display.name if isinstance(source, ViewedSource) else None
    return {
        "source": entry,
        "fingerprint": source.fingerprint(),
        "size": (source.info.width, source.info.height),
        "window": window,
        "layout": layout.layout,
        "depth": layout.depth,
        "codec": layout.codec if layout.layout == "video" else None,
        "display": None if layout.depth == "float" else view,
        "plates": names.plates,
        "masks": names.masks,
        "blends": names.blends,
    }


def _asked(layout: LayoutOptions) -> dict[str, Any]:
    return {"multiple": layout.multiple, "soft_masks": layout.soft_masks}


def _source_entry(source: Source, folder: Path, out: Path) -> Source:
    """The clip of a document in ``folder`` as a manifest in ``out`` names it."""

    def moved(path: str) -> str:
        return relative(resolve(path, folder), out)

    return replace(source, path=moved(source.path), ocio=None if source.ocio is None else moved(source.ocio))


def _encoding(source: FrameSource, layout: LayoutOptions) -> tuple[str, list[str]]:
    """How the plates are encoded, and what a person should know of that. RotoError where it could not be undone."""
    if layout.depth == "float":
        return "source", ["plates are EXR in the source's own encoding; the answer is expected in it too"]
    if isinstance(source, ViewedSource):
        display = source.display
        lost = check_inverse(display, display.inverse(), display.name)
        told = f"plates are shown through {display.name}, and the answer is taken back through its inverse"
        return "view", [told + (f"; {100 * lost:.1f} % of all colours cannot be" if lost else "")]
    if source.info.linear:
        return "sRGB", [
            "scene-linear plates are shown as sRGB, clipped to 0 to 1, and the answer is put back into linear light"
        ]
    return "source", []


def _check_count(frames: FrameRange) -> None:
    if len(frames) > MAX_FRAMES:
        raise RotoError(f"{len(frames)} frames; at most {MAX_FRAMES} are handed over at once, choose a --range")
