"""Progress: a bar with time left on a terminal, plain lines in a log, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

_LINE_EVERY_S = 10.0


class Progress:
    """``update(done, total)`` as often as you like, in ``unit``; everything goes to standard error."""

    def __init__(self, what: str, *, quiet: bool = False, unit: str = "fr") -> None:
        self._what, self._quiet, self._unit = what, quiet, unit
        self._bar: Any = None  # tqdm, imported when the first bar is drawn
        self._next_line = time.monotonic() + _LINE_EVERY_S
        self._drawn = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def update(self, done: int, total: int) -> None:
        if self._quiet or total == 0:
            return
        if self._drawn:
            self._draw(done, total)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY_S
            print(f"roto: {self._what} {done}/{total} ({100 * done // total}%)", file=sys.stderr, flush=True)

    def _draw(self, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, desc=self._what, unit=self._unit, dynamic_ncols=True, leave=False)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()  # the next stage's bar takes its line

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


class Stages:
    """Progress of one stage after the other, each by its name: ``stages(what, done, total)``."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bars: dict[str, Progress] = {}

    def __enter__(self) -> Stages:
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._bars:
            self._bars[what] = Progress(what, quiet=self._quiet)
        self._bars[what].update(done, total)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bar in self._bars.values():
            bar.__exit__(kind, error, trace)
