"""Accepting proposals by number: a layer for each, in the document of their clip."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.common import counted, print_json, say
from roto.errors import DocumentError, OutputError, RotoError
from roto.timing import padded

if TYPE_CHECKING:
    from roto.cli.proposals import Kept, KeptProposals
    from roto.frames.source import FrameSource
    from roto.shot.document import Document, Keyframe


@dataclass(frozen=True, slots=True)
class Place:
    """The document that is worked on, there already or not, and the folder of the proposals."""

    document: Document
    path: Path
    folder: Path | None
    keep_going: bool

    @contextmanager
    def clip(self) -> Iterator[FrameSource]:
        from roto.pipeline import open_clip

        source = open_clip(self.document, self.path.parent, keep_going=self.keep_going)
        try:
            yield source
        finally:
            source.close()


def accept(args: argparse.Namespace, place: Place, frame: int | None) -> int:
    """Run ``roto detect --accept``; returns the exit code."""
    from roto.cli.proposals import load_kept
    from roto.files import write_atomically
    from roto.shot.file import load, save

    if place.folder is None:
        raise RotoError("--accept needs the -o DIR that the proposals were written to")
    numbers = [whole_number(text, "--accept") for text in args.accept.split(",")]
    kept = load_kept(place.folder, frame)
    chosen = kept.chosen(list(dict.fromkeys(numbers)))
    named = dict(zip(_names(args.layer, chosen), chosen, strict=True))
    if len(named) < len(chosen):
        raise RotoError("--layer gives two proposals the same name; layers differ in their names")
    _check_same(kept, place)
    if place.path.exists() and not args.source.endswith(".json"):
        place = replace(place, document=load(place.path))
        _check_same(kept, place)
    document, images = _with_layers(place, kept.frame, named, args.kind)
    for path, data in images.items():
        write_atomically(path, data)
    save(document, place.path)
    if args.json:
        layers = [{"layer": name, "number": each.number} for name, each in named.items()]
        print_json({"document": str(place.path), "frame": kept.frame, "accepted": layers})
    elif not args.quiet:
        say([f"{counted(len(named), 'layer')} keyed on frame {kept.frame}: {', '.join(named)}", str(place.path)])
    return 0


def _with_layers(place: Place, frame: int, named: dict[str, Kept], kind: str) -> tuple[Document, dict[Path, bytes]]:
    """The document with a layer for each accepted proposal, and the images that its keyframes name. DocumentError or
    OutputError where a name is taken already."""
    from roto.shot.document import Layer
    from roto.shot.edit import add_layer

    document, images = place.document, {}
    for name, proposal in named.items():
        if name.casefold() in (layer.name.casefold() for layer in document.layers):
            raise DocumentError("", f"{place.path} has a layer {name!r} already; give another name with --layer")
        file = f"keys/{name}.{padded(frame)}.png"
        keyframe, image = _keyframe(frame, proposal, kind, file)
        document = add_layer(document, Layer(name=name, keyframes=(keyframe,)))
        path = place.path.parent / file
        if image is not None and path.exists() and not _holds(path, image):
            raise OutputError(f"{path} is there already; give another name with --layer")
        if image is not None:
            images[path] = image
    return document, images


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is what an earlier run, cut short, has written."""
    return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data


def _check_same(kept: KeptProposals, place: Place) -> None:
    """RotoError unless the proposals are of this document's clip, as it is now."""
    from roto.cli.proposals import clip_identity

    with place.clip() as source:
        identity = clip_identity(source)
    if identity != kept.clip:
        same_file = identity["fingerprint"] == kept.clip.get("fingerprint")
        of = (
            "the same clip with other frame numbers, not"
            if same_file
            else "another clip or an earlier state of it, not"
        )
        raise RotoError(
            f"the proposals in {place.folder} are of {of} {place.document.source.path} as {_named(place)} has it; "
            "run 'roto detect' again"
        )


def _named(place: Place) -> str:
    return str(place.path) if place.path.exists() else "this line"


def _names(given: list[str] | None, chosen: list[Kept]) -> list[str]:
    if given is None:
        return [f"subject-{each.number}" for each in chosen]
    if len(given) != len(chosen):
        raise RotoError(
            f"{counted(len(chosen), 'proposal')} accepted and {counted(len(given), '--layer')} given; "
            "give a name for each, or none"
        )
    return given


def _keyframe(frame: int, proposal: Kept, kind: str, file: str) -> tuple[Keyframe, bytes | None]:
    """The keyframe of an accepted proposal, and the image that it names, if it names one."""
    from roto.masks.paint import Paint
    from roto.masks.prompted import Prompted
    from roto.shot.document import Keyframe

    if kind == "prompt":
        x0, y0, x1, y1 = map(float, proposal.box)
        return Keyframe(frame=frame, shapes=(Prompted(box=(x0, y0, x1, y1)),)), None
    return Keyframe(frame=frame, shapes=(Paint(file=file, channel="luma"),)), proposal.data()


def whole_number(text: str, flag: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= 100:
        raise RotoError(f"{flag} {text}: a whole number from 1 to 100 is needed")
    return int(text)
