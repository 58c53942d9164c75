"""A manifest: shots in TOML or CSV, with defaults and what each sets differently. Every path in it is relative to it.

Keys, types and options are checked when it is read, whole; files that it names are looked for when their shot is
started, so that one that is missing fails its own shot.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roto.edge.read import parse_step
from roto.errors import DocumentError, RotoError
from roto.export import EXPORTERS
from roto.export.naming import Template
from roto.options import describe, from_text, inside, read_options, type_hints, unknown
from roto.shot.document import OPTION_STAGES
from roto.stack.read import parse_entry
from roto.timing import parse_range

SUFFIXES = (".toml", ".csv")
DEFAULTS = "*"  # the row of a CSV that holds for all others
DEFAULT_LAYER = "matte"
CLIP_KEYS = ("start", "rate", "missing", "colour_space", "view", "ocio")
FRAME_KEYS = ("masks", "polygons", "boxes", "points", "texts")
LAYER_KEYS = (*FRAME_KEYS, "absent", "mask_id", "mask_channel", "label", "stack", "edge")
_OF_A_SHOT = ("name", "document", "source", *CLIP_KEYS, "range", "layer", *LAYER_KEYS, "layers", "exports", "files")
SHOT_KEYS: tuple[str, ...] = (*_OF_A_SHOT, *OPTION_STAGES)
TOP_KEYS = ("output", "folder", "defaults", "shot")


@dataclass(frozen=True, kw_only=True)
class ManifestShot:
    """A shot as a manifest says it, checked: ``data`` is the shot's table, defaults filled in, ``layers`` those of its
    layers by name. ``place`` names it in errors."""

    name: str
    place: str
    document: Path | None
    exports: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest's shots; ``output`` is the folder of all of them, ``folder`` a shot's own within it."""

    path: Path
    output: Path
    folder: str
    shots: tuple[ManifestShot, ...]

    def folder_of(self, name: str) -> Path:
        return self.output / self.folder.replace("{shot}", name)


