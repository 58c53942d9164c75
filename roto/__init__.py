"""roto: from a few keyframes to comp-ready mattes.

From Python, a job is a document, an output folder and kinds of export::

    import roto

    document = roto.load(Path("shot.roto.json"))
    with roto.Shot(document, Path(".")) as shot:
        result = roto.run_job(shot, Path("out"), ["png", "prores4444"])

The way through, top to bottom; nothing imports upwards (``tests/test_architecture.py``):

====================  ===============================================================
``errors image``      what a frame, a matte, a point, a time and an option are
``weights/``          the models' files: the table, the download, what is here
``frames/``           a clip in: video, image sequence, still
``masks/``            shapes, painted masks and prompts in, matte out
``motion/``           optical flow, warping, scene cuts
``segment/``          answers to prompts, and who decides where an edge is
``track/``            a span: a pass from each keyframe, blended by confidence
``temporal/``         smoothing along the motion
``models``            which models a run uses, opened once
``detect/``           subjects proposed without a prompt
``solve``             a whole span, journalled frame by frame
``edge/``             softness, grow, feather
``composite/``        what is done with a plate inside a matte
``shot/``             the document: read, validate, upgrade, write
``handoff/``          plates and masks for a generation tool, its answer put back
``store``             the work store; ``answers``: of prompts, kept there
``pipeline``          the document over its source; ``parallel``: on all cores
``export/``           files out
``review/``           the report
``job/``              one document to its files and its report
``cli/``              a file per command
====================  ===============================================================

Names here are imported when they are first used: ``import roto`` loads neither torch nor PyAV nor OpenCV.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Document": "roto.shot.document",
    "FrameSource": "roto.frames.source",
    "JobResult": "roto.job.result",
    "RotoError": "roto.errors",
    "Shot": "roto.pipeline",
    "load": "roto.shot.file",
    "open_source": "roto.frames.open",
    "run_job": "roto.job.run",
    "save": "roto.shot.file",
    "write_report": "roto.job.report",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'roto' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
