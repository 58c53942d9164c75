"""Cryptomatte (specification 1.2): the mattes of all layers in one EXR a frame, to be picked by name.

A pixel's coverages are shares of it and sum to 1 at most: readers add up the objects that were picked, and take what is
left for the background. Mattes that overlap are therefore shared out as in a comp, the first layer on top: a layer
covers what the layers above it leave. That is how Cryptomatte's own tool for adding a matte puts it over the rest; to
normalise instead would make the front layer transparent wherever anything stands behind it. A layer that nothing
overlaps keeps its matte to the last bit; who needs all of them whole takes ``exr-layers`` or ``exr-parts``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import OutputError
from roto.export.exporter import ExportFrame
from roto.export.exr import ExrExporter, ExrImage, as_half
from roto.export.naming import one_file
from roto.frames.object_id import object_id
from roto.image import Matte

KIND = "CryptoLayer"  # as other programs have CryptoObject and CryptoMaterial
_FEWEST_RANKS = 6  # what the specification suggests and everybody reads
_MOST_RANKS = 200  # numbers of two digits


def cryptomatte(frame: ExportFrame) -> list[ExrImage]:
    """The one image of a frame."""
    ids = layer_ids(tuple(frame.mattes))
    coverage = shared_out(list(frame.mattes.values()))
    pairs = ranked(list(ids.values()), coverage, ranks_for(len(ids)), frame.number)
    channels: dict[str, NDArray[Any]] = dict(_preview(list(ids.values()), coverage))
    for rank, (numbers, shares) in enumerate(pairs):
        identity, share = "BA" if rank % 2 else "RG"
        channels[f"{KIND}{rank // 2:02d}.{identity}"] = numbers.view(np.float32)
        channels[f"{KIND}{rank // 2:02d}.{share}"] = shares
    return [ExrImage({"": channels}, _attributes(ids))]


def checked_file(layers: tuple[str, ...]) -> Sequence[str]:
    """The file of a frame. OutputError when two layers' names have the same id, before any work is done."""
    layer_ids(layers)
    return one_file(layers)


def layer_ids(layers: Sequence[str]) -> dict[str, int]:
    ids = {layer: object_id(layer) for layer in layers}
    named: dict[int, str] = {}
    for layer, number in ids.items():
        if number in named:
            raise OutputError(f"the layers {named[number]!r} and {layer!r} have the same Cryptomatte id: rename one")
        named[number] = layer
    return ids


def ranks_for(layers: int) -> int:
    """How many pairs a file has. All frames have the same, as the specification asks, so that it goes by the layers
    and not by how many overlap in a frame."""
    return min(max(_FEWEST_RANKS, layers + layers % 2), _MOST_RANKS)


def shared_out(mattes: Sequence[Matte]) -> list[Matte]:
    """Each matte times what those before it leave: float32, summing to 1 at most (but for rounding)."""
    shares: list[Matte] = []
    left: Matte | None = None
    for matte in mattes:
        matte = np.clip(matte, 0.0, 1.0)
        shares.append(matte if left is None else matte * left)
        left = 1 - matte if left is None else left * (1 - matte)
    return shares


def ranked(
    ids: Sequence[int], coverage: Sequence[Matte], ranks: int, number: int
) -> list[tuple[NDArray[np.uint32], Matte]]:
    """Ids and coverages, the largest coverage of every pixel first, equal ones in the layers' order; 0 and 0 where
    there is no more. OutputError when a pixel has more than ``ranks``."""
    covered = np.stack([part > 0 for part in coverage])
    count = covered.sum(axis=0)
    most = int(count.max())
    if most > ranks:
        raise OutputError(f"frame {number} has a pixel with {most} layers, and a Cryptomatte holds {ranks}")
    shape = coverage[0].shape
    pairs = [(np.zeros(shape, np.uint32), np.zeros(shape, np.float32)) for _ in range(max(most, 1))]
    first_ids, first_coverage = pairs[0]
    for identity, part in zip(ids, coverage, strict=True):  # most pixels have one layer: no need to sort those
        first_ids[part > 0] = identity
        np.maximum(first_coverage, part, out=first_coverage)
    shared = count > 1
    parts = np.stack([part[shared] for part in coverage])
    order = np.argsort(-parts, axis=0, kind="stable")
    for rank, (numbers, shares) in enumerate(pairs):
        at_rank = order[rank : rank + 1]
        amount = np.take_along_axis(parts, at_rank, axis=0)[0]
        shares[shared] = amount
        numbers[shared] = np.where(amount > 0, np.asarray(ids, np.uint32)[at_rank[0]], 0)
    return pairs + [(np.zeros(shape, np.uint32), np.zeros(shape, np.float32))] * (ranks - len(pairs))


def _preview(ids: Sequence[int], coverage: Sequence[Matte]) -> Mapping[str, NDArray[np.float16]]:
    """A picture to look at: each id's colour by its coverage. Green and blue are what the specification makes of an
    id; red, which it leaves to the id itself or unused, stays black."""
    height, width = coverage[0].shape
    picture = np.zeros((height, width, 3), np.float32)
    for identity, part in zip(ids, coverage, strict=True):
        picture[..., 1] += part * np.float32((identity << 8 & 0xFFFFFFFF) / 0xFFFFFFFF)
        picture[..., 2] += part * np.float32((identity << 16 & 0xFFFFFFFF) / 0xFFFFFFFF)
    return {f"{KIND}.{name}": as_half(picture[..., at]) for at, name in enumerate("RGB")}


def _attributes(ids: Mapping[str, int]) -> dict[str, str]:
    key = f"cryptomatte/{object_id(KIND):08x}"[:-1]  # of the id's digits, seven
    manifest = {layer: f"{identity:08x}" for layer, identity in ids.items()}
    return {
        f"{key}/name": KIND,
        f"{key}/hash": "MurmurHash3_32",
        f"{key}/conversion": "uint32_to_float32",
        f"{key}/manifest": json.dumps(manifest, ensure_ascii=False, separators=(",", ":")),
    }


CRYPTOMATTE = ExrExporter(
    name="cryptomatte",
    summary="all layers as objects of a Cryptomatte, the first on top, one EXR a frame in mattes.crypto/",
    tag="crypto",
    files=checked_file,
    images=cryptomatte,
)
