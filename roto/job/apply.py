"""The stencil: the plate of a shot treated inside the matte of its layers, frame by frame into new pictures.

The layers are solved first, as far as the work store does not hold them. Then plates, mattes and other clips stream;
nothing holds more than a few frames.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from roto.errors import DocumentError, OutputError
from roto.export.destination import Destination, destination
from roto.export.pictures import picture
from roto.export.staging import refuse_existing
from roto.frames.pattern import parse_pattern
from roto.frames.source import ClipInfo
from roto.image import Matte
from roto.job.solved import OnProgress, solved_layers
from roto.job.stencil import Recipe, Stencil
from roto.mattes import LayerReader
from roto.memory import return_large_arrays
from roto.pipeline import Shot
from roto.shot.document import Document
from roto.shot.edit import only_layers
from roto.shot.names import composed


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What a run did. empty: frames on which the matte was empty, and the plate or the background is all there is."""

    files: tuple[Path, ...]
    kind: str
    layers: tuple[str, ...]
    frames: int
    empty: int
    apply_s: float
    elapsed_s: float
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "files": [str(path) for path in self.files],
            "layers": list(self.layers),
            "frames": self.frames,
            "empty_frames": self.empty,
            "apply_s": round(self.apply_s, 3),
            "elapsed_s": round(self.elapsed_s, 3),
            "notes": list(self.notes),
        }


def with_layers(document: Document, names: Sequence[str]) -> Document:
    """The document with these layers and those that their stacks look at, in its own order: nothing else is tracked.
    All of them where none is named. DocumentError for a name that there is not, or where there is no layer at all."""
    if not document.layers:
        raise DocumentError("layers", "there is none to apply anything inside of; give the document one")
    return only_layers(document, names) if names else document


def apply_shot(
    shot: Shot,
    recipe: Recipe,
    out: Path,
    *,
    layers: Sequence[str] = (),
    kind: str | None = None,
    name: str = "applied",
    workers: int | None = 1,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Applied:
    """Solve a shot's layers and write its pictures, treated inside those that are named, or all of them, to ``out``,
    see :func:`roto.export.destination.destination`.

    RotoError before any work for whatever does not fit: files that cannot be read, clips of another size or length,
    corners, outputs in the way. Whatever happens later, nothing half-written has a final name.
    """
    started = time.perf_counter()
    report = on_progress or (lambda what, done, total: None)
    clip = shot.source.info
    inside = [planned for planned in shot.layers if not layers or planned.layer.name in map(composed, layers)]
    with ExitStack() as stack:
        stencil = Stencil(shot, inside, recipe, stack)
        target = destination(
            out,
            kind,
            replace(clip, has_alpha=clip.has_alpha and recipe.background is None),
            shot.range,
            name=name,
            times=shot.times(),
            overwrite=overwrite,
        )
        _refuse_what_is_read(target.files, (clip, *stencil.clips))
        refuse_existing(target.files, overwrite)
        return_large_arrays()
        with shot.store.locked():
            names = [planned.layer.name for planned in inside]
            read, settled = solved_layers(shot, names, workers=workers, on_progress=report)
            applying = time.perf_counter()
            empty = _deliver(shot, list(read.values()), stencil, target, report)
        apply_s = time.perf_counter() - applying
        notes = (*clip.notes, *shot.notes, *settled, *stencil.notes, *_about_empty(empty, len(shot.range), recipe))
    return Applied(
        files=target.files,
        kind=target.exporter.name,
        layers=tuple(names),
        frames=len(shot.range),
        empty=empty,
        apply_s=apply_s,
        elapsed_s=time.perf_counter() - started,
        notes=notes,
    )


def _refuse_what_is_read(targets: Sequence[Path], clips: Sequence[ClipInfo]) -> None:
    """OutputError for an output that would take the place of what it is made from, whatever may be overwritten."""
    for clip in clips:
        own = Path(clip.path)
        pattern = None if own.exists() else parse_pattern(own)
        for target in (each for each in targets if each.exists()):
            if pattern is not None:
                same = target.parent.samefile(pattern.folder) and pattern.number(target.name) is not None
            else:
                same = target.samefile(own) or target.parent.samefile(own)
            if same:
                raise OutputError(f"{target} belongs to {own}, which is being read; choose another -o")


def _deliver(
    shot: Shot, layers: Sequence[LayerReader], stencil: Stencil, target: Destination, report: OnProgress
) -> int:
    """Every frame, in order; returns on how many the matte was empty."""
    empty = 0
    with target.open() as writer:
        for done, plate in enumerate(shot.source.frames(shot.range.first, shot.range.last), 1):
            matte = joined(layers, plate.number)
            empty += not matte.any()
            writer.write(picture(stencil.applied(plate, matte)))
            report("applying", done, len(shot.range))
    return empty


def joined(layers: Sequence[LayerReader], number: int) -> Matte:
    """The sum of the layers' coverages, up to 1, so that layers whose edges meet leave no seam."""
    matte = layers[0].matte(number)
    for layer in layers[1:]:
        matte = np.minimum(matte + layer.matte(number), np.float32(1))
    return matte


def _about_empty(empty: int, frames: int, recipe: Recipe) -> list[str]:
    if not empty:
        return []
    what = "the background alone is seen" if recipe.background is not None else "the plate comes back unchanged"
    if recipe.invert:
        what = "the plate alone is seen" if recipe.background is not None else "the whole frame is treated"
    where = "on every frame" if empty == frames else f"on {empty} of {frames} frames"
    return [f"the matte is empty {where}: {what} there"]
