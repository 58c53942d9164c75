"""What every step of the edge stage is, and how one is read and written."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from roto.image import Frame, Matte
from roto.kinds import Kind
from roto.masks.moving import Moving


class Around(Protocol):
    """What a step may ask for beside the matte itself. Offsets count frames, 0 is the matte's own; what lies beyond the
    delivered range is None."""

    def matte(self, offset: int) -> Matte | None:
        """The layer's matte as it enters this step, float32 ``H x W``."""

    def plate(self, offset: int) -> Frame | None: ...

    @property
    def confidence(self) -> float:
        """Intersection over union with the truth that is expected of the frame as tracked, 0 to 1; 1 on a keyed one."""

    def shapes(self, direction: int) -> Moving | None:
        """How the keyframes' own shapes move, at this frame, to the next frame (1) or from the one before (-1), their
        velocities forward in time; None where they are not the same shapes."""


@dataclass(frozen=True, kw_only=True)
class EdgeStep(Kind, abc.ABC):
    """One thing that is done to the edge of a matte."""

    costly: ClassVar[bool] = False
    """It looks around itself or takes long: computed by the workers, once, and kept in the work store."""

    @property
    def follows_shapes(self) -> bool:
        """It asks how the keyframes' shapes move, and not only for what they cover."""
        return False

    @property
    def reach(self) -> int:
        """How many frames before and after its own it may ask for."""
        return 0

    @property
    def settled(self) -> bool:
        """False where an option is left to what the clip shows, see :meth:`settle`."""
        return True

    def settle(self, frames: Iterable[Around]) -> tuple[Self, str]:
        """The step with such options decided from a choice of frames, and a line that says what was decided."""
        return self, ""

    @abc.abstractmethod
    def apply(self, matte: Matte, around: Around) -> Matte:
        """The matte after this step. ``matte`` is float32 ``H x W`` in [0, 1], and stays as it was."""
