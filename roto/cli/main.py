"""``roto``: the command line. A command is a module here with ``add_arguments``, ``run``, ``EXAMPLES``, and
``FLAGS_ANYWHERE`` where flags may stand among its arguments.

Only the chosen command's module is imported, and this one place turns errors into exit codes: 1 for a mistake that
the user can mend (one line), 130 for an interrupt, and a traceback for a bug of ours.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from roto import __version__
from roto.errors import RotoError

COMMANDS = {
    "track": "keyframes and a clip in, mattes out, in one line",
    "new": "start a shot document for a clip",
    "detect": "propose subjects to start layers with, without a prompt",
    "key": "add, list, remove or import keyframes of a document",
    "stack": "show or set what a layer covers: keys, shapes, files, other layers, in order",
    "edge": "show or set what is done to the edges of a document's mattes",
    "run": "solve a document, write its exports and its report",
    "batch": "run many shots, from documents or a manifest, that may be killed and go on",
    "verify": "compare what a batch delivered with its hashes",
    "export": "write more kinds of output from a solved document",
    "apply": "grade, blur or replace the picture inside a layer's matte, or what is behind it",
    "prepare": "hand plates and masks to a tool that inpaints or outpaints",
    "merge": "put what such a tool gave back into the plates",
    "suggest": "name the frame where the next keyframe helps most",
    "info": "show a clip, a document, or what this installation can do",
    "weights": "list, get and verify the weights of models",
}

_HELP = """\
usage: roto COMMAND ...

From a few keyframes to comp-ready mattes.

{commands}

examples:
  roto track shot.mov -o out --polygon 0=a.json --polygon 48=b.json
  roto track plates/shot.####.exr -o out --mask 1001=key.png --export exr prores4444
  roto info shot.mov

'roto COMMAND --help' explains a command by examples; 'roto --version' prints the version.
"""


class Parser(argparse.ArgumentParser):
    """argparse, with one line and exit code 1 for a mistake."""

    def error(self, message: str) -> NoReturn:
        raise RotoError(f"{message}; see '{self.prog} --help'")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except RotoError as error:
        print(f"roto: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("roto: interrupted; what is solved is kept, the same command goes on from there", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `roto info ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_HELP.format(commands="\n".join(f"  {name:9}{text}" for name, text in COMMANDS.items())), end="")
        return 0 if arguments else 1
    if arguments[0] == "--version":
        print(f"roto {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        raise RotoError(f"{name!r} is not a command; there are {', '.join(COMMANDS)} (see 'roto --help')")
    command = importlib.import_module(f"roto.cli.{name}")
    parser = Parser(
        prog=f"roto {name}",
        description=command.__doc__,
        epilog=f"examples:\n{command.EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    parse = parser.parse_intermixed_args if getattr(command, "FLAGS_ANYWHERE", False) else parser.parse_args
    code: int = command.run(parse(arguments[1:]))
    return code


if __name__ == "__main__":
    sys.exit(main())
