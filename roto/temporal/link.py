"""Flow between two neighbouring frames, and where it leads from the places that matter: those near an edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.image import Box
from roto.motion.flow import dense_flow
from roto.motion.warp import round_trip_error, sampled
from roto.track.state import BAND_PX, State
from roto.track.view import View

Places: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""x and y in pixels of the frame, float32 ``N`` each."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """Flow in a region that two frames have in common, the ``view``, float32 ``H x W x 3`` at its working resolution:
    ``fields[i]`` leads from the i-th frame to the other one, in pixels of the frame, and its last channel is how far
    that can be trusted, 0 to 1."""

    view: View
    fields: tuple[NDArray[np.float32], NDArray[np.float32]]

    def follow(self, side: int, places: Places) -> tuple[Places, NDArray[np.float32]]:
        """Where places of the frame ``side`` are in the other one, and how far that can be trusted: not at all where
        either lies outside the view, as what enters or leaves the picture does."""
        x, y = places
        box = self.view.box
        across, down = np.float32(self.view.width / box.width), np.float32(self.view.height / box.height)
        half = np.float32(0.5)
        field = sampled(
            self.fields[side],
            (x - np.float32(box.x0) + half) * across - half,
            (y - np.float32(box.y0) + half) * down - half,
        )
        there = x + field[:, 0], y + field[:, 1]
        seen = _within(box, (x, y)) & _within(box, there, beyond=1)
        return there, np.where(seen, field[:, 2], np.float32(0))


def _within(box: Box, places: Places, beyond: int = 0) -> NDArray[np.bool_]:
    """Whether places are in a box, or so many pixels beyond its first row and column."""
    x, y = places
    return (x >= box.x0 - beyond) & (x < box.x1) & (y >= box.y0 - beyond) & (y < box.y1)


class Edge:
    """The edge of a state, which its neighbours ask about again and again."""

    def __init__(self, state: State) -> None:
        self.state = state

    @cached_property
    def distance(self) -> NDArray[np.float32]:
        """Signed distance in the pixels of the state's box."""
        return self.state.distance(self.state.box)

    def at(self, places: Places) -> NDArray[np.float32]:
        """Signed distance, at most ``BAND_PX`` either way, at places of its frame."""
        x, y = places
        if self.state.empty:
            return np.full_like(x, -BAND_PX)
        origin_x, origin_y = np.float32(self.state.box.x0), np.float32(self.state.box.y0)
        found = sampled(self.distance, x - origin_x, y - origin_y, outside=-BAND_PX)
        return np.clip(found, -BAND_PX, BAND_PX)


def link(a: NDArray[np.uint8], b: NDArray[np.uint8], view: View, preset: str) -> Link:
    """Of two frames, grey and as ``view`` shows them, by their flow both ways; ``preset`` is that of the flow. To be
    run within :func:`roto.motion.flow.one_thread`."""
    there, back = dense_flow(a, b, preset), dense_flow(b, a, preset)
    to_frame = np.array([view.box.width / view.width, view.box.height / view.height], np.float32)
    trust = tuple(np.exp(-np.square(round_trip_error(*pair))) for pair in ((there, back), (back, there)))
    fields = (cv2.merge([flow * to_frame, trusted]) for flow, trusted in zip((there, back), trust, strict=True))
    first, second = (np.asarray(field, np.float32) for field in fields)
    return Link(view, (first, second))


def places_in(box: Box, rows: NDArray[Any], columns: NDArray[Any]) -> Places:
    """Those of pixels of ``box``."""
    return columns.astype(np.float32) + np.float32(box.x0), rows.astype(np.float32) + np.float32(box.y0)
