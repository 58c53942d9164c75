"""From flags to a document: the clip, layers and keyframes that a command line names."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.common import frame_and_file, frame_number
from roto.errors import RotoError
from roto.timing import padded, parse_range

if TYPE_CHECKING:
    from roto.masks.imported import ImportedShape
    from roto.masks.mask import Mask
    from roto.shot.document import Document, Keyframe

DEFAULT_LAYER = "matte"


class InOrder(argparse.Action):
    """Keeps flags in the order of the command line: --layer starts a layer for the keyframes that follow it."""

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


def add_keyframe_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that make keyframes."""
    keys = parser.add_argument_group("keyframes")
    keys.add_argument("--mask", metavar="FRAME=FILE", action=InOrder, help="a painted mask, an image of any kind")
    keys.add_argument(
        "--polygon", metavar="FRAME=FILE", action=InOrder, help="shapes: roto's JSON, [[x, y], ...] or a labelme file"
    )
    keys.add_argument("--absent", metavar="FRAME", action=InOrder, help="the layer is not in the picture on this frame")
    keys.add_argument(
        "--mask-channel", metavar="{auto,luma,alpha}", default="auto", help="what of a mask's image is read"
    )
    keys.add_argument("--mask-id", metavar="N", help="the object of a palette PNG")
    keys.add_argument("--label", metavar="LABEL", help="only the shapes of this label in a labelme file")


def clip_entry(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """``source`` and ``range`` of a document in ``folder``, from the clip's flags."""
    from roto.shot.paths import relative

    source: dict[str, Any] = {"path": relative(Path(args.source), folder)}
    if args.start is not None:
        source["start"] = args.start if args.start == "timecode" else frame_number(args.start)
    source |= {name: getattr(args, name) for name in ("rate", "missing") if getattr(args, name) is not None}
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


class KeyframeBuilder:
    """Makes keyframes for a document in ``folder`` from flags and files.

    ``clip_size`` is asked only when a file says on how large a picture it was drawn. Images that come inside a file
    are kept in ``images`` until :meth:`save_images`, so that nothing is written before everything is checked.
    """

    def __init__(self, args: argparse.Namespace, folder: Path, clip_size: Callable[[], tuple[int, int]]) -> None:
        self._folder = folder
        self._clip_size = clip_size
        self._label: str | None = args.label
        self._channel: str = getattr(args, "mask_channel", "auto")
        object_id = getattr(args, "mask_id", None)
        self._id = None if object_id is None else frame_number(object_id)
        self.images: dict[Path, bytes] = {}

    def from_flag(self, layer: str, flag: str, value: str) -> Keyframe:
        """One keyframe from ``--mask``, ``--polygon`` or ``--absent``."""
        from roto.masks.paint import Paint
        from roto.shot.document import Keyframe
        from roto.shot.paths import relative

        if flag == "absent":
            return Keyframe(frame=frame_number(value), absent=True)
        number, file = frame_and_file(value)
        if flag == "polygon":
            return self.from_file(layer, number, file)
        paint = Paint(file=relative(file, self._folder), channel=self._channel, id=self._id)
        return Keyframe(frame=number, shapes=(paint,))

    def from_file(self, layer: str, number: int, file: Path) -> Keyframe:
        """A keyframe from the shapes in a file: roto's JSON, a bare list of points, or labelme's."""
        from roto.masks.fields import placed
        from roto.shot.document import Keyframe
        from roto.shot.file import load_shapes

        imported = load_shapes(file)
        with placed(str(file)):
            found = imported.select(label=self._label)
            if found.size is not None:
                found.check_size(*self._clip_size())
            return Keyframe(
                frame=number, shapes=tuple(self._mask(shape, layer, number, i) for i, shape in enumerate(found.shapes))
            )

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


def source_size(document: Document, folder: Path) -> tuple[int, int]:
    """Width and height of a document's clip."""
    from roto.pipeline import open_clip

    source = open_clip(document, folder)
    try:
        return source.info.width, source.info.height
    finally:
        source.close()


def layered_keyframes(args: argparse.Namespace, builder: KeyframeBuilder) -> dict[str, list[Keyframe]]:
    """Layer names and their keyframes, in the order of the flags.

    Keyframes before the first --layer belong to it when it is the only one, and else to a layer named 'matte'.
    """
    given: list[tuple[str, str]] = getattr(args, "in_order", [])
    names = [value for flag, value in given if flag == "layer"]
    layers: dict[str, list[Keyframe]] = {}
    current = names[0] if len(names) == 1 else DEFAULT_LAYER
    for flag, value in given:
        if flag == "layer":
            current = value
            layers.setdefault(current, [])
        else:
            layers.setdefault(current, []).append(builder.from_flag(current, flag, value))
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
