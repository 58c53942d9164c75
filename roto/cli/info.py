"""Show what roto knows of a clip or a document, or what this installation can do."""

from __future__ import annotations

import argparse
import re
from collections.abc import Container
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.common import counted, print_json, say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.frames.source import ClipInfo
    from roto.models import Chosen
    from roto.track.options import TrackOptions

EXAMPLES = """\
  roto info shot.mov
  roto info 'plates/shot.####.exr' --json
  roto info render.0101.exr
  roto info shot.mov --colour 320,180 --colour 40,30,12
  roto info out/shot.roto.json
  roto info --backends
"""
_POINT = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)(?:,(-?\d+))?")
_PATCH_PX = 5  # side of the square whose mean is told
_LOOKED_AT = 9  # frames, for a screen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="CLIP|DOC", nargs="?", help="a clip or a .roto.json document")
    parser.add_argument(
        "--colour",
        metavar="X,Y[,FRAME]",
        action="append",
        default=[],
        help="the colour at a point (mean of 5 x 5 pixels), as keys name it, and that of a screen, if there is one",
    )
    parser.add_argument("--backends", action="store_true", help="segmenters, propagators, exports; why one is missing")
    parser.add_argument("--keep-going", action="store_true", help="accept a damaged clip, and list what is missing")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(args: argparse.Namespace) -> int:
    if args.path is None and not args.backends:
        raise RotoError("a clip or a document is needed, or --backends")
    facts: dict[str, Any] = {}
    if args.path is not None:
        if args.colour:
            facts |= _colours(args)
        else:
            facts |= _document(Path(args.path)) if args.path.endswith(".json") else _clip(args.path, args.keep_going)
    elif args.colour:
        raise RotoError("--colour looks at a clip; name it, or a document")
    if args.backends:
        facts["backends"] = _backends()
        facts["weights"] = _own_weights()
    if args.json:
        print_json(facts)
    else:
        say(_lines({name: value for name, value in facts.items() if value not in ([], {})}))
    return 0


def _clip(path: str, keep_going: bool) -> dict[str, Any]:
    from roto.frames.open import open_source

    source = open_source(path, keep_going=keep_going)
    try:
        return clip_facts(source.info) | _objects(Path(path))
    finally:
        source.close()


def _colours(args: argparse.Namespace) -> dict[str, Any]:
    """What keys see at points, and the screen that they find."""
    from roto.frames.open import open_source
    from roto.keying.colour import hex_of, sample_colour
    from roto.keying.picture import picture_of
    from roto.keying.screen import find_screen_colour
    from roto.pipeline import open_clip
    from roto.shot.file import load
    from roto.timing import evenly

    points = [_point(text) for text in args.colour]
    path, going = Path(args.path), args.keep_going
    if args.path.endswith(".json"):
        source = open_clip(load(path), path.parent, keep_going=going)
    else:
        source = open_source(args.path, keep_going=going)
    with closing(source):
        numbers = source.info.range
        found = {}
        for x, y, number in points:
            number = numbers.first if number is None else number
            colour = sample_colour(picture_of(source.frame(number)), x, y, _PATCH_PX)
            found[f"{x:g},{y:g},{number}"] = f"{hex_of(colour)} ({', '.join(f'{value:.4f}' for value in colour)})"
        spread = evenly(numbers.numbers(), _LOOKED_AT)
        try:
            screen = hex_of(find_screen_colour(picture_of(source.frame(number)) for number in spread))
            screen += f", from {counted(len(spread), 'frame')}"
        except RotoError as error:
            screen = f"none ({error})"
    return {"colour": found, "screen": screen}


def _point(text: str) -> tuple[float, float, int | None]:
    match = _POINT.fullmatch(text)
    if match is None:
        raise RotoError(f"--colour {text}: a point is X,Y or X,Y,FRAME, such as 320,180 or 320,180,12")
    return float(match[1]), float(match[2]), None if match[3] is None else int(match[3])


