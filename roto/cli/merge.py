"""Put what a generation tool gave back into the plates that it was made from.

The answer is composited through the soft borders of the hand-off, at the source's full precision; where the mask was
black every pixel is the source's to the last bit. OUT is a folder, or a name as in 'clean.####.exr' or 'clean.mkv'.
Frames are told by their numbers; a complete set that counts from 0 is taken in order.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from roto.cli.common import add_output_arguments, frame_number, print_json, say
from roto.cli.progress import Progress

EXAMPLES = """\
  roto merge hand results/ -o clean
  roto merge hand/handoff.json results.mp4 -o clean.mkv
  roto merge hand results/ -o 'clean/shot.####.exr' --missing keep
  roto merge hand part2/ -o clean --start 1049 --missing keep
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifest", metavar="MANIFEST", type=Path, help="the hand-off's handoff.json, or its folder")
    parser.add_argument("answer", metavar="RETURNED", type=Path, help="the tool's answer: a folder, a pattern, a video")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="where the merged frames go")
    parser.add_argument(
        "--kind", metavar="KIND", help="of pictures: png, tiff, exr, exr-float, ffv1, ... (default: as the source)"
    )
    parser.add_argument(
        "--fit",
        metavar="{scale,centre,corner}",
        help="an answer of another size: scale it, or take it for cut or padded around its middle, or right and below "
        "(default: scale, for sizes that come from rounding to a multiple of 8, 16, 32 or 64)",
    )
    parser.add_argument(
        "--missing",
        metavar="{error,keep}",
        default="error",
        help="masked frames without an answer: an error, or their plates are kept (default: error)",
    )
    parser.add_argument("--start", metavar="FRAME", help="the answer is of this frame and those after it, in order")
    parser.add_argument(
        "--source", metavar="SOURCE", type=Path, help="where the plates lie now (default: where they lay)"
    )
    parser.add_argument("--keep-going", action="store_true", help="the source is damaged, and was handed over so")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from roto.handoff.merge import FITS
    from roto.job.merge import MISSING, merge
    from roto.options import check_value

    if args.fit is not None:
        check_value(args.fit, str, {"choices": FITS}, "--fit")
    check_value(args.missing, str, {"choices": MISSING}, "--missing")
    with Progress("merging", quiet=args.quiet) as bar:
        merged = merge(
            args.manifest,
            args.answer,
            args.output,
            kind=args.kind,
            fit=args.fit,
            missing=args.missing,
            start=None if args.start is None else frame_number(args.start),
            source=args.source,
            keep_going=args.keep_going,
            overwrite=args.overwrite,
            on_progress=bar.update,
        )
    if args.json:
        print_json(
            {
                "frames": [merged.frames.first, merged.frames.last],
                "answered": [*merged.answered],
                "kept": [*merged.kept],
                "untouched": [*merged.untouched],
                "files": [str(file) for file in merged.files],
                "notes": [*merged.notes],
            }
        )
    elif not args.quiet:
        from roto.frames.pattern import listed
        from roto.job.report import grouped

        lines = [f"frames     {merged.frames} ({len(merged.frames)}), {len(merged.answered)} with an answer"]
        if merged.kept:
            lines.append(f"kept       {listed(merged.kept)}, for want of an answer")
        if merged.untouched:
            lines.append(f"untouched  {listed(merged.untouched)}, where nothing was masked")
        lines += [f"wrote      {line}" for line in grouped(merged.files)]
        say([*lines, *(f"note       {note}" for note in merged.notes)])
    return 0
