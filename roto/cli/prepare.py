"""Hand plates and masks to a tool that invents pixels, for 'roto merge' to put its answer back.

'inpaint' masks the layers of a document: the defect and a margin around it, with a soft border. 'outpaint' puts a clip
on a larger canvas, what is new masked. In a mask white is changed; what is black stays as it is to the last bit. OUT
gets plates and masks as the layout says, the soft borders (blends/, for the merge alone) and handoff.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import typing
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.job.prepare import Prepared
    from roto.job.solved import OnProgress
    from roto.shot.document import Document

T = TypeVar("T")
DOCUMENT_ENDING = ".json"
WHOLE_CLIP = "all"
_CROP_PX = 64
_OVERWRITE = "replace the hand-off in OUT"

EXAMPLES = """\
  roto prepare inpaint out/shot.roto.json -o hand --layer logo --margin 8
  roto prepare inpaint out/shot.roto.json -o hand --layer wire --over-time 2 --crop 96 --multiple 64
  roto prepare inpaint out/shot.roto.json -o hand --layer logo --over-time all --union still --layout rgba
  roto prepare outpaint shot.mov -o wide --aspect 16:9 --multiple 8 --overlap 24
  roto prepare outpaint 'plates/shot.####.exr' -o wide --left 256 --fill edge --depth float
  roto merge hand results/ -o clean

which layout suits which tool:
  pairs    ProPainter, IOPaint, diffusers, AUTOMATIC1111's batch with a mask folder, ComfyUI's image and mask loaders
  rgba     ComfyUI's Load Image (its mask is 1 - alpha), AUTOMATIC1111 (paints what is transparent)
  beside   LaMa (NAME_mask001.png beside NAME.png)
  video    whatever reads clips
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="{inpaint,outpaint}", required=True)
    inpaint = _action(actions, "inpaint", "mask the layers of a document, to be replaced")
    _add_inpaint_arguments(inpaint)
    outpaint = _action(actions, "outpaint", "put a clip on a larger canvas, to be filled")
    _add_outpaint_arguments(outpaint)
    for each in (inpaint, outpaint):
        _add_layout_arguments(each)
        add_output_arguments(each)


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the hand-off")
    return parser


def _add_inpaint_arguments(inpaint: argparse.ArgumentParser) -> None:
    inpaint.add_argument("document", metavar="DOC", type=Path, help="the shot document, a .roto.json file")
    inpaint.add_argument("--layer", metavar="NAME", action="append", help="to be replaced; may stand several times")
    inpaint.add_argument("--range", metavar="A-B", help="only these frames of the document's")
    inpaint.add_argument("--margin", metavar="PX", help="replace so many pixels around the defect too (default: 6)")
    inpaint.add_argument("--blend", metavar="PX", help="width of the soft border around that (default: 6)")
    inpaint.add_argument(
        "--over-time", metavar="N", help="replace what is masked N frames before and after too; or all"
    )
    inpaint.add_argument(
        "--union",
        metavar="{motion,still}",
        help="bring those masks along the plates' motion, or take them where they are (default: motion)",
    )
    inpaint.add_argument("--fill-holes", metavar="AREA", help="fill holes of the defect up to so many square pixels")
    inpaint.add_argument(
        "--crop",
        metavar="PX",
        nargs="?",
        const=str(_CROP_PX),
        help=f"hand over one box around all that is masked, with so much context (PX: {_CROP_PX} if left out)",
    )
    inpaint.add_argument(
        "--fill",
        metavar="{keep,grey,black,smooth}",
        default="keep",
        help="what plates show where they are masked",
    )
    add_quality_argument(inpaint)
    add_work_arguments(inpaint, _OVERWRITE)


