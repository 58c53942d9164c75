"""From flags to a document: the clip, layers and keyframes that a command line names."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from roto.cli.common import frame_and_file, frame_number
from roto.cli.prompts import PROMPT_FLAGS, add_prompt_arguments, read_prompts
from roto.errors import RotoError
from roto.timing import padded, parse_range

if TYPE_CHECKING:
    from roto.edge.step import EdgeStep
    from roto.frames.source import ClipInfo
    from roto.masks.imported import ImportedShape
    from roto.masks.mask import Mask
    from roto.masks.prompted import Prompted
    from roto.shot.document import Document, Keyframe
    from roto.stack.entry import StackEntry

DEFAULT_LAYER = "matte"


class InOrder(argparse.Action):
    """Keeps flags in the order of the command line: --layer starts a layer for the flags that follow it."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        namespace.in_order = [*getattr(namespace, "in_order", []), (self.dest, values)]


def add_source_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help="a video, an image, a folder, or a pattern: shot.####.exr, shot.%%04d.exr"
    )


def add_clip_arguments(parser: argparse.ArgumentParser) -> None:
    """What the document says of its clip."""
    clip = parser.add_argument_group("clip")
    clip.add_argument("--range", metavar="A-B", help="frames to deliver (default: the whole clip)")
    clip.add_argument("--start", metavar="N", help="number of the first frame, or 'timecode' (default: the source's)")
    clip.add_argument("--rate", metavar="FPS", help="frame rate of an image sequence: 25, 24000/1001")
    clip.add_argument("--missing", metavar="{error,hold,black}", help="missing frames of a sequence (default: error)")
    clip.add_argument(
        "--colour-space",
        metavar="NAME",
        help="what the clip is stored in, for how it is tracked and shown: ACEScg, 'ARRI LogC4', ... (OpenColorIO)",
    )
    clip.add_argument("--view", metavar="NAME", help="the view it is shown through (default: the display's first)")
    clip.add_argument(
        "--ocio", metavar="FILE", help="OpenColorIO configuration (default: the ACES studio one, built in)"
    )


