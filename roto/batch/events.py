"""What a batch says while it runs, as events: small JSON objects that a log, a pipe or a watcher takes.

``{"event": "done", "time": ..., "shot": "sh010", ...}``; ``time`` is in seconds since 1970. Events: batch, started,
planned, task, retry, progress, worker, done, failed, finished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from roto.errors import OutputError
from roto.files import write_atomically

Event = dict[str, Any]
Tell = Callable[[Event], None]


class Log:
    """A file that gets a line for each event, as it comes. OutputError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from None

    def __call__(self, event: Event) -> None:
        try:
            self._file.write(line(event) + "\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written: {error.strerror}") from None

    def close(self) -> None:
        self._file.close()


def event(what: str, **facts: Any) -> Event:
    return {"event": what, "time": round(time.time(), 3), **facts}


def line(told: Event) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def write_metrics(path: Path, facts: Mapping[str, tuple[str, str, Mapping[str, float]]]) -> None:
    """Write a Prometheus text file, whole or not at all. ``facts``: by metric its type, its help, and its values by
    labels as they stand between the braces, "" for none."""
    lines: list[str] = []
    for name, (kind, about, values) in facts.items():
        lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
        lines += [
            f"{name}{{{labels}}} {value:.10g}" if labels else f"{name} {value:.10g}" for labels, value in values.items()
        ]
    write_atomically(path, ("\n".join(lines) + "\n").encode())
