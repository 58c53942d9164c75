"""Start a shot document for a clip. Keyframes are added with 'roto key', mattes made with 'roto run'.

--stack and --edge hold for the layer after whose --layer they stand; --edge before the first one for all layers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from roto.cli.build import (
    DEFAULT_LAYER,
    InOrder,
    add_clip_arguments,
    add_edge_argument,
    add_stack_argument,
    clip_entry,
    layered_edges,
    layered_stacks,
    parse_document,
)
from roto.cli.common import add_stage_options, read_stage_options
from roto.errors import OutputError

EXAMPLES = """\
  roto new shot.mov -o shot.roto.json --layer dancer --layer ball
  roto new 'plates/shot.####.exr' -o shot.roto.json --range 1001-1090 --rate 24
  roto new shot.mov -o shot.roto.json --layer rig --layer hero --stack chroma-key --stack layer=rig,operation=subtract
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "roto new SOURCE -o DOC [--layer NAME ...] [options]"
    parser.add_argument(
        "source", metavar="SOURCE", help="a video, an image, a folder, or shot.####.exr / shot.%%04d.exr"
    )
    parser.add_argument("-o", "--output", metavar="DOC", type=Path, required=True, help="the document, DOC.roto.json")
    parser.add_argument("--layer", metavar="NAME", action=InOrder, help="a layer, may be given several times")
    parser.add_argument("--overwrite", action="store_true", help="replace a document that is there already")
    add_clip_arguments(parser)
    add_stage_options(parser)
    add_stack_argument(parser)
    add_edge_argument(parser)


def run(args: argparse.Namespace) -> int:
    from roto.pipeline import open_clip
    from roto.shot.file import save
    from roto.shot.keys import check_clip

    if args.output.exists() and not args.overwrite:
        raise OutputError(f"{args.output} is there already; choose another -o, or say --overwrite")
    folder = args.output.parent
    stacks, (shared, edges) = layered_stacks(args, folder), layered_edges(args)
    named = [value for flag, value in getattr(args, "in_order", []) if flag == "layer"]
    strangers = [name for name in stacks if name not in named]  # what stood before two layers or more
    layers = [
        {
            "name": name,
            "keyframes": [],
            **({"stack": [entry.to_json() for entry in stacks[name]]} if name in stacks else {}),
            **({"edge": [step.to_json() for step in edges[name]]} if name in edges else {}),
        }
        for name in [*strangers, *named] or [DEFAULT_LAYER]
    ]
    document = parse_document(
        {
            **clip_entry(args, folder),
            "layers": layers,
            "edge": [step.to_json() for step in shared],
            **read_stage_options(args, folder),
        }
    )
    source = open_clip(document, folder)
    try:
        check_clip(document, source.info.range)  # a name misspelt is told of here, not by the first run
    finally:
        source.close()
    save(document, args.output)
    print(args.output)
    return 0