def add_keyframe_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that make keyframes."""
    keys = parser.add_argument_group("keyframes")
    keys.add_argument("--mask", metavar="FRAME=FILE", action=InOrder, help="a painted mask, an image of any kind")
    keys.add_argument(
        "--polygon", metavar="FRAME=FILE", action=InOrder, help="shapes: roto's JSON, [[x, y], ...] or a labelme file"
    )
    keys.add_argument("--absent", metavar="FRAME", action=InOrder, help="the layer is not in the picture on this frame")
    keys.add_argument(
        "--mask-channel", metavar="{auto,luma,alpha}", action=InOrder, help="what of the masks' images is read"
    )
    keys.add_argument(
        "--mask-id",
        metavar="N|NAME",
        action=InOrder,
        help="the object: its number in palette PNGs, its name in a Cryptomatte, a channel or part of an EXR",
    )
    keys.add_argument("--label", metavar="LABEL", action=InOrder, help="only the shapes of this label in labelme files")
    add_prompt_arguments(parser, InOrder)


def clip_entry(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """``source`` and ``range`` of a document in ``folder``, from the clip's flags."""
    from roto.paths import relative

    source: dict[str, Any] = {"path": relative(Path(args.source), folder)}
    if args.start is not None:
        source["start"] = args.start if args.start == "timecode" else frame_number(args.start)
    names = ("rate", "missing", "colour_space", "view")
    source |= {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.ocio is not None:
        source["ocio"] = relative(Path(args.ocio), folder)
    entry: dict[str, Any] = {"source": source}
    if args.range is not None:
        wanted = parse_range(args.range)
        entry["range"] = [wanted.first, wanted.last]
    return entry


def parse_document(data: dict[str, Any]) -> Document:
    """A document from its JSON, with every check that a file gets."""
    from roto.shot.document import VERSION
    from roto.shot.read import read_document

    return read_document({"version": VERSION, **data})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of a layer's keyframes are read: which object of their images, which shapes of labelme's."""

    label: str | None = None
    mask_channel: str = "auto"
    mask_id: int | str | None = None

    def changed(self, layer: str, flags: Iterable[tuple[str, str]]) -> Reading:
        """With what a layer's flags say; each may stand once."""
        given: dict[str, Any] = {}
        for name, text in flags:
            if name in given:
                flag = "--" + name.replace("_", "-")
                raise RotoError(f"{flag} stands twice for layer {layer!r}; start another --layer for the second")
            given[name] = _object_id(text) if name == "mask_id" else text
        return replace(self, **given)


READING_FLAGS = tuple(field.name for field in fields(Reading))


def _object_id(text: str) -> int | str:
    """A number from 0 to 255, which is an id of a palette PNG or a name in digits, or else a name."""
    if not text:
        raise RotoError("--mask-id is empty; the number or the name of an object is needed")
    return int(text) if text.isdecimal() and text.isascii() and str(int(text)) == text and int(text) <= 255 else text


class KeyframeBuilder:
    """Makes keyframes for a document in ``folder`` from flags and files.

    ``clip`` is asked only when it matters: for a file that says on how large a picture it was drawn, or a text prompt
    without a frame. Images that come inside a file
    are kept in ``images`` until :meth:`save_images`, so that nothing is written before everything is checked.
    ``skipped`` has a line for each shape of the files that cannot be a mask.
    """

    def __init__(self, folder: Path, clip: Callable[[], ClipInfo]) -> None:
        self._folder = folder
        self._clip = clip
        self.images: dict[Path, bytes] = {}
        self.skipped: list[str] = []

    def from_flags(
        self,
        layer: str,
        flags: Sequence[tuple[str, str]],
        reading: Reading,
        there: Mapping[int, Prompted] = MappingProxyType({}),
    ) -> list[Keyframe]:
        """The keyframes that a layer's flags name, in their order, prompts last. Prompts that are ``there`` already are
        added to."""
        from roto.paths import relative
        from roto.shot.document import Keyframe

        reading = reading.changed(layer, (each for each in flags if each[0] in READING_FLAGS))
        drawn = [each for each in flags if each[0] not in (*READING_FLAGS, *PROMPT_FLAGS)]
        prompts = read_prompts(
            [each for each in flags if each[0] in PROMPT_FLAGS],
            there,
            lambda: self._clip().range.first,
            lambda file: relative(file, self._folder),
        )
        return [
            *(self._from_flag(layer, *each, reading) for each in drawn),
            *(Keyframe(frame=number, shapes=(prompt,)) for number, prompt in prompts.items()),
        ]

    def _from_flag(self, layer: str, flag: str, value: str, reading: Reading) -> Keyframe:
        """One keyframe from ``--mask``, ``--polygon`` or ``--absent``."""
        from roto.masks.paint import Paint
        from roto.paths import relative
        from roto.shot.document import Keyframe

        if flag == "absent":
            return Keyframe(frame=frame_number(value), absent=True)
        number, file = frame_and_file(value)
        if flag == "polygon":
            return self.from_file(layer, number, file, reading.label)
        paint = Paint(file=relative(file, self._folder), channel=reading.mask_channel, id=reading.mask_id)
        return Keyframe(frame=number, shapes=(paint,))

    def from_file(self, layer: str, number: int, file: Path, label: str | None) -> Keyframe:
        """A keyframe from the shapes in a file: roto's JSON, a bare list of points, or labelme's."""
        from roto.masks.fields import placed
        from roto.shot.document import Keyframe
        from roto.shot.file import load_shapes

        imported = load_shapes(file)
        self.skipped += [f"{file}: {line}" for line in imported.skipped]
        with placed(str(file)):
            found = imported.select(label=label)
            if found.size is not None:
                info = self._clip()
                found.check_size(info.width, info.height)
            return Keyframe(
                frame=number, shapes=tuple(self._mask(shape, layer, number, i) for i, shape in enumerate(found.shapes))
            )

    def tell_skipped(self) -> None:
        """Tell, on standard error, what was left out."""
        for line in self.skipped:
            print(f"roto: note: {line}", file=sys.stderr)

    def save_images(self) -> None:
        from roto.files import write_atomically

        for path, data in self.images.items():
            write_atomically(path, data)

    def _mask(self, shape: ImportedShape, layer: str, number: int, index: int) -> Mask:
        if shape.pixels is not None:
            import cv2

            name = f"keys/{layer}.{padded(number)}.{index}.png"
            self.images[self._folder / name] = cv2.imencode(".png", (shape.pixels * 255).astype("uint8"))[1].tobytes()
            shape = shape.painted(name)
        if shape.mask is None:
            raise TypeError("an imported shape has a mask or pixels")
        return shape.mask


def clip_info(document: Document, folder: Path) -> ClipInfo:
    """What a document's clip is."""
    from roto.pipeline import open_clip

    source = open_clip(document, folder)
    try:
        return source.info
    finally:
        source.close()


def add_edge_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument_group("edge options").add_argument(
        "--edge",
        metavar="STEP",
        action=InOrder,
        help="a step of the edge stage: grow=-0.5, feather=4,side=in; steps are done in the order of the flags; "
        "'roto edge --list' names them",
    )


def layered_edges(args: argparse.Namespace) -> tuple[tuple[EdgeStep, ...], dict[str, tuple[EdgeStep, ...]]]:
    """The edge steps that the flags name before any --layer, which are for all layers, and those of each layer."""
    from roto.edge.read import parse_step

    shared: list[EdgeStep] = []
    layers: dict[str, list[EdgeStep]] = {}
    steps = shared
    for flag, value in getattr(args, "in_order", []):
        if flag == "layer":
            steps = layers.setdefault(value, [])
        elif flag == "edge":
            steps.append(parse_step(value))
    return tuple(shared), {name: tuple(steps) for name, steps in layers.items() if steps}


def add_stack_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument_group("stack").add_argument(
        "--stack",
        metavar="ENTRY",
        action=InOrder,
        help="what the layer covers, from the bottom up, one flag an entry: chroma-key=#33ad63, rotoscope, "
        "file=garbage.png,operation=subtract; 'roto stack --list' names them",
    )


def layered_stacks(args: argparse.Namespace, folder: Path) -> dict[str, tuple[StackEntry, ...]]:
    """The stacks of the layers that have one. Entries before the first --layer belong where keyframes there do."""
    first, groups = _grouped(args)
    texts: dict[str, list[str]] = {}
    for name, flags in groups:
        for flag, value in flags:
            if flag == "stack":
                texts.setdefault(name or first, []).append(value)
    return {name: read_entries(entries, folder) for name, entries in texts.items()}


def read_entries(texts: list[str], folder: Path) -> tuple[StackEntry, ...]:
    """A stack from the words of a command line; the files that they name are written as a document in ``folder`` names
    them."""
    from roto.paths import relative
    from roto.stack.read import check_stack, parse_entry

    entries = []
    for text in texts:
        entry = parse_entry(text)
        paths = {name: getattr(entry, name) for name, field in entry.fields().items() if field.metadata["path"]}
        named: dict[str, Any] = {name: relative(Path(path), folder) for name, path in paths.items() if path}
        entries.append(replace(entry, **named))
    check_stack(entries)
    return tuple(entries)


def _grouped(args: argparse.Namespace) -> tuple[str, list[tuple[str, list[tuple[str, str]]]]]:
    """The flags that stand in order, by the --layer that they follow, those before any under an empty name; and the
    name of the layer that those are for: the only one there is, or 'matte'."""
    groups: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    for flag, value in getattr(args, "in_order", []):
        if flag == "layer":
            groups.append((value, []))
        else:
            groups[-1][1].append((flag, value))
    return groups[1][0] if len(groups) == 2 else DEFAULT_LAYER, groups


def layered_keyframes(args: argparse.Namespace, builder: KeyframeBuilder) -> dict[str, list[Keyframe]]:
    """Layer names and their keyframes, in the order of the flags.

    Keyframes before the first --layer belong to it when it is the only one, and else to a layer named 'matte'. What
    is said there of how files are read holds for every layer.
    """
    first, groups = _grouped(args)
    (_, before), *named = (
        (name, [each for each in flags if each[0] not in ("edge", "stack")]) for name, flags in groups
    )
    for_all = Reading().changed(first, (each for each in before if each[0] in READING_FLAGS))
    keys_before = [each for each in before if each[0] not in READING_FLAGS]
    layers: dict[str, list[Keyframe]] = {}
    for name, flags in [*([(first, keys_before)] if keys_before else []), *named]:
        layers.setdefault(name, []).extend(builder.from_flags(name, flags, for_all))
    return layers


def only_layer(document: Document, name: str | None) -> list[str]:
    """The named layer, or all of them."""
    return [document.layer(name).name] if name is not None else [layer.name for layer in document.layers]


def one_layer(document: Document, name: str | None) -> str:
    """The named layer; without a name, the only one there is."""
    if name is not None:
        return document.layer(name).name
    if len(document.layers) != 1:
        names = ", ".join(layer.name for layer in document.layers) or "none yet"
        raise RotoError(f"which layer? say --layer NAME; layers: {names}")
    return document.layers[0].name
