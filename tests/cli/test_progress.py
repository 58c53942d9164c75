"""Progress: a bar on a terminal, plain lines in a log, nothing when quiet."""

from __future__ import annotations

import io

import pytest

from roto.cli.progress import Stages


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_two_stages(quiet: bool = False) -> None:
    with Stages(quiet=quiet) as stages:
        for what in ("tracking", "exporting"):
            for done in range(4):
                stages(what, done, 3)


def test_a_terminal_has_one_bar_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    run_two_stages()
    drawn = terminal.getvalue()
    assert "tracking:   0%" in drawn
    assert "exporting:   0%" in drawn
    assert "\n" not in drawn
    assert drawn.endswith("\r")
    assert drawn.rsplit("\r", 2)[-2].isspace()  # the last one is wiped away


def test_a_log_has_whole_lines_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("roto.cli.progress._LINE_EVERY_S", 0.0)
    run_two_stages()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "roto: tracking 0/3 (0%)"
    assert lines[-1] == "roto: exporting 3/3 (100%)"


@pytest.mark.parametrize("stream", ["log", "terminal"])
def test_quiet_is_silent(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    errors = Terminal() if stream == "terminal" else io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)
    monkeypatch.setattr("roto.cli.progress._LINE_EVERY_S", 0.0)
    run_two_stages(quiet=True)
    assert errors.getvalue() == ""
