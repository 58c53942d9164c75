"""Show or set what is done to the edges of a document's mattes, in which order.

Every delivered matte goes through these steps, keyed frames too. A layer has the document's steps until it gets its
own. Nothing is tracked again for it: the next 'roto run' writes the exports with the new edges.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.common import say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.edge.step import EdgeStep
    from roto.shot.document import Document

NONE = "none"
FLAGS_ANYWHERE = True

EXAMPLES = """\
  roto edge shot.roto.json
  roto edge shot.roto.json despeckle=40 grow=-0.5 feather=4,side=in
  roto edge shot.roto.json --layer hair levels=0.05,white=0.95
  roto edge shot.roto.json --layer logo none
  roto edge shot.roto.json --layer logo --clear
  roto edge --list
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, nargs="?", help="the shot document, a .roto.json file")
    parser.add_argument(
        "steps", metavar="STEP", nargs="*", help=f"the steps from now on, see --list; {NONE!r}: none at all"
    )
    parser.add_argument(
        "--layer", metavar="NAME", help="for this layer alone (default: for all without steps of their own)"
    )
    parser.add_argument("--clear", action="store_true", help="forget the steps; a layer has the document's again")
    parser.add_argument("--list", action="store_true", help="list the kinds of steps and their options")


def run(args: argparse.Namespace) -> int:
    from roto.edge.read import STEPS, parse_step
    from roto.kinds import list_of
    from roto.shot.edit import set_edge
    from roto.shot.file import load, save

    if args.list:
        say(list_of(STEPS))
        return 0
    if args.document is None:
        raise RotoError("a document is needed; see 'roto edge --help'")
    if args.clear and args.steps:
        raise RotoError("--clear takes no steps")
    document = load(args.document)
    if not args.clear and not args.steps:
        _show(document, args.layer)
        return 0
    steps = () if args.steps == [NONE] else tuple(parse_step(text) for text in args.steps)
    if args.layer is None:
        document = dataclasses.replace(document, edge=steps)
        _tell_own(document)
    else:
        document = set_edge(document, args.layer, None if args.clear else steps)
    save(document, args.document)
    return 0


def _tell_own(document: Document) -> None:
    names = [layer.name for layer in document.layers if layer.edge is not None]
    if names:
        print(
            f"roto: note: {', '.join(names)} {'has' if len(names) == 1 else 'have'} own steps, which stay; "
            "see --layer and --clear",
            file=sys.stderr,
        )


def _show(document: Document, name: str | None) -> None:
    if name is None:
        print(f"all layers: {_in_words(document.edge)}")
    for layer in document.layers if name is None else [document.layer(name)]:
        if layer.edge is not None or name is not None:
            own = "" if layer.edge is not None else " (as all layers)"
            print(f"{layer.name}: {_in_words(document.edge_steps(layer))}{own}")


def _in_words(steps: tuple[EdgeStep, ...]) -> str:
    from roto.kinds import told

    return " ".join(told(step) for step in steps) or NONE
