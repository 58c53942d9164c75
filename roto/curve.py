"""A number that changes over time, by keys: the same on every frame before the first and after the last of them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roto.errors import DocumentError
from roto.options import check_value, describe, inside, unknown

EASES = ("linear", "smooth", "hold")
MAX_KEYS = 100_000
_MAX_FRAME = 2**31 - 1


@dataclass(frozen=True)
class Curve:
    """``keys``: (frame, value), each frame once, at least one; held in the order of their frames. ``ease``: between two
    keys, linear, smooth (a cubic that starts and ends at rest) or hold (the value of the key before)."""

    keys: tuple[tuple[int, float], ...]
    ease: str = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", tuple(sorted(self.keys)))

    def at(self, number: int) -> float:
        """The value on a frame."""
        place = bisect_right(self.keys, (number, math.inf))
        if place == 0 or place == len(self.keys):
            return self.keys[min(place, len(self.keys) - 1)][1]
        (start, before), (end, after) = self.keys[place - 1], self.keys[place]
        share = (number - start) / (end - start)
        if self.ease == "hold":
            return before
        if self.ease == "smooth":
            share = share * share * (3 - 2 * share)
        return before + (after - before) * share

    @classmethod
    def from_json(cls, data: Mapping[str, Any], metadata: Mapping[str, Any], place: str) -> Curve:
        """From ``{"keys": [[0, 0.2], [24, 0.5]], "ease": "smooth"}``, each value within the limits of an option's
        metadata. DocumentError, naming the place, for what is not valid."""
        for name in data:
            if name not in ("keys", "ease"):
                raise DocumentError(inside(place, name), unknown(name, ["keys", "ease"]))
        ease = check_value(data.get("ease", "linear"), str, {"choices": EASES}, inside(place, "ease"))
        given, place = data.get("keys"), inside(place, "keys")
        if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= MAX_KEYS:
            raise DocumentError(place, f"{describe(given)}, but a list of [frame, value] is needed")
        keys: dict[int, float] = {}
        for index, key in enumerate(given):
            here = f"{place}[{index}]"
            if not isinstance(key, Sequence) or isinstance(key, str) or len(key) != 2:
                raise DocumentError(here, f"{describe(key)}, but [frame, value] is needed")
            frame = check_value(key[0], int, {"minimum": -_MAX_FRAME, "maximum": _MAX_FRAME}, here)
            if frame in keys:
                raise DocumentError(here, f"frame {frame} is keyed already")
            keys[frame] = check_value(key[1], float, metadata, here)
        return cls(tuple(keys.items()), ease)

    def to_json(self) -> dict[str, Any]:
        keys = [[frame, int(value) if value.is_integer() else value] for frame, value in self.keys]
        return {"keys": keys} if self.ease == "linear" else {"keys": keys, "ease": self.ease}


def curve_in_json(text: str) -> dict[str, Any] | None:
    """The JSON of a curve that stands on a command line as ``VALUE@FRAME:VALUE@FRAME``, optionally with ``:EASE``
    behind it; None for a text that is none."""
    if "@" not in text:
        return None
    *parts, last = text.split(":")
    data: dict[str, Any] = {}
    if "@" in last:
        parts.append(last)
    else:
        data["ease"] = last
    keys = []
    for part in parts:
        value, _, frame = part.partition("@")
        try:
            keys.append([int(frame), float(value)])
        except ValueError:
            return None
    return {"keys": keys, **data}


def curve_told(data: Mapping[str, Any]) -> str:
    """The JSON of a curve in the words of :func:`curve_in_json`."""
    ease = [data["ease"]] if "ease" in data else []
    return ":".join([f"{value:.10g}@{frame}" for frame, value in data["keys"]] + ease)
