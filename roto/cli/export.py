"""Write more kinds of output from a document. What is solved already is not solved again."""

from __future__ import annotations

import argparse
from pathlib import Path

from roto.cli.common import add_output_arguments, add_quality_argument, add_work_arguments, with_quality
from roto.errors import RotoError

EXAMPLES = """\
  roto export out/shot.roto.json prores4444 exr-layers
  roto export out/shot.roto.json png-rgba -o /mnt/delivery/shot
  roto export --list
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, nargs="?", help="the shot document, a .roto.json file")
    parser.add_argument("export", metavar="KIND", nargs="*", help="kinds of output, see --list")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="output folder (default: the document's)")
    parser.add_argument("--list", action="store_true", help="list the kinds, and why one cannot be written here")
    add_quality_argument(parser)
    add_work_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.list:
        from roto.export import EXPORTERS

        for name, exporter in EXPORTERS.items():
            reason = exporter.unavailable()
            print(f"{name:18}{exporter.summary}" + (f" (not available: {reason})" if reason else ""))
        return 0
    if args.document is None or not args.export:
        raise RotoError("a document and at least one kind are needed; see 'roto export --list'")
    from roto.cli.run import run_document
    from roto.shot.file import load

    document = with_quality(load(args.document), args.quality)
    return run_document(document, args.document, args.output or args.document.parent, args)
