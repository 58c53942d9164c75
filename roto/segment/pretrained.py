"""Models of the package ``transformers``, built from what a folder holds.

They are handed a configuration and tensors, never a path or a name, so nothing that the package could look up,
download or run is involved.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from roto.errors import BackendUnavailable, RotoError
from roto.segment.device import enough_memory
from roto.segment.sam.package import import_torchvision

_BILINEAR = 2  # as Pillow numbers it, and the package after it
_TO_ONE = 1 / 255
_REMEDY = "pip install 'roto[video]'"


class ModelFiles(Protocol):
    """A model as the package saves it, wherever it is kept."""

    @property
    def what(self) -> str:
        """The back-end that it was opened for, as error messages name it."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str:
        """A checksum of all that answers depend on, hexadecimal."""

    @property
    def config(self) -> Mapping[str, Any]: ...

    @property
    def preparation(self) -> Mapping[str, Any]:
        """How pictures are prepared, as the package's image processors write it."""

    @property
    def tokenizer(self) -> str | None:
        """The text of ``tokenizer.json``, None where there is none."""

    def state(self) -> Mapping[str, Any]:
        """The tensors by name, on the CPU. BackendUnavailable with the reason when they cannot be read."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes a model's input: ``size x size``, mean and deviation of each channel, of [0, 1]."""

    size: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def tensor(self, rgb: NDArray[np.uint8]) -> Any:
        """float32 ``1 x 3 x size x size`` on the CPU, of uint8 ``H x W x 3``. The picture is squeezed, not padded."""
        return self.resized(rgb, self.size, self.size)

    def resized(self, rgb: NDArray[np.uint8], width: int, height: int) -> Any:
        """As :meth:`tensor`, of another size."""
        import torch
        from torch.nn.functional import interpolate

        picture = torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None]
        picture = interpolate(picture, (height, width), mode="bilinear", align_corners=False, antialias=True)
        mean, deviation = (torch.tensor(v, dtype=torch.float32).view(1, 3, 1, 1) for v in (self.mean, self.deviation))
        return (picture.float() / 255 - mean) / deviation


