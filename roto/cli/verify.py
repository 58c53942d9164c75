"""Compare what was delivered with its hashes: which files are missing, changed, or were never delivered.

'roto batch' writes delivery.json beside what it delivers; it travels along. Exit code 1 where anything differs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.common import add_output_arguments, counted, print_json, say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.batch.delivery import Verified

EXAMPLES = """\
  roto verify delivery/
  roto verify delivery/sh010/delivery.json
  roto verify tonight.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="OUT|MANIFEST", type=Path, help="a folder, a delivery.json, or the manifest of a batch"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, help="where the batch of the manifest was written, if elsewhere"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from roto.batch.delivery import DELIVERY, deliveries_in, verify
    from roto.batch.manifest import is_manifest, read_manifest

    what: Path = args.what
    undelivered: list[str] = []
    if is_manifest(what):
        manifest = read_manifest(what, args.output)
        paths = {shot.name: manifest.folder_of(shot.name) / DELIVERY for shot in manifest.shots}
        undelivered = [name for name, path in paths.items() if not path.is_file()]
        found = [path for path in paths.values() if path.is_file()]
    elif what.is_dir():
        found = deliveries_in(what)
    elif what.is_file():
        found = [what]
    else:
        raise RotoError(f"{what} is not there; name a folder, a {DELIVERY} or a manifest")
    verified = verify(found)
    if args.json:
        print_json(
            {
                "whole": verified.whole and not undelivered,
                "sound": verified.sound,
                "undelivered": undelivered,
                **{name: [str(path) for path in getattr(verified, name)] for name in ("missing", "changed", "extra")},
            }
        )
    elif not args.quiet:
        say([*(f"undelivered {name}: the batch has not finished it" for name in undelivered), *_told(verified)])
    return 0 if verified.whole and not undelivered else 1


def _told(verified: Verified) -> list[str]:
    lines = [f"{what:11} {path}" for what in ("missing", "changed", "extra") for path in getattr(verified, what)]
    return [*lines, f"{counted(verified.sound, 'file')} as delivered, in {_deliveries(len(verified.deliveries))}"]


def _deliveries(count: int) -> str:
    return "1 delivery" if count == 1 else f"{count} deliveries"