def _add_outpaint_arguments(outpaint: argparse.ArgumentParser) -> None:
    from roto.cli.build import add_clip_arguments

    outpaint.add_argument("source", metavar="SOURCE|DOC", help="a clip, or a document for the sake of its clip")
    for side in ("left", "right", "top", "bottom"):
        outpaint.add_argument(f"--{side}", metavar="PX", help=f"pixels to add, {side}")
    outpaint.add_argument("--aspect", metavar="W:H", help="grow to this aspect instead: 16:9, 2.39:1")
    outpaint.add_argument(
        "--anchor", metavar="{centre,left,right,top,bottom}", help="where the picture lies then (default: centre)"
    )
    outpaint.add_argument(
        "--overlap", metavar="PX", help="so far into the picture the answer may reach, fading out (default: 16)"
    )
    outpaint.add_argument(
        "--fill", metavar="{grey,black,edge,blur}", default="grey", help="what the new part shows (default: grey)"
    )
    add_clip_arguments(outpaint)
    outpaint.add_argument("--overwrite", action="store_true", help=_OVERWRITE)


def _add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--layout", metavar="{pairs,rgba,beside,video}", help="how plates and masks lie in OUT (default: pairs)"
    )
    parser.add_argument(
        "--depth",
        metavar="{8,16,float}",
        help="bits, as a display shows the plates; float: EXR in their own encoding (default: 8)",
    )
    parser.add_argument("--codec", metavar="{ffv1,h264}", help="of videos (default: ffv1, lossless)")
    parser.add_argument(
        "--multiple", metavar="N", help="round the plates' sides up to a multiple of N: 8, 64 (default: 1)"
    )
    parser.add_argument("--soft-masks", action="store_true", default=None, help="masks with their soft border")


def run(args: argparse.Namespace) -> int:
    with Stages(quiet=args.quiet) as stages:
        prepared = (_inpaint if args.action == "inpaint" else _outpaint)(args, stages)
    if args.json:
        print_json(_as_json(prepared))
    elif not args.quiet:
        say(_summary(prepared))
    return 0


def _inpaint(args: argparse.Namespace, report: OnProgress) -> Prepared:
    from roto.handoff.defect import WHOLE_CLIP as ALL
    from roto.handoff.defect import DefectOptions
    from roto.handoff.fill import INSIDE
    from roto.handoff.layout import LayoutOptions
    from roto.job.prepare import prepare_inpaint
    from roto.options import check_value
    from roto.pipeline import Shot
    from roto.shot.edit import only_layers
    from roto.shot.file import load
    from roto.timing import parse_range

    if args.over_time == WHOLE_CLIP:
        args.over_time = str(ALL)
    elif args.over_time is not None and args.over_time.startswith("-"):
        raise RotoError(f"--over-time {args.over_time}: a number of frames, or all, is needed")
    defect, layout = _options(args, DefectOptions), _options(args, LayoutOptions)
    check_value(args.fill, str, {"choices": INSIDE}, "--fill")
    crop = None if args.crop is None else _whole_number(args.crop, "--crop")
    document = with_quality(load(args.document), args.quality)
    names = _layers(document, args.layer)
    frames = None if args.range is None else parse_range(args.range)
    document = only_layers(document, names)
    with Shot(
        document,
        args.document.parent,
        keep_going=args.keep_going,
        device=args.device,
        on_prompt=prompt_told(args.quiet),
    ) as shot:
        return prepare_inpaint(
            shot,
            args.output,
            names,
            defect,
            layout,
            frames=frames,
            crop_px=crop,
            fill=args.fill,
            workers=read_workers(args.workers),
            overwrite=args.overwrite,
            on_progress=report,
        )


def _outpaint(args: argparse.Namespace, report: OnProgress) -> Prepared:
    from roto.handoff.fill import OUTSIDE
    from roto.handoff.layout import LayoutOptions
    from roto.handoff.window import CanvasOptions
    from roto.job.prepare import prepare_outpaint
    from roto.options import check_value
    from roto.pipeline import open_clip

    canvas, layout = _options(args, CanvasOptions), _options(args, LayoutOptions)
    check_value(args.fill, str, {"choices": OUTSIDE}, "--fill")
    aspect = None if args.aspect is None else _aspect(args.aspect)
    document, folder = _clip(args)
    source = open_clip(document, folder)
    try:
        clip = source.info.range
        frames = document.range or clip
        if frames.first not in clip or frames.last not in clip:
            raise RotoError(f"range {frames} is not within the clip's frames, {clip}")
        return prepare_outpaint(
            source,
            document.source,
            folder,
            frames,
            args.output,
            canvas,
            layout,
            aspect=aspect,
            fill=args.fill,
            overwrite=args.overwrite,
            on_progress=report,
        )
    finally:
        source.close()


