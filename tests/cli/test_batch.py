"""roto batch and roto verify, as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from roto.batch.finish import RECORD
from roto.batch.run import BatchRun
from roto.cli.main import main
from roto.files import sweep_beside


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def manifest(clip: Any, folder: Path, shots: int = 2, more: str = "") -> Path:
    """A manifest of shots a, b ... of the disc's first frames, the classical propagator carrying them."""
    clip.mask(1001)
    lines = ["output = 'out'", "[defaults]", more, "track = {propagator = 'classical', segmenter = 'local'}"]
    for index in range(shots):
        lines += ["[[shot]]", f"name = '{chr(97 + index)}'", "source = 'clip/shot.####.png'"]
        lines += [f"range = '1001-{1005 + index}'", "masks = {1001 = 'mask.1001.png'}"]
    path = folder / "night.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def is_there(group: int) -> bool:
    """Whether a process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def files(folder: Path) -> dict[str, bytes]:
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return {str(name): (folder / name).read_bytes() for name in shown if name.name != "batch.html"}


def test_a_broken_shot_stops_no_other_and_the_page_says_why(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest(disc_clip, tmp_path, 2)
    path.write_text(path.read_text() + "[[shot]]\nname = 'broken'\nsource = 'gone.mov'\nstack = ['solid']\n")
    log, metrics = tmp_path / "night.jsonl", tmp_path / "night.prom"
    assert roto("batch", path, "--workers", 2, "--json", "--log", log, "--metrics", metrics) == 1
    told = events(capsys.readouterr().out)
    assert told == events(log.read_text())
    assert {each["shot"]: each["event"] for each in told if each["event"] in ("done", "failed")} == {
        "a": "done",
        "b": "done",
        "broken": "failed",
    }
    assert [each["event"] for each in told][:1] + [each["event"] for each in told][-1:] == ["batch", "finished"]
    assert (told[-1]["done"], told[-1]["failed"]) == (2, 1)
    assert set(told[-1]["seconds"]) == {"plan", "propagate", "blend and smooth", "export", "report"}
    assert 'roto_batch_shots{state="failed"} 1' in metrics.read_text()
    page = (tmp_path / "out" / "batch.html").read_text()
    assert "gone.mov: there is no such file or folder" in page
    assert 'href="a/report.html"' in page
    assert {"a/matte/matte.1005.png", "b/matte/matte.1006.png", "a/delivery.json"} < set(files(tmp_path / "out"))


def test_the_same_command_again_does_what_is_missing_and_no_more(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest(disc_clip, tmp_path, 2)
    assert roto("batch", path, "--workers", 1, "--quiet") == 0
    first = files(tmp_path / "out")
    (tmp_path / "out" / "b" / "matte" / "matte.1003.png").unlink()
    capsys.readouterr()
    assert roto("batch", path, "--workers", 1, "--json") == 0
    told = events(capsys.readouterr().out)
    assert [each["task"] for each in told if each["event"] == "task"] == ["b/plan", "b/export/png", "b/report"]
    assert {each["shot"]: each["current"] for each in told if each["event"] == "done"} == {"a": True, "b": False}
    assert files(tmp_path / "out") == first


def test_one_worker_two_workers_and_documents_give_the_same_mattes(disc_clip: Any, tmp_path: Path) -> None:
    path = manifest(disc_clip, tmp_path, 1, more="exports = ['png', 'ffv1']")
    assert roto("batch", path, "--workers", 1, "--quiet") == 0
    assert roto("batch", path, "--workers", 2, "--quiet", "-o", tmp_path / "two") == 0
    assert roto("run", tmp_path / "out" / "a" / "shot.roto.json", "-o", tmp_path / "alone", "--quiet") == 0
    assert roto("batch", tmp_path / "out", "-o", tmp_path / "three", "--workers", 2, "--quiet") == 0
    one, two = files(tmp_path / "out" / "a"), files(tmp_path / "two" / "a")
    alone, three = files(tmp_path / "alone"), files(tmp_path / "three" / "a")
    mattes = {name for name in one if name.endswith((".png", ".mkv", ".csv"))}
    assert len(mattes) == 7
    for other in (two, alone, three):
        assert {name: other[name] for name in mattes} == {name: one[name] for name in mattes}


def test_stacks_and_what_edges_leave_to_the_clip_give_what_a_run_gives(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "stack = ['solid,opacity=0.5', 'rotoscope,operation=maximum']\nedge = ['motion-blur=auto', 'feather=2']"
    path = manifest(disc_clip, tmp_path, 1, more=more)
    assert roto("batch", path, "--workers", 2, "--json") == 0
    tasks = [each["task"] for each in events(capsys.readouterr().out) if each["event"] == "task"]
    assert tasks[-4:] == ["a/settle", "a/matte/1001-1005/edge", "a/export/png", "a/report"]
    assert roto("run", tmp_path / "out" / "a" / "shot.roto.json", "-o", tmp_path / "alone", "--quiet") == 0
    batch, alone = files(tmp_path / "out" / "a" / "matte"), files(tmp_path / "alone" / "matte")
    assert batch == alone
    assert len(batch) == 5


def test_files_are_called_as_the_manifest_says(disc_clip: Any, tmp_path: Path) -> None:
    path = manifest(disc_clip, tmp_path, 2, more="files = '{shot}/{kind}/{layer}.{frame:06d}.{ext}'")
    assert roto("batch", path, "--workers", 2, "--quiet", "--export", "png") == 0
    assert (tmp_path / "out" / "b" / "png" / "matte.001006.png").is_file()
    assert roto("verify", path) == 0


def test_a_dry_run_prints_tasks_and_writes_no_file(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest(disc_clip, tmp_path, 1)
    assert roto("batch", path, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a: 5 frames, 0 of 1 span solved"
    assert "  a/matte/1002-1005/finish  4 frames  after 1" in lines
    assert lines[-1] == "4 tasks, 13 frames of work"
    assert not (tmp_path / "out").exists()
    assert roto("batch", path, "--quiet", "--workers", 1) == 0
    assert roto("batch", path, "--dry-run") == 0
    assert capsys.readouterr().out.splitlines()[0] == "a: nothing is missing"


def test_a_document_that_somebody_changed_is_not_overwritten(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest(disc_clip, tmp_path, 1)
    assert roto("batch", path, "--quiet", "--workers", 1) == 0
    document = tmp_path / "out" / "a" / "shot.roto.json"
    assert roto("key", "add", document, "--mask", f"1005={disc_clip.mask(1005)}") == 0
    edited = document.read_bytes()
    capsys.readouterr()
    assert roto("batch", path, "--quiet", "--workers", 1) == 1
    assert "shot.roto.json was changed since a batch made it" in capsys.readouterr().err
    assert document.read_bytes() == edited


def test_verify_tells_what_has_changed(disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest(disc_clip, tmp_path, 2)
    assert roto("batch", path, "--workers", 2, "--quiet") == 0
    for what in (tmp_path / "out", path, tmp_path / "out" / "a" / "delivery.json"):
        assert roto("verify", what) == 0
    matte = tmp_path / "out" / "a" / "matte"
    (matte / "matte.1002.png").write_bytes(b"x")
    (matte / "matte.1003.png").unlink()
    (matte / "matte.9999.png").touch()
    (tmp_path / "out" / "b" / "delivery.json").unlink()
    capsys.readouterr()
    assert roto("verify", path, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert [Path(each).name for key in ("missing", "changed", "extra") for each in told[key]] == [
        "matte.1003.png",
        "matte.1002.png",
        "matte.9999.png",
    ]
    assert told["undelivered"] == ["b"]
    assert told["whole"] is False


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nothing.toml"], "nothing.toml: cannot be read: No such file or directory"),
        (["."], "no shots in .; a shot is a document, *.roto.json"),
        ([".", "--retry", "many"], "--retry many: a whole number from 0 to 100 is needed"),
        ([".", "--export", "nothing"], "'nothing' is not an export kind"),
        ([".", "--workers", "0"], "--workers 0: a whole number from 1 to 256"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert roto("batch", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"roto: error: {line}")
    assert error.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_one_line_and_leaves_nobody(disc_clip: Any, tmp_path: Path, sent: int) -> None:
    path = manifest(disc_clip, tmp_path, 6)
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "roto", "batch", str(path), "--quiet", "--workers", "2", "--log", str(log)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while '"progress"' not in (log.read_text() if log.exists() else "") and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(sent)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "roto: interrupted; what is solved is kept, the same command goes on from there\n"
    deadline = time.monotonic() + 20  # multiprocessing's own tracker ends last
    while is_there(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(process.pid)


def test_what_a_killed_worker_left_goes_when_its_shot_is_done(
    disc_clip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = manifest(disc_clip, tmp_path, 1)
    heed = BatchRun._heed

    def leave(run: BatchRun, happened: Any) -> None:
        if happened.task.id == "a/export/png":  # as if it had been killed once while it recorded its files
            (tmp_path / "out" / "a" / ".roto" / "outputs" / ".png.json.abcd1234").touch()
            (tmp_path / "out" / "a" / ".png.part-abcd").mkdir()
            (tmp_path / "out" / "a" / ".png.part-abcd" / ".lock").touch()
        heed(run, happened)

    monkeypatch.setattr(BatchRun, "_heed", leave)
    assert roto("batch", path, "--workers", 1, "--quiet") == 0
    left = [each.name for each in (tmp_path / "out").rglob("*") if "abcd" in each.name]
    assert left == []


def test_leftovers_of_dead_writers_go(tmp_path: Path) -> None:
    deeper = tmp_path / "deeper"
    deeper.mkdir()
    for name in (f".{RECORD}.abcd1234", f".{RECORD}.short", "other.abcd1234", ".page.html.abcd1234"):
        (tmp_path / name).touch()
        (deeper / name).touch()
    sweep_beside(tmp_path / RECORD, deeper / "page.html", tmp_path / "nowhere" / "page.html")
    kept = [f".{RECORD}.short", "other.abcd1234"]
    assert {path.name for path in tmp_path.iterdir()} == {*kept, ".page.html.abcd1234", "deeper"}
    assert {path.name for path in deeper.iterdir()} == {*kept, f".{RECORD}.abcd1234"}


def test_what_a_run_left_that_was_killed_at_its_very_end_goes_with_the_next(disc_clip: Any, tmp_path: Path) -> None:
    path = manifest(disc_clip, tmp_path, 1)
    assert roto("batch", path, "--workers", 1, "--quiet") == 0
    left = tmp_path / "out" / "a" / ".exr.part-abcd"
    left.mkdir()
    (left / ".lock").touch()
    assert roto("batch", path, "--workers", 1, "--quiet") == 0
    assert not left.exists()
