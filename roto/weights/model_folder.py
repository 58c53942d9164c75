"""A model in a folder, as the package ``transformers`` saves it: found, checked and read. Nothing is ever downloaded.

Only data is read: JSON and safetensors. Code that a folder carries is refused, pickled weights too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.errors import BackendUnavailable
from roto.weights.checksum import known_sha256

if TYPE_CHECKING:
    import torch

CONFIG = "config.json"
WEIGHTS, SHARDS = "model.safetensors", "model.safetensors.index.json"
TOKENIZER = "tokenizer.json"
# Where the package keeps how a picture is prepared, and under which key; its versions differ in that.
_PREPARATION = (
    ("preprocessor_config.json", None),
    ("processor_config.json", "image_processor"),
    ("video_preprocessor_config.json", None),
    ("processor_config.json", "video_processor"),
)
_REACHING = ("auto_map", "checkpoint_path")  # keys that name Python code, or files beyond the folder
_BRING = "'hf download facebook/sam2.1-hiera-small --local-dir FOLDER' brings one"
_EXAMPLES = {"semantic": "a SegFormer, MaskFormer or Mask2Former with its config.json and model.safetensors is needed"}


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelFolder:
    """The contents of a folder; the tensors are read when they are asked for.

    what: the back-end that it was opened for, as error messages name it. config: ``config.json``. preparation: how
    pictures are prepared for it. tokenizer: the text of ``tokenizer.json``, None where there is none.
    """

    what: str
    path: Path
    config: dict[str, Any]
    preparation: dict[str, Any]
    tokenizer: str | None
    weights: tuple[Path, ...]

    @property
    def name(self) -> str:
        return self.path.absolute().name

    @cached_property
    def identity(self) -> str:
        """SHA-256 over all that answers depend on, hexadecimal. BackendUnavailable when a file cannot be read."""
        texts = [json.dumps(self.config, sort_keys=True), json.dumps(self.preparation, sort_keys=True)]
        try:
            sums = [known_sha256(path) for path in self.weights]
        except OSError as error:
            raise BackendUnavailable(self.what, f"{error.filename} cannot be read: {error.strerror}") from None
        return hashlib.sha256("\n".join([*texts, self.tokenizer or "", *sums]).encode()).hexdigest()

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors by name, on the CPU. BackendUnavailable when a file is damaged or the package that reads it is
        missing."""
        try:
            from safetensors import SafetensorError
            from safetensors.torch import load_file
        except ModuleNotFoundError as error:
            reason = f"the Python package {error.name} is missing; pip install 'roto[video]'"
            raise BackendUnavailable(self.what, reason) from None
        tensors: dict[str, torch.Tensor] = {}
        for path in self.weights:
            try:
                tensors.update(load_file(path))
            except (SafetensorError, OSError, ValueError, KeyError) as error:
                raise BackendUnavailable(self.what, f"{path} is damaged or no safetensors file: {error}") from None
        return tensors


def model_folder(path: str | Path, what: str) -> ModelFolder:
    """The model in a folder, for the back-end that error messages shall name.

    BackendUnavailable with the reason when the folder or a part of it is missing, damaged or not to be trusted.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "is not there"
        raise BackendUnavailable(what, f"the model folder {folder} {problem}; {_example(what)}")
    config = _settings(folder / CONFIG, what)
    if config is None:
        raise BackendUnavailable(
            what, f"{folder} holds no {CONFIG}, so it is no model as transformers saves it; {_example(what)}"
        )
    reaching = _reaches(config)
    if reaching:
        raise BackendUnavailable(
            what, f"{folder / CONFIG} asks for code or files from elsewhere ({reaching}), which roto never takes"
        )
    return ModelFolder(
        what=what,
        path=folder,
        config=config,
        preparation=_preparation(folder, what),
        tokenizer=_text(folder / TOKENIZER, what),
        weights=_weights(folder, what),
    )


def _example(what: str) -> str:
    return _EXAMPLES.get(what, _BRING)


def _weights(folder: Path, what: str) -> tuple[Path, ...]:
    if (folder / WEIGHTS).is_file():
        return (folder / WEIGHTS,)
    index = _settings(folder / SHARDS, what)
    if index is None:
        pickled = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern))
        instead = f", only {pickled[0]}, a pickle, and those are not read" if pickled else ""
        raise BackendUnavailable(what, f"{folder} holds no {WEIGHTS}{instead}; {_example(what)}")
    named = index.get("weight_map")
    names = sorted({str(name) for name in named.values()}) if isinstance(named, dict) else []
    if not names or any(Path(name).name != name for name in names):
        raise BackendUnavailable(what, f"{folder / SHARDS} does not name files of its folder; {_example(what)}")
    for name in names:
        if not (folder / name).is_file():
            raise BackendUnavailable(what, f"{folder} lacks {name}, one of its {len(names)} files of weights")
    return tuple(folder / name for name in names)


def _preparation(folder: Path, what: str) -> dict[str, Any]:
    for name, key in _PREPARATION:
        settings = _settings(folder / name, what)
        if settings is not None and key is not None:
            settings = settings.get(key)
        if isinstance(settings, dict) and "image_mean" in settings:
            return settings
    names = " or ".join(dict.fromkeys(name for name, _ in _PREPARATION))
    raise BackendUnavailable(
        what, f"{folder} does not say how pictures are prepared for it: no {names}; {_example(what)}"
    )


def _settings(path: Path, what: str) -> dict[str, Any] | None:
    """A JSON object, None where the file is not there."""
    text = _text(path, what)
    if text is None:
        return None
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        raise BackendUnavailable(what, f"{path} is damaged: it holds no JSON") from None
    if not isinstance(settings, dict):
        raise BackendUnavailable(what, f"{path} holds a {type(settings).__name__}, where an object is needed")
    return settings


def _text(path: Path, what: str) -> str | None:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise BackendUnavailable(what, f"{path} is damaged: it holds no text") from None
    except OSError as error:
        raise BackendUnavailable(what, f"{path} cannot be read: {error.strerror}") from None


def _reaches(config: Any) -> str | None:
    """The part of a configuration that reaches beyond its folder, None where there is none."""
    if isinstance(config, list):
        return next(filter(None, map(_reaches, config)), None)
    if not isinstance(config, dict):
        return None
    for key, value in config.items():
        if key in _REACHING:
            return str(key)
        if key == "architecture" and ":" in str(value):  # to timm, hf-hub:NAME is an address
            return f"{key} {value}"
    return next(filter(None, map(_reaches, config.values())), None)
