"""Hashes of what was delivered, and what has become of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from roto.batch.delivery import DELIVERY, deliveries_in, verify, write_delivery
from roto.errors import RotoError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("hero/hero.0001.png", "hero/hero.0002.png", "hero.mov", "shot.roto.json", "report.html"):
        path = tmp_path / "sh010" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    out = tmp_path / "sh010"
    files = [out / name for name in ("hero.mov", "hero/hero.0002.png", "hero/hero.0001.png")]
    write_delivery(out, files, owns_folder=True)
    return out


def test_what_is_as_delivered(folder: Path) -> None:
    verified = verify(deliveries_in(folder.parent))
    assert verified.whole
    assert verified.sound == 3
    names = list(json.loads((folder / DELIVERY).read_text())["files"])
    assert names == ["hero.mov", "hero/hero.0001.png", "hero/hero.0002.png"]


def test_a_delivery_travels(folder: Path, tmp_path: Path) -> None:
    moved = folder.rename(tmp_path / "elsewhere")
    assert verify(deliveries_in(moved)).whole


def test_missing_changed_and_extra_files(folder: Path) -> None:
    (folder / "hero" / "hero.0001.png").unlink()
    (folder / "hero.mov").write_text("hero.mob")  # the same size
    (folder / "hero" / "hero.0003.png").touch()
    (folder / "notes.txt").touch()
    verified = verify(deliveries_in(folder))
    assert not verified.whole
    assert verified.missing == (folder / "hero" / "hero.0001.png",)
    assert verified.changed == (folder / "hero.mov",)
    assert verified.extra == (folder / "hero" / "hero.0003.png", folder / "notes.txt")


def test_in_a_folder_of_others_only_folders_of_outputs_are_looked_into(folder: Path) -> None:
    write_delivery(folder, [folder / "hero" / "hero.0001.png"], owns_folder=False)
    assert verify(deliveries_in(folder)).extra == (folder / "hero" / "hero.0002.png",)


@pytest.mark.parametrize("text", ["{}", '{"version": 1, "files": []}', '{"version": 1, "files": {"a": {}}}', "[]"])
def test_what_is_no_delivery_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / DELIVERY).write_text(text)
    with pytest.raises(RotoError, match="is no delivery of roto's"):
        verify([tmp_path / DELIVERY])


def test_another_version_is_one_line(tmp_path: Path) -> None:
    (tmp_path / DELIVERY).write_text('{"version": 9}')
    with pytest.raises(RotoError, match="is of version 9, this roto reads 1"):
        verify([tmp_path / DELIVERY])


def test_where_no_delivery_is(tmp_path: Path) -> None:
    with pytest.raises(RotoError, match=r"holds no delivery\.json"):
        deliveries_in(tmp_path)
