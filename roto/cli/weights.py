"""List, get and verify the weights of the models that roto can use: the official ones of others, and our own.

Ours are packaged with roto. The official ones are kept in your own folder, or in the one that ROTO_WEIGHTS names, which
a studio may share and keep read-only. A download that broke off is gone on from by the same command, and a file has its
name only when its SHA-256 is right. ROTO_WEIGHTS_URL names a mirror; ROTO_OFFLINE=1 keeps off the network.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from roto.cli.common import print_json, say
from roto.cli.progress import Progress
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.weights.own import OwnWeights
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
    verify = _action(actions, "verify", "compare the files that are here with the SHA-256 sums of the tables")
    verify.add_argument("names", metavar="NAME", nargs="*", help="which (default: all that are here)")
    _action(actions, "path", "print the folder that weights are got into")


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    return parser


def run(args: argparse.Namespace) -> int:
    return {"list": _list, "get": _get, "verify": _verify, "path": _path}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from roto.weights.folders import get_folder
    from roto.weights.own import own_weights
    from roto.weights.table import WEIGHTS

    rows = [*(_own_row(weights) for weights in own_weights().values()), *(_row(entry) for entry in WEIGHTS.values())]
    if args.json:
        print_json({"folder": str(get_folder()), "weights": rows})
        return 0
    width = max(8, *(len(row["name"]) + 1 for row in rows))
    for row in rows:
        line = (
            f"{row['name']:{width}}{row['size']:>8}  {row['state']:15}{row['licence']:12}{row['path'] or row['about']}"
        )
        say([line])
    return 0


def _own_row(weights: OwnWeights) -> dict[str, Any]:
    from roto.weights.table import size_in_words

    try:
        count = len(weights.data())
    except OSError:
        count = None
    return {
        "name": weights.name,
        "size": "" if count is None else size_in_words(count),
        "bytes": count,
        "state": "missing" if count is None else "packaged",
        "path": None,
        "licence": weights.licence,
        "about": f"trained on {weights.trained_on}",
        "url": None,
        "sha256": weights.identity,
    }


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
    from roto.weights.own import own_weights
    from roto.weights.table import entry_of

    for name in args.names:
        if name in own_weights():
            raise RotoError(f"{name} is packaged with roto, there is nothing to get; 'roto weights verify {name}'")
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
    from roto.weights.own import own_weights
    from roto.weights.table import WEIGHTS, entry_of

    names = dict.fromkeys(args.names)
    own = [weights for name, weights in own_weights().items() if name in names or not names]
    asked = [entry_of(name) for name in names if name not in own_weights()]
    entries = asked or ([] if names else [entry for entry in WEIGHTS.values() if locate(entry)])
    if not own and not entries:
        say(["no weights are here; 'roto weights get NAME' brings them"])
    verdicts = [*(_verify_own(weights) for weights in own), *(_verify_one(entry) for entry in entries)]
    return 0 if all(verdicts) else 1


def _verify_own(weights: OwnWeights) -> bool:
    try:
        right = weights.is_right(weights.data())
    except OSError as error:
        say([f"{weights.name}: its packaged file {weights.file} cannot be read: {error.strerror}; install roto again"])
        return False
    if right:
        say([f"{weights.name}: right, packaged"])
        return True
    say([f"{weights.name}: its packaged file {weights.file} is damaged; install roto again"])
    return False


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
