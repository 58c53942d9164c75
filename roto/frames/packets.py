"""What lies in a video stream, learned by reading its packets without decoding them.

A packet's **ordinal** is its place in the file, counted from 0. It is the one name that is always there and always
unique: timestamps can be missing, repeated or wrong. Decoders carry it through (see :mod:`roto.frames.cursor`), so
that every decoded picture can say which packet it came from.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from roto.errors import SourceError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

#: What a packet is known by when the same file is read again: pts, dts and byte position.
Identity = tuple[int | None, int | None, int | None]


@dataclass(slots=True)
class PacketTable:
    """Every packet of a stream in file order."""

    time_base: Fraction
    identities: list[Identity] = field(default_factory=list)
    keys: list[bool] = field(default_factory=list)
    discards: list[bool] = field(default_factory=list)
    damaged: int | None = None  # ordinal of the first packet that is cut short, or where the file ends too early
    _ordinals: dict[Identity, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.identities)

    def add(self, identity: Identity, key: bool, discard: bool) -> None:
        self._ordinals.setdefault(identity, len(self.identities))
        self.identities.append(identity)
        self.keys.append(key)
        self.discards.append(discard)

    def ordinal(self, packet: Packet[VideoStream]) -> int | None:
        """The place of a packet met after a seek; None when it cannot be told."""
        return self._ordinals.get(identity_of(packet))

    def pts(self, ordinal: int) -> int | None:
        return self.identities[ordinal][0]

    @property
    def unambiguous(self) -> bool:
        """Every packet can be recognised after a seek."""
        return len(self._ordinals) == len(self.identities)


@dataclass(frozen=True, slots=True)
class FrameTable:
    """The pictures of a stream in the order they are shown: rank 0 is the first.

    ordinals: rank -> ordinal of the packet that carries the picture.
    entries: (rank, ordinal) of pictures that decoding can start at, by rank; the first is always (0, 0).
    """

    ordinals: list[int]
    ranks: dict[int, int]
    entries: list[tuple[int, int]]

    @classmethod
    def build(cls, ordinals: list[int], starts: list[int]) -> FrameTable:
        """``starts`` are the ordinals of packets that begin a group of pictures."""
        ranks = {ordinal: rank for rank, ordinal in enumerate(ordinals)}
        shown = sorted((ranks[ordinal], ordinal) for ordinal in starts if ordinal in ranks)
        # An entry is only of use for pictures that follow it both in the file and on the screen, so both must grow.
        entries = [(0, 0)]
        for rank, ordinal in shown:
            if ordinal > entries[-1][1]:
                entries.append((rank, ordinal))
        return cls(ordinals, ranks, entries)

    def __len__(self) -> int:
        return len(self.ordinals)

    def entry(self, rank: int, back: int = 0) -> tuple[int, int]:
        """Where to start decoding to reach ``rank``: the last entry at or before it, or ``back`` entries earlier.

        Pictures that are stored after an entry but shown before it need what came before, so rank decides.
        """
        at = bisect_right(self.entries, (rank, len(self.ordinals) + self.ordinals[rank])) - 1
        while at > 0 and self.entries[at][1] > self.ordinals[rank]:
            at -= 1
        return self.entries[max(at - back, 0)]


def identity_of(packet: Packet[VideoStream]) -> Identity:
    return packet.pts, packet.dts, packet.pos


def open_container(path: Path) -> InputContainer:
    """Open a local file and nothing but a local file, whatever its name looks like. SourceError otherwise."""
    try:
        return av.open(
            f"file:{path.absolute()}", "r", options={"protocol_whitelist": "file"}, metadata_errors="replace"
        )
    except av.error.FFmpegError as error:
        raise SourceError(f"{path}: {why(error)}") from error


def why(error: Exception) -> str:
    """FFmpeg's reason as the end of a sentence, without its numbers and repeated path."""
    if isinstance(error, av.error.InvalidDataError):
        return "not a video or image that can be read, or damaged beyond reading"
    if isinstance(error, av.error.FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, av.error.PermissionError):
        return "no permission to read it"
    if isinstance(error, av.error.EOFError):
        return "the file ends too early"
    text = getattr(error, "strerror", None) or str(error)
    return str(text).lower()


def read_packets(container: InputContainer, stream: VideoStream) -> PacketTable:
    """Walk the whole file once. A file that cannot be read to its end is marked as damaged there."""
    table = PacketTable(stream.time_base or Fraction(1, 90000))
    try:
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if packet.is_corrupt and table.damaged is None:
                table.damaged = len(table)
            table.add(identity_of(packet), packet.is_keyframe, packet.is_discard)
    except av.error.FFmpegError:
        if table.damaged is None:
            table.damaged = len(table)
    return table


def packets_in_index(path: Path, stream: VideoStream, position: int) -> PacketTable | None:
    """The same from the file's own index, without reading the pictures. For streams without reordering only.

    A large ProRes file would take minutes to walk. None where the index is not whole, lies about the first packets
    or points beyond the end of the file.
    """
    entries = stream.index_entries[:]
    whole = len(entries) == stream.frames and all(entry.size > 0 for entry in entries)
    if not entries or not whole or max(entry.pos + entry.size for entry in entries) > path.stat().st_size:
        return None
    table = PacketTable(stream.time_base or Fraction(1, 90000))
    for entry in entries:
        table.add((entry.timestamp, entry.timestamp, entry.pos), entry.is_keyframe, entry.is_discard)
    with open_container(path) as container:
        first = islice(container.demux(container.streams.video[position]), min(len(table), 3))
        agree = all(table.ordinal(packet) == at for at, packet in enumerate(first))
    return table if agree else None
