"""Solving with the learned propagator in one process and in two: the fit comes first, and the bytes are the same."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import roto.parallel
import roto.weights.own
from roto.parallel import solve_shot
from roto.pipeline import Shot
from roto.shot.read import read_document
from roto.store import Store
from roto.track.learned.certainty import FACTS
from roto.track.learned.nets import AppearanceNet, FusionNet, PropagationNet
from roto.track.learned.propagate import EFFORTS

PACKAGE = "weights_of_a_test"
# A process that is started anew runs this before anything else.
IN_EVERY_WORKER = f"""
import sys
if "--multiprocessing-fork" in sys.orig_argv:
    import roto.weights.own
    roto.weights.own._FOLDER = {PACKAGE!r}
    from dataclasses import replace
    from roto.track.learned.propagate import EFFORTS
    EFFORTS["normal"] = replace(EFFORTS["normal"], fit_steps=1)
"""


def random_weights() -> bytes:
    state: dict[str, Any] = {"confidence": {"weights": torch.linspace(-1, 1, FACTS)}}
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(4)
        nets = {"propagation": PropagationNet(), "fusion": FusionNet(), "appearance": AppearanceNet()}
        for name, net in nets.items():
            net.body.out.weight.normal_(0, 0.03)
            state[name] = net.state_dict()
    data = io.BytesIO()
    torch.save(state, data)
    return data.getvalue()


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A set of weights that this process finds, and every process that it starts."""
    folder, data = tmp_path / "python" / PACKAGE, random_weights()
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "learned.pt").write_bytes(data)
    row = {"name": "learned", "file": "learned.pt", "licence": "Apache-2.0", "trained_on": "nothing"}
    table = {"weights": [row | {"identity": hashlib.sha256(data).hexdigest()}]}
    (folder / "propagators.json").write_text(json.dumps(table))
    (folder.parent / "sitecustomize.py").write_text(IN_EVERY_WORKER)
    monkeypatch.setenv("PYTHONPATH", str(folder.parent), prepend=os.pathsep)
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.setattr(roto.weights.own, "_FOLDER", PACKAGE)
    monkeypatch.setitem(EFFORTS, "normal", replace(EFFORTS["normal"], fit_steps=1))
    roto.weights.own.own_weights.cache_clear()
    yield
    roto.weights.own.own_weights.cache_clear()


@pytest.fixture
def document(disc_clip: Any) -> dict[str, Any]:
    """A span between two keys and one after them."""

    def key(number: int) -> dict[str, Any]:
        centre = [40 + 3 * (number - 1001), 48]
        return {"frame": number, "shapes": [{"type": "ellipse", "center": centre, "radii": [20, 20]}]}

    return {
        "version": 1,
        "source": {"path": "clip/shot.####.png"},
        "range": [1001, 1005],
        "track": {"propagator": "learned", "segmenter": "local"},
        "layers": [{"name": "disc", "keyframes": [key(1001), key(1004)]}],
    }


def solved(document: dict[str, Any], folder: Path, store: Path, workers: int) -> tuple[dict[str, bytes], set[str]]:
    """The records of every span, by their place in the store, and the stages that took time."""
    with Shot(read_document(document), folder, device="cpu") as shot:
        seconds = solve_shot(shot, Store(store), workers=workers)
        spans = shot.spans()
    assert [(span.first, span.last) for span in spans] == [(1002, 1003), (1005, 1005)]
    files = {str(path.relative_to(store)): path for span in spans for path in (store / "spans" / span.key).iterdir()}
    assert len(files) == 3
    return {name: path.read_bytes() for name, path in files.items()}, set(seconds)


def test_each_span_is_fitted_before_its_passes_and_two_processes_give_the_bytes_of_one(
    packaged: None, document: dict[str, Any], disc_clip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[int, str]] = []
    run = roto.parallel.run_step

    def noted(shot: Any, store: Any, span: Any, task: str, on_frame: Any) -> Any:
        done.append((span.first, task))
        return run(shot, store, span, task, on_frame)

    monkeypatch.setattr(roto.parallel, "run_step", noted)
    one, two = (
        solved(document, disc_clip.folder, disc_clip.folder / f"store {workers}", workers) for workers in (1, 2)
    )
    assert [task for first, task in done if first == 1002] == ["fit", "forward", "backward", "finish"]
    assert [task for first, task in done if first == 1005] == ["fit", "forward", "finish"]
    assert one == two
    assert one[1] == {"fitting", "propagate", "blend and smooth"}
