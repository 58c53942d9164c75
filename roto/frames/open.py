"""Open whatever the user names: a video, an image sequence, a folder of images or one still."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

from roto.errors import SourceError
from roto.frames.files import kind_of, unreadable
from roto.frames.missing import POLICIES, FilledSource
from roto.frames.pattern import Sequence, files_of, listed, parse_pattern, sequence_in
from roto.frames.source import FrameSource

_MOST_MISSING = 1_000_000  # more is no sequence with gaps but numbers that mean something else, such as dates


def open_source(
    path: str | Path,
    *,
    start: int | Literal["timecode"] | None = None,
    rate: Fraction | None = None,
    missing: str = "error",
    keep_going: bool = False,
    stream: int | None = None,
) -> FrameSource:
    """A source of frames for a local path.

    A name that exists is taken as it is written, whatever characters are in it; an image file is one still, even
    when it belongs to a sequence. Otherwise ``%04d``, ``####`` or ``@@@`` in the last part of the path stands for
    the frame number of a sequence.

    start: number of the first frame, or ``"timecode"`` to count from the source's own time code. By default a
        sequence keeps its numbers and a video or still starts at 0.
    rate: frames a second, in place of what the source says; every frame then lasts as long as the next. A sequence
        without a rate in its headers has 24.
    missing: for frames that cannot be had: ``error``, ``hold`` (the frame before) or ``black``.
    keep_going: open a damaged source; ``info.missing`` lists what cannot be had. Costs one pass over the source.
    stream: which of a file's video streams, counted from 0; the default one otherwise.

    SourceError, in one line, for anything that cannot be opened.
    """
    if missing not in POLICIES:
        raise SourceError(f"missing frames can be {', '.join(POLICIES)}, not {missing!r}")
    try:
        source = _open(Path(path), start, rate, missing, keep_going, stream)
    except OSError as error:
        raise unreadable(Path(path), error) from error
    if source.info.missing and missing != "error":
        return FilledSource(source, missing)
    return source


def image_of(source: FrameSource, number: int) -> Path | None:
    """The image file of a sequence's or a still's frame; None where the source is a video."""
    from roto.frames.sequence import SequenceSource

    return source.file(number) if isinstance(source, SequenceSource) else None


def _open(
    path: Path,
    start: int | Literal["timecode"] | None,
    rate: Fraction | None,
    missing: str,
    keep_going: bool,
    stream: int | None,
) -> FrameSource:
    from roto.frames.sequence import SequenceSource

    if path.is_dir():
        sequence = sequence_in(path)
    elif not path.exists() and (pattern := parse_pattern(path)) is not None:
        sequence = files_of(pattern)
    elif kind_of(path) is None:
        from roto.frames.video import VideoSource

        return VideoSource(path, start=start, rate=rate, stream=stream, keep_going=keep_going)
    else:
        number = start if isinstance(start, int) else 0
        still = Sequence(str(path), {number: path})
        return SequenceSource(still, kind="still", start=start, rate=rate, keep_going=keep_going)
    _check_whole(sequence, missing, keep_going)
    return SequenceSource(sequence, start=start, rate=rate, keep_going=keep_going)


def _check_whole(sequence: Sequence, missing: str, keep_going: bool) -> None:
    """SourceError that lists the gaps in a sequence, unless the user has said what to do about them."""
    first, last = min(sequence.files), max(sequence.files)
    if last - first >= len(sequence.files) + _MOST_MISSING:
        raise SourceError(
            f"{sequence.name}: {len(sequence.files)} files with numbers from {first} to {last} are no sequence; "
            "name one file or a pattern"
        )
    absent = [number for number in range(first, last) if number not in sequence.files]
    if absent and missing == "error" and not keep_going:
        raise SourceError(
            f"{sequence.name}: {len(absent)} missing of {first}-{last}: "
            f"{listed(absent)}; give the frames, or choose hold or black for missing ones"
        )
