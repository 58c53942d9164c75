"""Name the frame of each layer where the next keyframe is expected to help most.

The suggestion comes from the solved confidences alone; spans that are not solved yet are solved first. The gain is the
rise in mean confidence over the clip that is expected of a key there. --count N goes on: each further frame is the best
one if those before it were keyed. With --json a layer has one suggestion or null, and with --count a list of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.common import (
    add_output_arguments,
    add_quality_argument,
    add_work_arguments,
    print_json,
    prompt_told,
    read_workers,
    say,
    with_quality,
)
from roto.cli.progress import Stages
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.job.result import LayerResult

MOST = 1000  # suggestions a layer
EXAMPLES = """\
  roto suggest out/shot.roto.json
  roto suggest out/shot.roto.json --count 5
  roto suggest out/shot.roto.json --layer dancer --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, help="the shot document, a .roto.json file")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="output folder (default: the document's)")
    parser.add_argument("--layer", metavar="NAME", help="this layer only")
    parser.add_argument("--count", metavar="N", help="so many frames a layer, in the order to key them (default: 1)")
    add_quality_argument(parser)
    add_work_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from roto.cli.build import only_layer
    from roto.job.run import run_job
    from roto.pipeline import Shot
    from roto.shot.file import load

    count = _read_count(args.count)
    document = with_quality(load(args.document), args.quality)
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
        Stages(quiet=args.quiet) as stages,
    ):
        result = run_job(
            shot,
            out,
            [],
            workers=read_workers(args.workers),
            on_progress=stages,
        )
    layers = [layer for layer in result.layers if layer.name in chosen]
    if args.json:
        print_json({layer.name: _as_json(layer, count) for layer in layers})
        return 0
    for layer in layers:
        say(_lines(layer, count or 1))
    return 0


def _read_count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise RotoError(f"--count {text}: a whole number from 1 to {MOST} is needed")
    return int(text)


def _as_json(layer: LayerResult, count: int | None) -> Any:
    from roto.job.result import suggestion_json

    found = [suggestion_json(each) for each in layer.suggestions(count or 1)]
    return found if count is not None else next(iter(found), None)


def _lines(layer: LayerResult, count: int) -> list[str]:
    from roto.cli.run import gain_in_words

    found = layer.suggestions(count)
    if not found:
        return [f"{layer.name}: no frame needs a key"]
    lines = [f"{layer.name}: frame {each.number}, {each.reason}; {gain_in_words(each)}" for each in found]
    return [*lines, *([f"{layer.name}: no further frame needs a key"] if len(found) < count else [])]
