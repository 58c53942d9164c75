"""Re-segmentation by colour: local and global colour models, joined with the carried edge by a minimum cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from roto.image import bounding_box
from roto.segment.colour import GlobalColours, Lab, LocalColours, learn_global, learn_local, to_lab
from roto.segment.resegment import Carried, Example
from roto.segment.total_variation import edge_cost, minimum_cut

_BAND_PX = 12.0  # nothing changes farther from the carried edge
_CELLS = 26  # of the local model, along the longer side
_FINEST_CELL_PX = 8
_EDGE_PX = 2.5  # distance from the carried edge that is worth one unit of log-odds
_PRIOR_CAP = 3.0
_GLOBAL_WEIGHT = 2.0
_GLOBAL_CAP = 3.0
_LENGTH = 2.0
_NEARBY_PX = 60.0  # of a keyframe's background, the part around the subject counts fully, the rest less
_FAR_WEIGHT = 0.25
# Where colour alone answers the keyframes themselves this well, it needs no flow; real footage hardly ever gets there.
_AMBIGUOUS, _PLAIN = 0.95, 0.985


class ColourResegmenter:
    """Colour models of the neighbouring frame and of the keyframes, within a band around the carried edge."""

    name = "local"

    def learn(self, examples: Sequence[Example]) -> GlobalColours:
        colours = keyframe_colours(examples)
        return replace(colours, separation=_separation(colours, examples))

    def embed(self, rgb: NDArray[np.uint8]) -> Lab:
        return to_lab(rgb)

    def support(self, embedding: Lab, model: GlobalColours, distance: NDArray[np.float32]) -> float:
        inside = distance > 0
        return float((model.log_odds(embedding)[inside] > 0).mean()) if inside.any() else 0.0

    def certainty(self, model: GlobalColours) -> float:
        return float(np.clip((model.separation - _AMBIGUOUS) / (_PLAIN - _AMBIGUOUS), 0, 1))

    def resegment(self, embedding: Lab, carried: Carried, prior: NDArray[np.float32]) -> NDArray[np.float32]:
        odds = self._evidence(embedding, carried, prior) + np.clip(prior / _EDGE_PX, -_PRIOR_CAP, _PRIOR_CAP)
        odds = np.where(np.abs(prior) > _BAND_PX, np.sign(prior) * np.float32(10), odds).astype(np.float32)
        found = (prior > 0).astype(np.float32)
        open_ = bounding_box(np.abs(prior) <= _BAND_PX + 2)
        if not open_.empty:
            at = open_.slices
            start = (prior[at] > 0).astype(np.float32)
            found[at] = minimum_cut(odds[at], edge_cost(embedding[at], _LENGTH), start)
        return found

    @staticmethod
    def _evidence(lab: Lab, carried: Carried, prior: NDArray[np.float32]) -> NDArray[np.float32]:
        local = neighbour_colours(to_lab(carried.before.rgb), carried.before.distance, carried.doubt)
        everywhere = np.clip(carried.model.log_odds(lab), -_GLOBAL_CAP, _GLOBAL_CAP)
        return np.asarray(local.log_odds(lab) + np.float32(_GLOBAL_WEIGHT) * everywhere, np.float32)


def keyframe_colours(examples: Sequence[Example]) -> GlobalColours:
    """Inside against outside over all examples; what lies around the subject counts more than what is far away."""
    return learn_global(_labelled(example) for example in examples)


def neighbour_colours(lab: Lab, distance: NDArray[np.float32], doubt: NDArray[np.float32]) -> LocalColours:
    """Inside against outside around each place of the neighbouring frame, warped onto the one it will be asked about:
    ``lab`` its picture, ``distance`` its edge, ``doubt`` the forward-backward error of the warp in pixels."""
    trust = (np.clip(np.abs(distance) - 0.5, 0, 1) * np.exp(-doubt) + 1e-3).astype(np.float32)
    cell = max(round(max(distance.shape) / _CELLS), _FINEST_CELL_PX)
    return learn_local(lab, (distance > 0).astype(np.float32), trust, cell)


def _labelled(example: Example) -> tuple[Lab, NDArray[np.float32], NDArray[np.float32]]:
    inside = (example.distance > 0).astype(np.float32)
    outside = np.where(example.distance > -_NEARBY_PX, np.float32(1), np.float32(_FAR_WEIGHT)) * (1 - inside)
    return to_lab(example.rgb), inside, outside


def _separation(colours: GlobalColours, examples: Sequence[Example]) -> float:
    shares = []
    for example in examples:
        near, inside = np.abs(example.distance) <= _BAND_PX, example.distance > 0
        odds = colours.log_odds(to_lab(example.rgb))
        for side, right in ((near & inside, odds > 0), (near & ~inside, odds < 0)):
            if side.any():
                shares.append(float(right[side].mean()))
    return sum(shares) / len(shares) if shares else 0.5