def spread(logits: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """A model's logits, which cover the whole picture on a grid of its own, at the picture's pixels, ``H x W``.

    Bicubic, where the package is bilinear: true mattes come through a grid of 256 x 256 with an intersection over
    union of 0.994 instead of 0.991. A piece or a hole of a single pixel of the grid is no part of a subject: it takes
    the mean of its neighbours.
    """
    inside = (logits > 0).astype(np.float32)
    others = _neighbours(inside)
    lone = np.where(inside > 0, others < 1, others > 7)
    smooth = np.where(lone, _neighbours(logits) / 8, logits).astype(np.float32)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _neighbours(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of the eight pixels around each."""
    around = cv2.boxFilter(values, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(around - values, np.float32)


def package(what: str) -> ModuleType:
    """transformers. BackendUnavailable where it or what it needs is not installed."""
    try:
        importlib.import_module("torch")
        import_torchvision()
        _keep_from_compiling()
        return importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise BackendUnavailable(what, f"the Python package {error.name} is missing; {_REMEDY}") from None


def _keep_from_compiling() -> None:
    """Where torchvision's library does not load, its stand-in for ``roi_align`` would compile itself first: that takes
    a compiler and a minute, for a few boxes."""
    if not importlib.import_module("torchvision.extension")._has_ops():
        module: Any = importlib.import_module("torchvision.ops.roi_align")
        module._roi_align = getattr(module._roi_align, "__wrapped__", module._roi_align)


def configuration(files: ModelFiles, kinds: Mapping[str, str]) -> Any:
    """The package's configuration of a model whose type is one of ``kinds`` (type: name of the class).
    BackendUnavailable with the reason otherwise."""
    kind = str(files.config.get("model_type"))
    if kind not in kinds:
        allowed = ", ".join(kinds)
        raise BackendUnavailable(
            files.what, f"{files.name} holds a model of type {kind!r}, where one of {allowed} is needed"
        )
    transformers = package(files.what)
    with _explained(files, "its configuration is not valid"), quiet(transformers):
        return getattr(transformers, kinds[kind]).from_dict(dict(files.config))


def load(files: ModelFiles, class_name: str, config: Any, device: str) -> Any:
    """The model of that class and configuration with the tensors of ``files``, float32 on ``device``, for answers
    alone. BackendUnavailable when the tensors are not all there or are of other shapes, RotoError when they do not
    fit into the memory."""
    import torch

    transformers, state = package(files.what), dict(files.state())
    with _explained(files, "it cannot be built"), enough_memory(files.name, device), quiet(transformers):
        model, report = getattr(transformers, class_name).from_pretrained(
            None,
            config=config,
            state_dict=state,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,  # told below, in one line
            output_loading_info=True,
        )
        missing = sorted(report["missing_keys"])
        other = sorted(str(entry[0]) for entry in report["mismatched_keys"])
        if missing or other:
            problem = f"lacks {missing[0]}" if missing else f"has another shape of {other[0]}"
            count = len(missing) + len(other)
            more = f" and {count - 1} tensors more" if count > 1 else ""
            raise BackendUnavailable(files.what, f"{files.name} {problem}{more}, so it is not the {class_name} it says")
        for tensor in (*model.parameters(), *model.buffers()):
            # out of the mapped file: how a tensor lies in the memory shows in the last bits of what is computed from it
            tensor.data = tensor.data.clone(memory_format=torch.contiguous_format)
        return model.eval().requires_grad_(False).to(device)


def preparation(files: ModelFiles, size: int) -> Preparation:
    """How pictures are prepared for a model whose input is ``size x size``. BackendUnavailable where the settings ask
    for anything else than bilinear squeezing, scaling to [0, 1] and normalising."""
    sides = files.preparation.get("size")
    given = {key: sides.get(key) for key in ("height", "width")} if isinstance(sides, Mapping) else sides
    _check_settings(files, {"size": (given, {"height": size, "width": size})})
    return Preparation(size, _three(files, "image_mean"), _three(files, "image_std"))


def preparation_of_any_size(files: ModelFiles) -> Preparation:
    """As :func:`preparation`, for a model whose input may have any size: :meth:`Preparation.resized` says which."""
    _check_settings(files, {})
    return Preparation(0, _three(files, "image_mean"), _three(files, "image_std"))


def _check_settings(files: ModelFiles, more: Mapping[str, tuple[Any, Any]]) -> None:
    settings = files.preparation
    wanted = {
        **more,
        "resample": (settings.get("resample", _BILINEAR), _BILINEAR),
        "rescale_factor": (settings.get("rescale_factor", _TO_ONE), _TO_ONE),
        **{key: (settings.get(key, True), True) for key in ("do_resize", "do_rescale", "do_normalize")},
    }
    for key, (found, needed) in wanted.items():
        if found != needed:
            raise BackendUnavailable(
                files.what, f"{files.name} prepares pictures with {key} {found}, where {needed} is needed"
            )


def _three(files: ModelFiles, key: str) -> tuple[float, ...]:
    values = files.preparation.get(key)
    if isinstance(values, (list, tuple)) and len(values) == 3 and all(isinstance(v, (int, float)) for v in values):
        return tuple(map(float, values))
    raise BackendUnavailable(files.what, f"{files.name} gives no {key} of three channels")


@contextmanager
def _explained(files: ModelFiles, problem: str) -> Iterator[None]:
    """What the package's classes raise for a wrong folder, in one line; it may be any exception."""
    try:
        yield
    except RotoError:
        raise
    except ImportError as error:
        raise BackendUnavailable(files.what, f"{files.name}: {_first_line(error).split('. ')[0]}; {_REMEDY}") from error
    except Exception as error:
        raise BackendUnavailable(files.what, f"{files.name}: {problem}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


@contextmanager
def quiet(transformers: ModuleType) -> Iterator[None]:
    """Without the package's bars, reports and advice."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
