"""What goes wrong on a night with forty shots: full disks, read-only folders, damaged clips, lost records."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from roto.cli.main import main


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def visible(folder: Path) -> list[str]:
    """Everything in a folder that does not hide behind a dot."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.exists() else []


@pytest.mark.parametrize("limit", [60, 400, 4000])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_is_one_line_and_nothing_half_written(
    disc_clip: Any, tmp_path: Path, limit: int, workers: str
) -> None:
    out = tmp_path / "out"
    arguments = ["track", disc_clip.pattern, "-o", out, "--mask", f"1001={disc_clip.mask(1001)}", "--workers", workers]
    done = subprocess.run(
        [sys.executable, "-m", "roto", *map(str, arguments), "--export", "prores4444", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("roto: error: ")
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert set(visible(out)) <= {"shot.roto.json"}
    if (out / "shot.roto.json").exists():
        json.loads((out / "shot.roto.json").read_text())


def test_a_run_that_dies_before_it_records_its_files_goes_on(
    disc_clip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["track", disc_clip.pattern, "-o", tmp_path / "out", "--mask", f"1001={disc_clip.mask(1001)}"]
    command += ["--export", "png", "prores4444", "--quiet", "--workers", 1]

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("roto.store.OutputRecord.replace", die)
        assert roto(*command) == 130
    assert (tmp_path / "out" / "matte.mov").exists()
    assert roto(*command) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks for child processes in /proc")
def test_ctrl_c_while_the_workers_start_is_one_line(disc_clip: Any, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "roto", "track", disc_clip.pattern, "-o", str(tmp_path / "out"), "--quiet"]
    command += ["--mask", f"1001={disc_clip.mask(1001)}", "--mask", f"1012={disc_clip.mask(1012)}", "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        loaded = [Path(f"/proc/{child}/maps").read_text() for child in children.read_text().split()]
        if any("numpy" in maps and "cv2" not in maps for maps in loaded):  # a worker in the middle of its imports
            os.killpg(process.pid, signal.SIGINT)
            break
        time.sleep(0.001)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.count("\n") == 1
    assert errors.startswith("roto: interrupted")


def test_a_damaged_record_is_solved_again(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = [
        "track",
        disc_clip.pattern,
        "-o",
        out,
        "--mask",
        f"1001={disc_clip.mask(1001)}",
        "--quiet",
        "--workers",
        1,
    ]
    assert roto(*command) == 0
    before = {file.name: file.read_bytes() for file in (out / "matte").iterdir()}
    record = next((out / ".roto" / "spans").glob("*/1005"))
    record.write_bytes(b"torn" + record.read_bytes()[4:])
    (out / "matte" / "matte.1005.png").unlink()
    assert roto(*command) == 1
    assert "frame 1005 in the work store" in capsys.readouterr().err
    assert roto(*command) == 0
    assert {file.name: file.read_bytes() for file in (out / "matte").iterdir()} == before


def test_a_frame_that_is_missing_is_listed_or_held(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (disc_clip.folder / "clip" / "shot.1005.png").unlink()
    command = ["track", disc_clip.pattern, "-o", tmp_path / "out", "--mask", f"1001={disc_clip.mask(1001)}"]
    assert roto(*command) == 1
    assert "1005" in capsys.readouterr().err
    assert roto(*command, "--missing", "hold", "--json", "--workers", 1) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["missing"] == [1005]
    assert result["frames"] == len(result["files"]) == 12


def test_a_damaged_frame_stops_the_run_or_is_listed(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = disc_clip.folder / "clip" / "shot.1007.png"
    file.write_bytes(file.read_bytes()[:200])
    command = ["track", disc_clip.pattern, "-o", tmp_path / "out", "--mask", f"1001={disc_clip.mask(1001)}"]
    assert roto(*command, "--workers", 1, "--quiet") == 1
    error = capsys.readouterr().err
    assert "shot.1007.png" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out" / "matte").exists()
    assert roto(*command, "--keep-going", "--json", "--workers", 1) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["missing"] == [1007]
    assert len(result["files"]) == 12


@pytest.mark.parametrize("name", ["corrupt/decord_corrupted.mp4", "corrupt/invalid_nalu.mp4"])
def test_a_broken_movie_gives_what_it_can_when_asked(
    test_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    clip = test_data / "odd_inputs" / name
    assert roto("info", clip, "--keep-going", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    width, height = map(int, facts["size"].split(" x "))
    square = np.zeros((height, width), np.uint8)
    square[height // 3 : height // 2, width // 3 : width // 2] = 255
    cv2.imwrite(str(tmp_path / "key.png"), square)
    command = ["track", clip, "-o", tmp_path / "out", "--mask", f"0={tmp_path / 'key.png'}", "--workers", 1]
    assert roto(*command, "--quiet") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert visible(tmp_path / "out") in ([], ["shot.roto.json"])
    assert roto(*command, "--keep-going", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["missing"] == facts["missing"]
    assert result["missing"]
    assert len(result["files"]) == result["frames"]
