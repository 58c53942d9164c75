"""List, get and verify the official weights of the models that roto can use.

They are kept in your own folder, or in the one that ROTO_WEIGHTS names, which a studio may share and keep read-only.
A download that broke off is gone on from by the same command, and a file has its name only when its SHA-256 is right.
ROTO_WEIGHTS_URL names a mirror; ROTO_OFFLINE=1 keeps off the network.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from roto.cli.common import print_json, say
from roto.cli.progress import Progress

if TYPE_CHECKING:
    from roto.weights.table import Entry

EXAMPLES = """\
  roto weights list
  roto weights get vit_b
  ROTO_WEIGHTS=/mnt/studio/weights roto weights get vit_b vit_h
  roto weights verify
  roto weights path
"""
_MB = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="{list,get,verify,path}", required=True)
    listing = _action(actions, "list", "list the weights there are, and which of them are here")
    listing.add_argument("--json", action="store_true", help="as JSON")
    get = _action(actions, "get", "get weights that are not here yet")
    get.add_argument("names", metavar="NAME", nargs="+", help="which, as 'roto weights list' names them")
    get.add_argument("--offline", action="store_true", help="never touch the network: say whether they are here")
    get.add_argument("--quiet", action="store_true", help="no progress and no summary, errors only")
    verify = _action(actions, "verify", "compare the files that are here with the official SHA-256 sums")
    verify.add_argument("names", metavar="NAME", nargs="*", help="which (default: all that are here)")
    _action(actions, "path", "print the folder that weights are got into")


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    return parser


def run(args: argparse.Namespace) -> int:
    return {"list": _list, "get": _get, "verify": _verify, "path": _path}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from roto.weights.folders import get_folder
    from roto.weights.table import WEIGHTS

    rows = [_row(entry) for entry in WEIGHTS.values()]
    if args.json:
        print_json({"folder": str(get_folder()), "weights": rows})
        return 0
    for row in rows:
        line = f"{row['name']:8}{row['size']:>8}  {row['state']:15}{row['licence']:12}{row['path'] or row['about']}"
        say([line])
    return 0


def _row(entry: Entry) -> dict[str, Any]:
    from roto.weights.folders import locate

    path = locate(entry)
    return {
        "name": entry.name,
        "size": entry.size,
        "bytes": entry.bytes,
        "state": _state(entry),
        "path": str(path) if path else None,
        "licence": entry.licence,
        "about": entry.about,
        "url": entry.url,
        "sha256": entry.sha256,
    }


def _state(entry: Entry) -> str:
    from roto.weights.folders import get_folder, locate

    path = locate(entry)
    if path:
        return "here" if path.stat().st_size == entry.bytes else "of wrong size"
    part = get_folder() / f"{entry.file}.part"
    return f"{100 * part.stat().st_size // entry.bytes}% here" if part.is_file() else "not here"


def _get(args: argparse.Namespace) -> int:
    from roto.weights.table import entry_of

    for entry in [entry_of(name) for name in dict.fromkeys(args.names)]:
        _get_one(entry, offline=args.offline, quiet=args.quiet)
    return 0


def _get_one(entry: Entry, *, offline: bool, quiet: bool) -> None:
    from roto.weights.fetch import fetch

    with Progress(f"getting {entry.name}", quiet=quiet, unit="MB") as bar:
        found = fetch(
            entry.name,
            offline=offline,
            on_progress=lambda done, total: bar.update(done // _MB, total // _MB),
            on_wait=lambda: _wait(entry.name),
        )
    if not quiet:
        say([f"{entry.name}: {found.path} ({entry.size}, SHA-256 right)"])


def _wait(name: str) -> None:
    print(f"roto: another process is getting {name} already; waiting for it", file=sys.stderr, flush=True)


def _verify(args: argparse.Namespace) -> int:
    from roto.weights.folders import locate
    from roto.weights.table import WEIGHTS, entry_of

    asked = [entry_of(name) for name in dict.fromkeys(args.names)]
    entries = asked or [entry for entry in WEIGHTS.values() if locate(entry)]
    if not entries:
        say(["no weights are here; 'roto weights get NAME' brings them"])
    verdicts = [_verify_one(entry) for entry in entries]
    return 0 if all(verdicts) else 1


def _verify_one(entry: Entry) -> bool:
    """Read all of an entry's file again and say whether it is right."""
    from roto.weights.checksum import remember, sha256_of
    from roto.weights.folders import locate

    path = locate(entry)
    if path is None:
        say([f"{entry.name}: not here; 'roto weights get {entry.name}' brings it"])
        return False
    try:
        with Progress(f"verifying {entry.name}", unit="MB") as bar:
            found = sha256_of(path, lambda done, total: bar.update(done // _MB, total // _MB))
        remember(path, found)
    except OSError as error:
        say([f"{entry.name}: {path} cannot be read: {error.strerror}"])
        return False
    if found == entry.sha256:
        say([f"{entry.name}: right, {path}"])
        return True
    wrong = f"{path} is not the official file: its SHA-256 is {found}"
    say([f"{entry.name}: {wrong}; 'roto weights get {entry.name}' brings it again"])
    return False


def _path(args: argparse.Namespace) -> int:
    from roto.weights.folders import get_folder

    say([str(get_folder())])
    return 0
