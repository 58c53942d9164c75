"""Video models with a memory: SAM 2, EdgeTAM and the tracker of SAM 3, as the package ``transformers`` has them.

Ravi et al., "SAM 2: Segment Anything in Images and Videos", ICLR 2025; Zhou et al., "EdgeTAM: On-Device Track Anything
Model", CVPR 2025; Carion et al., "SAM 3: Segment Anything with Concepts", 2025. All three remember the frames that they
were shown a mask for, and the last few that they segmented themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roto.image import Matte
from roto.segment import device as devices
from roto.segment.pretrained import ModelFiles, Preparation, configuration, load, package, preparation

# Type of a folder's model: class of its configuration, and stem of the classes that track.
_CONFIGURATIONS = {
    "sam2_video": "Sam2VideoConfig",
    "edgetam_video": "EdgeTamVideoConfig",
    "sam3_tracker_video": "Sam3TrackerVideoConfig",
    "sam3_video": "Sam3VideoConfig",
}
_TRACKERS = {
    "sam2_video": "Sam2Video",
    "edgetam_video": "EdgeTamVideo",
    "sam3_tracker_video": "Sam3TrackerVideo",
    "sam3_video": "Sam3TrackerVideo",
}
_SUBJECT = 1  # the only object of a session
_VERSION = 1  # of what happens here around the package


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a model says of one frame.

    logits: float32, at the model's own resolution, spread over the whole picture; positive inside.
    presence: how likely the subject is in the picture at all, 0 to 1. quality: the model's estimate of the
    intersection over union of its answer with the truth, 0 to 1.
    """

    logits: NDArray[np.float32]
    presence: float
    quality: float


class Session(Protocol):
    """One subject followed through a run of frames, each of them shown once. ``index`` counts the frames' distance
    from the first one; keys may lie anywhere, the others come one after the other, from 1 on."""

    def key(self, index: int, rgb: NDArray[np.uint8], matte: Matte) -> None:
        """Show the subject: ``rgb`` uint8 ``H x W x 3`` and its matte, float32 ``H x W``."""

    def see(self, index: int, rgb: NDArray[np.uint8]) -> Seen:
        """Find the subject."""


class VideoModel(Protocol):
    """A model that follows what it is shown."""

    @property
    def identity(self) -> str:
        """Whatever its answers depend on: method, version, checksum of weights."""

    def session(self) -> Session: ...


class TransformersVideoModel:
    """The tracker in a folder, loaded when it is first needed and once.

    device: "auto", "cpu", "cuda" or "mps". precision: the type that matrices are multiplied in, the device's best one
    unless it is said. BackendUnavailable with the reason where it cannot run here.
    """

    def __init__(self, files: ModelFiles, device: str = "auto", precision: str | None = None) -> None:
        self._config = configuration(files, _CONFIGURATIONS)
        self._files, self._stem = files, _TRACKERS[self._config.model_type]
        self.device = devices.resolve(device)
        self.precision = precision or devices.precision(self.device)
        self._loaded: Any = None
        self._quality = 0.0

    @property
    def identity(self) -> str:
        version = metadata.version("transformers")
        return f"video {_VERSION}, {version}, {self._files.identity}"

    @property
    def model(self) -> Any:
        """The package's model, on its device."""
        if self._loaded is None:
            config = getattr(self._config, "tracker_config", self._config)
            self._loaded = load(self._files, f"{self._stem}Model", config, self.device)
            self._loaded.mask_decoder.register_forward_hook(self._note_quality)
        return self._loaded

    @cached_property
    def prepared(self) -> Preparation:
        return preparation(self._files, self.model.image_size)

    def session(self) -> TransformersSession:
        import torch

        kind = getattr(package(self._files.what), f"{self._stem}InferenceSession")
        where = torch.device(self.device)
        session = kind(
            inference_device=where, inference_state_device=where, video_storage_device=where, dtype=torch.float32
        )
        return TransformersSession(self, session)

    def run(self, session: Any, index: int, rgb: NDArray[np.uint8]) -> Seen:
        """One frame, uint8 ``H x W x 3``, through the model. RotoError where it does not fit into the memory."""
        with devices.repeatable(), devices.enough_memory(self._files.name, self.device):
            pixels = self.prepared.tensor(rgb).to(self.device)
            with devices.computing(self.device, self.precision):
                answer = self.model(session, frame=pixels, frame_idx=index)
            logits = answer.pred_masks[0, 0].float().cpu().numpy()
            presence = float(answer.object_score_logits.float().sigmoid())
        return Seen(logits, presence, self._quality)

    @property
    def memories(self) -> int:
        """The model looks back at the features of fewer frames than this,"""
        return int(self.model.config.num_maskmem)

    @property
    def pointers(self) -> int:
        """and at a summary of the subject in fewer than this."""
        return int(self.model.config.max_object_pointers_in_encoder)

    def _note_quality(self, module: Any, arguments: Any, answer: Any) -> None:
        """Of the answers that the decoder gives, the model goes on with the one that it holds for the best."""
        self._quality = float(answer[1].max().clamp(0, 1))


class TransformersSession:
    """A session of the package that forgets what the model will not look at again."""

    def __init__(self, model: TransformersVideoModel, session: Any) -> None:
        self._model, self.kept = model, session

    def key(self, index: int, rgb: NDArray[np.uint8], matte: Matte) -> None:
        subject = self.kept.obj_id_to_idx(_SUBJECT)
        self.kept.add_mask_inputs(subject, index, _squeezed(matte, self._model.prepared.size))
        self.kept.obj_with_new_inputs = [_SUBJECT]
        self.see(index, rgb)
        self.kept.remove_mask_inputs(subject, index)

    def see(self, index: int, rgb: NDArray[np.uint8]) -> Seen:
        seen = self._model.run(self.kept, index, rgb)
        self._forget(index)
        return seen

    def _forget(self, index: int) -> None:
        del self.kept.processed_frames[index]
        (outputs,) = self.kept.output_dict_per_obj.values()
        keyed, seen = outputs["cond_frame_outputs"], outputs["non_cond_frame_outputs"]
        newest = keyed[index] if index in keyed else seen[index]
        for part in ("pred_masks", "high_res_masks"):
            newest.pop(part, None)
        for number in [number for number in seen if number <= index - self._model.memories + 1]:
            for part in ("maskmem_features", "maskmem_pos_enc"):
                seen[number].pop(part, None)
        for number in [number for number in seen if number <= index - self._model.pointers + 1]:
            if "maskmem_features" not in seen[number]:
                del seen[number]
        (tracked,) = self.kept.frames_tracked_per_obj.values()
        tracked.clear()


def _squeezed(matte: Matte, size: int) -> Any:
    """A matte as the model is shown it: 0 and 1, float32 ``1 x 1 x size x size``. Of a subject that fills no pixel
    there, those that it fills most."""
    import torch
    from torch.nn.functional import interpolate

    whole = torch.from_numpy(np.ascontiguousarray(matte))[None, None]
    small = interpolate(whole, (size, size), mode="bilinear", align_corners=False, antialias=True)
    return (small >= min(0.5, float(small.max()) / 2)).float()
