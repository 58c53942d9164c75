"""A file is written as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from roto.errors import OutputError
from roto.files import write_atomically


def test_write_atomically_leaves_nothing_behind_on_failure(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OutputError, match="cannot be written"):
        write_atomically(target, b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_replaces_a_file_and_makes_its_folder(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    write_atomically(target, b"one")
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_others_may_read_what_the_umask_lets_them(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.touch()
    write_atomically(written, b"data")
    assert written.stat().st_mode == plain.stat().st_mode
