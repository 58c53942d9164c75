"""A shot document from JSON, and back to it. Every error names its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from roto.edge.read import read_steps
from roto.errors import DocumentError, RotoError
from roto.frames.missing import POLICIES
from roto.frames.rate import nearest_rate
from roto.masks.fields import placed
from roto.masks.read import read_masks
from roto.options import check_value, describe, inside, read_options, unknown, write_options
from roto.shot.document import (
    MAX_KEYFRAMES,
    MAX_LAYERS,
    OPTION_STAGES,
    VERSION,
    Document,
    Keyframe,
    Layer,
    Source,
)
from roto.shot.upgrade import upgrade
from roto.stack.read import read_stack
from roto.timing import FrameRange

MAX_FRAME = 2**31 - 1
_LOOK = ("colour_space", "view", "ocio")


def read_document(data: Any) -> Document:
    """A document of any known version from its JSON. DocumentError for whatever is not valid."""
    if not isinstance(data, Mapping):
        raise DocumentError("", f"a shot document is an object, this is {describe(data)}")
    data = upgrade(data)
    _check_keys(data, "", ["version", "source", "range", "layers", *OPTION_STAGES, "edge", "exports"], ["source"])
    return Document(
        source=_source(data["source"], "source"),
        range=_range(data.get("range"), "range"),
        layers=_list(data.get("layers", []), "layers", _layer, MAX_LAYERS),
        edge=read_steps(data.get("edge", []), "edge"),
        exports=_list(data.get("exports", []), "exports", _text, 100),
        **{stage: read_options(cls, data.get(stage, {}), stage) for stage, cls in OPTION_STAGES.items()},
    )


def write_document(document: Document) -> dict[str, Any]:
    """The JSON of a document: what differs from defaults, in a fixed order."""
    data: dict[str, Any] = {"version": VERSION, "source": _write_source(document.source)}
    if document.range is not None:
        data["range"] = [document.range.first, document.range.last]
    for stage in OPTION_STAGES:
        options = write_options(getattr(document, stage))
        if options:
            data[stage] = options
    if document.edge:
        data["edge"] = [step.to_json() for step in document.edge]
    if document.exports:
        data["exports"] = list(document.exports)
    data["layers"] = [_write_layer(layer) for layer in document.layers]
    return data


def _source(data: Any, place: str) -> Source:
    data = _object(data, place)
    _check_keys(data, place, ["path", "start", "rate", "missing", *_LOOK], ["path"])
    path = _text(data["path"], inside(place, "path"))
    if not path:
        raise DocumentError(inside(place, "path"), "empty; it names the clip")
    return Source(
        path=path,
        start=_optional(data, "start", place, _start),
        rate=_optional(data, "rate", place, _rate),
        missing=check_value(data.get("missing", "error"), str, {"choices": POLICIES}, inside(place, "missing")),
        **{name: _optional(data, name, place, _text) for name in _LOOK},
    )


def _write_source(source: Source) -> dict[str, Any]:
    rate = None if source.rate is None else str(source.rate)
    missing = None if source.missing == "error" else source.missing
    data = {"path": source.path, "start": source.start, "rate": rate, "missing": missing}
    data |= {name: getattr(source, name) for name in _LOOK}
    return {key: value for key, value in data.items() if value is not None}


def _layer(data: Any, place: str) -> Layer:
    data = _object(data, place)
    _check_keys(data, place, ["name", "stack", "keyframes", *OPTION_STAGES, "edge"], ["name"])
    with placed(place):
        return Layer(
            name=_text(data["name"], "name"),
            keyframes=_list(data.get("keyframes", []), "keyframes", _keyframe, MAX_KEYFRAMES),
            options={stage: data[stage] for stage in OPTION_STAGES if stage in data},
            stack=_optional(data, "stack", "", read_stack),
            edge=_optional(data, "edge", "", read_steps),
        )


def _write_layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        **layer.options,
        **({} if layer.stack is None else {"stack": [entry.to_json() for entry in layer.stack]}),
        **({} if layer.edge is None else {"edge": [step.to_json() for step in layer.edge]}),
        "keyframes": [_write_keyframe(keyframe) for keyframe in layer.keyframes],
    }


def _keyframe(data: Any, place: str) -> Keyframe:
    data = _object(data, place)
    _check_keys(data, place, ["frame", "shapes", "absent"], ["frame"])
    frame = _frame(data["frame"], inside(place, "frame"))
    absent = check_value(data.get("absent", False), bool, {}, inside(place, "absent"))
    with placed(place):
        shapes = () if absent and not data.get("shapes") else read_masks(data.get("shapes", []), "shapes")
        return Keyframe(frame=frame, shapes=shapes, absent=absent)


def _write_keyframe(keyframe: Keyframe) -> dict[str, Any]:
    if keyframe.absent:
        return {"frame": keyframe.frame, "absent": True}
    return {"frame": keyframe.frame, "shapes": [mask.to_json() for mask in keyframe.shapes]}


def _check_keys(data: Mapping[str, Any], place: str, known: Sequence[str], required: Sequence[str]) -> None:
    for key in data:
        if key not in known:
            raise DocumentError(inside(place, key), unknown(key, known))
    for key in required:
        if key not in data:
            raise DocumentError(inside(place, key), "missing")


def _object(data: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise DocumentError(place, f"{describe(data)}, but an object is needed")
    return data


def _list(data: Any, place: str, read: Callable[[Any, str], Any], most: int) -> tuple[Any, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise DocumentError(place, f"{describe(data)}, but a list is needed")
    if len(data) > most:
        raise DocumentError(place, f"a list of {len(data)}, at most {most} are allowed")
    return tuple(read(element, f"{place}[{index}]") for index, element in enumerate(data))


def _optional(data: Mapping[str, Any], key: str, place: str, read: Callable[[Any, str], Any]) -> Any:
    return None if data.get(key) is None else read(data[key], inside(place, key))


def _text(value: Any, place: str) -> str:
    return str(check_value(value, str, {}, place))


def _frame(value: Any, place: str) -> int:
    return int(check_value(value, int, {"minimum": -MAX_FRAME, "maximum": MAX_FRAME}, place))


def _start(value: Any, place: str) -> int | Literal["timecode"]:
    return "timecode" if value == "timecode" else _frame(value, place)


def _range(value: Any, place: str) -> FrameRange | None:
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise DocumentError(place, f"{describe(value)}, but [first, last] is needed")
    first, last = _frame(value[0], f"{place}[0]"), _frame(value[1], f"{place}[1]")
    try:
        return FrameRange(first, last)
    except RotoError:
        raise DocumentError(place, f"[{first}, {last}] ends before it starts") from None


def _rate(value: Any, place: str) -> Fraction:
    """A rate as a text ("24000/1001", "23.976") or a number; a decimal is the rate that it stands for."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise DocumentError(place, f'{describe(value)}, but a rate is needed: "24000/1001" or 25')
    try:
        rate = Fraction(str(value))
        rate = nearest_rate(float(value)) if "." in str(value) else rate
    except (ValueError, ZeroDivisionError, OverflowError):
        raise DocumentError(place, f'{describe(value)}, but a rate is needed: "24000/1001" or 25') from None
    if not 0 < rate <= 10_000:
        raise DocumentError(place, f"{rate} frames a second: more than 0 and at most 10000 are allowed")
    return rate
