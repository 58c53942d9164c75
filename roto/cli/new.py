"""Start a shot document for a clip. Keyframes are added with 'roto key', mattes made with 'roto run'."""

from __future__ import annotations

import argparse
from pathlib import Path

from roto.cli.build import add_clip_arguments, add_edge_argument, clip_entry, parse_document
from roto.cli.common import add_stage_options, read_stage_options
from roto.errors import OutputError

EXAMPLES = """\
  roto new shot.mov -o shot.roto.json --layer dancer --layer ball
  roto new 'plates/shot.####.exr' -o shot.roto.json --range 1001-1090 --rate 24
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "roto new SOURCE -o DOC [--layer NAME ...] [options]"
    parser.add_argument(
        "source", metavar="SOURCE", help="a video, an image, a folder, or shot.####.exr / shot.%%04d.exr"
    )
    parser.add_argument("-o", "--output", metavar="DOC", type=Path, required=True, help="the document, DOC.roto.json")
    parser.add_argument("--layer", metavar="NAME", action="append", help="a layer, may be given several times")
    parser.add_argument("--overwrite", action="store_true", help="replace a document that is there already")
    add_clip_arguments(parser)
    add_stage_options(parser)
    add_edge_argument(parser, "append")


def run(args: argparse.Namespace) -> int:
    from roto.edge.read import parse_step
    from roto.pipeline import open_clip
    from roto.shot.file import save
    from roto.shot.keys import check_clip

    if args.output.exists() and not args.overwrite:
        raise OutputError(f"{args.output} is there already; choose another -o, or say --overwrite")
    layers = [{"name": name, "keyframes": []} for name in args.layer or ["matte"]]
    document = parse_document(
        {
            **clip_entry(args, args.output.parent),
            "layers": layers,
            "edge": [parse_step(text).to_json() for text in args.edge or []],
            **read_stage_options(args, args.output.parent),
        }
    )
    source = open_clip(document, args.output.parent)
    try:
        check_clip(document, source.info.range)  # a name misspelt is told of here, not by the first run
    finally:
        source.close()
    save(document, args.output)
    print(args.output)
    return 0
