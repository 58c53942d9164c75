"""Cryptomatte files: what the specification asks of ids, ranks and headers, read back by OpenImageIO."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest
from numpy.typing import NDArray

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.exporter import ExportFrame

KIND, KEY = "CryptoLayer", "cryptomatte/149bd9e"
NAMES = ('name containing a "quote"  ', "name, with, comma", "равнина", "back\\slash", "new\nline", "a/b")
Ranks = list[tuple[NDArray[np.uint32], NDArray[np.float32]]]


def read(path: Path) -> tuple[Ranks, OpenImageIO.ImageSpec, dict[str, NDArray[np.float32]]]:
    """Ids and coverages, the largest first; the header; and every channel by its name."""
    image = OpenImageIO.ImageInput.open(str(path))
    assert image, OpenImageIO.geterror()
    spec, pixels = image.spec(), image.read_image("float")
    image.close()
    channels = {name: pixels[..., at].copy() for at, name in enumerate(spec.channelnames)}
    ranks: Ranks = []
    while f"{KIND}{len(ranks) // 2:02d}.R" in channels:
        level = f"{KIND}{len(ranks) // 2:02d}"
        for identity, coverage in ("RG", "BA"):
            ranks.append((channels[f"{level}.{identity}"].view(np.uint32), channels[f"{level}.{coverage}"]))
    return ranks, spec, channels


@pytest.fixture
def written(make_job, export) -> Callable[..., Path]:
    """``written({layer: matte})``: the file of one frame."""

    def write(mattes: Mapping[str, Any]) -> Path:
        arrays = {name: np.asarray(matte, np.float32) for name, matte in mattes.items()}
        height, width = next(iter(arrays.values())).shape
        job = make_job(1, layers=tuple(arrays), clip={"width": width, "height": height}, overwrite=True)
        (path,) = export("cryptomatte", job, [ExportFrame(1003, arrays)])
        return path

    return write


def manifest(spec: OpenImageIO.ImageSpec) -> dict[str, int]:
    text = spec.get_string_attribute(f"{KEY}/manifest")
    return {name: int(digits, 16) for name, digits in json.loads(text).items()}


def test_a_pixel_ranks_its_layers_by_coverage_the_first_layer_on_top(written) -> None:
    mattes = {"front": [[0.25, 1, 0, 0.5]], "middle": [[1, 1, 0, 0.5]], "back": [[1, 1, 0, 1]]}
    ranks, spec, _ = read(written(mattes))
    ids = manifest(spec)
    seen = [
        [(ids_at[0, x], coverage[0, x]) for ids_at, coverage in ranks if coverage[0, x] or ids_at[0, x]]
        for x in range(4)
    ]
    assert seen == [
        [(ids["middle"], 0.75), (ids["front"], 0.25)],
        [(ids["front"], 1)],
        [],
        [(ids["front"], 0.5), (ids["middle"], 0.25), (ids["back"], 0.25)],  # equal ones in the layers' order
    ]


def test_what_is_picked_adds_up_to_what_the_layers_cover_together(written) -> None:
    rng = np.random.default_rng(4)
    mattes = {f"layer {number}": rng.random((24, 32), np.float32) for number in range(9)}
    ranks, spec, _ = read(written(mattes))
    assert len(ranks) == 10
    total = sum(coverage.astype(np.float64) for _, coverage in ranks)
    assert total.max() < 1 + 1e-6
    assert (
        np.abs(total - (1 - np.prod([1 - matte.astype(np.float64) for matte in mattes.values()], axis=0))).max() < 1e-6
    )
    for (_, larger), (_, smaller) in pairwise(ranks):
        assert (larger >= smaller).all()
    assert set(np.unique(np.stack([ids for ids, _ in ranks]))) <= {0, *manifest(spec).values()}


def test_a_layer_that_nothing_overlaps_is_exact(written) -> None:
    matte = np.random.default_rng(5).random((8, 8), np.float32)
    apart = {"low": np.vstack([np.zeros((8, 8)), matte]), "high": np.vstack([matte, np.zeros((8, 8))])}
    ranks, spec, _ = read(written(apart))
    ids = manifest(spec)
    for name, wanted in apart.items():
        assert np.array_equal(ranks[0][1] * (ranks[0][0] == ids[name]), wanted.astype(np.float32))


@pytest.mark.parametrize(("layers", "ranks"), [(1, 6), (6, 6), (7, 8), (12, 12)])
def test_there_are_ranks_for_all_layers_and_six_at_least(written, layers: int, ranks: int) -> None:
    mattes = {f"layer {number}": np.zeros((2, 2)) for number in range(layers)}
    assert len(read(written(mattes))[0]) == ranks


def test_the_header_is_what_the_specification_asks_for(written) -> None:
    spec = read(written({name: np.ones((1, 1)) for name in NAMES}))[1]
    assert spec.get_string_attribute(f"{KEY}/name") == KIND
    assert spec.get_string_attribute(f"{KEY}/hash") == "MurmurHash3_32"
    assert spec.get_string_attribute(f"{KEY}/conversion") == "uint32_to_float32"
    ids = manifest(spec)
    assert tuple(ids) == NAMES
    assert ids["name, with, comma"] == 0x62FA4DB8  # as in the official sample
    assert ids["равнина"] == 0x9623511E
    assert "равнина" in spec.get_string_attribute(f"{KEY}/manifest")  # as it is: not every reader knows \\u
    assert spec.get_string_attribute("compression") == "zips"


def test_ids_and_coverage_are_float_beside_a_preview_in_half(written) -> None:
    mattes = {"a": [[1, 0.5, 0]], "b": [[0, 0.5, 0]]}
    _, spec, channels = read(written(mattes))
    for place, name in enumerate(spec.channelnames):
        assert str(spec.channelformat(place)) == ("half" if name.startswith(f"{KIND}.") else "float")
    assert not channels[f"{KIND}.R"].any()
    bits = manifest(spec)["a"]
    wanted = np.array([(bits << 8 & 0xFFFFFFFF) / 0xFFFFFFFF, (bits << 16 & 0xFFFFFFFF) / 0xFFFFFFFF])
    assert [channels[f"{KIND}.{name}"][0, 0] for name in "GB"] == pytest.approx(wanted, abs=1e-3)
    assert not any(channels[f"{KIND}.{name}"][0, 2] for name in "GB")


def test_layers_with_one_id_are_refused_before_any_work(make_job) -> None:
    with pytest.raises(OutputError, match=r"'layer\d+' and 'layer\d+' have the same Cryptomatte id: rename one"):
        EXPORTERS["cryptomatte"].targets(make_job(layers=("layer51656", "other", "layer71148")))


def test_more_layers_in_a_pixel_than_a_file_holds_are_one_line(written) -> None:
    mattes = {f"layer {number}": np.full((1, 1), 0.001) for number in range(201)}
    with pytest.raises(OutputError, match="frame 1003 has a pixel with 201 layers, and a Cryptomatte holds 200"):
        written(mattes)
    mattes["layer 7"] = np.zeros((1, 1))
    assert len(read(written(mattes))[0]) == 200
