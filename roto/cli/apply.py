"""Treat the picture inside a layer's matte: grade it, blur it, put something else there, or behind it.

Everything outside the matte stays as it is in the source, to the bit where the output is lossless. What is given is
done in its order. The layers are solved first where they are not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    import numpy as np
    from numpy.typing import NDArray

    from roto.composite.effect import Effect
    from roto.composite.light_wrap import LightWrap
    from roto.job.apply import Applied
    from roto.job.stencil import Background, Pin, Recipe

EXAMPLES = """\
  roto apply shot.roto.json --effect pixelate=24 -o out/masked.mkv
  roto apply shot.roto.json --layer sky --grade exposure=-0.7,saturation=1.3 --lut dusk.cube -o out/sky.####.exr
  roto apply shot.roto.json --invert --grade saturation=0 --effect blur=6 -o out/focus.mov
  roto apply shot.roto.json --background beach.mov --background-fit fill --light-wrap 8 -o out/beach.mkv
  roto apply shot.roto.json --background '#20c040' -o out/green.mp4
  roto apply shot.roto.json --corner-pin advert.png -o out/screen.mkv
  roto apply shot.roto.json --corner-pin advert.png --corners 1001=80,40,300,52,296,210,78,190 -o out
  roto apply --list
"""


class _Step(argparse.Action):
    """Flags that are done in the order in which they stand."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        namespace.steps = [*(namespace.steps or []), (option, values)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOC", type=Path, nargs="?", help="the shot document, a .roto.json file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="a video (.mkv lossless, .mov ProRes 4444, .mp4 to look at), a sequence (a.####.exr) or a folder",
    )
    parser.add_argument("--as", metavar="KIND", dest="kind", help="kind of pictures, see --list")
    parser.add_argument("--layer", metavar="NAME", nargs="+", action="extend", default=[], help="layers (default: all)")
    parser.add_argument("--invert", action="store_true", help="treat what is outside the matte instead")
    parser.add_argument(
        "--blend-in", metavar="{source,linear}", default="source", help="work in the source's encoding, or linear light"
    )
    parser.add_argument("--list", action="store_true", help="list effects, their options, and kinds of pictures")
    steps = parser.add_argument_group("what is done, in this order")
    steps.add_argument("--grade", metavar="OPTION=VALUE,...", dest="steps", action=_Step, help="colour, see --list")
    steps.add_argument("--lut", metavar="FILE", dest="steps", action=_Step, help="a .cube look-up table")
    steps.add_argument("--effect", metavar="EFFECT", dest="steps", nargs="+", action=_Step, help="effects, see --list")
    steps.add_argument(
        "--corner-pin", metavar="FILE", dest="steps", action=_Step, help="a picture or clip between four corners"
    )
    steps.add_argument(
        "--corners",
        metavar="FRAME=X,Y,X,Y,X,Y,X,Y",
        action="append",
        help="its corners from the top left on, linear in between (default: the layer's own polygons of four points)",
    )
    steps.add_argument(
        "--corner-pin-time", metavar="{error,hold,loop}", default="error", help="where that clip is shorter"
    )
    behind = parser.add_argument_group("what is behind")
    behind.add_argument("--background", metavar="FILE|COLOUR", help="a picture, a clip, a name, #RRGGBB or r,g,b")
    behind.add_argument(
        "--background-fit", metavar="{error,fit,fill,stretch}", default="error", help="where its size is another"
    )
    behind.add_argument("--background-time", metavar="{error,hold,loop}", default="error", help="where it is shorter")
    behind.add_argument("--light-wrap", metavar="PX[,AMOUNT]", help="let its light come in around the edge")
    add_quality_argument(parser)
    add_work_arguments(parser)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _list()
        return 0
    if args.document is None or args.output is None:
        raise RotoError("a document and an output, -o OUT, are needed; see 'roto apply --help'")
    from roto.job.apply import apply_shot, with_layers
    from roto.pipeline import Shot
    from roto.shot.file import load

    recipe = _recipe(args)
    workers = read_workers(args.workers)
    path: Path = args.document
    document = with_layers(with_quality(load(path), args.quality), args.layer)
    with (
        Shot(
            document, path.parent, keep_going=args.keep_going, device=args.device, on_prompt=prompt_told(args.quiet)
        ) as shot,
        Stages(quiet=args.quiet) as stages,
    ):
        result = apply_shot(
            shot,
            recipe,
            args.output,
            layers=args.layer,
            kind=args.kind,
            name=path.name.removesuffix(".json").removesuffix(".roto"),
            workers=workers,
            overwrite=args.overwrite,
            on_progress=stages,
        )
    if args.json:
        print_json({"document": str(path), **result.as_json()})
    elif not args.quiet:
        say(_summary(result))
    return 0


