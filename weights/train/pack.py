"""Put trained weights into the project: in half precision, with their sum in the table.

python -m weights.train.pack WEIGHTS.pt NAME --trained-on "..." [--average EARLIER.pt [--share S] [--keep NETWORK ...]]
    [--licence SPDX]
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parents[1]
TABLE = FOLDER / "propagators.json"


State = dict[str, dict[str, torch.Tensor]]


def averaged(state: State, earlier: State, share: float = 0.5) -> State:
    """The weighted mean of two sets of which one was trained on from the other (Wortsman et al., "Model soups", ICML
    2022). share: how much ``state`` counts, 0 to 1."""
    return {
        kind: {
            name: torch.lerp(earlier[kind][name].float(), x.float(), share) if x.is_floating_point() else x
            for name, x in net.items()
        }
        for kind, net in state.items()
    }


def packed(state: State) -> bytes:
    """The state dictionaries as they are kept: half precision, contiguous."""
    half = {
        kind: {name: x.detach().cpu().contiguous().half() if x.is_floating_point() else x for name, x in net.items()}
        for kind, net in state.items()
    }
    data = io.BytesIO()
    torch.save(half, data)
    return data.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("name", help="of the propagator that will run with them")
    parser.add_argument("--trained-on", required=True, help="what they saw, in a few words")
    parser.add_argument("--average", type=Path, help="earlier weights, which these were trained on from")
    parser.add_argument("--share", type=float, default=0.5, help="of these in the mean with the earlier ones, 0 to 1")
    parser.add_argument("--keep", nargs="*", default=[], metavar="NETWORK", help="those that stay as they were earlier")
    parser.add_argument("--licence", default="Apache-2.0", help="SPDX identifier")
    args = parser.parse_args()
    if args.keep and not args.average:
        parser.error("--keep says what stays of the earlier weights: give them with --average")
    state = torch.load(args.weights, weights_only=True, map_location="cpu")
    if args.average:
        earlier = torch.load(args.average, weights_only=True, map_location="cpu")
        state = averaged(state, earlier, args.share) | {kind: earlier[kind] for kind in args.keep}
    data = packed(state)
    table = json.loads(TABLE.read_text("utf-8")) if TABLE.exists() else {"weights": []}
    row = {
        "name": args.name,
        "file": f"{args.name}.pt",
        "identity": hashlib.sha256(data).hexdigest(),
        "licence": args.licence,
        "trained_on": args.trained_on,
    }
    table["weights"] = [old for old in table["weights"] if old["name"] != args.name] + [row]
    (FOLDER / row["file"]).write_bytes(data)
    TABLE.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    print(f"{row['file']}: {len(data) / 1e6:.1f} MB, SHA-256 {row['identity']}")


if __name__ == "__main__":
    main()
