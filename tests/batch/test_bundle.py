"""A batch as a bundle for a render farm: validated and run by the specification's own tools, and as an array."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import roto
from roto.cli.main import main

Manifest = Callable[..., Path]
Delivered = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """``roto`` as a command on the machines of a farm."""
    script = tmp_path / "bin" / "roto"
    script.parent.mkdir()
    source = Path(roto.__file__).parents[1]
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{source}" exec "{sys.executable}" -m roto "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def bundle(disc_manifest: Manifest, delivered: Delivered) -> tuple[Path, dict[str, bytes], Path]:
    """A bundle, what the same batch delivers here, and where."""
    manifest = disc_manifest(2, defaults="edge = ['choke']\nexports = ['png', 'exr']")
    assert main(["batch", str(manifest), "--quiet", "--workers", "1"]) == 0
    out = manifest.parent / "out"
    wanted = delivered(out)
    shutil.rmtree(out)
    folder = manifest.parent / "farm" / "bundle"
    assert main(["batch", str(manifest), "--bundle", str(folder)]) == 0
    return folder, wanted, out


def openjd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "openjd", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_template_is_valid_and_runs_to_the_bytes_of_a_run_here(
    bundle: tuple[Path, dict[str, bytes], Path], delivered: Delivered, command: Path
) -> None:
    folder, wanted, out = bundle
    template = str(folder / "template.json")
    checked = openjd("check", template)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    ran = openjd("run", template, "--step", "report", "--run-dependencies", "-p", f"Roto={command}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert delivered(out) == wanted


def test_a_step_for_each_stage_that_waits_for_the_one_before(bundle: tuple[Path, dict[str, bytes], Path]) -> None:
    steps = json.loads((bundle[0] / "template.json").read_text())["steps"]
    names = [step["name"] for step in steps]
    assert names == ["pass", "finish", "export", "report"]
    assert [step.get("dependencies") for step in steps] == [None, *([{"dependsOn": name}] for name in names[:-1])]
    spaces = [step["parameterSpace"]["taskParameterDefinitions"][0]["range"] for step in steps]
    assert spaces == ["0-1", "2-3", "4-7", "8-9"]


def test_a_bundle_names_no_path_of_this_machine(bundle: tuple[Path, dict[str, bytes], Path], tmp_path: Path) -> None:
    for path in bundle[0].iterdir():
        assert str(tmp_path) not in path.read_text(), path.name


def test_a_moved_bundle_runs_as_an_array_and_any_task_again(
    bundle: tuple[Path, dict[str, bytes], Path], delivered: Delivered, command: Path, tmp_path: Path
) -> None:
    wanted = bundle[1]
    moved = tmp_path / "elsewhere" / "on the farm"
    moved.mkdir(parents=True)
    for each in ("farm", "out", "clip", *(path.name for path in tmp_path.glob("mask.*"))):
        shutil.move(tmp_path / each, moved / each)
    environment = {**os.environ, "ROTO": str(command)}
    script = moved / "farm" / "bundle" / "run.sh"
    stages = [line.split() for line in (script.parent / "stages.txt").read_text().splitlines()]
    numbers = [number for _, first, last in stages for number in range(int(first), int(last) + 1)]
    assert numbers == list(range(10))
    for number in (*numbers[:3], *numbers):  # some twice
        if number == 1:
            environment |= {"SLURM_ARRAY_TASK_ID": "1"}
        subprocess.run([script, *([] if number == 1 else [str(number)])], env=environment, check=True, timeout=60)
    pictures = {name: data for name, data in wanted.items() if not name.endswith(".html")}  # which name their folder
    found = delivered(moved / "out")
    assert {name: found[name] for name in pictures} == pictures
    assert found.keys() == wanted.keys()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--index", "99"], "--index 99: .* has the tasks 0 to 9"),
        (["--index", "-1"], "--task FILE and --index N go together"),
        ([], "--task FILE and --index N go together"),
        (["--index", "0", "more.toml"], "more.toml beside --task"),
    ],
)
def test_a_task_that_is_none_is_one_line(
    arguments: list[str],
    line: str,
    bundle: tuple[Path, dict[str, bytes], Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    import re

    assert main(["batch", "--task", str(bundle[0] / "tasks.json"), *arguments]) == 1
    assert re.search(line, capfd.readouterr().err.splitlines()[-1])


def test_another_version_runs_no_task(
    bundle: tuple[Path, dict[str, bytes], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roto.batch.work.EDGE_VERSION", 999)
    assert main(["batch", "--task", str(bundle[0] / "tasks.json"), "--index", "0"]) == 1
    assert "this machine has edge 999 (the bundle has" in capsys.readouterr().err


def test_a_bundle_replaces_none_unasked(
    bundle: tuple[Path, dict[str, bytes], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["batch", str(tmp_path / "night.toml"), "--bundle", str(bundle[0])]
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
