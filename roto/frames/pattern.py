"""Names of image sequences: ``shot.%04d.exr``, ``shot.####.png``, ``shot.@@@.tif``, and what lies in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from roto.errors import SourceError
from roto.frames.files import IMAGE_EXTENSIONS, unreadable
from roto.timing import padded

_PLACEHOLDER = re.compile(r"%(0?)(\d*)d|#+|@+")
# A minus belongs to the number only after a dot or underscore or at the start: in ``shot-0001`` it is a hyphen.
_NUMBER = re.compile(r"((?:(?:(?<=[._])|^)-)?[0-9]+)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A file name with a frame number in it.

    digits: the least width of the number, filled with zeros; 0 when it is written as it is.
    """

    folder: Path
    head: str
    digits: int
    tail: str

    def __str__(self) -> str:
        return str(self.folder / f"{self.head}{'#' * max(self.digits, 1)}{self.tail}")

    def name(self, number: int) -> str:
        """The name of a frame's file."""
        return f"{self.head}{padded(number, self.digits)}{self.tail}"

    def number(self, name: str) -> int | None:
        """The frame number of a file of this sequence; None for any other file."""
        if not (name.startswith(self.head) and name.endswith(self.tail)):
            return None
        text = name[len(self.head) : len(name) - len(self.tail)]
        match = re.fullmatch(r"-?([0-9]+)", text)
        if not match or len(text) < self.digits or (len(match[1]) > max(self.digits, 1) and match[1][0] == "0"):
            return None
        return int(text)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Frame number -> file in order, and what to call it. numbered: the numbers are those in the names."""

    name: str
    files: dict[int, Path]
    numbered: bool = True
    ignored: int = 0  # other images in the folder


def parse_pattern(path: Path) -> Pattern | None:
    """The pattern in a path's last part; None when there is none. SourceError when there is more than one."""
    found = list(_PLACEHOLDER.finditer(path.name))
    if not found:
        return None
    if len(found) > 1:
        raise SourceError(f"{path}: a sequence's name holds one frame number, this one {len(found)}")
    match = found[0]
    digits = len(match[0]) if match[0][0] in "#@" else int(match[2] or 0) if match[1] else 0
    return Pattern(path.parent, path.name[: match.start()], digits, path.name[match.end() :])


def files_of(pattern: Pattern) -> Sequence:
    """The files of a pattern. SourceError when the folder cannot be read or holds none."""
    numbered = [(pattern.number(file.name), file) for file in list_folder(pattern.folder)]
    files = _by_number((number, file) for number, file in numbered if number is not None)
    if not files:
        raise SourceError(f"{pattern}: no file has such a name; check it and the number of digits")
    return Sequence(str(pattern), files)


def sequence_in(folder: Path) -> Sequence:
    """The sequence in a folder of images.

    One numbered sequence keeps its numbers, whatever single images lie beside it. Images that form no sequence are
    numbered from 0 in natural order. SourceError, with a list, when there are several sequences or no images.
    """
    images = [file for file in list_folder(folder) if file.suffix.lower() in IMAGE_EXTENSIONS]
    if not images:
        raise SourceError(f"{folder}: no images in this folder (PNG, JPEG, TIFF, EXR or DPX)")
    found = _sequences(images)
    if len(found) > 1:
        listed = ", ".join(f"{one.name} ({len(one.files)} frames)" for one in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise SourceError(f"{folder}: it holds several sequences, name one of them: {listed}{more}")
    if found:
        one = found[0]
        return Sequence(str(folder / one.name), one.files, True, len(images) - len(one.files))
    kinds = {file.suffix.lower() for file in images}
    if len(kinds) > 1:
        raise SourceError(f"{folder}: images of several kinds and no numbered sequence; name one file or a pattern")
    return Sequence(str(folder), dict(enumerate(sorted(images, key=_natural))), numbered=False)


def list_folder(folder: Path) -> list[Path]:
    """Visible files of a folder by name. SourceError when it cannot be read."""
    try:
        return sorted(file for file in folder.iterdir() if not file.name.startswith(".") and not file.is_dir())
    except OSError as error:
        raise unreadable(folder, error) from error


def listed(numbers: Iterable[int]) -> str:
    """``1004, 1010-1015``: frame numbers in order with runs written as ranges."""
    runs = []
    for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        runs.append(str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return ", ".join(runs)


def _sequences(images: list[Path]) -> list[Sequence]:
    """Groups of files whose names differ in one number only, two files or more each."""
    shapes: dict[tuple[str, ...], list[tuple[tuple[str, ...], Path]]] = {}
    for file in images:
        parts = _NUMBER.split(file.stem)
        shapes.setdefault((*parts[::2], file.suffix), []).append((tuple(parts[1::2]), file))
    found: list[Sequence] = []
    for texts, members in shapes.items():
        if not texts[1:-1]:
            continue
        columns = list(zip(*(numbers for numbers, _ in members), strict=True))
        varying = [at for at, column in enumerate(columns) if len({int(text) for text in column}) > 1]
        if not varying:
            continue
        frame = varying[-1]
        rest = sorted(members, key=lambda member: _without(member[0], frame))
        for _, group in groupby(rest, key=lambda member: _without(member[0], frame)):
            same = list(group)
            if len(same) > 1:
                files = _by_number((int(numbers[frame]), file) for numbers, file in same)
                found.append(Sequence(_pattern_name(texts, same[0][0], frame), files))
    return sorted(found, key=lambda one: one.name)


def _without(numbers: tuple[str, ...], at: int) -> tuple[str, ...]:
    return numbers[:at] + numbers[at + 1 :]


def _pattern_name(texts: tuple[str, ...], numbers: tuple[str, ...], frame: int) -> str:
    shown = [f"%0{len(text)}d" if at == frame else text for at, text in enumerate(numbers)]
    pieces = [piece for pair in zip(texts, [*shown, ""], strict=False) for piece in pair]
    return "".join(pieces) + texts[-1]


def _by_number(numbered: Iterable[tuple[int, Path]]) -> dict[int, Path]:
    files: dict[int, Path] = {}
    for number, file in sorted(numbered):
        if number in files:
            raise SourceError(f"{file.parent}: frame {number} is there twice, {files[number].name} and {file.name}")
        files[number] = file
    return files


def _natural(file: Path) -> list[tuple[int, str]]:
    """Sort key that counts: ``b2`` before ``b10``."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", file.name)]
