"""Add, list, remove and import the keyframes of a document.

Only the spans beside a keyframe that changed are solved again by the next 'roto run'.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.build import KeyframeBuilder, Reading, add_keyframe_arguments, one_layer, only_layer, source_size
from roto.cli.common import counted, frame_number, print_json, say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.shot.document import Document, Keyframe

EXAMPLES = """\
  roto key add shot.roto.json --layer dancer --polygon 36=fix.json
  roto key add shot.roto.json --mask 12=painted.png --replace
  roto key add shot.roto.json --absent 90
  roto key list shot.roto.json --json
  roto key remove shot.roto.json --layer dancer 36 48
  roto key import shot.roto.json --layer dancer --label person labels/*.json
"""
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="{add,list,remove,import}", required=True)
    add = _action(actions, "add", "add keyframes")
    add_keyframe_arguments(add)
    listing = _action(actions, "list", "list layers and their keyframes")
    listing.add_argument("--json", action="store_true", help="as JSON")
    remove = _action(actions, "remove", "remove keyframes")
    remove.add_argument("frames", metavar="FRAME", nargs="+", help="keyed frames to remove")
    bring = _action(actions, "import", "import labelme files or roto's shapes, a keyframe a file")
    bring.add_argument("files", metavar="FILE", nargs="+", type=Path, help="the last number in its name is its frame")
    bring.add_argument("--label", metavar="LABEL", help="only the shapes of this label")
    bring.add_argument("--offset", metavar="N", default="0", help="added to the number in the file's name")
    for each in (add, bring):
        each.add_argument("--replace", action="store_true", help="replace keyframes that are there already")


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("document", metavar="DOC", type=Path, help="the shot document, a .roto.json file")
    parser.add_argument("--layer", metavar="NAME", help="the layer; not needed where there is only one")
    return parser


def run(args: argparse.Namespace) -> int:
    from roto.shot.edit import remove_keyframe
    from roto.shot.file import load, save

    document = load(args.document)
    if args.action == "list":
        _list(document, args)
        return 0
    name = one_layer(document, args.layer)
    if args.action == "remove":
        for text in args.frames:
            document = remove_keyframe(document, name, frame_number(text))
        save(document, args.document)
        return 0
    folder = args.document.parent
    original = document
    builder = KeyframeBuilder(folder, lambda: source_size(original, folder))
    for keyframe in _added(args, name, builder) if args.action == "add" else _imported(args, name, builder):
        document = _put(document, name, keyframe, args.replace)
    builder.tell_skipped()
    builder.save_images()
    save(document, args.document)
    return 0


def _put(document: Document, name: str, keyframe: Keyframe, replace: bool) -> Document:
    from roto.shot.edit import add_keyframe, set_keyframe

    return set_keyframe(document, name, keyframe) if replace else add_keyframe(document, name, keyframe)


def _added(args: argparse.Namespace, layer: str, builder: KeyframeBuilder) -> list[Keyframe]:
    given: list[tuple[str, str]] = getattr(args, "in_order", [])
    keyframes = builder.from_flags(layer, given, Reading())
    if not keyframes:
        raise RotoError("no keyframe; give --polygon FRAME=FILE, --mask FRAME=FILE or --absent FRAME")
    return keyframes


def _imported(args: argparse.Namespace, layer: str, builder: KeyframeBuilder) -> list[Keyframe]:
    offset = frame_number(args.offset)
    keyframes = []
    for file in args.files:
        found = _LAST_NUMBER.search(file.stem)
        if found is None:
            raise RotoError(f"{file} has no number in its name that could be its frame; use 'roto key add' for it")
        keyframes.append(builder.from_file(layer, int(found[1]) + offset, file, args.label))
    return keyframes


def _list(document: Document, args: argparse.Namespace) -> None:
    names = only_layer(document, args.layer)
    layers = [layer for layer in document.layers if layer.name in names]
    if args.json:
        print_json(
            {
                layer.name: [
                    {"frame": key.frame, "absent": key.absent, "shapes": [shape.type for shape in key.shapes]}
                    for key in layer.keyframes
                ]
                for layer in layers
            }
        )
        return
    for layer in layers:
        say([f"{layer.name}: {counted(len(layer.keyframes), 'keyframe')}"])
        for key in layer.keyframes:
            what = "absent" if key.absent else ", ".join(shape.type for shape in key.shapes)
            say([f"  {key.frame:>6}  {what}"])
