"""Propose subjects without a prompt: what moves by itself, what stands out, and what SAM names where its weights are.

Prints a numbered list and, with -o, writes DIR/detect.FRAME.png, the frame with the numbers in it. '--accept 1,3'
then makes a layer of each, keyed on that frame, in DIR/shot.roto.json; what is accepted is exactly what was shown.
Without --frame, the one is taken where most of the picture moves by itself without leaving the picture, in doubt
the one in the middle.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from roto.cli.accepting import Place, accept, whole_number
from roto.cli.build import add_clip_arguments, clip_entry, parse_document
from roto.cli.common import add_device_argument, add_output_arguments, frame_number, print_json, say
from roto.cli.progress import Progress
from roto.errors import RotoError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from roto.cli.proposals import Kept
    from roto.detect.automatic import Automatic
    from roto.detect.propose import Proposal
    from roto.frames.source import FrameSource
    from roto.timing import FrameRange

DOCUMENT = "shot.roto.json"
CLIP_FLAGS = ("range", "start", "rate", "missing", "colour_space", "view", "ocio")
METHODS = ("auto", "sam", "motion", "salient")

EXAMPLES = """\
  roto detect shot.mov -o out
  roto detect shot.mov -o out --accept 1,3 --layer dancer --layer ball
  roto detect 'plates/shot.####.exr' -o out --frame 1040 --method motion
  roto detect out/shot.roto.json --frame 60
  roto detect out/shot.roto.json --frame 60 --accept 2 --as prompt
