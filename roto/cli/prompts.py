"""From flags to prompts: the points, boxes, earlier masks and names of a layer's prompt keyframes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.common import frame_and_file
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.masks.prompted import Prompted

PROMPT_FLAGS = ("point", "box", "prompt_mask", "text", "candidate")
_WITH_FRAME = re.compile(r"(-?\d+)=(.*)", re.DOTALL)


def add_prompt_arguments(parser: argparse.ArgumentParser, action: type[argparse.Action]) -> None:
    """The flags that make prompt keyframes; those of one frame make one prompt."""
    prompts = parser.add_argument_group("prompts (what is said of one frame is one prompt)")
    prompts.add_argument(
        "--point", metavar="FRAME=X,Y[,0|1]", action=action, help="a point on the subject; with ,0 a point off it"
    )
    prompts.add_argument("--box", metavar="FRAME=X0,Y0,X1,Y1", action=action, help="a box around the subject")
    prompts.add_argument(
        "--prompt-mask", metavar="FRAME=FILE", action=action, help="an earlier mask, for a segmenter to improve"
    )
    prompts.add_argument(
        "--text",
        metavar="[FRAME=]TEXT",
        action=action,
        help='the subject\'s name, "the dog" (SAM 3; default: first frame)',
    )
    prompts.add_argument(
        "--candidate", metavar="[FRAME=]N", action=action, help="which of the answers to take, 1 is the best (default)"
    )


def read_prompts(
    flags: Iterable[tuple[str, str]],
    there: Mapping[int, Prompted],
    first_frame: Callable[[], int],
    relative: Callable[[Path], str],
) -> dict[int, Prompted]:
    """Prompts by frame, in the order of their first flag. Prompts that are ``there`` already are added to.

    ``first_frame`` is asked for a text without a frame; ``relative`` names a file as the document does. RotoError for
    whatever is not a prompt.
    """
    found: dict[int, dict[str, Any]] = {}
    choices: list[tuple[int | None, int]] = []
    for flag, value in flags:
        if flag == "candidate":
            choices.append(_candidate(value))
            continue
        number, part = _part(flag, value, first_frame, relative)
        prompt = found.setdefault(number, _start(there, number))
        if flag == "point":
            prompt["points"] = [*prompt.get("points", []), part]
        elif flag in prompt and not (number in there and prompt[flag] == _start(there, number).get(flag)):
            raise RotoError(f"--{flag.replace('_', '-')} stands twice for frame {number}; a prompt has one")
        else:
            prompt[flag] = part
    for chosen, candidate in choices:
        number = _frame_of(chosen, found, there)
        found.setdefault(number, _start(there, number))["candidate"] = candidate
    return {number: _made(number, data) for number, data in found.items()}


def _start(there: Mapping[int, Prompted], number: int) -> dict[str, Any]:
    return _as_flags(there[number].to_json()) if number in there else {}


def _as_flags(data: dict[str, Any]) -> dict[str, Any]:
    renamed = {"prompt_mask" if name == "mask" else name: value for name, value in data.items() if name != "type"}
    renamed.pop("candidate", None)  # it chose among the answers to another question
    return renamed


def _made(number: int, data: dict[str, Any]) -> Prompted:
    from roto.masks.fields import placed
    from roto.masks.prompted import Prompted

    with placed(f"prompt on frame {number}"):
        return Prompted.from_json(
            {"mask" if name == "prompt_mask" else name: value for name, value in data.items()}, ""
        )


def _part(flag: str, value: str, first_frame: Callable[[], int], relative: Callable[[Path], str]) -> tuple[int, Any]:
    if flag == "prompt_mask":
        number, file = frame_and_file(value)
        return number, relative(file)
    if flag == "text":
        found = _WITH_FRAME.fullmatch(value)
        number, text = (int(found[1]), found[2]) if found else (first_frame(), value)
        if not text.strip():
            raise RotoError('--text is empty; it names the subject, for example "the dog"')
        return number, text.strip()
    counts, example = ((2, 3), "12=330,80 or 12=330,80,0") if flag == "point" else ((4,), "12=300,60,380,140")
    found = _WITH_FRAME.fullmatch(value)
    numbers = _numbers(found[2]) if found else None
    if found is None or numbers is None or len(numbers) not in counts:
        form = "FRAME=X,Y[,0|1]" if flag == "point" else "FRAME=X0,Y0,X1,Y1"
        raise RotoError(f"--{flag} {value!r} is not {form}, for example {example}")
    return int(found[1]), numbers


def _numbers(text: str) -> list[float] | None:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return None


def _candidate(value: str) -> tuple[int | None, int]:
    found = _WITH_FRAME.fullmatch(value)
    number, choice = (int(found[1]), found[2]) if found else (None, value)
    if not choice.isdecimal() or int(choice) < 1:
        raise RotoError(f"--candidate {value!r} is not [FRAME=]N, N counted from 1, for example 2 or 12=2")
    return number, int(choice)


def _frame_of(chosen: int | None, found: Mapping[int, Any], there: Mapping[int, Prompted]) -> int:
    """The frame that a --candidate is about."""
    if chosen is None:
        frames = list(found) or list(there)
        if len(frames) != 1:
            raise RotoError(f"--candidate of which frame? say --candidate FRAME=N; prompts: {_listed(frames)}")
        return frames[0]
    if chosen not in found and chosen not in there:
        raise RotoError(f"--candidate: frame {chosen} has no prompt; prompts: {_listed([*there, *found])}")
    return chosen


def _listed(frames: Iterable[int]) -> str:
    return ", ".join(map(str, frames)) or "none"


def prompts_there(keyframes: Iterable[Any]) -> dict[int, Prompted]:
    """The keyframes that are one prompt and nothing else, by frame."""
    from roto.masks.prompted import Prompted

    return {
        each.frame: each.shapes[0]
        for each in keyframes
        if len(each.shapes) == 1 and isinstance(each.shapes[0], Prompted)
    }
