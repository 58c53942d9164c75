"""Which pictures a video holds, in what order, at what times: from its packets where they can be believed,
from decoding it once where they cannot."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from roto.errors import SourceError
from roto.frames.cursor import Cursor, DamagedPacket
from roto.frames.packets import FrameTable, PacketTable, packets_in_index, read_packets

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_INTRA_ONLY = 1  # AV_CODEC_PROP_INTRA_ONLY
#: Containers that give every picture its own packet and presentation time.
_EXACT_CONTAINERS = ("mov", "matroska", "ogg", "flv", "gif", "mxf", "nut", "asf")


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """packets: in file order. frames: in order of display. times: seconds from the first frame, by rank.

    timed: the times are the file's own; otherwise they assume a constant rate.
    intra: every picture stands alone. damaged: decoding has met packets it could not make sense of.
    undecodable: ranks that are in the file but give no picture (known only after a decoding pass).
    """

    packets: PacketTable
    frames: FrameTable
    times: list[Fraction]
    timed: bool
    intra: bool = False
    damaged: bool = False
    undecodable: frozenset[int] = frozenset()

    def retimed(self, rate: Fraction) -> VideoIndex:
        """The same pictures, each shown for ``1 / rate`` seconds."""
        return replace(self, times=[rank / rate for rank in range(len(self.frames))], timed=True)


def build_index(
    path: Path, container: InputContainer, stream: VideoStream, position: int, *, alpha: bool, keep_going: bool
) -> VideoIndex:
    """Index a freshly opened container; it is read to its end. ``position`` counts the file's video streams.

    With ``keep_going`` the stream is decoded once so that every picture that cannot be had is known. SourceError
    when there is no picture, or, without ``keep_going``, when the pass that is needed meets damage.
    """
    rate = stream.guessed_rate or stream.average_rate or stream.base_rate or Fraction(25)
    intra = bool(stream.codec_context.codec.properties & _INTRA_ONLY)
    exact = container.format.name.startswith(_EXACT_CONTAINERS) or intra
    indexed = intra and container.format.name.startswith("mov")
    packets = (packets_in_index(path, stream, position) if indexed else None) or read_packets(container, stream)
    if not len(packets):
        raise SourceError(f"{path}: it holds no pictures (a header without video data)")
    if packets.damaged is not None and not keep_going:
        raise SourceError(f"{path}: the file is cut short or damaged; keep-going uses the frames that can be had")
    order = _order_by_packets(packets) if exact else None
    if order is not None and not keep_going:
        return _index(packets, order, [n for n, key in enumerate(packets.keys) if key], rate, intra)
    scan = _scan(path, position, packets, alpha=alpha, keep_going=keep_going)
    if not scan.order:
        raise SourceError(f"{path}: not one frame can be decoded")
    if order is None or not set(scan.order) <= set(order):
        starts = [] if scan.damaged else scan.starts
        return replace(_index(packets, scan.order, starts, rate, intra), damaged=bool(scan.damaged))
    at = {ordinal: rank for rank, ordinal in enumerate(order)}
    missing = frozenset(range(len(order))) - frozenset(longest_rise([at[ordinal] for ordinal in scan.order]))
    # What a decoder makes of damage depends on where it began, so a damaged stream is always decoded from the start.
    damaged = bool(missing or scan.damaged)
    starts = scan.starts if intra or not damaged else []
    return replace(_index(packets, order, starts, rate, intra), undecodable=missing, damaged=damaged)


def _order_by_packets(packets: PacketTable) -> list[int] | None:
    """Ordinals in order of display, or None when the packets leave doubt."""
    shown = [ordinal for ordinal, discard in enumerate(packets.discards) if not discard]
    stamps = [packets.pts(ordinal) for ordinal in shown]
    if not shown or None in stamps or len(set(stamps)) < len(stamps):
        return None
    order = sorted(shown, key=lambda ordinal: packets.pts(ordinal) or 0)
    # A clip that does not begin with a picture of its own may lose its first ones in decoding.
    first_key = next((ordinal for ordinal, key in enumerate(packets.keys) if key), None)
    if first_key != 0 or (not packets.discards[0] and order[0] != 0):
        return None
    return order


def _index(packets: PacketTable, order: list[int], starts: list[int], rate: Fraction, intra: bool) -> VideoIndex:
    stamps = [packets.pts(ordinal) for ordinal in order]
    known = [stamp for stamp in stamps if stamp is not None]
    timed = len(known) == len(order) and all(a < b for a, b in pairwise(known))
    if timed:
        times = [(stamp - known[0]) * packets.time_base for stamp in known]
    else:
        times = [rank / rate for rank in range(len(order))]
    return VideoIndex(packets, FrameTable.build(order, starts), times, timed, intra)


def longest_rise(values: list[int]) -> list[int]:
    """A longest strictly increasing subsequence.

    A decoder confused by damage can give pictures out of order; those that are not part of the rise are given up.
    """
    tails: list[int] = []  # indices of the smallest last value of a rise of each length
    before: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value, key=values.__getitem__)
        before.append(tails[length - 1] if length else -1)
        tails[length : length + 1] = [index]
    rise: list[int] = []
    index = tails[-1] if tails else -1
    while index >= 0:
        rise.append(values[index])
        index = before[index]
    return rise[::-1]


@dataclass(frozen=True, slots=True)
class _Scan:
    """A decoding pass: ordinals in order of display, those that decoding can start at, and those that failed."""

    order: list[int]
    starts: list[int]
    damaged: list[int]


def _scan(path: Path, position: int, packets: PacketTable, *, alpha: bool, keep_going: bool) -> _Scan:
    cursor = Cursor(path, position, packets, alpha=alpha, keep_going=keep_going)
    order: list[int] = []
    starts: list[int] = []
    try:
        for ordinal, frame in cursor.frames():
            if ordinal == packets.damaged:
                continue  # half a picture, filled up by the decoder
            order.append(ordinal)
            if frame.key_frame and packets.keys[ordinal]:
                starts.append(ordinal)
    except DamagedPacket as damage:
        raise SourceError(
            f"{path}: damaged after {len(order)} frames; keep-going uses the frames that can be had"
        ) from damage
    finally:
        cursor.close()
    return _Scan(order, starts, cursor.damaged)
