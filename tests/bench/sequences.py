"""The sequences of the DAVIS benchmarks: their pictures and true masks, their keyframes, and how roto solves them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError
from roto.models import Models
from roto.options import read_options
from roto.solve import SolvedFrame, fit_span, passes, solve_span
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions
from roto.track.propagate import Propagator
from roto.track.span import Key, Span, split_spans

# Choices are made by looking at the first half alone; the second says what they are worth.
HALVES = {
    "tuning half": ("bmx-bumps", "flamingo", "motorbike", "soccerball", "surf"),
    "checking half": ("dance-jump", "hockey", "rollerblade", "scooter-gray", "tennis"),
}


@dataclass(frozen=True)
class Clip:
    name: str
    rgb: list[NDArray[np.uint8]]
    truth: list[NDArray[np.bool_]]

    def read(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for number in range(first, last + 1) if first <= last else range(first, last - 1, -1):
            yield number, self.rgb[number]

    def key(self, number: int) -> Key:
        return Key(number, self.truth[number].astype(np.float32))

    def spans(self, keyed: Sequence[int]) -> list[Span]:
        return split_spans([self.key(number) for number in keyed], 0, len(self.rgb) - 1)


class MemoryJournal:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], bytes] = {}

    def load(self, name: str, number: int) -> bytes | None:
        return self._kept.get((name, number))

    def save(self, name: str, number: int, data: bytes) -> None:
        self._kept[name, number] = data


@dataclass
class Run:
    """Spans solved the product's own way, through its public functions. ``journals`` keeps the passes, by a span's
    first frame, so that other smoothing does not run them again; ``fitting`` adds up the seconds that went into
    fitting to keyframes."""

    clip: Clip
    propagator: Propagator
    options: TrackOptions
    journals: dict[int, MemoryJournal] = field(default_factory=dict)
    fitting: float = 0.0

    def solve(self, span: Span, smoothing: SmoothOptions) -> Iterator[SolvedFrame]:
        journal = self.journals.setdefault(span.first, MemoryJournal())
        if passes(span):
            started = time.perf_counter()
            fit_span(span, self.clip.read, self.propagator, journal)
            self.fitting += time.perf_counter() - started
        return solve_span(span, self.clip.read, self.propagator, self.options, smoothing, journal)


def load_clip(data: Path, name: str) -> Clip:
    pictures = sorted((data / "JPEGImages" / "480p" / name).glob("*.jpg"))
    masks = sorted((data / "Annotations" / "480p" / name).glob("*.png"))
    if not pictures or len(pictures) != len(masks):
        raise SystemExit(f"{data}: sequence {name} has {len(pictures)} pictures and {len(masks)} masks")
    rgb = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in pictures]
    truth = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127 for path in masks]
    return Clip(name, [np.asarray(x, np.uint8) for x in rgb], truth)


def sequence_names(data: Path, wanted: str | None) -> list[str]:
    """The names in ``wanted``, with commas between; without it all that ``data`` holds."""
    folder = data / "JPEGImages" / "480p"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not a folder")
    return wanted.split(",") if wanted else sorted(path.name for path in folder.iterdir())


def groups(names: Sequence[str]) -> dict[str, list[str]]:
    """What means are taken over: all of ``names``, and the two halves where they are there whole."""
    halves = {title: list(half) for title, half in HALVES.items() if set(half) <= set(names)}
    return {"all": list(names)} | halves


def keyframes(count: int, frames: int) -> list[int]:
    """K equally spaced frames, the first alone for K = 1."""
    return [0] if count == 1 else sorted({round(x) for x in np.linspace(0, frames - 1, count)})


def track_options(quality: str | None, propagator: str | None) -> TrackOptions:
    """The product's defaults, but for what is named. SystemExit where this build does not know it, or lacks what it
    needs."""
    chosen = {"quality": quality, "propagator": propagator}
    try:
        options = read_options(TrackOptions, {k: v for k, v in chosen.items() if v is not None}, "")
        Models().propagator(options)
    except RotoError as error:
        raise SystemExit(str(error)) from None
    return options


def workers(count: int) -> ProcessPoolExecutor:
    """Processes that start afresh: a fork would inherit the locks of libraries' threads, but not the threads."""
    return ProcessPoolExecutor(count, get_context("spawn"), cv2.setNumThreads, (1,))
