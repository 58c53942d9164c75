"""Mattes that stand in an EXR by name: objects of a Cryptomatte, channels, parts, layers packed into R, G, B and A."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from roto.frames import exr, oiio
from roto.frames.cryptomatte import CryptomatteObjects, read_cryptomattes
from roto.frames.files import kind_of
from roto.frames.limits import check_size
from roto.frames.luminance_chroma import is_subsampled
from roto.image import Matte, finite

PACKED = "matte/"  # header key of the layer in a channel of packed mattes: "matte/R"


class NamedMattes(Protocol):
    """The mattes of a file."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names there are, in the file's order."""

    @property
    def everything(self) -> Matte:
        """What all of them cover together."""

    def matte(self, name: str) -> Matte | None:
        """One of them, float32 ``H x W`` in [0, 1], in the display window; None when the file has none of this name.
        SourceError when the file is damaged."""


def named_mattes(path: Path) -> NamedMattes | None:
    """The mattes of an EXR: the objects of a Cryptomatte, else its channels. None for any other image."""
    if kind_of(path) != "exr" or is_subsampled(path):
        return None
    kinds = read_cryptomattes(path)
    return CryptomatteObjects(path, kinds) if kinds else _Channels(path)


class _Channels:
    """Channels by their names; a part's alpha, or its only channel, by the part's; packed mattes by the layers'."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with oiio.opened(path) as image:
            self._specs = exr.specs_of(image)
        self._places: dict[str, tuple[int, int]] = {}
        for part, spec in enumerate(self._specs):
            for name, place in _names(spec, several=len(self._specs) > 1):
                self._places.setdefault(name, (part, place))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    @property
    def everything(self) -> Matte:
        covered = [self._read(*place) for place in dict.fromkeys(self._places.values())]
        return np.asarray(np.maximum.reduce(covered))

    def matte(self, name: str) -> Matte | None:
        return self._read(*self._places[name]) if name in self._places else None

    def _read(self, part: int, place: int) -> Matte:
        spec = self._specs[part]
        check_size(self._path, spec.width, spec.height)
        check_size(self._path, spec.full_width, spec.full_height)
        with oiio.opened(self._path) as image:
            pixels = oiio.pixels_of(self._path, image, place, place + 1, "float", part)
        return np.clip(exr.in_display_window(finite(pixels[..., 0]), spec), 0.0, 1.0)


def _names(spec: Any, *, several: bool) -> list[tuple[str, int]]:
    tags = oiio.attributes(spec)
    channels = list(spec.channelnames)
    found = [(str(tags[PACKED + name]), place) for place, name in enumerate(channels) if PACKED + name in tags]
    part = str(tags.get("oiio:subimagename", ""))
    if several and part:
        found += [(part, place) for place, name in enumerate(channels) if name == "A" or len(channels) == 1]
        return found + [(f"{part}.{name}", place) for place, name in enumerate(channels)]
    return found + [(name, place) for place, name in enumerate(channels)]
