"""The light in which a picture is worked on: as its source encodes it, or linear.

A scene-linear source is worked on as it is. A display-encoded one is by default worked on in its encoding, which is
what editors do; in linear light, soft edges and blurs mix as they do in front of a lens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError

Floats = NDArray[np.float32]

_GAMMA_22, _LINEAR = 4, 8  # H.273 transfer characteristics
_UNKNOWN_IN_LINEAR = {9: "logarithmic", 10: "logarithmic", 16: "PQ", 17: "SMPTE 428", 18: "HLG"}


@dataclass(frozen=True, slots=True)
class Light:
    """How the numbers of a picture relate to light.

    decode, encode: from the source's encoding to linear light and back, both of any float32 array, negative numbers
    and those above 1 too; the identity where the source is linear. working_linear: what is worked on is linear light.
    """

    decode: Callable[[Floats], Floats]
    encode: Callable[[Floats], Floats]
    source_linear: bool
    working_linear: bool

    def entering(self, picture: Floats) -> Floats:
        """From the source's encoding to what is worked on."""
        return self.decode(picture) if self.converts else picture

    def leaving(self, picture: Floats) -> Floats:
        """The inverse of :meth:`entering`."""
        return self.encode(picture) if self.converts else picture

    @property
    def converts(self) -> bool:
        return self.working_linear and not self.source_linear

    def in_linear(self, picture: Floats, change: Callable[[Floats], Floats]) -> Floats:
        """What is worked on, changed in linear light."""
        if self.working_linear:
            return change(picture)
        return self.encode(change(self.decode(picture)))

    def in_source(self, picture: Floats, change: Callable[[Floats], Floats]) -> Floats:
        """What is worked on, changed in the source's own encoding."""
        if not self.converts:
            return change(picture)
        return self.decode(change(self.encode(picture)))

    def in_display(self, picture: Floats, change: Callable[[Floats], Floats]) -> Floats:
        """What is worked on, changed as a display shows it: in the source's encoding, or as sRGB where it is linear."""
        if self.source_linear:
            return srgb_to_linear(change(linear_to_srgb(picture)))
        return self.in_source(picture, change)


def light_of(*, linear: bool, transfer: int = 2, blend_in: str = "source") -> Light:
    """The light of a source that is scene-linear or has the H.273 ``transfer``.

    Video (BT.709 and its like) and untagged pictures are taken for sRGB, as they are shown. RotoError where linear
    light is asked of an encoding that is not for a display of limited brightness.
    """
    if linear or transfer == _LINEAR:
        return Light(_same, _same, True, True)
    if blend_in == "linear" and transfer in _UNKNOWN_IN_LINEAR:
        raise RotoError(
            f"--blend-in linear: the source is {_UNKNOWN_IN_LINEAR[transfer]}, whose light is not known here; "
            "use --blend-in source, or give scene-linear EXR"
        )
    decode, encode = (_power_22, _root_22) if transfer == _GAMMA_22 else (srgb_to_linear, linear_to_srgb)
    return Light(decode, encode, False, blend_in == "linear")


def srgb_to_linear(encoded: Floats) -> Floats:
    """IEC 61966-2-1, mirrored below 0 and going on above 1."""
    size = np.abs(encoded)
    high = ((size + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.copysign(np.where(size <= np.float32(0.04045), size / np.float32(12.92), high), encoded)


def linear_to_srgb(linear: Floats) -> Floats:
    """The inverse of :func:`srgb_to_linear`."""
    size = np.abs(linear)
    high = np.float32(1.055) * size ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.copysign(np.where(size <= np.float32(0.0031308), size * np.float32(12.92), high), linear)


def _power_22(encoded: Floats) -> Floats:
    return np.copysign(np.abs(encoded) ** np.float32(2.2), encoded)


def _root_22(linear: Floats) -> Floats:
    return np.copysign(np.abs(linear) ** np.float32(1 / 2.2), linear)


def _same(picture: Floats) -> Floats:
    return picture
