"""Show or set what a layer covers: an ordered stack of masks of any kind.

From the bottom up, each entry joins what stands below it by its operation: add, subtract, intersect, multiply, maximum
or invert, as far as its opacity says. 'rotoscope' stands for the layer's own keyframes, tracked; a layer without a
stack is just that. What is a number may be keyed, VALUE@FRAME:VALUE@FRAME. The next 'roto run' writes the exports anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.build import one_layer, read_entries
from roto.cli.common import say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.shot.document import Document

FLAGS_ANYWHERE = True

EXAMPLES = """\
  roto stack shot.roto.json
  roto stack shot.roto.json file=matte.####.exr
  roto stack shot.roto.json --layer hero rotoscope layer=post,operation=subtract
  roto stack shot.roto.json --layer hero rotoscope solid,operation=subtract,opacity=1@0:0@24
  roto stack shot.roto.json --layer hero --clear
  roto stack --list
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, nargs="?", help="the shot document, a .roto.json file")
    parser.add_argument("entries", metavar="ENTRY", nargs="*", help="the stack from now on, bottom first; see --list")
    parser.add_argument("--layer", metavar="NAME", help="of this layer (default: the only one there is)")
    parser.add_argument("--clear", action="store_true", help="forget it: the layer is its keyframes, tracked")
    parser.add_argument("--list", action="store_true", help="list the kinds of masks and their options")


def run(args: argparse.Namespace) -> int:
    from roto.kinds import list_of
    from roto.shot.edit import set_stack
    from roto.shot.file import load, save
    from roto.stack.read import ENTRIES

    if args.list:
        say(list_of(ENTRIES))
        return 0
    if args.document is None:
        raise RotoError("a document is needed; see 'roto stack --help'")
    if args.clear and args.entries:
        raise RotoError("--clear takes no entries")
    document = load(args.document)
    if not args.clear and not args.entries:
        _show(document, args.layer)
        return 0
    name = one_layer(document, args.layer)
    stack = None if args.clear else read_entries(args.entries, args.document.parent)
    save(set_stack(document, name, stack), args.document)
    return 0


def _show(document: Document, name: str | None) -> None:
    from roto.kinds import told

    for layer in document.layers if name is None else [document.layer(name)]:
        entries = ["rotoscope"] if layer.stack is None else [told(entry) for entry in layer.stack]
        print(f"{layer.name}: {' '.join(entries)}")
