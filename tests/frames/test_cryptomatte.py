"""Mattes that stand in an EXR by name: objects of a Cryptomatte, channels, parts."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from roto.errors import SourceError
from roto.frames.cryptomatte import CryptomatteObjects, read_cryptomattes
from roto.frames.exr import NoPictureError
from roto.frames.mask_image import read_mask_image
from roto.frames.named_mattes import named_mattes
from roto.frames.object_id import murmur3_32, object_id
from roto.frames.still import read_image

HAT = np.array([[1, 0.25, 0], [0, 0, 0]], np.float32)
HAIR = np.array([[0, 0.75, 0.5], [0.125, 0, 0]], np.float32)
BOTH = np.clip(HAT + HAIR, 0, 1)
IDS = {"hat": 0x40000001, "hair, left": 0x40000002}  # any bits that are a number: the manifest says whose they are


def floats(bits: Any) -> np.ndarray:
    return np.asarray(bits, np.uint32).view(np.float32)


def levels(kind: str = "CryptoObject", names: str = "RGBA", dtype: Any = np.float32) -> dict[str, np.ndarray]:
    """Two levels: the hat and the hair in the first, the rest of the hair in the second."""
    hat, hair = (np.full((2, 3), bits, np.uint32) for bits in IDS.values())
    rest = np.float32(0.0625) * (HAIR > 0)
    first = [floats(hat), HAT, floats(hair), HAIR - rest]
    second = [floats(hair), rest, floats(0 * hat), 0 * HAT]
    with np.errstate(over="ignore"):
        return {
            f"{kind}{level:02d}.{name}": values.astype(dtype)
            for level, pairs in enumerate((first, second))
            for name, values in zip(names.split("|") if "|" in names else names, pairs, strict=True)
        }


def header(kind: str = "CryptoObject", key: str = "abc1234", ids: Any = IDS, **more: str) -> dict[str, str]:
    manifest = ids if isinstance(ids, str) else json.dumps({name: f"{bits:08x}" for name, bits in ids.items()})
    fields = {"name": kind, "hash": "MurmurHash3_32", "conversion": "uint32_to_float32", "manifest": manifest, **more}
    return {f"cryptomatte/{key}/{field}": value for field, value in fields.items() if value}


def save(path: Path, channels: dict[str, np.ndarray], attributes: dict[str, Any]) -> Path:
    base = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(base | attributes, channels).write(str(path))
    return path


def objects(path: Path) -> CryptomatteObjects:
    found = named_mattes(path)
    assert isinstance(found, CryptomatteObjects)
    return found


@pytest.mark.parametrize(
    ("data", "value"),
    [(b"", 0), (b"a", 0x3C2569B2), (b"abc", 0xB3DD93FA), (b"Hello, world!", 0xC0363E43)],
)
def test_the_hash_is_murmur3(data: bytes, value: int) -> None:
    assert murmur3_32(data) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("crypto_asset", 0x28322E9A), ("default", 0x42C9679F), ("name, with, comma", 0x62FA4DB8), ("равнина", 0x9623511E)],
)
def test_ids_are_those_of_the_official_samples(name: str, value: int) -> None:
    assert object_id(name) == value


def test_no_id_is_a_denormal_infinity_or_not_a_number() -> None:
    names = [f"object{number}" for number in range(3000)]
    changed = [name for name in names if object_id(name) != murmur3_32(name.encode())]
    assert changed  # about one in 128
    values = np.array([struct.unpack("<f", struct.pack("<I", object_id(name)))[0] for name in names])
    assert np.isfinite(values).all()
    assert (np.abs(values) >= np.finfo(np.float32).tiny).all()


@pytest.mark.parametrize("names", ["RGBA", "rgba", "red|green|blue|alpha"])
def test_an_object_is_all_that_its_id_covers(tmp_path: Path, names: str) -> None:
    found = objects(save(tmp_path / "a.exr", levels(names=names), header()))
    assert found.names == ("hat", "hair, left")
    assert np.array_equal(found.matte("hat"), HAT)
    assert np.array_equal(found.matte("hair, left"), HAIR)
    assert np.array_equal(found.everything, BOTH)
    assert found.matte("shoes") is None


def test_levels_in_parts_of_their_own(tmp_path: Path) -> None:
    base = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
    beauty = {name: HAIR.astype(np.float16) for name in "RGB"}
    parts = [
        OpenEXR.Part(
            dict(base | header()),
            {channel.partition(".")[2]: values for channel, values in levels().items() if channel.startswith(name)},
            name,
        )
        for name in ("CryptoObject00", "CryptoObject01")
    ]
    OpenEXR.File([*parts, OpenEXR.Part(dict(base), beauty, "rgba")]).write(str(tmp_path / "a.exr"))
    assert np.array_equal(objects(tmp_path / "a.exr").matte("hair, left"), HAIR)
    assert np.array_equal(read_image(tmp_path / "a.exr").pixels[..., 0], HAIR)  # and not the ids


def test_two_kinds_with_an_object_of_one_name(tmp_path: Path) -> None:
    channels = levels() | {name: 0 * values for name, values in levels("CryptoMaterial").items()}
    channels["CryptoMaterial00.R"] = levels()["CryptoObject00.B"]
    channels["CryptoMaterial00.G"] = HAT
    attributes = header() | header("CryptoMaterial", "def5678", {"hair, left": IDS["hair, left"]})
    found = objects(save(tmp_path / "a.exr", channels, attributes))
    assert found.names == ("hat", "CryptoObject/hair, left", "CryptoMaterial/hair, left")
    assert np.array_equal(found.matte("CryptoObject/hair, left"), HAIR)
    assert np.array_equal(found.matte("CryptoMaterial/hair, left"), HAT)
    with pytest.raises(SourceError, match=r"say CryptoObject/hair, left or CryptoMaterial/hair, left$"):
        found.matte("hair, left")


def test_without_a_manifest_objects_are_found_by_hash_and_by_id(tmp_path: Path) -> None:
    bits = object_id("hat")
    channels = levels()
    channels["CryptoObject00.R"] = floats(np.full((2, 3), bits, np.uint32))
    found = objects(save(tmp_path / "a.exr", channels, header(ids="")))
    assert set(found.names) == {f"<{bits:08x}>", "<40000002>"}
    assert np.array_equal(found.matte("hat"), HAT)
    assert np.array_equal(found.matte("<40000002>"), HAIR)
    assert np.array_equal(found.matte("CryptoObject/hat"), HAT)
    assert found.matte("shoes") is None
    assert found.matte("<40000003>") is None


@pytest.mark.parametrize(
    ("manifest", "note"),
    [
        ({"ids": "", "manif_file": "names.json"}, None),
        ({"ids": "", "manif_file": "nowhere.json"}, "its manifest nowhere.json is not there or cannot be read"),
        ({"ids": "", "manif_file": "../names.json"}, "its manifest ../names.json is not beside it and is not read"),
        ({"ids": "", "manif_file": "/etc/passwd"}, "its manifest /etc/passwd is not beside it and is not read"),
        ({"ids": "{"}, "its manifest is damaged"),
        ({"ids": "[]"}, "its manifest is damaged"),
        ({"ids": '{"hat": 5}'}, "its manifest is damaged"),
        ({"ids": '{"hat": "fffffffff"}'}, "its manifest is damaged"),
    ],
)
def test_manifests_beside_the_file_and_such_that_cannot_be_read(tmp_path: Path, manifest: Any, note: str) -> None:
    (tmp_path / "names.json").write_text(json.dumps({name: f"{bits:08x}" for name, bits in IDS.items()}))
    path = save(tmp_path / "a.exr", levels(), header(**manifest))
    (kind,) = read_cryptomattes(path)
    assert kind.note == note
    assert objects(path).names == (("hat", "hair, left") if note is None else ("<40000001>", "<40000002>"))


@pytest.mark.parametrize(
    ("changes", "dtype", "message"),
    [
        ({"hash": "md5"}, np.float32, "Cryptomatte 'CryptoObject' has the hash 'md5'; MurmurHash3_32 is read"),
        ({"conversion": "half"}, np.float32, "has the conversion 'half'; uint32_to_float32 is read"),
        ({}, np.float16, "the ids of Cryptomatte 'CryptoObject' are not 32-bit float, so that they are lost"),
    ],
)
def test_what_is_no_cryptomatte_after_all_is_one_line(tmp_path: Path, changes: Any, dtype: Any, message: str) -> None:
    path = save(tmp_path / "a.exr", levels(dtype=dtype), header(**changes))
    with pytest.raises(SourceError, match=message):
        named_mattes(path)


def test_names_that_are_no_text_can_be_shown_and_asked_for(tmp_path: Path) -> None:
    found = objects(save(tmp_path / "a.exr", levels(), header(ids='{"h\\ud800t": "40000001"}')))
    assert found.names == ("h?t",)
    assert np.array_equal(found.matte("h?t"), HAT)
    assert objects(save(tmp_path / "b.exr", levels(), header(ids=""))).matte("h\udcfft") is None


def test_a_header_without_channels_is_no_cryptomatte(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", dict.fromkeys("RGB", HAT), header())
    assert read_cryptomattes(path) == ()
    assert np.array_equal(read_mask_image(path).luma, HAT)


def test_coverage_that_is_no_number_covers_nothing(tmp_path: Path) -> None:
    channels = levels()
    channels["CryptoObject00.G"] = np.array([[np.nan, np.inf, -np.inf], [0, 2, -1]], np.float32)
    found = objects(save(tmp_path / "a.exr", channels, header()))
    assert np.array_equal(found.matte("hat"), [[0, 1, 0], [0, 1, 0]])


def test_a_matte_lies_in_the_display_window(tmp_path: Path) -> None:
    window = {"dataWindow": ((2, 1), (4, 2)), "displayWindow": ((0, 0), (3, 3))}
    attributes = {name: tuple(np.array(corner, np.int32) for corner in box) for name, box in window.items()}
    found = objects(save(tmp_path / "a.exr", levels(), header() | attributes))
    assert np.array_equal(found.matte("hat"), [[0, 0, 0, 0], [0, 0, 1, 0.25], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_a_mask_of_ids_alone_needs_a_name(tmp_path: Path) -> None:
    path = save(tmp_path / "a.exr", levels(), header())
    with pytest.raises(NoPictureError, match="no R, G, B or Y channels to show; it has ids of objects"):
        read_image(path)
    mask = read_mask_image(path)
    assert mask.only_named
    assert np.array_equal(mask.luma, BOTH)
    assert np.array_equal(mask.named.matte("hat"), HAT)


def test_channels_by_their_names(tmp_path: Path) -> None:
    mask = read_mask_image(save(tmp_path / "a.exr", {"hat": HAT, "Fuß.links": HAIR}, {}))
    assert mask.only_named
    assert set(mask.named.names) == {"hat", "Fuß.links"}
    assert np.array_equal(mask.named.matte("hat"), HAT)
    assert np.array_equal(mask.named.matte("Fuß.links"), HAIR)
    assert np.array_equal(mask.luma, np.maximum(HAT, HAIR))
    assert mask.named.matte("foot") is None


def test_parts_by_their_names(tmp_path: Path) -> None:
    base = {"compression": OpenEXR.ZIPS_COMPRESSION, "type": OpenEXR.scanlineimage}
    parts = [OpenEXR.Part(dict(base), {"A": HAT}, "hat"), OpenEXR.Part(dict(base), {"B": HAT, "A": HAIR}, "hair")]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    found = named_mattes(tmp_path / "a.exr")
    assert set(found.names) == {"hat", "hat.A", "hair", "hair.A", "hair.B"}
    assert np.array_equal(found.matte("hat"), HAT)
    assert np.array_equal(found.matte("hair"), HAIR)


def test_every_object_of_the_official_samples(test_data: Path) -> None:
    """The manifests' ids are the hashes of their names, and what is picked covers what the file says."""
    files = sorted((test_data / "exr" / "cryptomatte").rglob("*.exr"))
    assert len(files) == 4
    count = 0
    for path in files:
        found = objects(path)
        for kind in found.kinds:
            assert kind.note is None
            assert len(kind.ranks) == 6
            total = np.zeros(found.everything.shape)
            for name, bits in kind.ids.items():
                assert bits == object_id(name)
                total += found.matte(f"{kind.name}/{name}")
                count += 1
            assert total.max() < 1 + 1e-5
    assert count > 300


def test_what_the_official_samples_show(test_data: Path) -> None:
    folder = test_data / "exr" / "cryptomatte" / "sample_images" / "debug_images"
    special = objects(folder / "special_chars.exr")
    assert special.names == (
        'name containing a "quote"  ',
        "name_containing/slash",
        "равнина",
        "name, with, comma",
    )
    assert float(special.matte("name, with, comma").mean()) == pytest.approx(0.0227845, abs=1e-7)
    sidecar = objects(folder / "sidecar_manifest.exr")
    assert {"leftAsset", "rightAsset", "default"} <= set(sidecar.names)
    assert [kind.name for kind in objects(folder / "multichannel.exr").kinds] == [
        "crypto_asset",
        "crypto_material",
        "crypto_object",
    ]
