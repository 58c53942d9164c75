"""Skin: the hues from pink to brown that all skin has, smooth, in pieces that stand out from what is around them.

A cluster in chrominance as in R.-L. Hsu, M. Abdel-Mottaleb and A. K. Jain, "Face Detection in Color Images" (IEEE PAMI
24, 2002). Wood, sand, brick and clay have the same colours: only that a body's skin ends where it ends, and fills no
picture, speaks against them.
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

_WEIGHT, _LEAN = 2.0, 0.2
_CALM, _ROUGH = 1.2, 2.5
_MOST = 0.4  # as tests/bench/semantic.py measures: flowerpots, roofs and bricks are taken for skin
_LEAST_PIECE = 0.0005
_LARGEST_PIECE = 0.25
_LEAST_STANDING_OUT = 4.0  # difference of a and b from what is around
_LARGEST_BORDER = 0.3  # share of one edge of the picture


def skin_odds(look: Look) -> Odds:
    """Log-odds for skin, float32 ``H x W``."""
    colour = within(look.hue_deg, 34, 66, 7) * within(look.chroma, 14, 38, 5) * within(look.green_red, 8, 28, 4)
    calm = np.exp(-np.maximum(look.texture - np.float32(_CALM), 0) / np.float32(_ROUGH))
    return log_odds(np.asarray(colour * calm * within(look.lightness, 28, 90, 8), np.float32), _WEIGHT, _LEAN)


def judge_skin(look: Look, odds: Odds) -> Judged:
    """All pieces that may be skin, or nothing."""
    found = [piece for piece in pieces(cut_out(look, odds)) if _may_be_skin(look, piece)]
    if not found:
        return nothing(look, "nothing of the colour of skin stands out from what is around it")
    inside = np.any(found, axis=0)
    likely = float(probability(odds)[inside].mean())
    confidence = _MOST * share(likely, 0.6, 0.85) * share(_standing_out(look, inside), 3, 14)
    return Judged(inside, confidence, "colour alone: wood, sand and clay look the same")


def _may_be_skin(look: Look, piece: Inside) -> bool:
    edges = (piece[0], piece[-1], piece[:, 0], piece[:, -1])
    return bool(
        _LEAST_PIECE <= piece.mean() <= _LARGEST_PIECE
        and max(float(edge.mean()) for edge in edges) <= _LARGEST_BORDER
        and _standing_out(look, piece) >= _LEAST_STANDING_OUT
    )


def _standing_out(look: Look, inside: Inside) -> float:
    around = ring(inside)
    if not around.any():
        return 0.0
    return float(np.linalg.norm((colour_of(look, inside) - colour_of(look, around))[1:]))
