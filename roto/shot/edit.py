"""Edits of a document: each takes one and returns a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from roto.edge.step import EdgeStep
from roto.errors import DocumentError
from roto.options import check_value
from roto.shot.document import Document, Keyframe, Layer
from roto.stack.entry import StackEntry
from roto.track.options import TrackOptions


def add_layer(document: Document, layer: Layer) -> Document:
    """With a layer on top of (after) the others. DocumentError when the name is taken."""
    return replace(document, layers=(*document.layers, layer))


def add_keyframe(document: Document, name: str, keyframe: Keyframe) -> Document:
    """With one more keyframe in the layer. DocumentError when the frame is keyed already."""
    layer = document.layer(name)
    if keyframe.frame in layer.keyed:
        raise DocumentError("", f"layer {name!r} is keyed on frame {keyframe.frame} already; replace it, or remove it")
    return _with_keyframes(document, layer, (*layer.keyframes, keyframe))


def set_keyframe(document: Document, name: str, keyframe: Keyframe) -> Document:
    """With this keyframe, in place of the one on its frame if there is one."""
    layer = document.layer(name)
    others = tuple(other for other in layer.keyframes if other.frame != keyframe.frame)
    return _with_keyframes(document, layer, (*others, keyframe))


def remove_keyframe(document: Document, name: str, frame: int) -> Document:
    """Without the keyframe on a frame. DocumentError, naming those there are, when it has none."""
    layer = document.layer(name)
    if frame not in layer.keyed:
        keyed = ", ".join(map(str, layer.keyed)) or "none"
        raise DocumentError("", f"layer {name!r} has no keyframe on frame {frame}; keyed frames: {keyed}")
    kept = tuple(keyframe for keyframe in layer.keyframes if keyframe.frame != frame)
    return _with_keyframes(document, layer, kept)


def set_edge(document: Document, name: str, steps: tuple[EdgeStep, ...] | None) -> Document:
    """With these steps for the layer's edge; None: the document's."""
    return _with_layer(document, document.layer(name), edge=steps)


def set_stack(document: Document, name: str, entries: tuple[StackEntry, ...] | None) -> Document:
    """With this stack for the layer; None: its keyframes, tracked."""
    return _with_layer(document, document.layer(name), stack=entries)


def with_quality(document: Document, quality: str | None, place: str = "quality") -> Document:
    """With another quality for all its layers; None leaves it as it is. DocumentError, at ``place``, for one that there
    is not."""
    if quality is None:
        return document
    check_value(quality, str, TrackOptions.__dataclass_fields__["quality"].metadata, place)
    layers = [
        replace(layer, options={**layer.options, "track": _without_quality(layer.options.get("track", {}))})
        for layer in document.layers
    ]
    return replace(document, track=replace(document.track, quality=quality), layers=tuple(layers))


def _without_quality(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "quality"}


def _with_keyframes(document: Document, layer: Layer, keyframes: tuple[Keyframe, ...]) -> Document:
    return _with_layer(document, layer, keyframes=keyframes)


def _with_layer(document: Document, layer: Layer, **changes: Any) -> Document:
    changed = replace(layer, **changes)
    return replace(document, layers=tuple(changed if other is layer else other for other in document.layers))


def only_layers(document: Document, names: Iterable[str]) -> Document:
    """The document with these layers and those that their stacks look at, so that no other is solved. DocumentError
    for a name that there is not."""
    needed: set[str] = set()
    ahead = [document.layer(name) for name in names]
    while ahead:
        layer = ahead.pop()
        if layer.name not in needed:
            needed.add(layer.name)
            ahead += [document.layer(name) for entry in layer.stack or () for name in entry.layers]
    return replace(document, layers=tuple(each for each in document.layers if each.name in needed))
