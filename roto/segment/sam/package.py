"""The package segment-anything, imported wherever it can run.

It imports torchvision for four functions that need no compiled code. A torchvision built for CUDA beside a CPU-only
torch nevertheless fails to import: it describes its operators ``nms`` and ``qnms`` to torch, and its library, which
would define them, does not load. Only then they are defined here.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from roto.errors import BackendUnavailable

_SYMPTOM = "operator torchvision::nms does not exist"
_kept: list[Any] = []  # a torch.library.Library takes its operators along when it is collected


def segment_anything() -> ModuleType:
    """The package. BackendUnavailable where it or what it needs is not installed."""
    try:
        importlib.import_module("torch")
        import_torchvision()
        return importlib.import_module("segment_anything")
    except ModuleNotFoundError as error:
        reason = f"the Python package {error.name} is missing; pip install segment-anything torch torchvision"
        raise BackendUnavailable("sam", reason) from error


def import_torchvision() -> None:
    """Import torchvision; where its compiled operators cannot be loaded, with ``nms`` in their place."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if _SYMPTOM not in str(error):
            raise
        _define_operators()
        importlib.import_module("torchvision")
        boxes: Any = importlib.import_module("torchvision.ops.boxes")
        boxes._assert_has_ops = _nothing


def _nothing() -> None:
    """In place of torchvision's question whether its library is loaded: of it, only ``nms`` is asked."""


def _define_operators() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", non_maximum_suppression, "CompositeExplicitAutograd")
    _kept.append(library)


def non_maximum_suppression(dets: Any, scores: Any, iou_threshold: float) -> Any:
    """As torchvision's: indices of the boxes that overlap no better one, best first, int64.

    dets: ``N x 4`` boxes as x0, y0, x1, y1. scores: N. A box falls when its intersection over union with a kept one
    is above ``iou_threshold``.
    """
    import torch

    order = torch.sort(scores, descending=True, stable=True).indices
    boxes = dets[order]
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    standing = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for best in range(len(boxes)):
        if standing[best]:
            low = torch.maximum(boxes[best, :2], boxes[best + 1 :, :2])
            high = torch.minimum(boxes[best, 2:], boxes[best + 1 :, 2:])
            shared = (high - low).clamp(min=0).prod(dim=1)
            union = areas[best] + areas[best + 1 :] - shared
            standing[best + 1 :] &= ~(shared > iou_threshold * union)
    return order[standing]
