"""What several commands share: flags made from the options' own definitions, FRAME=FILE pairs, words of output."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from roto.edge.colour import ColourOptions
from roto.errors import RotoError
from roto.options import check_value, from_text
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions

if TYPE_CHECKING:
    from roto.shot.document import Document

T = TypeVar("T")
STAGES: dict[str, type[Any]] = {"track": TrackOptions, "smooth": SmoothOptions, "colour": ColourOptions}


def add_stage_options(parser: argparse.ArgumentParser) -> None:
    """A flag for every option of every stage, from the one definition that the document reads too."""
    for stage, cls in STAGES.items():
        group = parser.add_argument_group(f"{stage} options")
        types = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            _add_option(group, stage, field, types[field.name])


def _add_option(group: Any, stage: str, field: dataclasses.Field[Any], kind: Any) -> None:
    flag = flag_of(stage, field.name)
    destination = f"{stage}.{field.name}"
    default = "none" if field.default in ("", None) else field.default
    help_text = f"{field.metadata['help']} (default: {default})".replace("%", "%%")
    if kind is bool:
        group.add_argument(flag, dest=destination, action=argparse.BooleanOptionalAction, default=None, help=help_text)
        return
    choices = field.metadata.get("choices")
    metavar = "{" + ",".join(choices) + "}" if choices else field.name.rsplit("_", 1)[-1].upper()
    group.add_argument(flag, dest=destination, metavar=metavar, default=None, help=help_text)


def flag_of(stage: str, name: str) -> str:
    """``--grow-px``; the stage's name in front where the option's alone would not say whose it is."""
    generic = name in ("enabled", "strength", "radius_frames")
    return "--" + (f"{stage}-{name}" if generic else name).replace("_", "-")


def read_stage_options(args: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    """The stage options that were given, as a document in ``folder`` holds them: {stage: {name: value}}."""
    from roto.paths import relative

    found: dict[str, dict[str, Any]] = {}
    for stage, cls in STAGES.items():
        types = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            text = getattr(args, f"{stage}.{field.name}", None)
            if text is not None:
                if field.metadata["path"] and Path(text).exists():
                    text = relative(Path(text), folder)
                value = check_value(
                    text if isinstance(text, bool) else from_text(text, types[field.name]),
                    types[field.name],
                    field.metadata,
                    flag_of(stage, field.name),
                )
                found.setdefault(stage, {})[field.name] = value
    return found


def add_quality_argument(parser: argparse.ArgumentParser) -> None:
    """--quality of a command that takes its other options from the document."""
    field = TrackOptions.__dataclass_fields__["quality"]
    parser.add_argument(
        "--quality",
        metavar="{" + ",".join(field.metadata["choices"]) + "}",
        help=f"for this time, whatever the document says: {field.metadata['help']}",
    )


def with_quality(document: Document, quality: str | None) -> Document:
    """See :func:`roto.shot.edit.with_quality`."""
    from roto.shot.edit import with_quality

    return with_quality(document, quality, "--quality")


def frame_and_file(text: str) -> tuple[int, Path]:
    """``FRAME=FILE``."""
    frame, separator, file = text.partition("=")
    try:
        number = int(frame)
    except ValueError:
        separator = ""
    if not separator or not file:
        raise RotoError(f"{text!r} is not FRAME=FILE, for example 1001=key.png")
    path = Path(file)
    if not path.is_file():
        raise RotoError(f"{file} is not a file (given for frame {number})")
    return number, path


def frame_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RotoError(f"{text!r} is not a frame number") from None


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """--quiet and --json, the same everywhere."""
    parser.add_argument("--quiet", action="store_true", help="no progress and no summary, errors only")
    parser.add_argument("--json", action="store_true", help="print the result as JSON on standard output")


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        metavar="{auto,cpu,cuda,mps}",
        default="auto",
        help="where models run (default: auto, a GPU that is there)",
    )


def add_work_arguments(
    parser: argparse.ArgumentParser, overwrite: str = "replace outputs that roto did not write itself"
) -> None:
    """What every command that solves takes. ``overwrite``: what that flag does."""
    parser.add_argument(
        "--workers",
        metavar="N",
        help="processes to use (default: one for each core, fewer where a model needs the memory)",
    )
    add_device_argument(parser)
    parser.add_argument("--overwrite", action="store_true", help=overwrite)
    parser.add_argument(
        "--keep-going", action="store_true", help="deliver the frames that a damaged source can give, and list the rest"
    )


def read_workers(text: str | None) -> int | None:
    """The number of processes, None to leave it to the machine."""
    if text is None or text == "auto":
        return None
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise RotoError(f"--workers {text}: a whole number from 1 to 256, or auto, is needed")
    return int(text)


def counted(number: int, what: str) -> str:
    """``1 keyframe``, ``3 keyframes``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def prompt_told(quiet: bool) -> Callable[[int, str], None]:
    """What tells, on standard error, which frame's prompt a model is about to answer: it may take a while."""

    def tell(number: int, model: str) -> None:
        if not quiet:
            print(f"roto: answering the prompt on frame {number} with {model}", file=sys.stderr, flush=True)

    return tell


def print_json(data: Any) -> None:
    json.dump(data, sys.stdout, indent=1, ensure_ascii=False)
    print()


def say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
