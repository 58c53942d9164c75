"""Solve a shot document, write its exports and its report.

Only what changed since the last run is solved again; exports that are current are left alone. Beside the report lie
confidence.csv and confidence.json: for every layer and frame, how right it is expected to be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.common import (
    add_output_arguments,
    add_quality_argument,
    add_work_arguments,
    counted,
    print_json,
    prompt_told,
    read_workers,
    say,
    with_quality,
)
from roto.cli.progress import Stages

if TYPE_CHECKING:
    from roto.job.result import JobResult, LayerResult
    from roto.shot.document import Document
    from roto.solve import Suggestion

EXAMPLES = """\
  roto run shot.roto.json
  roto run shot.roto.json --export exr prores4444 -o delivery
  roto run shot.roto.json --quality best
  roto run shot.roto.json --workers 8 --json > result.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, help="the shot document, a .roto.json file")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="output folder (default: the document's)")
    parser.add_argument("--export", metavar="KIND", nargs="+", action="extend", help="kinds of output (default: png)")
    add_quality_argument(parser)
    add_work_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from roto.shot.file import load

    out = args.output or args.document.parent
    return run_document(with_quality(load(args.document), args.quality), args.document, out, args)


def run_document(
    document: Document,
    path: Path,
    out: Path,
    args: argparse.Namespace,
    prepare: Callable[[], None] = lambda: None,
) -> int:
    """Solve, export and report; print the summary. ``prepare`` runs once the document is known to fit its clip."""
    from roto.job.report import write_report
    from roto.job.run import find_exporters, run_job
    from roto.pipeline import Shot

    workers = read_workers(args.workers)
    kinds = args.export or document.exports or ["png"]
    find_exporters(kinds)  # before anything is opened or written
    with (
        Shot(
            document, path.parent, keep_going=args.keep_going, device=args.device, on_prompt=prompt_told(args.quiet)
        ) as shot,
        Stages(quiet=args.quiet) as stages,
    ):
        prepare()
        result = run_job(
            shot,
            out,
            kinds,
            workers=workers,
            overwrite=args.overwrite,
            on_progress=stages,
        )
        report = write_report(shot, out, result, command=["roto", *sys.argv[1:]])
    if args.json:
        print_json({"document": str(path), "report": str(report), **result.as_json()})
    elif not args.quiet:
        say([*summary(result), f"report     {report}"])
    return 0


def summary(result: JobResult) -> list[str]:
    """What a person wants to know when the job is done."""
    from roto.frames.pattern import listed
    from roto.job.report import grouped

    speed = f", {result.frames_per_second:.1f} a second" if result.from_scratch else ""
    lines = [f"frames     {result.range} ({len(result.range)}){speed}"]
    if "sam" in result.seconds:
        seconds = result.seconds["sam"]
        lines.append(f"sam        {seconds:.1f} s of computing, {seconds / len(result.range):.2f} a frame")
    if result.spans_solved < result.spans:
        lines.append(f"solved     {result.spans_solved} of {counted(result.spans, 'span')}, the others stood already")
    for layer in result.layers:
        lines += _about(layer)
    lines += [f"wrote      {line}" for line in grouped([*result.files, *result.confidence_files])]
    if result.up_to_date:
        lines.append(f"current    {len(result.up_to_date)} files were up to date and left alone")
    if result.missing:
        lines.append(f"missing    {listed(result.missing)}")
    return lines + [f"note       {note}" for note in result.notes]


def _about(layer: LayerResult) -> list[str]:
    from roto.track.blend import GOOD_IOU

    good = f"about {round(sum(layer.likely_good))} of {len(layer.frames)} frames at IoU {GOOD_IOU} or more"
    said = [f"{counted(len(layer.keyed), 'keyframe')}, mean confidence {layer.mean_confidence:.2f}, {good}"]
    if layer.stack:
        sure = "" if layer.tracks else f", mean confidence {layer.mean_confidence:.2f}"
        said = [f"stack {' '.join(layer.stack)}{sure}", *(said if layer.tracks else [])]
    lines = [f"{name:10} {line}" for name, line in zip([layer.name, ""], said, strict=False)]
    before, after = layer.coverage_flicker_before, layer.coverage_flicker_after
    if before is not None and after is not None:
        lines.append(
            f"{'':10} soft edges flicker by {100 * after:.1f} % of coverage, {100 * before:.1f} before the edge steps"
        )
    found = layer.suggestion
    if found is not None:
        lines.append(f"{'':10} next keyframe: {found.number}, {found.reason}; {gain_in_words(found)}")
    return lines


def gain_in_words(found: Suggestion) -> str:
    """What is expected of a suggested keyframe."""
    return f"expected to raise mean confidence over the clip by {found.gain:.3f}"
