"""Documents, folders and globs on a command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from roto.batch.find import find_shots
from roto.batch.shot import BatchShot
from roto.errors import RotoError


def test_folders_globs_and_documents_each_once_in_a_stable_order(
    make_document: Callable[..., Path], tmp_path: Path, settings: BatchShot
) -> None:
    for name in ("b/shot.roto.json", "a/shot.roto.json", "a/deep/hero.roto.json", ".hidden/shot.roto.json"):
        make_document(tmp_path / "shots" / name)
    (tmp_path / "shots" / "notes.json").write_text("{}")
    whole = find_shots([str(tmp_path / "shots")], settings)
    assert [found.shot.name for found in whole.shots] == ["hero", "a", "b"]
    assert whole.folder == tmp_path / "shots"
    assert whole.shots[0].shot.out == str(tmp_path / "shots" / "a" / "deep")
    mixed = find_shots([str(tmp_path / "shots" / "b"), str(tmp_path / "shots" / "*" / "*.json")], settings)
    assert [found.shot.name for found in mixed.shots] == ["b", "a"]
    elsewhere = find_shots([str(tmp_path / "shots")], settings, tmp_path / "out")
    assert {found.shot.out for found in elsewhere.shots} == {str(tmp_path / "out" / n) for n in ("a", "b", "hero")}


def test_a_cycle_of_links_is_one_line(make_document: Callable[..., Path], tmp_path: Path, settings: BatchShot) -> None:
    make_document(tmp_path / "shots" / "a" / "shot.roto.json")
    (tmp_path / "shots" / "a" / "again").symlink_to(tmp_path / "shots", target_is_directory=True)
    with pytest.raises(RotoError, match=r"again leads back to .*shots, which it lies in: a cycle of links"):
        find_shots([str(tmp_path / "shots")], settings)


def test_a_link_to_what_is_named_already_counts_once(
    make_document: Callable[..., Path], tmp_path: Path, settings: BatchShot
) -> None:
    make_document(tmp_path / "shots" / "a" / "shot.roto.json")
    (tmp_path / "shots" / "link").symlink_to(tmp_path / "shots" / "a", target_is_directory=True)
    assert len(find_shots([str(tmp_path / "shots")], settings).shots) == 1


def test_two_documents_of_a_folder_would_write_one_report(
    make_document: Callable[..., Path], tmp_path: Path, settings: BatchShot
) -> None:
    for name in ("one", "two"):
        make_document(tmp_path / "shots" / f"{name}.roto.json")
    with pytest.raises(
        RotoError, match=r"one\.roto\.json and .*two\.roto\.json would both write .*report\.html: choose -o"
    ):
        find_shots([str(tmp_path / "shots")], settings)
    assert len(find_shots([str(tmp_path / "shots")], settings, tmp_path / "out").shots) == 2


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("empty", "no shots in"),
        ("missing", "missing is not there; name documents, folders, globs or a manifest"),
        ("no*thing", "nothing matches"),
        ("empty/clip.mov", r"clip.mov is no shot; a document's name ends in .roto.json"),
    ],
)
def test_where_no_shots_are(tmp_path: Path, settings: BatchShot, name: str, line: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "clip.mov").touch()
    with pytest.raises(RotoError, match=line):
        find_shots([str(tmp_path / name)], settings)


def test_a_manifest_stands_alone(tmp_path: Path, settings: BatchShot) -> None:
    with pytest.raises(RotoError, match="is a manifest, which stands alone"):
        find_shots([str(tmp_path), "night.toml"], settings)
