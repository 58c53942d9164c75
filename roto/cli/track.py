"""Track keyframes through a clip: one line from a clip and a few shapes to mattes.

Writes OUT/shot.roto.json, OUT/report.html and the exports: OUT/LAYER/LAYER.FRAME.png, or OUT/LAYER.EXT for videos.
A --layer starts a new layer for the keyframes that follow it; without one there is a single layer, named 'matte'.
--mask-id, --mask-channel, --label and --edge hold for the layer in which they stand; before the first --layer, for
all layers. With --stack a layer is more than its keyframes, or needs none: see 'roto stack --help'.
Run the same line again after an interruption and it goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.build import (
    InOrder,
    KeyframeBuilder,
    add_clip_arguments,
    add_edge_argument,
    add_keyframe_arguments,
    add_source_argument,
    add_stack_argument,
    clip_entry,
    clip_info,
    layered_edges,
    layered_keyframes,
    layered_stacks,
    parse_document,
)
from roto.cli.common import add_output_arguments, add_stage_options, add_work_arguments, read_stage_options
from roto.errors import OutputError, RotoError

if TYPE_CHECKING:
    from roto.shot.document import Document

DOCUMENT = "shot.roto.json"
DEFAULT_EXPORT = "png"

EXAMPLES = """\
  roto track shot.mov -o out --box 0=300,60,380,140
  roto track shot.mov -o out --point 0=330,80 --point 0=420,90,0 --point 48=351,96
  roto track shot.mov -o out --polygon 0=start.json --polygon 48=end.json
  roto track 'plates/shot.####.exr' -o out --mask 1001=key.png --export exr prores4444
  roto track shot.mov -o out --layer dancer --mask 0=d.png --absent 90 --layer ball --polygon 0=b.json
  roto track shot.mov -o out --layer her --mask 0=ids.png --mask-id 1 --layer him --mask 0=ids.png --mask-id 2
  roto track shot.mov -o out --mask 0=key.png --range 0-120 --edge grow=-0.5 --edge feather=3
  roto track shot.mov -o out --layer hero --mask 0=render.0101.exr --mask-id heroShape
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "roto track SOURCE -o OUT [--layer NAME] {--box,--point,--mask,--polygon} FRAME=... [options]"
    add_source_argument(parser)
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="output folder")
    parser.add_argument("--layer", metavar="NAME", action=InOrder, help="name the layer of the keyframes that follow")
    add_keyframe_arguments(parser)
    parser.add_argument("--export", metavar="KIND", nargs="+", action="extend", help="kinds of output (default: png)")
    add_clip_arguments(parser)
    add_stage_options(parser)
    add_stack_argument(parser)
    add_edge_argument(parser)
    add_work_arguments(parser)
    add_output_arguments(parser)


_LIKE_FILES = (".mov", ".mp4", ".mkv", ".webm", ".png", ".jpg", ".tif", ".tiff", ".exr", ".dpx")


def run(args: argparse.Namespace) -> int:
    from roto.cli.run import run_document
    from roto.shot.file import save

    document, builder = build_document(args)
    args.export = args.export or [DEFAULT_EXPORT]
    document = with_exports(document, args)
    path = args.output / DOCUMENT

    def prepare() -> None:
        if not args.quiet:
            builder.tell_skipped()
        builder.save_images()
        save(document, path)

    return run_document(document, path, args.output, args, prepare)


def with_exports(document: Document, args: argparse.Namespace) -> Document:
    """The document with every kind of export that was asked of it, now or by the same line earlier, so that after an
    edit ``roto run`` writes them all again. OutputError for an output folder that holds anything else."""
    from dataclasses import replace

    from roto.shot.file import load
    from roto.store import WORK_FOLDER

    asked: list[str] = []
    if args.output.exists() and not args.output.is_dir():
        raise OutputError(f"{args.output} is a file; -o names a folder")
    if not args.output.exists() and args.output.suffix.lower() in _LIKE_FILES:
        raise OutputError(
            f"{args.output}: -o names a folder; --export says what is written there (see 'roto export --list')"
        )
    if args.output.is_dir() and any(path.name != WORK_FOLDER for path in args.output.iterdir()):
        path = args.output / DOCUMENT
        known = load(path) if path.is_file() else None
        if known is not None and replace(known, exports=()) == document:
            asked = [*(known.exports or [DEFAULT_EXPORT])]
        elif not args.overwrite:
            there = f"; 'roto run {path}' goes on with the document there" if known is not None else ""
            raise OutputError(
                f"{args.output} is not empty{there}; choose another -o, or say --overwrite to write into it"
            )
    kinds = tuple(dict.fromkeys([*asked, *args.export]))
    return replace(document, exports=() if kinds == (DEFAULT_EXPORT,) else kinds)


def build_document(args: argparse.Namespace) -> tuple[Document, KeyframeBuilder]:
    """The document that the flags describe, and the images that belong to it. RotoError when they describe none."""
    from dataclasses import replace

    from roto.shot.document import Layer

    document = parse_document({**clip_entry(args, args.output), **read_stage_options(args, args.output)})
    builder = KeyframeBuilder(args.output, lambda: clip_info(document, args.output))
    layers, stacks = layered_keyframes(args, builder), layered_stacks(args, args.output)
    if not any(layers.values()) and not stacks:
        raise RotoError(
            "no keyframes; give at least one --box, --point, --mask or --polygon, each with its frame, or a --stack"
        )
    shared, edges = layered_edges(args)
    named = tuple(
        Layer(name=name, keyframes=tuple(layers.get(name, ())), stack=stacks.get(name), edge=edges.get(name))
        for name in dict.fromkeys([*layers, *stacks])
    )
    return replace(document, edge=shared, layers=named), builder
