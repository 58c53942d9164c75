"""Cryptomatte: many objects' mattes in one EXR, as pairs of an object's id and its coverage, ranked by coverage.

Each kind of object in a file ("CryptoObject", "CryptoMaterial") has a header of its own and channels NAME00, NAME01 ...
of two pairs each, R and G, B and A. The manifest gives the names; without one an object is still found by its name's
hash (:mod:`roto.frames.object_id`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import SourceError
from roto.frames import exr, oiio
from roto.frames.limits import check_size
from roto.frames.object_id import object_id
from roto.image import Matte, finite

_HEADER = re.compile(r"(?:exr/)?cryptomatte/([^/]+)/(\w+)")
_COMPONENTS = {"r": "R", "red": "R", "g": "G", "green": "G", "b": "B", "blue": "B", "a": "A", "alpha": "A"}
_BARE_ID = re.compile(r"<([0-9a-f]{8})>")  # how an object without a name is listed and asked for
_MOST_MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class _Rank:
    """Where a pair stands: its part in the file, and its id's and its coverage's place in the part."""

    part: int
    place: int
    coverage: int


@dataclass(frozen=True, slots=True)
class Cryptomatte:
    """One kind of object in a file. ``ids`` of the names in the manifest, in its order; ``note`` says why there is no
    manifest where the file promises one."""

    name: str
    ids: Mapping[str, int]
    ranks: tuple[_Rank, ...]
    note: str | None = None


def read_cryptomattes(path: Path) -> tuple[Cryptomatte, ...]:
    """The kinds of objects in an EXR, from its header alone; none where it is no Cryptomatte. SourceError when the file
    cannot be read, or has ids that cannot be."""
    with oiio.opened(path) as image:
        specs = exr.specs_of(image)
    kinds = (_described(path, fields, specs) for fields in _headers(specs))
    return tuple(kind for kind in kinds if kind.ranks)


def picture_channels(specs: Sequence[Any]) -> list[list[str]]:
    """The names of each part's channels, "" in the place of one that holds ids or their coverage and is no picture."""
    names = [list(spec.channelnames) for spec in specs]
    for fields in _headers(specs):
        for rank in _ranks(fields["name"], specs):
            names[rank.part][rank.place] = names[rank.part][rank.coverage] = ""
    return names


class CryptomatteObjects:
    """The objects of a file by name: NAME, or KIND/NAME where two kinds have an object of that name."""

    def __init__(self, path: Path, kinds: tuple[Cryptomatte, ...]) -> None:
        self._path = path
        self.kinds = kinds

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[str, ...]]:
        """The objects of each kind; ``<ID>`` of those in the picture where there is no manifest."""
        return {kind.name: tuple(kind.ids) or self._bare(kind) for kind in self.kinds}

    @property
    def names(self) -> tuple[str, ...]:
        """All names that :meth:`matte` knows."""
        met = Counter(name for names in self.by_kind.values() for name in names)
        return tuple(
            name if met[name] == 1 else f"{kind}/{name}" for kind, names in self.by_kind.items() for name in names
        )

    @property
    def everything(self) -> Matte:
        """The coverage of all objects of the first kind together."""
        covered = (np.where(ids != 0, coverage, np.float32(0)) for ids, coverage in self._pairs(self.kinds[0]))
        return np.clip(reduce(np.add, covered), 0.0, 1.0)

    def matte(self, name: str) -> Matte | None:
        """The coverage of an object, upright and in the display window; None when no kind knows the name. SourceError
        when several do, or the file is damaged."""
        found = self._find(name)
        if len(found) > 1:
            known = " or ".join(f"{kind.name}/{name}" for kind, _ in found)
            raise SourceError(f"{self._path}: several kinds of object have a {name!r}; say {known}")
        return self._covered(*found[0]) if found else None

    def _find(self, name: str) -> list[tuple[Cryptomatte, int]]:
        asked = [(kind, name) for kind in self.kinds]
        asked += [(kind, name.removeprefix(f"{kind.name}/")) for kind in self.kinds if name.startswith(f"{kind.name}/")]
        named = [(kind, kind.ids[inner]) for kind, inner in asked if inner in kind.ids]
        if named:
            return named
        unnamed = [(kind, _unlisted_id(kind, inner)) for kind, inner in asked]
        return [(kind, number) for kind, number in unnamed if number is not None and self._shows(kind, number)]

    def _shows(self, kind: Cryptomatte, number: int) -> bool:
        return any((coverage[ids == number] > 0).any() for ids, coverage in self._pairs(kind))

    def _covered(self, kind: Cryptomatte, number: int) -> Matte:
        ranked = (np.where(ids == number, coverage, np.float32(0)) for ids, coverage in self._pairs(kind))
        return np.clip(reduce(np.add, ranked), 0.0, 1.0)

    def _bare(self, kind: Cryptomatte) -> tuple[str, ...]:
        seen: set[int] = set()
        for ids, coverage in self._pairs(kind):
            seen.update(np.unique(ids[coverage > 0]).tolist())
        return tuple(f"<{number:08x}>" for number in sorted(seen - {0}))

    def _pairs(self, kind: Cryptomatte) -> Iterator[tuple[NDArray[np.uint32], Matte]]:
        """Ids and coverage, a rank at a time."""
        with oiio.opened(self._path) as image:
            specs = exr.specs_of(image)
            for rank in kind.ranks:
                spec = specs[rank.part]
                check_size(self._path, spec.width, spec.height)
                check_size(self._path, spec.full_width, spec.full_height)
                first, last = sorted((rank.place, rank.coverage))
                pixels = oiio.pixels_of(self._path, image, first, last + 1, "float", rank.part)
                ids = exr.in_display_window(np.ascontiguousarray(pixels[..., rank.place - first]), spec)
                coverage = finite(np.ascontiguousarray(pixels[..., rank.coverage - first]))
                yield ids.view(np.uint32), exr.in_display_window(coverage, spec)


