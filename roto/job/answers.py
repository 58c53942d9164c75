"""What a generation tool gave back: a folder, a sequence or a video, some frames or all of them.

Frames are told by their numbers where those are the hand-off's: by the names that were handed over, or by any numbered
sequence. A complete set that counts from elsewhere (a tool's 0000.png, a video) is taken in order, which is said.
"""

from __future__ import annotations

from collections.abc import Sequence as Numbers
from dataclasses import dataclass, field
from pathlib import Path

from roto.errors import RotoError, SourceError
from roto.frames.files import IMAGE_EXTENSIONS
from roto.frames.open import open_source
from roto.frames.pattern import Pattern, Sequence, files_of, list_folder, listed, parse_pattern, sequence_in
from roto.frames.sequence import SequenceSource
from roto.frames.source import FrameSource
from roto.frames.window import FrameWindow
from roto.image import Frame


@dataclass
class Answers:
    """Frames by the hand-off's numbers, to be asked for in order. ``notes``: what a person should know of how they were
    told."""

    source: FrameSource
    places: dict[int, int]  # the hand-off's number -> the source's own
    notes: tuple[str, ...] = ()
    _window: FrameWindow | None = field(default=None, init=False)

    def __contains__(self, number: int) -> bool:
        return number in self.places

    def frame(self, number: int) -> Frame:
        at = self.places[number]
        if self.source.info.kind != "video":
            return self.source.frame(at)
        if self._window is None:
            self._window = FrameWindow(self.source, 2)
        return self._window.frame(at)

    def close(self) -> None:
        self.source.close()


def open_answers(path: Path, numbers: Numbers[int], plates: str, *, start: int | None = None) -> Answers:
    """The answer to a hand-off of frames ``numbers``, whose plates were named ``plates``. ``start``: the first
    answer is of that frame, the next of the one after it, whatever their names say.

    RotoError when it cannot be told which frame an answer is of, or when one is of a frame that was not handed over.
    """
    if not path.is_dir() and parse_pattern(path) is None:
        source = open_source(path)
        try:
            return _in_order(source, list(source.info.range.numbers()), numbers, start, str(path))
        except BaseException:
            source.close()
            raise
    sequence, by_name, foreign = _sequence(path, plates)
    notes = [f"{foreign} other images in {path} are no frames of the answer and were left out"] if foreign else []
    given = sorted(sequence.files)
    source = SequenceSource(sequence)
    if start is not None or not (by_name or (sequence.numbered and set(given) <= set(numbers))):
        found = _in_order(source, given, numbers, start, str(path))
        return Answers(source, found.places, (*notes, *found.notes))
    others = sorted(set(given) - set(numbers))
    if others:
        raise RotoError(f"{path}: frames {listed(others)} were not handed over; those were {listed(numbers)}")
    return Answers(source, {number: number for number in given}, tuple(notes))


def _sequence(path: Path, plates: str) -> tuple[Sequence, bool, int]:
    """The images of an answer, whether they have the handed plates' names, and how many others lie there."""
    if not path.is_dir():
        pattern = parse_pattern(path)
        if pattern is None:
            raise SourceError(f"{path}: no sequence")
        return files_of(pattern), False, 0
    images = [file for file in list_folder(path) if file.suffix.lower() in IMAGE_EXTENSIONS]
    stem = Path(plates).stem
    head, _, tail = stem.partition("#" * stem.count("#"))
    for ending in (tail, f"{tail}_mask001"):
        named = Pattern(path, head, stem.count("#"), ending)
        files: dict[int, Path] = {}
        for file in images:
            number = named.number(file.stem)
            if number is not None and number in files:
                raise RotoError(f"{path}: frame {number} is there twice, {files[number].name} and {file.name}")
            if number is not None:
                files[number] = file
        if files and "#" in stem:
            return Sequence(str(path), files), True, len(images) - len(files)
    found = sequence_in(path)
    return found, False, found.ignored


def _in_order(source: FrameSource, given: Numbers[int], numbers: Numbers[int], start: int | None, name: str) -> Answers:
    if start is not None:
        first = numbers.index(start) if start in numbers else None
        if first is None:
            raise RotoError(f"frame {start} was not handed over; those were {listed(numbers)}")
        wanted = numbers[first : first + len(given)]
        if len(wanted) < len(given):
            raise RotoError(
                f"{name}: {len(given)} frames from frame {start} on, and only {len(wanted)} were handed over there"
            )
    else:
        wanted = numbers
        if len(given) != len(numbers):
            raise RotoError(
                f"{name}: {len(given)} frames with other numbers than those handed over, {listed(numbers)}; "
                "name them by their frames, or say --start FRAME for a part in order"
            )
    told = f"the answer's {len(given)} frames are taken in order, for frames {listed(wanted)}"
    return Answers(source, dict(zip(wanted, given, strict=True)), (told,))
