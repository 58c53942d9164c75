"""Options of a stage: one frozen keyword-only dataclass beside its stage, read by everybody.

Help text, range and choices live in each field's metadata (see :func:`option`). The command line's flags, the
document's validation and, later, the reviewer's form all come from that one definition.
"""

from __future__ import annotations

import dataclasses
import difflib
import sys
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from roto.errors import DocumentError

T = TypeVar("T")
AUTO = "auto"


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] | None = None,
    path: bool = False,
    auto: bool = False,
) -> Any:
    """A dataclass field with its help text and what is allowed. Units belong in the field's name (``feather_px``).
    ``path``: it may name a file or a folder, relative to the document's folder where it stands in one. ``auto``: None
    is written as "auto"."""
    limits = {"minimum": minimum, "maximum": maximum, "choices": choices}
    metadata = {"help": help, **limits, "path": path, "auto": auto}
    return dataclasses.field(default=default, metadata=metadata)


def type_hints(cls: Any) -> dict[str, Any]:
    """The types of a class's fields."""
    return _type_hints(cls)


@cache
def _type_hints(cls: Hashable) -> dict[str, Any]:
    """Remembered: they are asked for with every layer and keyframe of every document, and slow to find."""
    return typing.get_type_hints(cls)


def read_options(cls: type[T], data: Any, place: str) -> T:
    """Options from a document's mapping. Unknown keys, wrong types and values out of range are a DocumentError."""
    if not isinstance(data, Mapping):
        raise DocumentError(place, f"an object of options is needed, got {describe(data)}")
    known = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            raise DocumentError(inside(place, str(key)), unknown(str(key), known))
    types_ = type_hints(cls)
    return cls(**{key: check_value(data[key], types_[key], known[key].metadata, inside(place, key)) for key in data})


def write_options(options: Any) -> dict[str, Any]:
    """The options that differ from their defaults, so that a document holds only what was decided; whole numbers
    without a decimal point."""
    return {
        field.name: _plain(getattr(options, field.name), field.metadata.get("auto", False))
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != field.default
    }


def _plain(value: Any, auto: bool) -> Any:
    if auto and value is None:
        return AUTO
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_value(value: Any, kind: Any, metadata: Mapping[str, Any], place: str) -> Any:
    """``value`` as ``kind`` (bool, int, float, str, or one of them with None), within the metadata's limits."""
    allowed = [kind]
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        allowed = list(typing.get_args(kind))
    auto = metadata.get("auto", False)
    if auto and value == AUTO:
        return None
    if value is None and type(None) in allowed and not auto:
        return None
    kinds = [k for k in allowed if k is not type(None)]
    if bool in kinds and isinstance(value, bool):
        return value
    if isinstance(value, bool) or not any(_fits(value, k) for k in kinds):
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        needed = [names[kind] for kind in kinds] + (["'auto'"] if auto else [])
        raise DocumentError(place, f"{describe(value)}, but {' or '.join(needed)} is needed")
    if float in kinds and isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        raise DocumentError(place, f"{describe(value)}, but a finite number is needed")
    low, high, choices = metadata.get("minimum"), metadata.get("maximum"), metadata.get("choices")
    number = isinstance(value, (int, float))
    if low is not None and number and value < low:
        raise DocumentError(place, f"{describe(value)} is too small, at least {low:.10g} is allowed")
    if high is not None and number and value > high:
        raise DocumentError(place, f"{describe(value)} is too large, at most {high:.10g} is allowed")
    if choices is not None and value not in choices:
        raise DocumentError(place, f"{value!r} is not one of {', '.join(choices)}")
    return float(value) if float in kinds and isinstance(value, int) else value


def from_text(text: str, kind: Any) -> Any:
    """A value of ``kind`` as it stands on a command line, for :func:`check_value` to check; the text where it is no
    number, or may be a text."""
    kinds = typing.get_args(kind) or (kind,)
    if str in kinds:
        return text
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        if number in kinds:
            try:
                return number(text)
            except ValueError:
                continue
    return text


def _fits(value: Any, kind: type) -> bool:
    return isinstance(value, (int, float)) if kind is float else isinstance(value, kind)


def inside(place: str, inner: str) -> str:
    """The name of a place within a place: ``layers[1]`` and ``name`` make ``layers[1].name``."""
    return f"{place}.{inner}" if place and inner and not inner.startswith("[") else place + inner


def unknown(key: str, known: typing.Iterable[str]) -> str:
    """Text for an unknown key, with the nearest known one."""
    names = list(known)
    near = difflib.get_close_matches(key, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
    return f"unknown key, {hint}"


def describe(value: Any) -> str:
    """A short description of a JSON value for an error message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        digits = str(value)
        return f"the number {digits}" if len(digits) <= 24 else f"the number {digits[:21]}..."
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"the text {value[:37]!r}..."
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence):
        return f"a list of {len(value)}"
    return type(value).__name__
