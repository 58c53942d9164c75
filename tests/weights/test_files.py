"""Which weights are here, and whether they are what they are said to be."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from roto.errors import BackendUnavailable
from roto.segment.segmenter import Checkpoint
from roto.weights import checksum
from roto.weights.checksum import known_sha256
from roto.weights.files import WeightsFile, find, present
from roto.weights.folders import is_offline, search_folders
from roto.weights.table import Entry


def put(folder: Path, entry: Entry, data: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / entry.file
    path.write_bytes(data)
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read through to be hashed."""
    paths: list[Path] = []
    real = checksum.sha256_of

    def noting(path: Path, *more: Any) -> str:
        paths.append(path)
        return real(path, *more)

    monkeypatch.setattr(checksum, "sha256_of", noting)
    return paths


def test_missing_weights_name_the_command(entry: Entry, folder: Path) -> None:
    assert present() == ()
    with pytest.raises(BackendUnavailable) as caught:
        find("vit_b")
    assert str(caught.value) == (
        "sam vit_b is not available: its weights are not here; 'roto weights get vit_b' brings them (0 MB)"
    )


def test_weights_are_found_by_name(entry: Entry, folder: Path, body: bytes) -> None:
    path = put(folder, entry, body)
    found: Checkpoint = find("vit_b")
    assert found == WeightsFile("vit_b", path, entry.sha256)
    assert present() == ("vit_b",)


def test_the_studios_folder_comes_first(
    entry: Entry, folder: Path, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = put(folder, entry, body)
    monkeypatch.setenv("ROTO_WEIGHTS", str(tmp_path / "studio"))
    assert find("vit_b").path == own
    shared = put(tmp_path / "studio", entry, body[:-1])
    assert find("vit_b").path == own  # the other is cut short
    shared.write_bytes(body)
    assert find("vit_b").path == shared


def test_the_studios_folder_may_be_relative_or_in_a_home(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROTO_WEIGHTS", "studio")
    assert search_folders() == (tmp_path / "studio", folder)
    monkeypatch.setenv("ROTO_WEIGHTS", "~/studio")
    assert search_folders() == (tmp_path / "home" / "studio", folder)
    monkeypatch.setenv("ROTO_WEIGHTS", "")
    assert search_folders() == (folder,)


def test_a_file_cut_short_is_not_here(entry: Entry, folder: Path, body: bytes) -> None:
    put(folder, entry, body[:-1])
    assert present() == ()
    with pytest.raises(
        BackendUnavailable, match=r"holds 399999 bytes where .* 400000; 'roto weights get vit_b' brings"
    ):
        find("vit_b")


def test_other_bytes_are_not_the_official_file(entry: Entry, folder: Path, body: bytes) -> None:
    put(folder, entry, body[::-1])
    with pytest.raises(
        BackendUnavailable, match=r"is not the official file: .*'roto weights get vit_b' brings it again"
    ):
        find("vit_b")


def test_a_file_is_hashed_once(entry: Entry, folder: Path, body: bytes, hashed: list[Path]) -> None:
    path = put(folder, entry, body)
    for _ in range(3):
        find("vit_b")
    assert hashed == [path]


def test_a_changed_file_is_hashed_again(entry: Entry, folder: Path, body: bytes, hashed: list[Path]) -> None:
    path = put(folder, entry, body)
    find("vit_b")
    status = path.stat()
    path.write_bytes(body[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(BackendUnavailable, match="not the official file"):
        find("vit_b")
    assert hashed == [path, path]


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff\xfe", b'{"bytes": 400000}'])
def test_a_damaged_record_costs_time_only(
    junk: bytes, entry: Entry, folder: Path, body: bytes, hashed: list[Path]
) -> None:
    path = put(folder, entry, body)
    find("vit_b")
    path.with_name(f".{path.name}.sha256.json").write_bytes(junk)
    assert find("vit_b").identity == entry.sha256
    assert len(hashed) == 2


def test_own_checkpoints_leave_nothing_beside_them(folder: Path, tmp_path: Path, hashed: list[Path]) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "fine.pth").write_bytes(b"some bytes")
    first, again = find(str(own / "fine.pth")), find(str(own / "fine.pth"))
    assert first == again
    assert first.name == "fine.pth"
    assert len(hashed) == 1
    assert [path.name for path in own.iterdir()] == ["fine.pth"]


def test_records_go_to_the_cache_where_the_folder_is_read_only(
    entry: Entry, folder: Path, body: bytes, hashed: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, entry, body)
    real = checksum.write_atomically

    def refusing(path: Path, data: bytes) -> None:
        if path.parent == folder:
            raise checksum.OutputError(f"{path} cannot be written: Read-only file system")
        real(path, data)

    monkeypatch.setattr(checksum, "write_atomically", refusing)
    find("vit_b")
    find("vit_b")
    assert len(hashed) == 1
    assert [path.name for path in folder.iterdir()] == [entry.file]
    assert list((tmp_path / "cache").rglob("*.json"))


def test_a_cache_that_cannot_be_written_costs_time_only(
    folder: Path, tmp_path: Path, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file in its place")
    path = tmp_path / "fine.pth"
    path.write_bytes(b"some bytes")
    assert known_sha256(path) == known_sha256(path)
    assert len(hashed) == 2


@pytest.mark.parametrize("name", ["vit_x", "no/such/file.pth", "."])
def test_what_is_neither_name_nor_file_is_one_line(name: str, entry: Entry, folder: Path) -> None:
    with pytest.raises(BackendUnavailable, match=r"no such file; give a checkpoint's path, or one of vit_b"):
        find(name)


def test_a_weights_file_crosses_to_a_worker(entry: Entry, folder: Path, body: bytes) -> None:
    put(folder, entry, body)
    assert pickle.loads(pickle.dumps(find("vit_b"))) == find("vit_b")


@pytest.mark.parametrize(("text", "offline"), [("1", True), ("yes", True), ("0", False), ("", False), ("no", False)])
def test_offline_is_said_by_the_environment(text: str, offline: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTO_OFFLINE", text)
    assert is_offline() is offline
