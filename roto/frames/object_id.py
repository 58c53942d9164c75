"""Ids of named objects, as Cryptomatte has them (Friedman and Jones, "Fully Automatic ID Mattes", 2015; specification
1.2): the name's 32-bit MurmurHash3 as the bits of a float that no file format and no arithmetic changes."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def object_id(name: str) -> int:
    """The id of a name, as the 32 bits that stand in a float's place. The hash is of the name in UTF-8; an exponent of
    all zeros or ones, which would be a denormal number, infinity or not-a-number, has its lowest bit flipped."""
    bits = murmur3_32(name.encode("utf-8", "surrogatepass"))
    return bits ^ 1 << 23 if bits >> 23 & 0xFF in (0, 0xFF) else bits


def murmur3_32(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0 (Austin Appleby, public domain)."""
    state = 0
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        state ^= _mixed(int.from_bytes(data[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & _MASK
    state ^= _mixed(int.from_bytes(data[whole:], "little")) ^ len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        state = (state ^ state >> shift) * factor & _MASK
    return state


def _mixed(block: int) -> int:
    return _rotated(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593 & _MASK


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _MASK
