"""The table of official weights: complete, well-formed, and packaged without being copied."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from roto.weights.folders import may_ask
from roto.weights.table import WEIGHTS, size_in_words

ROOT = Path(__file__).resolve().parents[2]


def test_the_official_models_are_there() -> None:
    assert list(WEIGHTS) == ["vit_b", "vit_l", "vit_h"]


@pytest.mark.parametrize("name", WEIGHTS)
def test_an_entry_is_complete(name: str) -> None:
    entry = WEIGHTS[name]
    assert entry.name == name
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert may_ask(entry.url)
    assert entry.url.endswith(f"/{entry.file}")
    assert Path(entry.file).name == entry.file
    assert entry.bytes > 1e8
    assert entry.title == f"sam {name}"
    assert entry.licence == "Apache-2.0"


def test_no_two_entries_share_a_file() -> None:
    assert len({entry.file for entry in WEIGHTS.values()}) == len(WEIGHTS)


@pytest.mark.parametrize(("count", "words"), [(375042383, "375 MB"), (2564550879, "2.56 GB"), (12, "0 MB")])
def test_sizes_are_for_people(count: int, words: str) -> None:
    assert size_in_words(count) == words


def test_what_is_packaged_is_what_there_is() -> None:
    """Setuptools is given the packages by name, because it cannot both find them and map the folder ``weights``."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    found = [".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "roto").rglob("__init__.py")]
    assert settings["packages"] == sorted([*found, "roto.weights.data"]), "[tool.setuptools] packages in pyproject.toml"
    assert settings["package-dir"] == {"roto.weights.data": "weights"}


_BUILD = """
import sys
from setuptools import build_meta
print(build_meta.build_wheel(sys.argv[1]))
"""


def test_the_wheel_has_the_table_and_every_module(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("roto", "weights"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = subprocess.run(
        [sys.executable, "-c", _BUILD, str(tmp_path)], cwd=source, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / built.stdout.split()[-1]) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        table = json.loads(wheel.read("roto/weights/data/sam.json"))
    files = [path for path in (source / "roto").rglob("*") if path.is_file()]
    assert {path.relative_to(source).as_posix() for path in files} <= packed
    assert {Path(name).parts[0] for name in packed} == {"roto"}
    assert [row["name"] for row in table["weights"]] == list(WEIGHTS)


def test_looking_for_weights_is_light() -> None:
    code = (
        "import sys, roto.weights.files, roto.weights.fetch as fetch; roto.weights.files.present();"
        "assert not {'torch', 'numpy', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
