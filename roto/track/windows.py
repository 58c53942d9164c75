"""Which part of a frame a segmenter looks at: one of a few fixed windows, so that its embedding can be shared."""

from __future__ import annotations

from collections.abc import Iterator

from roto.image import Box

_PARTS = (4, 2, 1)  # of the frame's width and height, the smallest windows first
_STEPS = 2  # neighbouring windows are shifted by half a window
_SMALLEST_PX = 192  # of a window's longer side: nothing is seen by enlarging fewer pixels than that
_MARGIN_SHARE = 0.3  # of the subject's longer side, around it,
_MARGIN_PX = 12  # and this much besides


def window_around(box: Box, width: int, height: int) -> Box:
    """The window of a ``width x height`` frame that shows the subject in ``box`` as large as possible, with room
    around it: quarters and halves of the frame's sides in half-window steps, or the whole frame. Of several the one
    that has it nearest to the middle. Depends on nothing else, so both passes of a span, and layers that lie close
    together, look at the very same pixels.
    """
    room = box.padded(round(_MARGIN_SHARE * max(box.width, box.height)) + _MARGIN_PX, width, height)
    for parts in _sizes(width, height):
        fitting = [window for window in _windows(parts, width, height) if _holds(window, room)]
        if fitting:
            return min(fitting, key=lambda window: _off_centre(window, box))
    return Box(0, 0, width, height)


def windows(width: int, height: int) -> Iterator[Box]:
    """Every window of a ``width x height`` frame that :func:`window_around` chooses from, the smallest first."""
    for parts in _sizes(width, height):
        yield from _windows(parts, width, height)


def _sizes(width: int, height: int) -> Iterator[int]:
    return (parts for parts in _PARTS if parts == 1 or max(width, height) >= parts * _SMALLEST_PX)


def _windows(parts: int, width: int, height: int) -> Iterator[Box]:
    shifts = _STEPS * parts
    for row in range(shifts - _STEPS + 1):
        for column in range(shifts - _STEPS + 1):
            yield Box(
                column * width // shifts,
                row * height // shifts,
                (column + _STEPS) * width // shifts,
                (row + _STEPS) * height // shifts,
            )


def _holds(window: Box, box: Box) -> bool:
    return window.x0 <= box.x0 and window.y0 <= box.y0 and window.x1 >= box.x1 and window.y1 >= box.y1


def _off_centre(window: Box, box: Box) -> int:
    """Squared distance of the centres, four times."""
    dx, dy = window.x0 + window.x1 - box.x0 - box.x1, window.y0 + window.y1 - box.y0 - box.y1
    return dx * dx + dy * dy
