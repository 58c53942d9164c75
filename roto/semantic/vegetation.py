"""Vegetation: green between yellow and the green of paint, with texture.

Green as in the excess-green indices of D. M. Woebbecke et al. (Transactions of the ASAE 38, 1995), here by hue, which
shade and haze change less; a smooth green is cloth, a wall or a screen.
"""

from __future__ import annotations

import cv2
import numpy as np

from roto.semantic.look import Look, within
from roto.semantic.region import Inside, Judged, Odds, cut_out, log_odds, nothing, pieces, probability, ring, share

_WEIGHT, _LEAN = 2.0, 0.6
_SMOOTH = 0.45  # how much of the likelihood a smooth green keeps: grass out of focus is smooth too
_LEAST_AREA, _LEAST_PIECE = 0.001, 0.0001
_LEAST_TEXTURE = 0.35
_MOST = 0.6  # as tests/bench/semantic.py measures: dark woods are missed, green water and sails are taken for leaves
_LEAST_CORE = 0.2  # of a piece, that is more than a line


def vegetation_odds(look: Look) -> Odds:
    """Log-odds for vegetation, float32 ``H x W``."""
    green = within(look.hue_deg, 100, 136, 9) * within(look.chroma, 0, 62, 8) * within(look.lightness, 8, 88, 8)
    coloured = np.clip((look.chroma - 5) / np.float32(9), 0, 1)
    rough = 1 - np.exp(-look.relative_texture / np.float32(0.5))
    textured = np.float32(_SMOOTH) + np.float32(1 - _SMOOTH) * rough
    return log_odds(np.asarray(green * coloured * textured, np.float32), _WEIGHT, _LEAN)


def judge_vegetation(look: Look, odds: Odds) -> Judged:
    """Everything that grows green, or nothing."""
    found = [piece for piece in pieces(cut_out(look, odds)) if _grows(look, piece)]
    inside = np.any(found, axis=0) if found else np.zeros(look.lightness.shape, bool)
    if inside.mean() < _LEAST_AREA:
        return nothing(look, "nothing is green and textured")
    likely, around = probability(odds), ring(inside)
    ends = 1.0 if not around.any() else 1 - share(float(likely[around].mean()), 0.12, 0.3)
    texture = share(float(np.median(look.relative_texture[inside])), 0.2, 0.9)
    size = 0.6 + 0.4 * share(float(inside.mean()), 0.002, 0.05)
    confidence = _MOST * share(float(likely[inside].mean()), 0.65, 0.92) * ends * texture * size
    return Judged(inside, confidence, "colour and texture")


def _grows(look: Look, piece: Inside) -> bool:
    """Whether a piece has texture of its own; the edge of a smooth green has some too, and is thin."""
    core = cv2.erode(piece.astype(np.uint8), np.ones((3, 3), np.uint8))
    return bool(
        piece.mean() >= _LEAST_PIECE
        and float(np.median(look.relative_texture[piece])) >= _LEAST_TEXTURE
        and np.count_nonzero(core) >= _LEAST_CORE * np.count_nonzero(piece)
    )
