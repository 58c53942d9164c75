"""A batch on a terminal: a table of the shots that run, kept up to date; or plain lines, in a log."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roto.batch.run import BatchRun, ShotState

_REDRAW_S = 0.2
_LINE_EVERY_S = 10.0
_RATE_OVER_S = 30.0
_BAR = 20  # characters


class _Watcher:
    """Knows the run, and how many frames a second are done."""

    def __init__(self) -> None:
        self.run: BatchRun | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def watch(self, run: BatchRun) -> None:
        self.run = run

    def rate(self, run: BatchRun) -> float:
        """Frames a second, of late."""
        now = time.monotonic()
        self._seen.append((now, run.frames))
        while now - self._seen[0][0] > _RATE_OVER_S and len(self._seen) > 2:
            self._seen.popleft()
        then, frames = self._seen[0]
        return (run.frames - frames) / (now - then) if now > then else 0.0

    def overall(self, run: BatchRun) -> str:
        rate, left = self.rate(run), run.left
        done = sum(state.status == "done" for state in run.states)
        failed = sum(state.status == "failed" for state in run.states)
        text = f"{done} of {len(run.states)} shots done" + (f", {failed} failed" if failed else "")
        text += f", {rate:.1f} frames a second" if rate > 0 else ""
        text += f", {time_left(left / rate)} left" if rate > 0 and left > 0 else ""
        low = min(
            ((state.summary.weakest.weakest_confidence, state.name) for state in run.states if state.summary),
            default=None,
        )
        return text + (f", weakest {low[0]:.2f} in {low[1]}" if low is not None else "")


class Lines(_Watcher):
    """A line for each shot that ends, and one about all of them now and then."""

    def __init__(self) -> None:
        super().__init__()
        self._next = time.monotonic() + _LINE_EVERY_S

    def __call__(self, told: dict[str, Any]) -> None:
        text = ended(told)
        if text:
            print(f"roto: {text}", file=sys.stderr, flush=True)
        elif self.run is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_EVERY_S
            print(f"roto: {self.overall(self.run)}", file=sys.stderr, flush=True)


class Table(_Watcher):
    """Shots that ended scroll up; those that run, and a line about all, stay below."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = 0
        self._next = 0.0

    def __call__(self, told: dict[str, Any]) -> None:
        text = ended(told)
        if text:
            self._clear()
            print(text, file=sys.stderr)
        if self.run is not None and (text or time.monotonic() >= self._next):
            self._next = time.monotonic() + _REDRAW_S
            self._draw(self.run)

    def close(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            print(f"\x1b[{self._drawn}F\x1b[J", end="", file=sys.stderr, flush=True)
            self._drawn = 0

    def _draw(self, run: BatchRun) -> None:
        width, height = shutil.get_terminal_size()
        running = [state for state in run.states if state.status == "running"]
        running.sort(key=lambda state: state.frames == 0)  # those that are only planned last
        lines = [row(state) for state in running[: max(height - 3, 1)]]
        lines.append(self.overall(run))
        self._clear()
        print("\n".join(line[: width - 1] for line in lines), file=sys.stderr, flush=True)
        self._drawn = len(lines)


def row(state: ShotState) -> str:
    """A shot that runs."""
    if not state.total:
        return f"{state.name:24.24} planning"
    share = min(state.frames / state.total, 1.0)
    filled = round(share * _BAR)
    again = f"  {state.retries} started again" if state.retries else ""
    bar = "#" * filled + "." * (_BAR - filled)
    return f"{state.name:24.24} {bar} {100 * share:3.0f} %  {state.frames} of {state.total} frames of work{again}"


def ended(told: dict[str, Any]) -> str:
    """A line about a shot that is done or has failed, a task started again, a worker refused; else nothing."""
    if told["event"] == "failed":
        return f"{told['shot']:24} failed: {told['error']}"
    if told["event"] == "worker":
        return str(told["text"])
    if told["event"] == "retry":
        return f"{told['shot']:24} {told['task']} again: a worker {told['reason']}"
    if told["event"] != "done":
        return ""
    if told["current"]:
        return f"{told['shot']:24} was done already"
    low = told["weakest"]
    weakest = f"weakest {low['confidence']:.2f} at frame {low['frame']}"
    return (
        f"{told['shot']:24} done in {time_left(told['elapsed_s'])}, confidence {told['mean_confidence']:.2f}, {weakest}"
    )


def time_left(seconds: float) -> str:
    """``75`` as "1 min 15 s"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole // 60 % 60:02d} min"
