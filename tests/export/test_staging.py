"""Files that appear whole or not at all, whatever happens to the program that writes them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from roto.errors import OutputError
from roto.export import EXPORTERS
from roto.export.staging import Staging

KILLED = """
import os, signal, sys
from pathlib import Path
from roto.export.staging import Staging

staging = Staging(Path(sys.argv[1]), "png", [Path("fg/fg.0001.png"), Path("fg/fg.0002.png")], False)
staging.path(Path("fg/fg.0001.png")).write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""
TARGETS = [Path("fg/fg.0001.png"), Path("fg/fg.0002.png"), Path("bg/bg.0001.png")]


def fill(staging: Staging) -> None:
    for target in staging.targets:
        staging.path(target).write_bytes(b"new")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_has_its_name_before_everything_is_there(tmp_path: Path) -> None:
    staging = Staging(tmp_path, "png", TARGETS, overwrite=False)
    fill(staging)
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    assert staging.commit() == tuple(tmp_path / target for target in TARGETS)
    assert contents(tmp_path) == {target.as_posix(): b"new" for target in TARGETS}


def test_files_of_others_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "fg").mkdir()
    (tmp_path / "fg" / "fg.0001.exr").write_bytes(b"other")
    staging = Staging(tmp_path, "png", TARGETS, overwrite=False)
    fill(staging)
    staging.commit()
    assert contents(tmp_path) == {**{target.as_posix(): b"new" for target in TARGETS}, "fg/fg.0001.exr": b"other"}


def test_a_killed_run_leaves_only_what_is_hidden_and_the_next_one_removes_it(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".png.part-")
    staging = Staging(tmp_path, "png", TARGETS, overwrite=False)
    assert not left.exists()
    staging.discard()
    assert contents(tmp_path) == {}


def test_a_run_that_is_alive_is_left_alone(tmp_path: Path) -> None:
    alive = Staging(tmp_path, "png", TARGETS, overwrite=False)
    fill(alive)
    Staging(tmp_path, "png", TARGETS, overwrite=False).discard()
    alive.commit()
    assert len(contents(tmp_path)) == 3


def test_a_file_that_appeared_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    staging = Staging(tmp_path, "png", TARGETS, overwrite=False)
    fill(staging)
    (tmp_path / "fg").mkdir()
    (tmp_path / "fg" / "fg.0002.png").write_bytes(b"by hand")
    with pytest.raises(OutputError, match=r"fg\.0002\.png exists already"):
        staging.commit()
    assert contents(tmp_path) == {"fg/fg.0002.png": b"by hand"}


def test_a_failure_half_way_through_the_renames_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fg").mkdir()
    staging = Staging(tmp_path, "png", TARGETS, overwrite=False)
    fill(staging)
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "fg.0002.png":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(KeyboardInterrupt):
        staging.commit()
    assert contents(tmp_path) == {}


def test_a_folder_where_a_file_should_be_is_refused(make_job, frames_of) -> None:
    job = make_job(overwrite=True)
    (job.folder / "fg.mp4").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"fg\.mp4 is a folder"):
        EXPORTERS["h264"].open(job).__enter__()


def test_kinds_that_share_a_folder_do_not_disturb_each_other(make_job, frames_of, export) -> None:
    job = make_job()
    frames = frames_of(job)
    written = [path for kind in ("png", "tiff", "exr") for path in export(kind, job, frames)]
    assert sorted((job.folder / "fg").iterdir()) == sorted(written)


def test_a_shorter_run_replaces_only_its_own_frames(make_job, frames_of, export) -> None:
    long, short = make_job(4), make_job(2, overwrite=True)
    files = export("png", long, frames_of(long))
    kept = files[3].read_bytes()
    empty = [type(frame)(frame.number, {}) for frame in frames_of(short)]
    replaced = export("png", short, empty)
    assert sorted((long.folder / "fg").iterdir()) == sorted(files)
    assert files[3].read_bytes() == kept
    assert replaced[0].read_bytes() != kept
