"""Four corners that move: top left, top right, bottom right and bottom left of what is put between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roto.errors import RotoError

Quad = NDArray[np.float64]  # 4 x 2, (x, y) in pixels

_LEAST_AREA = 1.0  # px squared
_LEAST_TURN = 1e-6


@dataclass(frozen=True, slots=True)
class Corners:
    """Corners by keyed frame; linear between two of them, held before the first and after the last."""

    keys: Mapping[int, Quad]

    def at(self, number: int) -> Quad:
        """The corners on a frame. RotoError where they are no convex quadrilateral."""
        frames = sorted(self.keys)
        quads = np.array([self.keys[frame] for frame in frames], np.float64).reshape(len(frames), 8)
        quad = np.array([np.interp(number, frames, quads[:, i]) for i in range(8)]).reshape(4, 2)
        return check_quad(quad, number)


def check_quad(quad: Quad, number: int) -> Quad:
    """RotoError for corners that lie on one line or on one another, or whose sides cross or turn inwards."""
    told = " ".join(f"{x:g},{y:g}" for x, y in quad)
    turns = _turns(quad) if np.isfinite(quad).all() else np.zeros(4)
    if (np.abs(turns) < _LEAST_TURN).any() or (not _crossing(turns) and _area(quad) < _LEAST_AREA):
        raise RotoError(
            f"corners on frame {number}: {told} span no area; four corners, no three on one line, are needed"
        )
    if _crossing(turns):
        raise RotoError(
            f"corners on frame {number}: {told} cross or turn inwards; give them in the order top left, top right, "
            "bottom right, bottom left"
        )
    return quad


def _turns(quad: Quad) -> NDArray[np.float64]:
    """The sine of the turn from each side to the next; 0 where a side has no length."""
    sides = np.roll(quad, -1, axis=0) - quad
    after = np.roll(sides, -1, axis=0)
    lengths = np.linalg.norm(sides, axis=1) * np.linalg.norm(after, axis=1)
    sines: NDArray[np.float64] = (sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]) / np.maximum(lengths, 1e-12)
    return sines


def _area(quad: Quad) -> float:
    after = np.roll(quad, -1, axis=0)
    return 0.5 * abs(float(np.sum(quad[:, 0] * after[:, 1] - quad[:, 1] * after[:, 0])))


def _crossing(turns: NDArray[np.float64]) -> bool:
    return not (bool((turns > 0).all()) or bool((turns < 0).all()))
