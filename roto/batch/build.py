"""A manifest's shot to a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roto.batch.manifest import CLIP_KEYS, ManifestShot, read_frame, read_range, words
from roto.edge.read import parse_step
from roto.errors import DocumentError
from roto.kinds import Kind
from roto.masks.fields import placed
from roto.options import inside
from roto.paths import relative
from roto.shot.document import OPTION_STAGES, VERSION, Document
from roto.shot.file import load_shapes
from roto.shot.read import read_document
from roto.stack.read import parse_entry


@dataclass(frozen=True)
class Built:
    """A document for a folder, and the images beside it that it names."""

    document: Document
    images: Mapping[Path, bytes]


def build(shot: ManifestShot, manifest: Path, folder: Path) -> Built:
    """The document of a shot in ``folder``; ``manifest``: the folder that the manifest's paths start at. DocumentError
    for what it names and is not there, or is not valid."""
    data, images = shot.data, dict[Path, bytes]()
    source = {key: data[key] for key in CLIP_KEYS if key in data}
    if "ocio" in source:
        source["ocio"] = relative(manifest / str(source["ocio"]), folder)
    entry: dict[str, Any] = {
        "version": VERSION,
        "source": {"path": relative(manifest / str(data["source"]), folder), **source},
        **{stage: dict(data[stage]) for stage in OPTION_STAGES if stage in data},
        "layers": [
            _layer(name, layer, shot, manifest, folder, images, shared="layers" not in data)
            for name, layer in shot.layers.items()
        ],
    }
    if "range" in data:
        entry["range"] = read_range(data["range"], "range")
    if "layers" in data and "edge" in data:
        entry["edge"] = [parse_step(text).to_json() for text in words(data["edge"], "edge")]
    if shot.exports != ("png",):
        entry["exports"] = list(shot.exports)
    with placed(shot.place):
        return Built(read_document(entry), images)


def _layer(
    name: str,
    layer: Mapping[str, Any],
    shot: ManifestShot,
    manifest: Path,
    folder: Path,
    images: dict[Path, bytes],
    *,
    shared: bool,
) -> dict[str, Any]:
    place = shot.place if shared else f"{shot.place}, layer {name!r}"

    def file_of(value: Any, key: str) -> Path:
        path = manifest / str(value)
        if not path.is_file():
            raise DocumentError(inside(place, key), f"{path} is not a file")
        return path

    shapes: dict[int, list[dict[str, Any]]] = {}
    for frame, value in _frames(layer, "masks"):
        paint: dict[str, Any] = {"type": "paint", "file": relative(file_of(value, "masks"), folder)}
        paint |= {"channel": layer["mask_channel"]} if "mask_channel" in layer else {}
        paint |= {"id": layer["mask_id"]} if "mask_id" in layer else {}
        shapes.setdefault(frame, []).append(paint)
    for frame, value in _frames(layer, "polygons"):
        found = load_shapes(file_of(value, "polygons")).select(label=layer.get("label"))
        for index, shape in enumerate(found.shapes):
            if shape.pixels is not None:
                import cv2

                image = f"keys/{name}.{frame}.{index}.png"
                images[folder / image] = cv2.imencode(".png", (shape.pixels * 255).astype("uint8"))[1].tobytes()
                shape = shape.painted(image)
            if shape.mask is not None:
                shapes.setdefault(frame, []).append(shape.mask.to_json())
    prompts: dict[int, dict[str, Any]] = {}
    for key, option in (("boxes", "box"), ("points", "points"), ("texts", "text")):
        for frame, value in _frames(layer, key):
            prompts.setdefault(frame, {"type": "prompt"})[option] = value
    for frame, prompt in prompts.items():
        shapes.setdefault(frame, []).append(prompt)
    keyframes: list[dict[str, Any]] = [{"frame": frame, "shapes": each} for frame, each in shapes.items()]
    keyframes += [
        {"frame": read_frame(frame, "absent"), "absent": True} for frame in words(layer.get("absent", []), "absent")
    ]
    entry: dict[str, Any] = {"name": name, **{stage: layer[stage] for stage in OPTION_STAGES if stage in layer}}
    for key, parse in _LISTS.items():
        if key in layer:
            entry[key] = [_located(parse(text), manifest, folder).to_json() for text in words(layer[key], key)]
    return {**entry, "keyframes": keyframes}


_LISTS: dict[str, Callable[[str], Kind]] = {"stack": parse_entry, "edge": parse_step}


def _frames(layer: Mapping[str, Any], key: str) -> list[tuple[int, Any]]:
    return [(read_frame(frame, key), value) for frame, value in layer.get(key, {}).items()]


def _located(kind: Kind, manifest: Path, folder: Path) -> Kind:
    """With the files that it names as a document in ``folder`` names them."""
    from dataclasses import replace

    paths = {name: getattr(kind, name) for name, field in kind.fields().items() if field.metadata["path"]}
    named: dict[str, Any] = {name: relative(manifest / path, folder) for name, path in paths.items() if path}
    return replace(kind, **named)