_CLIP_FLAGS = ("start", "rate", "missing", "colour_space", "view", "ocio")


def _clip(args: argparse.Namespace) -> tuple[Document, Path]:
    """The document that names the clip, and the folder that its paths start from."""
    from roto.cli.build import clip_entry, parse_document
    from roto.shot.file import load
    from roto.timing import parse_range

    if not args.source.lower().endswith(DOCUMENT_ENDING):
        folder = Path()
        return parse_document(clip_entry(args, folder)), folder
    given = [name for name in _CLIP_FLAGS if getattr(args, name) is not None]
    if given:
        flag = "--" + given[0].replace("_", "-")
        raise RotoError(f"{flag}: {args.source} is a document and says that itself; change it there")
    path = Path(args.source)
    document = load(path)
    wanted = document.range if args.range is None else parse_range(args.range)
    return dataclasses.replace(document, layers=(), range=wanted), path.parent


def _layers(document: Document, given: Sequence[str] | None) -> list[str]:
    if given:
        return list(dict.fromkeys(document.layer(name).name for name in given))
    if not document.layers:
        raise RotoError("the document has no layers; add one with keyframes around what is to be replaced")
    if len(document.layers) > 1:
        names = ", ".join(layer.name for layer in document.layers)
        raise RotoError(f"which layers are to be replaced? say --layer NAME, once for each; there are {names}")
    return [document.layers[0].name]


def _options(args: argparse.Namespace, cls: type[T]) -> T:
    """Options from the flags of their names, which have no unit at their end."""
    from roto.options import check_value, from_text

    kinds = typing.get_type_hints(cls)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        name = field.name.removesuffix("_px")
        text = getattr(args, name, None)
        if text is not None:
            value = text if isinstance(text, bool) else from_text(text, kinds[field.name])
            given[field.name] = check_value(value, kinds[field.name], field.metadata, "--" + name.replace("_", "-"))
    return cls(**given)


def _whole_number(text: str, flag: str) -> int:
    from roto.handoff.window import MAX_SIDE
    from roto.options import check_value, from_text

    return int(check_value(from_text(text, int), int, {"minimum": 0, "maximum": MAX_SIDE}, flag))


def _aspect(text: str) -> Fraction:
    width, _, height = text.partition(":")
    try:
        aspect = Fraction(width) / Fraction(height or "1")
    except (ValueError, ZeroDivisionError):
        aspect = Fraction(0)
    if not Fraction(1, 100) <= aspect <= 100:
        raise RotoError(f"--aspect {text}: width and height of a picture are needed, 16:9 or 2.39:1")
    return aspect.limit_denominator(10_000)


def _summary(prepared: Prepared) -> list[str]:
    manifest = prepared.manifest
    window, canvas = manifest.window, manifest.canvas
    size = f"{window.width} x {window.height}"
    where = f", the picture at {-canvas.x0}, {-canvas.y0}" if manifest.task == "outpaint" else ""
    if manifest.task == "inpaint" and (window.width, window.height) != manifest.size:
        where = f", from {window.x0}, {window.y0} of the picture"
    lines = [
        f"frames     {prepared.frames} ({len(prepared.frames)}), {prepared.changed} with something to change",
        f"plates     {size}{where}: {manifest.plates}",
        f"masks      {manifest.masks}; white is changed"
        if manifest.masks
        else "masks      in the alpha of the plates; transparent is changed",
        f"manifest   {prepared.path}",
    ]
    lines += [f"note       {note}" for note in prepared.notes]
    answers = counted(prepared.changed, "frame")
    return [
        *lines,
        f"next       roto merge {prepared.path} RETURNED -o OUT, once the tool gave {answers} back",
    ]


def _as_json(prepared: Prepared) -> dict[str, Any]:
    from roto.handoff.manifest import write_manifest

    data = write_manifest(prepared.manifest)
    frames = data.pop("frames")
    changed = [frame["frame"] for frame in frames if frame["changed"]]
    return {
        "manifest": str(prepared.path),
        **data,
        "frames": len(frames),
        "changed": changed,
        "notes": [*prepared.notes],
    }
