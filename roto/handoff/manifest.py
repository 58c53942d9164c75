"""The manifest of a hand-off: what was handed over, of which source, and what a merge needs to put it back.

Read from JSON with every check that a stranger's file needs: known keys alone, sizes that a picture has, names that
stay in the manifest's folder. Every error names its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roto.errors import DocumentError
from roto.handoff.colour import DEPTHS
from roto.handoff.layout import LAYOUTS
from roto.handoff.window import MAX_PIXELS, MAX_SIDE
from roto.image import Box
from roto.options import check_value, describe, inside, unknown
from roto.shot.document import MAX_LAYERS, Document, Source
from roto.shot.document import VERSION as DOCUMENT_VERSION
from roto.shot.read import read_document, write_document

TYPE = "roto-handoff"
VERSION = 1
TASKS = ("inpaint", "outpaint")
ENCODINGS = ("source", "sRGB", "view")
MAX_FRAMES = 1_000_000
MAX_BYTES = 512 * 2**20
_MAX_FRAME = 2**31 - 1
_NAME = re.compile(r"\w[\w.#-]*(/\w[\w.#-]*)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_POLARITY = "white is changed, black is kept to the last bit"
_BOXES = ("size", "window", "canvas")
_NEEDED = ("task", "source", "fingerprint", *_BOXES, "layout", "depth", "encoding", "frames", "plates", "blends")
_KEYS = (*_NEEDED, "type", "version", "masks", "codec", "display", "layers", "asked", "hashes", "polarity")


@dataclass(frozen=True, slots=True)
class HandedFrame:
    """A frame of a hand-off. ``changed``: its blend is not empty. Hashes are SHA-256 of the written files; a mask that
    is a frame of a video has none of its own."""

    number: int
    changed: bool
    blend: str
    mask: str | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """size: of the source's picture. window: what a plate shows, in its pixels. canvas: what a merged picture shows.
    encoding: of the plates, "source", "sRGB" (scene-linear, shown as that) or "view" (the source's own). display: what
    that view shows, for people. plates, masks, blends: names in the manifest's folder, ``####`` for the frame's number;
    no masks where the plates have them as alpha. asked: how the masks were made, for people. hashes: SHA-256 of a video
    of masks, by its name."""

    task: str
    source: Source
    fingerprint: str
    size: tuple[int, int]
    window: Box
    canvas: Box
    layout: str
    depth: str
    encoding: str
    frames: tuple[HandedFrame, ...]
    plates: str
    blends: str
    masks: str | None = None
    codec: str | None = None
    display: str | None = None
    layers: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        return [frame.number for frame in self.frames]


def write_manifest(manifest: Manifest) -> dict[str, Any]:
    """JSON, in a fixed order."""
    data: dict[str, Any] = {
        "type": TYPE,
        "version": VERSION,
        "task": manifest.task,
        "source": write_document(Document(source=manifest.source))["source"],
        "fingerprint": manifest.fingerprint,
        "size": list(manifest.size),
        "window": list(manifest.window),
        "canvas": list(manifest.canvas),
        "layout": manifest.layout,
        "depth": manifest.depth,
        "codec": manifest.codec,
        "plates": manifest.plates,
        "masks": manifest.masks,
        "blends": manifest.blends,
        "polarity": _POLARITY,
        "encoding": manifest.encoding,
        "display": manifest.display,
        "layers": list(manifest.layers),
        "asked": {key: value for key, value in manifest.asked.items() if value is not None},
        "hashes": dict(manifest.hashes),
        "frames": [_write_frame(frame) for frame in manifest.frames],
    }
    return {key: value for key, value in data.items() if value not in (None, [], {})}


def _write_frame(frame: HandedFrame) -> dict[str, Any]:
    data = {"frame": frame.number, "changed": frame.changed, "blend": frame.blend, "mask": frame.mask}
    return {key: value for key, value in data.items() if value is not None}


def read_manifest(data: Any) -> Manifest:
    """A manifest from its JSON. DocumentError, with its place, for whatever is not valid."""
    if not isinstance(data, Mapping) or data.get("type") != TYPE:
        raise DocumentError("", f'this is no hand-off\'s manifest, which says "type": "{TYPE}"')
    version = check_value(data.get("version"), int, {"minimum": 1}, "version")
    if version > VERSION:
        raise DocumentError("version", f"{version}, and this roto reads up to version {VERSION}; update roto")
    _check_keys(data, "", _KEYS, _NEEDED)
    size = _pair(data["size"], "size")
    window, canvas = (_box(data[name], name, size) for name in ("window", "canvas"))
    task = _choice(data["task"], TASKS, "task")
    _check_canvas(task, canvas, window, size)
    layout, encoding = (
        _choice(data["layout"], tuple(LAYOUTS), "layout"),
        _choice(data["encoding"], ENCODINGS, "encoding"),
    )
    source = read_document({"version": DOCUMENT_VERSION, "source": data["source"]}).source
    if encoding == "view" and source.colour_space is None and source.view is None and source.ocio is None:
        raise DocumentError("encoding", "'view', and the source has none")
    return Manifest(
        task=task,
        source=source,
        fingerprint=_text(data["fingerprint"], "fingerprint"),
        size=size,
        window=window,
        canvas=canvas,
        layout=layout,
        depth=_choice(data["depth"], DEPTHS, "depth"),
        encoding=encoding,
        frames=_frames(data["frames"], "frames"),
        plates=_name(data["plates"], "plates"),
        masks=None if data.get("masks") is None else _name(data["masks"], "masks"),
        blends=_name(data["blends"], "blends"),
        codec=None if data.get("codec") is None else _text(data["codec"], "codec"),
        display=None if data.get("display") is None else _text(data["display"], "display"),
        layers=_layers(data.get("layers", []), "layers"),
        asked=dict(_object(data.get("asked", {}), "asked")),
        hashes={
            _name(name, "hashes"): _hash(value, inside("hashes", name))
            for name, value in _object(data.get("hashes", {}), "hashes").items()
        },
    )


def _layers(data: Any, place: str) -> tuple[str, ...]:
    return tuple(_text(name, f"{place}[{i}]") for i, name in enumerate(_list(data, place, MAX_LAYERS)))


def _frames(data: Any, place: str) -> tuple[HandedFrame, ...]:
    found = tuple(_frame(each, f"{place}[{i}]") for i, each in enumerate(_list(data, place, MAX_FRAMES)))
    if not found:
        raise DocumentError(place, "there is none")
    for index in range(1, len(found)):
        if found[index].number != found[index - 1].number + 1:
            raise DocumentError(f"{place}[{index}].frame", f"{found[index].number} does not follow the one before it")
    return found


def _frame(data: Any, place: str) -> HandedFrame:
    data = _object(data, place)
    _check_keys(data, place, ("frame", "changed", "blend", "mask"), ("frame", "changed", "blend"))
    limits = {"minimum": -_MAX_FRAME, "maximum": _MAX_FRAME}
    return HandedFrame(
        int(check_value(data["frame"], int, limits, inside(place, "frame"))),
        bool(check_value(data["changed"], bool, {}, inside(place, "changed"))),
        _hash(data["blend"], inside(place, "blend")),
        None if data.get("mask") is None else _hash(data["mask"], inside(place, "mask")),
    )


def _check_canvas(task: str, canvas: Box, window: Box, size: tuple[int, int]) -> None:
    """DocumentError unless the boxes are such as the task makes them."""
    picture = Box(0, 0, *size)
    if task == "inpaint" and canvas != picture:
        raise DocumentError("canvas", f"{list(canvas)}; inpainting keeps the picture's, {list(picture)}")
    if task == "outpaint" and (canvas != window or canvas.union(picture) != canvas):
        raise DocumentError("canvas", f"{list(canvas)}; it is the window, and holds the picture {list(picture)}")
    if window.shared(picture).empty:
        raise DocumentError("window", f"{list(window)} shows nothing of the picture {list(picture)}")


def _box(data: Any, place: str, size: tuple[int, int]) -> Box:
    values = _list(data, place, 4)
    if len(values) != 4:
        raise DocumentError(place, f"{len(values)} numbers, but [left, top, right, bottom] is needed")
    limits = {"minimum": -MAX_SIDE, "maximum": 2 * MAX_SIDE}
    box = Box(*(int(check_value(value, int, limits, f"{place}[{i}]")) for i, value in enumerate(values)))
    if box.empty or max(box.width, box.height) > MAX_SIDE or box.width * box.height > MAX_PIXELS:
        raise DocumentError(place, f"{box.width} x {box.height} pixels; 1 x 1 to 16384 x 16384 are allowed")
    return box


def _pair(data: Any, place: str) -> tuple[int, int]:
    values = _list(data, place, 2)
    if len(values) != 2:
        raise DocumentError(place, f"{len(values)} numbers, but [width, height] is needed")
    limits = {"minimum": 1, "maximum": MAX_SIDE}
    width, height = (int(check_value(value, int, limits, f"{place}[{i}]")) for i, value in enumerate(values))
    if width * height > MAX_PIXELS:
        raise DocumentError(place, f"{width} x {height} pixels; at most 16384 x 16384 are allowed")
    return width, height


def _name(value: Any, place: str) -> str:
    name = _text(value, place)
    if not _NAME.fullmatch(name):
        raise DocumentError(place, f"{name!r} is no name of a file in the manifest's folder")
    return name


def _hash(value: Any, place: str) -> str:
    text = _text(value, place)
    if not _SHA256.fullmatch(text):
        raise DocumentError(place, f"{describe(value)}, but a SHA-256 in 64 hex digits is needed")
    return text


def _choice(value: Any, choices: Sequence[str], place: str) -> str:
    return str(check_value(value, str, {"choices": choices}, place))


def _text(value: Any, place: str) -> str:
    return str(check_value(value, str, {}, place))


def _object(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise DocumentError(place, f"{describe(data)}, but an object is needed")
    return data


def _list(data: Any, place: str, most: int) -> Sequence[Any]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, but a list is needed")
    if len(data) > most:
        raise DocumentError(place, f"a list of {len(data)}, at most {most} are allowed")
    return data


def _check_keys(data: Mapping[str, Any], place: str, known: Sequence[str], required: Sequence[str]) -> None:
    for key in data:
        if key not in known:
            raise DocumentError(inside(place, str(key)), unknown(str(key), known))
    for key in required:
        if key not in data:
            raise DocumentError(inside(place, key), "missing")
