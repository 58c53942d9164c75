"""Small shots that need no model: one of each way to name one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roto.batch.shot import BatchShot
from roto.masks.paint import Paint
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.file import save
from roto.timing import FrameRange
from roto.track.options import TrackOptions

CLASSICAL = TrackOptions(propagator="classical", segmenter="local")


@pytest.fixture
def settings() -> BatchShot:
    return BatchShot(name="", document="", out="", root="", exports=())


@pytest.fixture
def make_document(disc_clip: Any) -> Callable[..., Path]:
    """``make_document(path, keys=(1001,), last=1012)``: a document of the disc, saved."""

    def make(path: Path, keys: tuple[int, ...] = (1001,), last: int = 1012, layer: str = "disc") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        document = Document(
            source=Source(path=disc_clip.pattern),
            range=FrameRange(1001, last),
            track=CLASSICAL,
            layers=(
                Layer(
                    name=layer,
                    keyframes=tuple(
                        Keyframe(frame=key, shapes=(Paint(file=str(disc_clip.mask(key))),)) for key in keys
                    ),
                ),
            ),
        )
        save(document, path)
        return path

    return make


@pytest.fixture
def disc_manifest(disc_clip: Any, tmp_path: Path) -> Callable[..., Path]:
    """``disc_manifest(shots, more="")``: a manifest of so many shots of the disc, named a, b and so on."""

    def make(count: int, more: str = "", defaults: str = "") -> Path:
        disc_clip.mask(1001)
        disc_clip.mask(1012)
        lines = ["output = 'out'", more, "[defaults]", defaults, "[defaults.track]", "propagator = 'classical'"]
        lines += ["segmenter = 'local'"]
        for index in range(count):
            lines += ["[[shot]]", f"name = '{chr(97 + index)}'", "source = 'clip/shot.####.png'"]
            lines += [f"range = '1001-{1006 + index}'", "masks = {1001 = 'mask.1001.png'}"]
        path = tmp_path / "night.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    return make


def read_mattes(folder: Path) -> dict[str, bytes]:
    """Everything that is delivered below a folder: what does not hide, but for the page, which tells times."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return {str(name): (folder / name).read_bytes() for name in shown if name.name != "batch.html"}


@pytest.fixture
def delivered() -> Callable[[Path], dict[str, bytes]]:
    return read_mattes