def _recipe(args: argparse.Namespace) -> Recipe:
    """What was asked for, read before anything is opened."""
    from roto.job.stencil import Recipe

    steps = [step for flag, values in args.steps or [] for step in _steps(flag, values, args)]
    if args.corners and not any(flag == "--corner-pin" for flag, _ in args.steps or []):
        raise RotoError("--corners are those of a --corner-pin; give one")
    return Recipe(steps=tuple(steps), background=_background(args), invert=args.invert, blend_in=args.blend_in)


def _steps(flag: str, values: Any, args: argparse.Namespace) -> Sequence[Effect | Pin]:
    from roto.composite import EFFECT_FAMILY
    from roto.composite.lut import Lut
    from roto.job.stencil import Pin

    if flag == "--grade":
        return [EFFECT_FAMILY.parse(f"grade={values}")]
    if flag == "--lut":
        return [Lut(file=values)]
    if flag == "--effect":
        return [EFFECT_FAMILY.parse(text) for text in values]
    corners = None if args.corners is None else dict(_corners(text) for text in args.corners)
    return [Pin(file=Path(values), corners=corners, time=args.corner_pin_time)]


def _corners(text: str) -> tuple[int, NDArray[np.float64]]:
    """``FRAME=X,Y,X,Y,X,Y,X,Y``."""
    import numpy as np

    from roto.composite.corners import check_quad

    frame, _, rest = text.partition("=")
    try:
        number, values = int(frame), [float(word) for word in rest.split(",")]
    except ValueError:
        number, values = 0, []
    if len(values) != 8:
        raise RotoError(f"--corners {text}: FRAME and four corners are needed, as in 1001=80,40,300,52,296,210,78,190")
    return number, check_quad(np.array(values, np.float64).reshape(4, 2), number)


def _background(args: argparse.Namespace) -> Background | None:
    from roto.job.stencil import Background

    if args.background is None:
        if args.light_wrap is not None:
            raise RotoError("--light-wrap is that of a --background; give one")
        return None
    return Background(
        what=args.background, fit=args.background_fit, time=args.background_time, wrap=_light_wrap(args.light_wrap)
    )


def _light_wrap(text: str | None) -> LightWrap:
    """``PX`` or ``PX,AMOUNT``."""
    from roto.composite.light_wrap import LightWrap
    from roto.options import from_text, read_options

    if text is None:
        return LightWrap()
    words = text.split(",")
    if len(words) > 2:
        raise RotoError(f"--light-wrap {text}: PX or PX,AMOUNT is needed, as in 8,0.5")
    values = {name: from_text(word, float) for name, word in zip(("px", "amount"), words, strict=False)}
    return read_options(LightWrap, values, "--light-wrap")


def _list() -> None:
    from roto.composite import EFFECT_FAMILY
    from roto.export.pictures import PICTURES
    from roto.kinds import list_of

    say(list_of(EFFECT_FAMILY))
    print("\nkinds of pictures:")
    for name, exporter in PICTURES.items():
        reason = exporter.unavailable()
        print(f"{name:14}{exporter.summary}" + (f" (not available: {reason})" if reason else ""))


def _summary(result: Applied) -> list[str]:
    from roto.job.report import grouped

    speed = result.frames / result.apply_s
    return [
        f"frames     {result.frames}, {speed:.1f} a second",
        f"inside     {counted(len(result.layers), 'layer')}: {', '.join(result.layers)}",
        *(f"wrote      {line}" for line in grouped(list(result.files))),
        *(f"note       {note}" for note in result.notes),
    ]
