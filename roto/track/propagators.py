"""Propagators by name. A new one is a new file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from roto.errors import BackendUnavailable
from roto.segment import RESEGMENTERS
from roto.segment.segmenter import Segmenter
from roto.track.guide import Guide
from roto.track.options import TrackOptions
from roto.track.propagate import ClassicalPropagator, Propagator
from roto.track.video_model import VideoPropagator
from roto.track.video_session import VideoModel
from roto.track.view import Detail
from roto.weights.own import OwnWeights

if TYPE_CHECKING:
    from roto.track.learned.networks import Networks


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a run has opened for its propagators. ``segmenter`` answers prompts; None where nobody is to be asked.
    ``weights`` are those of the learned one; None where it is not to run.
    ``video`` follows what it is shown; None where no folder of such a model was named."""

    segmenter: Segmenter | None = None
    weights: OwnWeights | None = None
    video: VideoModel | None = None


def _classical(options: TrackOptions, parts: Parts) -> Propagator:
    resegmenter = None if options.segmenter == "none" else RESEGMENTERS["local"]()
    guide = None if parts.segmenter is None else Guide(parts.segmenter, options.resegment_every)
    return ClassicalPropagator(resegmenter, options.flow, guide)


def _learned(options: TrackOptions, parts: Parts) -> Propagator:
    if parts.weights is None:
        raise BackendUnavailable("learned", "its weights were not read")
    from roto.track.learned.propagate import EFFORTS, LearnedPropagator

    guide = None if parts.segmenter is None else Guide(parts.segmenter, options.resegment_every)
    effort = EFFORTS[options.quality]
    detail = Detail("fast" if options.flow == "fast" else effort.detail.preset, effort.detail.pixels)
    return LearnedPropagator(networks_of(parts.weights), replace(effort, detail=detail), guide)


@lru_cache(maxsize=2)
def networks_of(weights: OwnWeights) -> Networks:
    """Made ready once a process: that takes half a second, and a shot has a task for each pass of a span."""
    from roto.track.learned.networks import Networks

    return Networks.from_weights(weights.state())


def _video(options: TrackOptions, parts: Parts) -> Propagator:
    if parts.video is None:
        raise BackendUnavailable("video", "name the folder of a SAM 2, EdgeTAM or SAM 3 model: --video-model FOLDER")
    return VideoPropagator(parts.video, options.flow)


PROPAGATORS: dict[str, Callable[[TrackOptions, Parts], Propagator]] = {
    "learned": _learned,
    "classical": _classical,
    "video": _video,
}
ONE_QUALITY = ("classical", "video")  # those that cost the same whatever quality is asked for
