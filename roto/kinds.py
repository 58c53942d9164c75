"""Families of kinds that are chosen by name and set by options: edge steps, entries of a stack.

In a document each is an object, ``{"type": "grow", "px": -0.5}``; on a command line it is a word, ``grow=-0.5``.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from roto.curve import curve_told
from roto.errors import DocumentError
from roto.options import AUTO, check_value, describe, from_text, inside, read_options, unknown, write_options


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One of a family. Its fields are options, see :func:`roto.options.option`; the first of :meth:`fields` is the one
    that a bare value on the command line sets."""

    type: ClassVar[str]
    summary: ClassVar[str]

    def unavailable(self) -> str | None:
        """Why it cannot run here, or None."""
        return None

    def memory_bytes(self, width: int, height: int) -> int:
        """What it needs, at most, for one frame, where that is much."""
        return 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any], place: str) -> Self:
        """DocumentError for what is not valid."""
        return read_options(cls, {key: value for key, value in data.items() if key != "type"}, place)

    def to_json(self) -> dict[str, Any]:
        """The type, and the fields that differ from their defaults."""
        return {"type": self.type, **write_options(self)}

    @classmethod
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        return {field.name: field for field in dataclasses.fields(cls)}

    @classmethod
    def json_value(cls, name: str, text: str, place: str) -> Any:
        """What a document holds for an option that stands on a command line as ``text``."""
        kind = typing.get_type_hints(cls)[name]
        value = check_value(from_text(text, kind), kind, cls.fields()[name].metadata, place)
        return AUTO if value is None and cls.fields()[name].metadata.get("auto") else value


K = TypeVar("K", bound=Kind)
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True)
class Family(Generic[K]):
    """The kinds there are, by name, what one is called, and how many a list may have."""

    kinds: Mapping[str, type[K]]
    noun: str
    most: int

    def read(self, data: Any, place: str) -> tuple[K, ...]:
        """``[{"type": "grow", "px": 1.5}, ...]`` from JSON. DocumentError for whatever is not valid."""
        if not isinstance(data, Sequence) or isinstance(data, str):
            raise DocumentError(place, f"{describe(data)}, but a list is needed")
        if len(data) > self.most:
            raise DocumentError(place, f"a list of {len(data)}, at most {self.most} are allowed")
        return tuple(self._read_one(each, f"{place}[{index}]") for index, each in enumerate(data))

    def _read_one(self, data: Any, place: str) -> K:
        if not isinstance(data, Mapping):
            raise DocumentError(place, f"{describe(data)}, but an object is needed")
        if "type" not in data:
            raise DocumentError(inside(place, "type"), f"missing, it is one of {', '.join(self.kinds)}")
        return self._kind(data["type"], inside(place, "type")).from_json(data, place)

    def _kind(self, name: Any, place: str) -> type[K]:
        if not isinstance(name, str) or name not in self.kinds:
            near = difflib.get_close_matches(name, self.kinds, 1) if isinstance(name, str) else []
            hint = f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(self.kinds)}"
            raise DocumentError(place, f"{describe(name)} is no {self.noun}{hint}")
        return self.kinds[name]

    def parse(self, text: str) -> K:
        """One as on a command line: ``NAME``, ``NAME=VALUE``, ``NAME=VALUE,OPTION=VALUE``, ``NAME,OPTION=VALUE``. The
        bare value is that of the first option; a comma within a value is written ``\\,``. DocumentError, its place the
        text, for what is not valid."""
        name = re.split("[=,]", text, maxsplit=1)[0]
        bare, rest = text[len(name) : len(name) + 1] == "=", text[len(name) + 1 :]
        name, cls = name.strip(), self._kind(name.strip(), text)
        fields = cls.fields()
        data: dict[str, Any] = {}
        for index, part in enumerate(_COMMA.split(rest) if rest or bare else []):
            key, separator, value = part.replace("\\,", ",").partition("=")
            if not fields:
                raise DocumentError(text, f"{name} has no options")
            if not separator:
                if index or not bare:
                    raise DocumentError(text, f"{part!r} is not OPTION=VALUE; a comma within a value is written \\,")
                key, value = next(iter(fields)), key
            key = key.strip().replace("-", "_")
            if key not in fields:
                raise DocumentError(text, f"{key}: {unknown(key, fields)}")
            if key in data:
                raise DocumentError(text, f"{key} stands twice")
            data[key] = cls.json_value(key, value.strip(), text)
        try:
            return cls.from_json(data, "")
        except DocumentError as error:
            raise DocumentError(text, f"{error.place}: {error.problem}" if error.place else error.problem) from None


def told(kind: Kind) -> str:
    """In the words of :meth:`Family.parse`."""
    given = {name: value for name, value in kind.to_json().items() if name != "type"}
    first = next(iter(kind.fields()), None)
    bare = f"={_word(given.pop(first))}" if first in given else ""
    return kind.type + bare + "".join(f",{name}={_word(value)}" for name, value in given.items())


def list_of(family: Family[Any]) -> list[str]:
    """Every kind and its options, a line each, for a command's ``--list``; at the end those that all have."""
    every = [kind.fields() for kind in family.kinds.values()]
    shared = [name for name in every[0] if all(name in fields for fields in every)]
    lines = []
    width = max(14, *(len(name) + 2 for name in family.kinds))
    inner = max(18, *(len(name) + 1 for fields in every for name in fields))
    for name, kind in family.kinds.items():
        lines.append(f"{name:{width}}{kind.summary}")
        lines += [_listed(field, inner) for each, field in kind.fields().items() if each not in shared]
    if shared:
        lines += [f"every {family.noun} has", *(_listed(every[0][name], inner) for name in shared)]
    return lines


def _listed(field: dataclasses.Field[Any], width: int) -> str:
    choices = field.metadata.get("choices")
    allowed = f" ({', '.join(choices)})" if choices else ""
    default = AUTO if field.metadata["auto"] and field.default is None else field.default
    shown = "none" if default in ("", None) else default
    return f"  {field.name:{width}}{field.metadata['help']}{allowed}; default {shown}"


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return curve_told(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"({len(value)})"  # stands in a document alone
    return f"{value:.10g}" if isinstance(value, float) else str(value).replace(",", "\\,")
