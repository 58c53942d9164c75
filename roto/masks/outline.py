"""What polygons, curves and the like share: they are closed outlines that are filled."""

from __future__ import annotations

import abc
import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roto.errors import DocumentError
from roto.image import Matte
from roto.masks.feather import feather, feather_along
from roto.masks.fields import MAX_FEATHER_PX, MaskFields, read_list
from roto.masks.mask import Canvas
from roto.masks.rasterise import rasterise
from roto.options import check_value


@dataclass(frozen=True, kw_only=True)
class OutlineMask(MaskFields, abc.ABC):
    """A mask with an outline. It may overlap itself: the fill rule is non-zero winding."""

    @abc.abstractmethod
    def outline(self) -> NDArray[np.float64]:
        """The closed outline as a polygon, float64 ``N x 2`` of (x, y) in pixels."""

    def feathers(self) -> NDArray[np.float64] | None:
        """How far the soft edge reaches from each point of :meth:`outline`, float64 ``N`` in pixels, outwards, inwards
        if negative; None for an edge that ``feather_px`` describes."""
        return None

    def coverage(self, canvas: Canvas) -> Matte:
        outline, feathers = self.outline(), self.feathers()
        reach = self.feather_px / 2 if feathers is None else float(np.abs(feathers).max())
        margin = math.ceil(reach) + 1 if reach else 0  # an edge just outside reaches in
        matte = rasterise(outline + margin, canvas.width + 2 * margin, canvas.height + 2 * margin)
        matte = feather(matte, self.feather_px)
        if feathers is not None:
            matte = feather_along(matte, outline + margin, feathers)
        matte = np.ascontiguousarray(matte[margin : margin + canvas.height, margin : margin + canvas.width])
        return np.float32(1) - matte if self.invert else matte


def read_feathers(value: Any, place: str) -> tuple[float, ...]:
    """``[8, 0, -3]`` from JSON."""
    numbers = read_list(value, place)
    for index, number in enumerate(numbers):
        check_value(number, float, {"minimum": -MAX_FEATHER_PX, "maximum": MAX_FEATHER_PX}, f"{place}[{index}]")
    return tuple(float(number) for number in numbers)


@dataclass(frozen=True, kw_only=True)
class SplineMask(OutlineMask, abc.ABC):
    """A mask whose outline is drawn through or near points, each of which may have a feather of its own."""

    points: Any

    point_feather_px: tuple[float, ...] = dataclasses.field(
        default=(),
        metadata={
            "help": "how far the soft edge reaches from the outline at each point, outwards, inwards if negative",
            "read": read_feathers,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.point_feather_px:
            return
        if len(self.point_feather_px) != len(self.points):
            raise DocumentError(
                "point_feather_px", f"{len(self.point_feather_px)} numbers for {len(self.points)} points; one each"
            )
        if self.feather_px:
            raise DocumentError("feather_px", "the points have feathers of their own; leave one of the two out")

    @abc.abstractmethod
    def along(self) -> NDArray[np.float64]:
        """For each point of :meth:`outline` how far along ``points`` it is; 2.5: halfway from the third to the next."""

    @abc.abstractmethod
    def at(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        """The outline's points, float64 ``N x 2``, so far ``along`` it, see :meth:`along`."""

    def feathers(self) -> NDArray[np.float64] | None:
        if not any(self.point_feather_px):
            return None
        count = len(self.point_feather_px)
        return np.interp(self.along(), np.arange(count + 1), [*self.point_feather_px, self.point_feather_px[0]])
