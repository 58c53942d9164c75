"""Sky: bright, blue or grey, smooth, above, and reaching the upper edge of the picture.

The cues are those of J. Luo and S. Etz, "A Physical Model-Based Approach to Detecting Sky in Photographic Images" (IEEE
Transactions on Image Processing 11, 2002): colour, lack of texture, place; the numbers are our own.
"""

from __future__ import annotations

import numpy as np

from roto.semantic.look import Look, within
from roto.semantic.region import (
    Inside,
    Judged,
    Odds,
    colour_of,
    cut_out,
    log_odds,
    nothing,
    pieces,
    probability,
    ring,
    share,
)

_WEIGHT, _LEAN = 2.0, 0.5
_CALM, _ROUGH = 0.25, 0.8  # change of lightness a pixel that a sky may have, and how fast more speaks against it
_PLACE = ([0.0, 0.3, 0.75, 1.0], [1.0, 0.9, 0.25, 0.02])  # share of the height, and how likely sky is there
_LEAST_AREA = 0.002
_NEAR_PX, _FAR_PX = 3, 7  # beyond the edge, which texture blurs, in working pixels
_MOST = 0.82  # so that what is expected is what tests/bench/semantic.py measures; misty hills are taken for sky
_SURE = 0.8  # of a piece that does not reach the upper edge
_ALIKE = 12.0  # difference in Lab of such a piece from the sky that does


def sky_odds(look: Look) -> Odds:
    """Log-odds for sky, float32 ``H x W``."""
    light = look.lightness / np.float32(look.brightest)
    blue = within(look.hue_deg, 252, 305, 10) * within(look.chroma, 3, 60, 3) * within(light, 0.55, 2, 0.12)
    grey = within(look.chroma, 0, 7, 3) * within(light, 0.82, 2, 0.08) * within(look.lightness, 60, 100, 10)
    warm = within(look.hue_deg, 20, 100, 15) * within(look.chroma, 0, 45, 10) * within(light, 0.88, 2, 0.06)
    colour = np.maximum(np.maximum(blue, grey), np.float32(0.5) * warm)
    calm = np.exp(-np.maximum(look.texture - np.float32(_CALM), 0) / np.float32(_ROUGH))
    down = (np.arange(look.lightness.shape[0]) + 0.5) / look.lightness.shape[0]
    place = np.interp(down, *_PLACE).astype(np.float32)[:, None]
    return log_odds(colour * calm * place, _WEIGHT, _LEAN)


def judge_sky(look: Look, odds: Odds) -> Judged:
    """The sky, or nothing where what looks like it does not reach the upper edge."""
    likely = probability(odds)
    found = pieces(cut_out(look, odds))
    above = [piece for piece in found if piece[0].any() and piece.mean() >= _LEAST_AREA]
    if not above:
        return nothing(look, "nothing that looks like sky reaches the upper edge")
    sky = np.any(above, axis=0)
    lowest = int(np.flatnonzero(sky.any(axis=1))[-1])
    colour = colour_of(look, sky)
    confidence = _confidence(look, sky, float(likely[sky].mean()))
    for piece in found:  # between branches
        close = np.linalg.norm(colour_of(look, piece) - colour) < _ALIKE
        if close and float(likely[piece].mean()) > _SURE and not piece[lowest:].any():
            sky = sky | piece
    return Judged(sky, confidence, "colour, smoothness and place")


def _confidence(look: Look, sky: Inside, likely: float) -> float:
    around = ring(sky)
    if not around.any():
        return 0.25 * share(likely, 0.55, 0.88)  # a picture of nothing but sky, or of a wall
    edge = min(share(_contrast(look, sky, around), 3, 14), share(_typical_contrast(look, sky), 2, 6))
    calm = float(np.exp(-max(float(np.median(look.texture[sky])) - 0.2, 0) / 0.35))
    bright = share(float(look.lightness[sky].mean()) / look.brightest, 0.5, 0.85)
    ends = 1 - share(float(sky[-1].mean()), 0.1, 0.5)  # a wall goes on to the lower edge
    return _MOST * share(likely, 0.55, 0.88) * edge * calm * bright * ends


def _contrast(look: Look, sky: Inside, around: Inside) -> float:
    """Of all that is around, taken together: little where a wall goes on behind what stands before it."""
    return float(np.linalg.norm(colour_of(look, sky) - colour_of(look, around)))


def _typical_contrast(look: Look, sky: Inside) -> float:
    """Along the middling part of the edge: little where the edge runs through a plain wall."""
    beyond = ring(sky, _NEAR_PX, _FAR_PX)
    if not beyond.any():
        return 0.0
    planes = (look.lightness, look.green_red, look.blue_yellow)
    difference = np.stack([plane[beyond] for plane in planes], axis=1) - colour_of(look, sky)
    return float(np.median(np.linalg.norm(difference, axis=1)))
