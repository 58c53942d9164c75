"""What a batch shows while it runs: a table on a terminal, lines in a log."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from roto.batch.events import Log, event, line, write_metrics
from roto.cli.batch_table import Lines, Table, ended, row, time_left
from roto.errors import OutputError

DONE = {
    "event": "done",
    "shot": "sh010",
    "current": False,
    "elapsed_s": 75.2,
    "mean_confidence": 0.91,
    "weakest": {"layer": "hero", "frame": 1007, "confidence": 0.62},
}


def state(name: str, status: str, frames: int = 0, total: int = 0, weakest: float | None = None) -> Any:
    summary = None if weakest is None else SimpleNamespace(weakest=SimpleNamespace(weakest_confidence=weakest))
    return SimpleNamespace(name=name, status=status, frames=frames, total=total, retries=0, summary=summary)


@pytest.fixture
def run() -> Any:
    states = [
        state("a", "done", weakest=0.7),
        state("b", "running", 30, 40),
        state("c", "running"),
        state("d", "failed"),
    ]
    return SimpleNamespace(states=states, frames=30, left=10)


def test_a_row_says_how_far_a_shot_is() -> None:
    text = " ".join(row(state("sh010", "running", 10, 40)).split())
    assert text == "sh010 #####............... 25 % 10 of 40 frames of work"
    assert row(state("sh020", "running")).split() == ["sh020", "planning"]


def test_a_line_for_what_has_ended_and_for_what_is_started_again() -> None:
    assert ended(DONE).endswith("done in 1 min 15 s, confidence 0.91, weakest 0.62 at frame 1007")
    assert ended({**DONE, "current": True}).endswith("was done already")
    assert ended({"event": "failed", "shot": "a", "error": "no pictures"}).endswith("failed: no pictures")
    again = {"event": "retry", "shot": "a", "task": "a/export/png", "attempt": 1, "reason": "was killed by SIGKILL"}
    assert ended(again).endswith("a/export/png again: a worker was killed by SIGKILL")
    assert ended({"event": "progress", "shot": "a"}) == ""


def test_the_table_is_drawn_over_itself(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table()
    table.watch(run)
    table({"event": "progress", "shot": "b"})
    first = capsys.readouterr().err
    assert [text.split()[0] for text in first.splitlines()] == ["b", "c", "1"]
    assert "1 of 4 shots done, 1 failed" in first
    assert "weakest 0.70 in a" in first
    table(DONE)
    assert capsys.readouterr().err.startswith("\x1b[3F\x1b[Jsh010")
    table.close()
    assert capsys.readouterr().err == "\x1b[3F\x1b[J"


def test_a_log_has_plain_lines(run: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    lines.watch(run)
    lines({"event": "progress", "shot": "b"})
    lines(DONE)
    lines._next = 0.0
    lines({"event": "progress", "shot": "b"})
    told = capsys.readouterr().err.splitlines()
    assert [text.split()[:2] for text in told] == [["roto:", "sh010"], ["roto:", "1"]]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (75, "1 min 15 s"), (7384, "2 h 03 min")]
)
def test_time_left(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


def test_events_are_lines_of_json(tmp_path: Path) -> None:
    log = Log(tmp_path / "logs" / "night.jsonl")
    told = event("done", shot="straße")
    log(told)
    log.close()
    assert (tmp_path / "logs" / "night.jsonl").read_text("utf-8") == line(told) + "\n"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="folder cannot be written"):
        Log(tmp_path / "folder")


def test_metrics_are_a_prometheus_text_file(tmp_path: Path) -> None:
    facts = {
        "roto_shots": ("gauge", "Shots.", {'state="done"': 3.0, 'state="failed"': 1.0}),
        "roto_s": ("counter", "S.", {"": 1.5}),
    }
    write_metrics(tmp_path / "roto.prom", facts)
    assert (tmp_path / "roto.prom").read_text().splitlines() == [
        "# HELP roto_shots Shots.",
        "# TYPE roto_shots gauge",
        'roto_shots{state="done"} 3',
        'roto_shots{state="failed"} 1',
        "# HELP roto_s S.",
        "# TYPE roto_s counter",
        "roto_s 1.5",
    ]
