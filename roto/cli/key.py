"""Add, list, remove, import and look at the keyframes of a document.

Points that are added to a frame with a prompt join it. Only the spans beside a keyframe that changed are solved
again by the next 'roto run'.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.build import KeyframeBuilder, Reading, add_keyframe_arguments, clip_info, one_layer, only_layer
from roto.cli.common import add_device_argument, counted, frame_number, print_json, say
from roto.cli.prompts import prompts_there
from roto.errors import RotoError
from roto.timing import padded

if TYPE_CHECKING:
    from roto.masks.prompted import Prompted
    from roto.shot.document import Document, Keyframe

EXAMPLES = """\
  roto key add shot.roto.json --layer dancer --polygon 36=fix.json
  roto key add shot.roto.json --mask 12=painted.png --replace
  roto key add shot.roto.json --box 12=300,60,380,140 --preview answers.png
  roto key add shot.roto.json --point 12=330,80 --point 12=420,90,0
  roto key add shot.roto.json --candidate 12=2
  roto key preview shot.roto.json 12 -o answers.png
  roto key add shot.roto.json --absent 90
  roto key list shot.roto.json --json
  roto key remove shot.roto.json --layer dancer 36 48
  roto key import shot.roto.json --layer dancer --label person labels/*.json
"""
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="{add,list,remove,import,preview}", required=True)
    add = _action(actions, "add", "add keyframes")
    add_keyframe_arguments(add)
    add.add_argument(
        "--preview", metavar="FILE", type=Path, help="write a picture of the prompt's answers, and change nothing"
    )
    look = _action(actions, "preview", "write a picture of the answers to a prompt that is keyed")
    look.add_argument("frame", metavar="FRAME", help="the frame of the prompt")
    look.add_argument("-o", "--output", metavar="FILE", type=Path, help="PNG (default: LAYER.FRAME.answers.png)")
    for each in (add, look):
        add_device_argument(each)
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
    if args.action == "preview":
        return _preview_keyed(document, name, args)
    if args.action == "remove":
        for text in args.frames:
            document = remove_keyframe(document, name, frame_number(text))
        save(document, args.document)
        return 0
    folder = args.document.parent
    original = document
    builder = KeyframeBuilder(folder, lambda: clip_info(original, folder))
    there = {} if args.replace else prompts_there(document.layer(name).keyframes)
    found = _added(args, name, builder, there) if args.action == "add" else _imported(args, name, builder)
    if getattr(args, "preview", None) is not None:
        return _preview(document, name, found, args)
    joined = there.keys() & prompts_there(found).keys()
    for keyframe in found:
        document = _put(document, name, keyframe, args.replace or keyframe.frame in joined)
    builder.tell_skipped()
    builder.save_images()
    save(document, args.document)
    return 0


def _put(document: Document, name: str, keyframe: Keyframe, replace: bool) -> Document:
    from roto.shot.edit import add_keyframe, set_keyframe

    return set_keyframe(document, name, keyframe) if replace else add_keyframe(document, name, keyframe)


def _added(
    args: argparse.Namespace, layer: str, builder: KeyframeBuilder, there: dict[int, Prompted]
) -> list[Keyframe]:
    given: list[tuple[str, str]] = getattr(args, "in_order", [])
    keyframes = builder.from_flags(layer, given, Reading(), there)
    if not keyframes:
        raise RotoError("no keyframe; give --box, --point, --polygon, --mask or --absent, each with its frame")
    return keyframes


def _preview(document: Document, layer: str, keyframes: list[Keyframe], args: argparse.Namespace) -> int:
    prompts = prompts_there(keyframes)
    if len(prompts) != 1 or len(keyframes) != 1:
        raise RotoError("--preview shows the answers to one prompt; give the --point and --box of one frame")
    ((number, prompted),) = prompts.items()
    return _write_preview(document, layer, number, prompted, args.preview, args)


def _preview_keyed(document: Document, layer: str, args: argparse.Namespace) -> int:
    number = frame_number(args.frame)
    prompts = prompts_there(document.layer(layer).keyframes)
    if number not in prompts:
        frames = ", ".join(map(str, prompts)) or "none"
        raise RotoError(f"layer {layer!r} has no prompt on frame {number}; frames with prompts: {frames}")
    file = args.output or Path(f"{layer}.{padded(number)}.answers.png")
    return _write_preview(document, layer, number, prompts[number], file, args)


def _write_preview(
    document: Document, layer: str, number: int, prompted: Prompted, file: Path, args: argparse.Namespace
) -> int:
    from roto.job.preview import write_preview

    if file.suffix.lower() != ".png":
        raise RotoError(f"{file}: a preview is a PNG; give a name that ends in .png")
    found = write_preview(document, args.document.parent, layer, number, prompted, file, args.device)
    chosen = min(prompted.candidate, len(found))
    say(
        f"{index}{'*' if index == chosen else ' '}  estimate {each.score:.2f}, fits the prompt {each.agreement:.2f}, "
        f"{100 * float(each.matte.mean()):.1f} % of the picture"
        for index, each in enumerate(found, 1)
    )
    how = (
        "the same line with --candidate N in place of --preview keys the one of your choice"
        if args.action == "add"
        else f"'roto key add {args.document} --layer {layer} --candidate {number}=N' chooses another"
    )
    say([f"wrote {file}; {how}"])
    return 0


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
