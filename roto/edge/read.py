"""The list of edge steps from a document or a command line, and back."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

from roto.edge import EDGE_STEPS
from roto.edge.step import EdgeStep
from roto.errors import DocumentError
from roto.options import check_value, describe, from_text, inside, unknown

MAX_STEPS = 50


def read_steps(data: Any, place: str) -> tuple[EdgeStep, ...]:
    """``[{"type": "grow", "px": 1.5}, ...]`` from JSON. DocumentError for whatever is not valid."""
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, but a list of edge steps is needed")
    if len(data) > MAX_STEPS:
        raise DocumentError(place, f"{len(data)} edge steps, at most {MAX_STEPS} are allowed")
    return tuple(_read_step(step, f"{place}[{index}]") for index, step in enumerate(data))


def _read_step(data: Any, place: str) -> EdgeStep:
    if not isinstance(data, Mapping):
        raise DocumentError(place, f"{describe(data)}, but an object is needed")
    if "type" not in data:
        raise DocumentError(inside(place, "type"), f"missing, it is one of {', '.join(EDGE_STEPS)}")
    return _kind(data["type"], inside(place, "type")).from_json(data, place)


def _kind(name: Any, place: str) -> type[EdgeStep]:
    if not isinstance(name, str) or name not in EDGE_STEPS:
        raise DocumentError(place, f"{describe(name)} is no edge step; there are {', '.join(EDGE_STEPS)}")
    return EDGE_STEPS[name]


def parse_step(text: str) -> EdgeStep:
    """A step as on the command line: ``NAME``, ``NAME=VALUE``, ``NAME=VALUE,OPTION=VALUE``. The bare value is that of
    the step's first option. DocumentError, its place the text, for what is not valid."""
    name, equals, rest = text.partition("=")
    cls = _kind(name.strip(), text)
    fields = cls.fields()
    kinds = typing.get_type_hints(cls)
    data: dict[str, Any] = {}
    for index, part in enumerate(rest.split(",") if equals else []):
        key, separator, value = part.partition("=")
        if not fields:
            raise DocumentError(text, f"{name} has no options")
        if not separator:
            if index:
                raise DocumentError(text, f"{part!r} is not OPTION=VALUE")
            key, value = next(iter(fields)), part
        key = key.strip().replace("-", "_")
        if key not in fields:
            raise DocumentError(text, f"{key}: {unknown(key, fields)}")
        if key in data:
            raise DocumentError(text, f"{key} stands twice")
        data[key] = check_value(from_text(value.strip(), kinds[key]), kinds[key], fields[key].metadata, text)
    return cls(**data)


def told(step: EdgeStep) -> str:
    """A step in the words of :func:`parse_step`."""
    given = {name: value for name, value in step.to_json().items() if name != "type"}
    first = next(iter(step.fields()), None)
    parts = [("" if name == first else f"{name}=") + _word(value) for name, value in given.items()]
    return step.type + ("=" + ",".join(parts) if parts else "")


def _word(value: Any) -> str:
    return (
        f"{value:.10g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
    )