def _unlisted_id(kind: Cryptomatte, name: str) -> int | None:
    """The id of an object that no manifest names: as ``<ID>``, or by its name's hash where there is no manifest."""
    bare = _BARE_ID.fullmatch(name)
    if bare:
        return int(bare[1], 16)
    return None if kind.ids else object_id(name)


def _headers(specs: Sequence[Any]) -> list[dict[str, str]]:
    """What the file says of each kind that has a name."""
    headers: dict[str, dict[str, str]] = {}
    for spec in specs:
        for key, value in oiio.attributes(spec).items():
            found = _HEADER.fullmatch(key)
            if found:
                headers.setdefault(found[1], {}).setdefault(found[2], _printable(str(value)))
    return [fields for fields in headers.values() if "name" in fields]


def _printable(text: str) -> str:
    """Without the halves of characters that damaged text can hold, which no terminal and no file takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _described(path: Path, fields: Mapping[str, str], specs: Sequence[Any]) -> Cryptomatte:
    name = fields["name"]
    for field, known in (("hash", "MurmurHash3_32"), ("conversion", "uint32_to_float32")):
        if fields.get(field, known) != known:
            raise SourceError(f"{path}: Cryptomatte {name!r} has the {field} {fields[field]!r}; {known} is read")
    ranks = _ranks(name, specs)
    if any(not oiio.is_single_float(specs[rank.part], rank.place) for rank in ranks):
        raise SourceError(f"{path}: the ids of Cryptomatte {name!r} are not 32-bit float, so that they are lost")
    ids, note = _manifest(path, fields)
    return Cryptomatte(name, ids, ranks, note)


def _ranks(name: str, specs: Sequence[Any]) -> tuple[_Rank, ...]:
    """The pairs of a kind, in order. Some writers put each of NAME00, NAME01 ... into a part of that name."""
    numbered = re.compile(rf"(?:{re.escape(name)}|{re.escape(re.sub(r'[^A-Za-z0-9_]', '_', name))})(\d+)\.(\w+)")
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for part, spec in enumerate(specs):
        prefix = oiio.attributes(spec).get("oiio:subimagename", "")
        for place, channel in enumerate(spec.channelnames):
            full = channel if "." in channel else f"{prefix}.{channel}"
            match = numbered.fullmatch(full)
            component = _COMPONENTS.get(match[2].lower()) if match else None
            if match and component:
                found.setdefault(int(match[1]), {})[component] = part, place
    ranks = []
    for level in sorted(found):
        for identity, coverage in ("RG", "BA"):
            if identity in found[level] and coverage in found[level]:
                (part, place), (other, covered) = found[level][identity], found[level][coverage]
                if part == other:
                    ranks.append(_Rank(part, place, covered))
    return tuple(ranks)


def _manifest(path: Path, fields: Mapping[str, str]) -> tuple[dict[str, int], str | None]:
    """Names and ids, and what there is to say where they cannot be had: mattes can be read without them."""
    text, sidecar = fields.get("manifest"), fields.get("manif_file")
    if text is None and sidecar is None:
        return {}, None
    if text is None:
        # Beside the image, with forward slashes, as the specification has it: a header opens no other file.
        relative = PurePosixPath(sidecar or "")
        if relative.is_absolute() or ".." in relative.parts or "\\" in str(relative):
            return {}, f"its manifest {sidecar} is not beside it and is not read"
        try:
            with (path.parent / relative).open("rb") as file:
                text = file.read(_MOST_MANIFEST_BYTES).decode("utf-8")
        except (OSError, ValueError):
            return {}, f"its manifest {sidecar} is not there or cannot be read"
    try:
        ids = {_printable(name): int(digits, 16) for name, digits in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}, "its manifest is damaged"
    if not all(0 <= number < 1 << 32 for number in ids.values()):
        return {}, "its manifest is damaged"
    return ids, None