def _objects(path: Path) -> dict[str, Any]:
    """The objects of a Cryptomatte, by their kind, and why they have no names where their manifest is not there."""
    from roto.frames.cryptomatte import CryptomatteObjects
    from roto.frames.named_mattes import named_mattes

    named = named_mattes(path) if path.is_file() else None
    if not isinstance(named, CryptomatteObjects):
        return {}
    problems = [f"{kind.name}: {kind.note}" for kind in named.kinds if kind.note]
    return {"objects": {kind: list(names) for kind, names in named.by_kind.items()}, "manifest": problems}


def clip_facts(info: ClipInfo) -> dict[str, Any]:
    """What a person asks of a clip, as plain values."""
    return {
        "path": info.path,
        "kind": info.kind,
        "codec": info.codec,
        "size": f"{info.width} x {info.height}",
        "frames": f"{info.range} ({len(info.range)})",
        "rate": _rate(info.rate) + (", variable" if info.variable_rate else ""),
        "bits": "32 (float)" if info.bits == 32 else str(info.bits),
        "alpha": "yes" if info.has_alpha else "no",
        "pixel aspect": str(info.pixel_aspect),
        "rotation": f"{info.rotation} degrees, applied",
        "fields": info.field_order,
        "time code": info.timecode or "none",
        "colour": f"primaries {info.colour.primaries}, transfer {info.colour.transfer}, matrix {info.colour.matrix}"
        " (ITU-T H.273; 2 is unspecified)",
        "missing": list(info.missing),
        "notes": list(info.notes),
    }


def _rate(rate: Fraction) -> str:
    return f"{float(rate):.3f} ({rate})" if rate.denominator != 1 else str(rate)


def _document(path: Path) -> dict[str, Any]:
    from roto.models import Models
    from roto.shot.file import load

    document, models = load(path), Models(folder=path.parent)
    options = {layer.name: document.track_options(layer) for layer in document.layers}
    chosen = {name: models.chosen_propagator(each) for name, each in options.items()}
    return {
        "document": str(path),
        "source": document.source.path,
        "range": str(document.range) if document.range else "the whole clip",
        "layers": [
            f"{layer.name}: {counted(len(layer.keyed), 'keyframe')} ({', '.join(map(str, layer.keyed)) or 'none yet'})"
            for layer in document.layers
        ],
        "propagation": [
            f"{name}: {_quality(each, options[name])}, propagator {each.taken} ({each.why})"
            for name, each in chosen.items()
        ],
        "weights": _own_weights({each.taken for each in chosen.values()}),
    }


def _quality(chosen: Chosen, options: TrackOptions) -> str:
    from roto.track.propagators import ONE_QUALITY

    without = options.quality != type(options).quality and chosen.taken in ONE_QUALITY
    return f"quality {options.quality}" + (" without effect" if without else "")


def _own_weights(names: Container[str] | None = None) -> dict[str, dict[str, str]]:
    """Where the packaged weights come from, by the propagator that runs with them; of ``names`` alone, or of all."""
    from roto.weights.own import own_weights

    return {
        name: {
            "file": weights.file,
            "licence": weights.licence,
            "trained on": weights.trained_on,
            "sha256": weights.identity,
        }
        for name, weights in own_weights().items()
        if names is None or name in names
    }


def _backends() -> dict[str, str]:
    from roto.edge.matting import METHODS
    from roto.edge.matting.extra import why_not
    from roto.export import EXPORTERS
    from roto.frames.view import why_no_view
    from roto.models import Models
    from roto.segment import SEGMENTERS
    from roto.track.options import TrackOptions
    from roto.track.propagators import PROPAGATORS

    models = Models()
    segmenters = {f"segmenter {name}": models.why_not(TrackOptions(segmenter=name)) for name in SEGMENTERS}
    propagators = {f"propagator {name}": models.why_not(TrackOptions(propagator=name)) for name in PROPAGATORS}
    edges = {f"refine {name}": why_not(name) for name in METHODS} | {"view": why_no_view()}
    exports = {f"export {name}": exporter.unavailable() for name, exporter in EXPORTERS.items()}
    return {
        name: f"not available: {reason}" if reason else "available"
        for name, reason in {**segmenters, **propagators, **edges, **exports}.items()
    }


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{name:14} {line}" for line in value]
        else:
            lines.append(f"{indent}{name:14} {value}")
    return lines
