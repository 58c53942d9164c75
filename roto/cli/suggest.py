"""Name the frame of each layer where the next keyframe is expected to help most.

The suggestion comes from the solved confidences alone; spans that are not solved yet are solved first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from roto.cli.common import add_output_arguments, add_work_arguments, print_json, prompt_told, read_workers, say
from roto.cli.progress import Progress

EXAMPLES = """\
  roto suggest out/shot.roto.json
  roto suggest out/shot.roto.json --layer dancer --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, help="the shot document, a .roto.json file")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="output folder (default: the document's)")
    parser.add_argument("--layer", metavar="NAME", help="this layer only")
    add_work_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from roto.cli.build import only_layer
    from roto.job.run import run_job
    from roto.pipeline import Shot
    from roto.shot.file import load

    document = load(args.document)
    chosen = only_layer(document, args.layer)
    out = args.output or args.document.parent
    with (
        Shot(
            document,
            args.document.parent,
            keep_going=args.keep_going,
            device=args.device,
            on_prompt=prompt_told(args.quiet),
        ) as shot,
        Progress("tracking", quiet=args.quiet) as bar,
    ):
        result = run_job(
            shot,
            out,
            [],
            workers=read_workers(args.workers),
            on_progress=lambda _, done, total: bar.update(done, total),
        )
    layers = [layer for layer in result.layers if layer.name in chosen]
    if args.json:
        print_json({layer.name: layer.as_json()["suggest"] for layer in layers})
        return 0
    for layer in layers:
        found = layer.suggestion
        say([f"{layer.name}: frame {found.number}, {found.reason}" if found else f"{layer.name}: no frame needs a key"])
    return 0