def is_manifest(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def read_manifest(path: Path, output: Path | None = None) -> Manifest:
    """Read one. ``output``: instead of its own. DocumentError, naming file and place, for whatever is not valid."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise DocumentError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DocumentError(str(path), f"not UTF-8 text (byte {error.start})") from None
    try:
        data = _from_csv(text) if path.suffix.lower() == ".csv" else tomllib.loads(text)
        return _manifest(path, data, output)
    except tomllib.TOMLDecodeError as error:
        raise DocumentError(str(path), f"not TOML: {error}") from None
    except DocumentError as error:
        raise DocumentError(f"{path}: {error.place}" if error.place else str(path), error.problem) from None


def _manifest(path: Path, data: Mapping[str, Any], output: Path | None) -> Manifest:
    _check_keys(data, "", TOP_KEYS)
    folder = _text(data.get("folder", "{shot}"), "folder")
    if re.search(r"[{}]", folder.replace("{shot}", "")) or Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise DocumentError("folder", f"{folder!r} is no path within the output folder, with {{shot}} for the shot")
    defaults = _table(data.get("defaults", {}), "defaults")
    _check_keys(defaults, "defaults", [key for key in SHOT_KEYS if key not in ("name", "document", "layers")])
    entries = data.get("shot", [])
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise DocumentError("shot", f"{describe(entries)}, but tables are needed: [[shot]]")
    shots = tuple(_shot(each, f"shot[{index}]", defaults, path.parent) for index, each in enumerate(entries))
    if not shots:
        raise DocumentError("", "no shots; add one: [[shot]]")
    seen: dict[str, str] = {}
    for shot in shots:
        other = seen.setdefault(shot.name.casefold(), shot.place)
        if other != shot.place:
            raise DocumentError(f"{shot.place}.name", f"{shot.name!r} is the name of {other} already")
    own = path.parent / _text(data.get("output", "."), "output")
    return Manifest(path=path, output=(output or own).absolute(), folder=folder, shots=shots)


def _shot(entry: Any, place: str, defaults: Mapping[str, Any], folder: Path) -> ManifestShot:
    own = _table(entry, place)
    _check_keys(own, place, SHOT_KEYS)
    if own.get("name"):
        place = f"shot {own['name']!r}"
    data = {**defaults, **own}
    for key in (*OPTION_STAGES, "files"):  # tables are filled in key by key
        if isinstance(defaults.get(key), Mapping) and isinstance(own.get(key), Mapping):
            data[key] = {**defaults[key], **own[key]}
    if ("document" in own) == ("source" in data):
        raise DocumentError(place, "give it a source, or a document" if "source" not in data else _BOTH)
    document = _path(own["document"], inside(place, "document"), folder) if "document" in own else None
    if document is not None:
        _check_keys(own, place, ("name", "document", "exports", "files"), " beside a document")
    given = _text(own.get("name", _name_of(document or Path(str(data.get("source"))))), inside(place, "name"))
    exports = _exports(data.get("exports", [] if document else ["png"]), inside(place, "exports"))
    shot = ManifestShot(
        name=check_name(given, inside(place, "name")),
        place=place,
        document=document,
        exports=exports,
        names=_names(data.get("files", {}), exports, inside(place, "files")),
        data={} if document else data,
        layers={} if document else _layers(data, place),
    )
    if document is None:
        _check(shot)
    return shot


_BOTH = "a document names its source: give one of the two"


def _layers(data: Mapping[str, Any], place: str) -> dict[str, Mapping[str, Any]]:
    """By name: the layers of ``layers``, or the one that the shot's own keys describe."""
    if "layers" not in data:
        name = _text(data.get("layer", DEFAULT_LAYER), inside(place, "layer"))
        return {name: {key: data[key] for key in LAYER_KEYS if key in data}}
    entries = data["layers"]
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        raise DocumentError(inside(place, "layers"), f"{describe(entries)}, but tables are needed: [[shot.layers]]")
    layers: dict[str, Mapping[str, Any]] = {}
    for index, entry in enumerate(entries):
        where = f"{place}.layers[{index}]"
        table = _table(entry, where)
        _check_keys(table, where, ("name", *LAYER_KEYS, *OPTION_STAGES))
        name = _text(table.get("name", ""), inside(where, "name"))
        if not name or name in layers:
            raise DocumentError(inside(where, "name"), "each layer needs a name of its own")
        shared = {key: data[key] for key in ("mask_id", "mask_channel", "label") if key in data}
        layers[name] = {**shared, **table}
    return layers


def _check(shot: ManifestShot) -> None:
    """What can be known before any file is opened."""
    for stage, cls in OPTION_STAGES.items():
        read_options(cls, shot.data.get(stage, {}), inside(shot.place, stage))
    if "range" in shot.data:
        read_range(shot.data["range"], inside(shot.place, "range"))
    for name, layer in shot.layers.items():
        place = shot.place if "layers" not in shot.data else f"{shot.place}, layer {name!r}"
        if not any(layer.get(key) for key in (*FRAME_KEYS, "stack")):
            raise DocumentError(place, f"no keyframes; give it {', '.join(FRAME_KEYS)}, or a stack")
        for key in FRAME_KEYS:
            for frame in _table(layer.get(key, {}), inside(place, key)):
                read_frame(frame, inside(place, key))
        for key, parse in (("stack", parse_entry), ("edge", parse_step)):
            for text in words(layer.get(key, []), inside(place, key)):
                try:
                    parse(text)
                except DocumentError as error:
                    raise DocumentError(inside(place, key), f"{error.place}: {error.problem}") from None
        for frame in words(layer.get("absent", []), inside(place, "absent")):
            read_frame(frame, inside(place, "absent"))


def read_frame(text: Any, place: str) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise DocumentError(place, f"{text!r} is not a frame number") from None


def read_range(value: Any, place: str) -> list[int]:
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        return [read_frame(each, place) for each in value]
    try:
        wanted = parse_range(str(value))
    except RotoError as error:
        raise DocumentError(place, str(error)) from None
    return [wanted.first, wanted.last]


def words(value: Any, place: str) -> list[str]:
    """A list of texts; a text alone is a list of one."""
    if isinstance(value, (str, int)):
        return [str(value)]
    if not isinstance(value, Sequence) or not all(isinstance(each, (str, int)) for each in value):
        raise DocumentError(place, f"{describe(value)}, but a list of texts is needed")
    return [str(each) for each in value]


def check_name(name: str, place: str) -> str:
    """DocumentError for a name that no folder can have."""
    if not name or name.startswith(".") or re.search(r'[/\\:*?"<>|{}\x00-\x1f]', name):
        raise DocumentError(place, f"{name!r} cannot be a folder's name")
    return name


def _name_of(path: Path) -> str:
    """A clip's or a document's own name."""
    stem = re.sub(r"[#@]+|%0?\d*d", "", path.name.removesuffix(".roto.json"))
    stem = stem.rsplit(".", 1)[0] if "." in stem.strip(".") else stem
    return stem.strip("._- ") or path.parent.name


def _exports(value: Any, place: str) -> tuple[str, ...]:
    kinds = [kind for each in words(value, place) for kind in each.split()]
    for kind in kinds:
        if kind not in EXPORTERS:
            raise DocumentError(place, f"{kind!r}: {unknown(kind, EXPORTERS).replace('unknown key', 'unknown kind')}")
    return tuple(dict.fromkeys(kinds))


def _names(value: Any, exports: Sequence[str], place: str) -> tuple[tuple[str, str], ...]:
    """Templates by kind; one text is for all kinds."""
    by_kind = dict.fromkeys(exports, value) if isinstance(value, str) else _table(value, place)
    for kind, text in by_kind.items():
        if kind not in EXPORTERS:
            raise DocumentError(inside(place, kind), unknown(kind, EXPORTERS))
        try:
            exporter = EXPORTERS[kind]
            template = Template(_text(text, inside(place, kind)))
            template.of(shot="shot", kind=kind, extension=exporter.extension, numbered=exporter.numbered)
        except DocumentError:
            raise
        except RotoError as error:
            raise DocumentError(place, str(error)) from None
    return tuple((kind, str(text)) for kind, text in by_kind.items() if kind in exports)


def _path(value: Any, place: str, folder: Path) -> Path:
    return (folder / _text(value, place)).absolute()


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise DocumentError(place, f"{describe(value)}, but a text is needed")
    return value


def _table(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DocumentError(place, f"{describe(value)}, but a table is needed")
    return value


def _check_keys(data: Mapping[str, Any], place: str, known: Sequence[str], why: str = "") -> None:
    for key in data:
        if key not in known:
            raise DocumentError(inside(place, key), unknown(key, known) + why)


# -- CSV --------------------------------------------------------------------------------------------------------------


def _from_csv(text: str) -> dict[str, Any]:
    """The same tables from rows: a row is a layer of the shot that it names, the row ``*`` holds the defaults. Columns
    are a shot's keys, of options ``track.quality``; a cell of several things has semicolons between them."""
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    columns = rows.fieldnames or []
    known = ("shot", *(key for key in SHOT_KEYS if key not in ("name", "layers", *OPTION_STAGES)))
    for column in columns:
        stage, dot, name = column.partition(".")
        if dot and stage in OPTION_STAGES:
            read_options(OPTION_STAGES[stage], {}, stage)
            if name not in OPTION_STAGES[stage].__dataclass_fields__:
                raise DocumentError(f"column {column}", unknown(name, OPTION_STAGES[stage].__dataclass_fields__))
        elif dot and stage == "files":
            continue
        elif column not in known:
            raise DocumentError(f"column {column}", unknown(column, known))
    result: dict[str, Any] = {"shot": []}
    by_name: dict[str, dict[str, Any]] = {}
    for line, row in enumerate(rows, 2):
        if None in row:
            raise DocumentError(f"line {line}", f"more cells than the {len(columns)} columns; quote what has commas")
        entry = _row({key: (value or "").strip() for key, value in row.items()}, f"line {line}")
        name = entry.get("name", "")
        if name == DEFAULTS:
            del entry["name"]
            result["defaults"] = entry
        elif name and name in by_name:
            _add_layer(by_name[name], entry)
        else:
            by_name[name] = entry
            result["shot"].append(entry)
    return result


def _add_layer(shot: dict[str, Any], entry: dict[str, Any]) -> None:
    if "layers" not in shot:
        first = {key: shot.pop(key) for key in LAYER_KEYS if key in shot}
        shot["layers"] = [{"name": shot.pop("layer", DEFAULT_LAYER), **first}]
    layer = {key: entry[key] for key in LAYER_KEYS if key in entry}
    shot["layers"].append({"name": entry.get("layer", DEFAULT_LAYER), **layer})


def _row(cells: Mapping[str, str], place: str) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for column, cell in cells.items():
        if not cell:
            continue
        key, dot, name = column.partition(".")
        if dot:
            entry.setdefault(key, {})[name] = _option(key, name, cell) if key in OPTION_STAGES else cell
        elif key in FRAME_KEYS:
            entry[key] = _by_frame(key, cell, inside(place, key))
        elif key in ("stack", "edge"):
            entry[key] = _split(cell)
        elif key in ("absent", "exports"):
            entry[key] = cell.replace(";", " ").split()
        elif key in ("start", "mask_id"):
            entry[key] = int(cell) if re.fullmatch(r"-?\d+", cell) else cell
        else:
            entry["name" if key == "shot" else key] = cell
    return entry


def _option(stage: str, name: str, cell: str) -> Any:
    return from_text(cell, type_hints(OPTION_STAGES[stage])[name])


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _by_frame(key: str, cell: str, place: str) -> dict[str, Any]:
    """``1001=a.png; 1050=b.png``, ``0=10,20,80,90``, ``0=12,30; 0=40,50,0``."""
    found: dict[str, Any] = {}
    for part in _split(cell):
        frame, equals, value = part.partition("=")
        if not equals:
            raise DocumentError(place, f"{part!r} is not FRAME=...")
        if key == "boxes":
            found[frame.strip()] = _numbers(value, place)
        elif key == "points":
            found.setdefault(frame.strip(), []).append(_numbers(value, place))
        else:
            found[frame.strip()] = value.strip()
    return found


def _numbers(text: str, place: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise DocumentError(place, f"{text!r} is not numbers with commas between them") from None
