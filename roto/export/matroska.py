"""The pixel aspect of a Matroska or WebM file, which PyAV cannot hand to FFmpeg's muxer.

The file that the muxer wrote gets DisplayWidth and DisplayHeight (RFC 9559, 5.1.4.1.28) in place: Tracks grows by some
ten bytes, and the padding that the muxer leaves behind the SeekHead shrinks by as many, so that nothing else moves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import IO, NamedTuple

_SEGMENT, _SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _TRACKS, _TRACK, _VIDEO = 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
_PIXEL_WIDTH, _PIXEL_HEIGHT, _DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
_VOID = 0xEC
_HEAD = 1 << 16  # far beyond the header of a file with one track


class _Element(NamedTuple):
    number: int
    start: int
    body: int
    end: int


def set_pixel_aspect(file: IO[bytes], aspect: Fraction) -> None:
    """Write a display size of ``aspect`` times the width, by the height, into a finished file that is open to update.
    Square pixels need none."""
    if aspect == 1:
        return
    file.seek(0)
    head = file.read(_HEAD)
    segment = next(element for element in _elements(head, 0, len(head)) if element.number == _SEGMENT)
    parts = {element.number: element for element in _elements(head, segment.body, len(head))}
    seek_head, void, info, tracks = (parts[number] for number in (_SEEK_HEAD, _VOID, _INFO, _TRACKS))
    wider = _with_display_size(head, tracks, aspect)
    growth = len(wider) - (tracks.end - tracks.start)
    padding = void.end - void.start - growth
    if not seek_head.end == void.start < void.end == info.start < info.end == tracks.start or padding < 9:
        raise RuntimeError("FFmpeg's muxer left no padding behind the SeekHead")
    moved = _moved(head, seek_head, growth)
    filler = b"\xec\x01" + (padding - 9).to_bytes(7, "big") + bytes(padding - 9)
    file.seek(seek_head.start)
    file.write(moved + filler + head[info.start : info.end] + wider)


def _with_display_size(head: bytes, tracks: _Element, aspect: Fraction) -> bytes:
    (track,) = (child for child in _children(head, tracks) if child.number == _TRACK)
    (video,) = (child for child in _children(head, track) if child.number == _VIDEO)
    inside = list(_children(head, video))
    sizes = {child.number: int.from_bytes(head[child.body : child.end], "big") for child in inside}
    kept = b"".join(head[child.start : child.end] for child in inside if child.number != _DISPLAY_UNIT)
    # In pixels, which is what no DisplayUnit means; the muxer said "unknown".
    display = _element(_DISPLAY_WIDTH, round(sizes[_PIXEL_WIDTH] * aspect).to_bytes(4, "big"))
    display += _element(_DISPLAY_HEIGHT, sizes[_PIXEL_HEIGHT].to_bytes(4, "big"))
    video_element = _element(_VIDEO, kept + display)
    track_element = _element(_TRACK, head[track.body : video.start] + video_element + head[video.end : track.end])
    return _element(_TRACKS, _checked(head[tracks.body : track.start] + track_element + head[track.end : tracks.end]))


def _moved(head: bytes, seek_head: _Element, distance: int) -> bytes:
    """The SeekHead with the positions of Info and Tracks ``distance`` bytes nearer."""
    body = bytearray(head[seek_head.body : seek_head.end])
    for seek in _children(head, seek_head):
        if seek.number == _SEEK:
            entry = {child.number: child for child in _children(head, seek)}
            target, position = entry[_SEEK_ID], entry[_SEEK_POSITION]
            if int.from_bytes(head[target.body : target.end], "big") in (_INFO, _TRACKS):
                value = int.from_bytes(head[position.body : position.end], "big") - distance
                place = slice(position.body - seek_head.body, position.end - seek_head.body)
                body[place] = value.to_bytes(position.end - position.body, "big")
    return head[seek_head.start : seek_head.body] + _checked(bytes(body))


def _checked(body: bytes) -> bytes:
    """A master element's content with its CRC-32 renewed, where it has one."""
    if body[:2] != b"\xbf\x84":
        return body
    return body[:2] + zlib.crc32(body[6:]).to_bytes(4, "little") + body[6:]


def _children(data: bytes, parent: _Element) -> Iterator[_Element]:
    return _elements(data, parent.body, parent.end)


def _elements(data: bytes, position: int, end: int) -> Iterator[_Element]:
    """The elements between two positions; the last may reach beyond ``data``."""
    while position < min(end, len(data) - 12):
        number_length = 9 - data[position].bit_length()
        size_at = position + number_length
        size_length = 9 - data[size_at].bit_length()
        body = size_at + size_length
        size = int.from_bytes(data[size_at:body], "big") & ((1 << 7 * size_length) - 1)
        yield _Element(int.from_bytes(data[position:size_at], "big"), position, body, body + size)
        position = body + size


def _element(number: int, body: bytes) -> bytes:
    size = (len(body) | 1 << 28).to_bytes(4, "big")
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + size + body