"""


@dataclass(frozen=True, slots=True)
class _Means:
    """The methods that look, the model for "sam" and its name, and what to tell about the choice."""

    methods: tuple[str, ...]
    model: Automatic | None = None
    taken: str = ""
    notes: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "roto detect SOURCE|DOC [-o DIR] [--frame N] [--accept N,N [--layer NAME ...]] [options]"
    parser.add_argument("source", metavar="SOURCE|DOC", help="a clip (see 'roto track'), or a .roto.json document")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="folder of the picture and the proposals")
    parser.add_argument("--frame", metavar="N", help="the frame to look at (default: where a subject is best seen)")
    parser.add_argument(
        "--method", choices=METHODS, default="auto", help="auto is every one that can run here (default: auto)"
    )
    parser.add_argument("--most", metavar="K", default="5", help="proposals at most (default: 5)")
    parser.add_argument("--sam-model", metavar="MODEL", help="vit_b, vit_l, vit_h or a checkpoint (default: auto)")
    add_device_argument(parser)
    accepting = parser.add_argument_group("accepting")
    accepting.add_argument(
        "--accept", metavar="N[,N...]", help="make layers of these proposals, which were shown before"
    )
    accepting.add_argument(
        "--layer", metavar="NAME", action="append", help="a name for each of them (default: subject-N)"
    )
    accepting.add_argument(
        "--as",
        dest="kind",
        choices=("mask", "prompt"),
        default="mask",
        help="key the mask as it was shown, or a prompt with its box (default: mask)",
    )
    add_clip_arguments(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a picture that roto did not write itself")
    parser.add_argument("--keep-going", action="store_true", help="look at what a damaged source can give")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    frame = None if args.frame is None else frame_number(args.frame)
    place = _place(args)
    if args.accept is not None:
        return accept(args, place, frame)
    if args.layer:
        raise RotoError("--layer names what --accept takes; look at the proposals first, then accept them by number")
    return _detect(args, place, frame)


def _place(args: argparse.Namespace) -> Place:
    from roto.shot.file import load

    if args.source.endswith(".json"):
        given = [name for name in CLIP_FLAGS if getattr(args, name) is not None]
        if given:
            raise RotoError(
                f"--{given[0].replace('_', '-')} describes a clip, and {args.source} is a document that says it already"
            )
        path = Path(args.source)
        return Place(load(path), path, args.output or path.parent, args.keep_going)
    folder = args.output or Path()
    return Place(parse_document(clip_entry(args, folder)), folder / DOCUMENT, args.output, args.keep_going)


def _detect(args: argparse.Namespace, place: Place, frame: int | None) -> int:
    import cv2

    from roto.cli.proposals import check_free, clip_identity, keep, kept_as, picture_of
    from roto.detect.propose import neighbours_of, propose, same_shot
    from roto.review.proposals import proposal_picture
    from roto.shot.keys import check_clip, check_number

    most = whole_number(args.most, "--most")
    means = _means(args, place)
    with place.clip() as source, Progress("looking", quiet=args.quiet) as bar:
        clip = source.info.range
        check_clip(place.document, clip, keep_going=args.keep_going)
        number = _chosen(source, _within(place.document.range, clip), bar) if frame is None else frame
        check_number(number, clip)
        if place.folder is not None:
            check_free(place.folder, number, overwrite=args.overwrite)
        rgb = source.frame(number).rgb8()
        if means.model is not None and not args.quiet:
            print(f"roto: {means.taken} looks at frame {number}", file=sys.stderr, flush=True)
        around = same_shot(number, _read_small(source, neighbours_of(number, clip)))
        proposals = propose(rgb, around, means.methods, automatic=means.model, most=most)
        notes = [*means.notes, *_remarks(means.methods, proposals, bool(around))]
        if not proposals:
            raise RotoError(_nothing(number, means.methods, bool(around)))
        identity = clip_identity(source)
    if place.folder is not None:
        picture = proposal_picture(rgb, [proposal.matte for proposal in proposals])
        png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
        keep(place.folder, number, identity, proposals, png)
    shown = [kept_as(proposal, Path()) for proposal in proposals]
    written = None if place.folder is None else picture_of(place.folder, number)
    _tell(args, number, means.methods, shown, notes, written)
    return 0


def _within(wanted: FrameRange | None, clip: FrameRange) -> FrameRange:
    """The range of a document, as far as the clip has it."""
    return (
        clip
        if wanted is None
        else replace(wanted, first=max(wanted.first, clip.first), last=min(wanted.last, clip.last))
    )


def _chosen(source: FrameSource, clip: FrameRange, bar: Progress) -> int:
    from roto.detect.choose import MOST_FRAMES, choose_frame

    done = 0

    def read(numbers: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
        nonlocal done
        pictures = _read_small(source, numbers)
        done += 1
        bar.update(done, max(min(MOST_FRAMES, len(clip)), done))
        return pictures

    return choose_frame(read, clip)


def _read_small(source: FrameSource, numbers: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
    from roto.detect.find import working_picture

    return {number: working_picture(source.frame(number).rgb8()) for number in numbers}


def _means(args: argparse.Namespace, place: Place) -> _Means:
    """What ``--method`` comes down to. BackendUnavailable when SAM is asked for and its weights are not here."""
    from roto.detect.automatic import Automatic
    from roto.models import Models

    if args.method in ("motion", "salient"):
        return _Means((args.method,))
    options = place.document.track
    if args.method == "sam":
        options = replace(options, segmenter="sam")
    if args.sam_model is not None:
        options = replace(options, sam_model=args.sam_model)
    models = Models(args.device, place.path.parent)
    chosen, model = models.chosen_segmenter(options), models.segmenter(options)
    if not isinstance(model, Automatic):
        return _Means(("motion", "salient"), notes=(f"without SAM: {chosen.why}",))
    methods = ("sam",) if args.method == "sam" else ("sam", "motion", "salient")
    return _Means(methods, model, chosen.taken, (f"with {chosen.taken}: {chosen.why}",))


def _remarks(methods: tuple[str, ...], proposals: Iterable[Proposal], has_neighbours: bool) -> list[str]:
    if "motion" not in methods or any(proposal.how == "motion" for proposal in proposals):
        return []
    return ["nothing moves by itself on this frame" if has_neighbours else _ALONE]


_ALONE = "no neighbouring frame of the same shot, so motion says nothing"


def _nothing(number: int, methods: tuple[str, ...], has_neighbours: bool) -> str:
    said = {
        "sam": "SAM names nothing",
        "motion": "nothing moves by itself" if has_neighbours else _ALONE,
        "salient": "nothing stands out",
    }
    reasons = " and ".join(said[method] for method in methods)
    return (
        f"no subject found on frame {number}: {reasons}; try another --frame or --method, or draw it ('roto key add')"
    )


def _tell(
    args: argparse.Namespace,
    frame: int,
    methods: tuple[str, ...],
    shown: list[Kept],
    notes: list[str],
    picture: Path | None,
) -> None:
    if args.json:
        proposals = [each.as_json() for each in shown]
        written = None if picture is None else str(picture)
        print_json(
            {"frame": frame, "methods": list(methods), "proposals": proposals, "picture": written, "notes": notes}
        )
    elif not args.quiet:
        say(_table(shown))
        say([f"frame      {frame}", f"looked by  {', '.join(methods)}", *(f"note       {note}" for note in notes)])
        if picture is None:
            say(["note       say -o DIR for a picture of them, and to accept some by number"])
        else:
            say([f"wrote      {picture}", f"next       {_next_line(args, frame)}"])


def _next_line(args: argparse.Namespace, frame: int) -> str:
    """The command that accepts the first proposal."""
    words = ["roto", "detect", args.source, *(["-o", str(args.output)] if args.output is not None else [])]
    for name in CLIP_FLAGS:
        words += [f"--{name}", getattr(args, name)] if getattr(args, name) is not None else []
    return shlex.join([*words, "--frame", str(frame), "--accept", "1"])


def _table(shown: list[Kept]) -> Iterator[str]:
    yield f"{'number':>6}  {'found by':9}{'box':22}{'share':>8}{'score':>8}"
    for each in shown:
        x0, y0, x1, y1 = each.box
        yield f"{each.number:6}  {each.how:9}{f'{x0},{y0} - {x1},{y1}':22}{100 * each.share:6.2f} %{each.score:8.2f}"
