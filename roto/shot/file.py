"""Shot documents on disk: strict JSON in, stable JSON out.

The layout is made for git: keys in a fixed order, what stands at its default left out, one point of a shape on each
line, so that moving a point changes one line and merging two people's edits has a chance.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from roto.errors import DocumentError
from roto.files import write_atomically
from roto.masks.animated import ShapeKey, read_animation
from roto.masks.imported import ImportedShapes
from roto.masks.read import read_shapes
from roto.options import inside
from roto.shot.document import Document
from roto.shot.read import read_document, write_document

MAX_BYTES = 256 * 2**20
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def load(path: Path) -> Document:
    """The document in a file. DocumentError, naming the file and the place in it, for whatever is not valid."""
    with _named(path):
        return read_document(load_json(path))


def save(document: Document, path: Path) -> None:
    """Write a document; the file is replaced as a whole or not at all. OutputError when it cannot be written."""
    write_atomically(path, dumps(write_document(document)).encode())


def load_shapes(path: Path) -> ImportedShapes:
    """The shapes in a file: our own JSON, a list of points, or labelme's. Errors as for :func:`load`."""
    with _named(path):
        return read_shapes(load_json(path))


def load_shape_keys(path: Path) -> tuple[ShapeKey, ...]:
    """The keyframes of shapes in a file, or shapes that stay as they are. Errors as for :func:`load`."""
    with _named(path):
        return read_animation(load_json(path))


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Puts the file's name in front of the place that a DocumentError from within names."""
    try:
        yield
    except DocumentError as error:
        raise DocumentError(f"{path}: {error.place}" if error.place else str(path), error.problem) from None


def load_json(path: Path) -> Any:
    """Any JSON file, strictly as :func:`loads`. The errors do not name the file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError("", f"larger than {MAX_BYTES // 2**20} MB, which no shot document is")
        return loads(path.read_bytes())
    except OSError as error:
        clip = any(mark in path.name for mark in "#%") or path.is_dir()
        hint = "; 'roto new' makes a document of a clip" if clip else ""
        raise DocumentError("", f"cannot be read: {error.strerror}{hint}") from None


def loads(data: bytes) -> Any:
    """Strict JSON from bytes: UTF-8, no key twice, no NaN. DocumentError says where it is not."""
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_Object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise DocumentError(
            "", f"not UTF-8 text (byte {error.start}); is this a JSON file? ('roto new' makes a document of a clip)"
        ) from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno}, column {error.colno}", f"not JSON: {error.msg}") from None
    except RecursionError:
        raise DocumentError("", "nested too deeply") from None
    except ValueError:
        raise DocumentError("", "a number with too many digits") from None
    _check_repeated(value, "")
    return value


class _Object(dict[str, Any]):
    """A JSON object that remembers a key that stood in it twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: str | None = None
        if len(self) != len(pairs):
            keys = [key for key, _ in pairs]
            self.repeated = next(key for key in keys if keys.count(key) > 1)


def _check_repeated(value: Any, place: str) -> None:
    if isinstance(value, _Object):
        if value.repeated is not None:
            raise DocumentError(inside(place, value.repeated), "stands here twice; keep one")
        for key, element in value.items():
            _check_repeated(element, inside(place, key))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            if isinstance(element, (dict, list)):
                _check_repeated(element, f"{place}[{index}]")


def _refuse_constant(name: str) -> Any:
    raise DocumentError("", f"{name} is not a number that JSON knows")


def dumps(value: Any) -> str:
    """JSON in the document's layout, with a newline at its end."""
    parts: list[str] = []
    _lay_out(value, "", parts)
    return "".join([*parts, "\n"])


def _lay_out(value: Any, indent: str, parts: list[str]) -> None:
    """An object's entries and a list's elements on lines of their own; a list of plain values on one line."""
    inner = indent + " "
    if isinstance(value, Mapping) and value:
        for index, (key, element) in enumerate(value.items()):
            parts.append(f"{',' if index else '{'}\n{inner}{_on_one_line(key)}: ")
            _lay_out(element, inner, parts)
        parts.append(f"\n{indent}}}")
    elif _is_list(value) and any(_is_list(element) or isinstance(element, Mapping) for element in value):
        for index, element in enumerate(value):
            parts.append(f"{',' if index else '['}\n{inner}")
            _lay_out(element, inner, parts)
        parts.append(f"\n{indent}]")
    else:
        parts.append("{}" if isinstance(value, Mapping) else _on_one_line(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _on_one_line(value: Any) -> str:
    text = _ENCODE(value)
    # a file name that is not UTF-8 is held with lone surrogates, which only an escape can carry
    return text if _encodable(text) else json.dumps(value)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
