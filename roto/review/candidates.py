"""The answers to a prompt side by side, numbered, for a person to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from roto.review.thumbnails import Picture, layer_colour, overlay
from roto.segment.prompt import Candidate, Prompt

_TILE_PX = 640  # width of a tile
_TITLE_PX = 34
_ON, _OFF, _BOX = (90, 230, 110), (255, 80, 70), (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def candidate_sheet(rgb8: Picture, candidates: Sequence[Candidate], prompt: Prompt, columns: int = 2) -> Picture:
    """A tile for each candidate, the best first: the plate with the answer over it, the prompt's points (green on the
    subject, red off it) and box, and under which number it is chosen.

    rgb8: uint8 ``H x W x 3``. Returns uint8 RGB.
    """
    tiles = [_tile(rgb8, candidate, prompt, number) for number, candidate in enumerate(candidates, 1)]
    columns = min(columns, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _tile(rgb8: Picture, candidate: Candidate, prompt: Prompt, number: int) -> Picture:
    height, width = rgb8.shape[:2]
    scale = min(_TILE_PX / width, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    plate = np.asarray(cv2.resize(rgb8, size, interpolation=cv2.INTER_AREA), np.uint8)
    matte = np.asarray(cv2.resize(candidate.matte, size, interpolation=cv2.INTER_AREA), np.float32)
    picture = overlay(plate, matte, layer_colour(number - 1))
    _draw_prompt(picture, prompt, scale)
    title = np.full((_TITLE_PX, size[0], 3), 24, np.uint8)
    text = f"{number}   estimate {candidate.score:.2f}   fits the prompt {candidate.agreement:.2f}"
    cv2.putText(title, text, (10, 23), _FONT, 0.55, (235, 235, 235), 1, cv2.LINE_AA)
    return np.vstack([title, picture])


def _draw_prompt(picture: Picture, prompt: Prompt, scale: float) -> None:
    if prompt.box is not None:
        x0, y0, x1, y1 = (round(value * scale) for value in prompt.box)
        cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), _BOX, 1, cv2.LINE_AA)
    for points, colour in ((prompt.positive, _ON), (prompt.negative, _OFF)):
        for x, y in points:
            centre = round(float(x) * scale - 0.5), round(float(y) * scale - 0.5)
            cv2.circle(picture, centre, 5, (0, 0, 0), -1, cv2.LINE_AA)
            cv2.circle(picture, centre, 4, colour, -1, cv2.LINE_AA)
