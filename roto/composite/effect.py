"""What every effect is: a picture in, a picture out, of the pixels around a matte."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from roto.composite.light import Floats, Light
from roto.image import Box, Matte
from roto.kinds import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """Where a picture lies: ``box`` of frame ``number``, which is ``width x height``; the matte of those pixels; and
    the light that the picture is in."""

    box: Box
    width: int
    height: int
    number: int
    matte: Matte
    light: Light


@dataclass(frozen=True, kw_only=True)
class Effect(Kind, abc.ABC):
    """One thing that is done to the picture inside a matte. Its fields are options."""

    slow: ClassVar[bool] = False

    def needs(self, box: Box, width: int, height: int) -> Box:
        """The pixels that those in ``box`` depend on, within a frame of ``width x height``."""
        return box

    def loaded(self, read: Callable[[str], str]) -> Effect:
        """The effect with the files that it names read: ``read`` gives the text of one."""
        return self

    @abc.abstractmethod
    def apply(self, picture: Floats, region: Region) -> Floats:
        """The picture after the effect. ``picture`` is float32 ``H x W x 3`` of ``region.box``, [0, 1] for what whole
        numbers hold, and stays as it was. The same pixels come out whatever more of the frame is in the box, as far as
        what they need is in it."""
