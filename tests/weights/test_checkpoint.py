"""Reading checkpoints: tensors come back, and nothing that a file holds is run."""

from __future__ import annotations

import collections
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from roto.errors import BackendUnavailable
from roto.weights.files import find

STATE = {"encoder.weight": torch.arange(12.0).reshape(3, 4), "encoder.bias": torch.ones(3, dtype=torch.bfloat16)}


def saved(path: Path, thing: Any, **how: Any) -> Path:
    torch.save(thing, path, **how)
    return path


def opened(path: Path) -> dict[str, torch.Tensor]:
    return find(str(path)).state()


@pytest.fixture
def path(folder: Path, tmp_path: Path) -> Path:
    return tmp_path / "model.pth"


@pytest.mark.parametrize(
    "thing",
    [
        STATE,
        collections.OrderedDict(STATE),
        {"model": STATE, "epoch": 3},
        {"state_dict": STATE, "optimiser": {"lr": 0.1}},
        {"model": {"state_dict": STATE}},
    ],
    ids=["bare", "ordered", "model", "state_dict", "nested twice"],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_states_come_back(path: Path, thing: Any, zipped: bool) -> None:
    state = opened(saved(path, thing, _use_new_zipfile_serialization=zipped))
    assert type(state) is dict
    assert list(state) == list(STATE)
    for name, tensor in STATE.items():
        assert torch.equal(state[name], tensor)
        assert state[name].dtype == tensor.dtype
        assert state[name].device.type == "cpu"


def test_changing_a_tensor_does_not_change_the_file(path: Path) -> None:
    before = saved(path, STATE).read_bytes()
    opened(path)["encoder.weight"].zero_()
    assert path.read_bytes() == before


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("how", ["zipped", "legacy", "bare pickle"])
def test_a_hostile_pickle_is_not_run(how: str, path: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    evil = {"weight": STATE["encoder.weight"], "evil": Hostile(f"touch {proof}")}
    if how == "bare pickle":
        path.write_bytes(pickle.dumps(Hostile(f"touch {proof}")))
    else:
        saved(path, evil, _use_new_zipfile_serialization=how == "zipped")
    with pytest.raises(BackendUnavailable, match=r"model.pth: it holds more than tensors, and nothing of that is run"):
        opened(path)
    assert not proof.exists()


def test_a_whole_module_is_not_run(path: Path) -> None:
    saved(path, torch.nn.Linear(2, 2))
    with pytest.raises(BackendUnavailable, match=r"holds more than tensors.*torch.save\(model.state_dict\(\)\)"):
        opened(path)


def damaged(kind: str, path: Path) -> bytes:
    whole = saved(path, {"weight": torch.arange(50_000.0)}).read_bytes()
    return {
        "empty": b"",
        "a web page": b"\n<!DOCTYPE html><html>404</html>",
        "a JSON answer": b'{"error": "not found"}',
        "cut in the middle": whole[: len(whole) // 2],
        "cut at the end": whole[:-10],
        "a cut beginning": whole[1000:],
        "other bytes": bytes(range(256)) * 40,
        "zeros": bytes(5000),
        "a directory that lies": whole.replace(b"PK\x01\x02", b"PK\x01\x03"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "a web page",
        "a JSON answer",
        "cut in the middle",
        "cut at the end",
        "a cut beginning",
        "other bytes",
        "zeros",
        "a directory that lies",
    ],
)
def test_a_damaged_file_is_one_line(kind: str, path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(damaged(kind, path))
    with pytest.raises(BackendUnavailable, match=r"model.pth: it (is|holds) .*; give a checkpoint") as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_another_zip_is_one_line(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("document.txt", "hello")
    with pytest.raises(BackendUnavailable, match="it is damaged, or not a checkpoint"):
        opened(path)


def test_a_scripted_model_is_one_line(path: Path, recwarn: pytest.WarningsRecorder) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"model/{name}", b"3")
    with pytest.raises(BackendUnavailable, match="it is damaged, or not a checkpoint"):
        opened(path)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        ([STATE["encoder.bias"]], "holds a list, not tensors by name"),
        (STATE["encoder.bias"], "holds a Tensor, not tensors by name"),
        ({}, "holds no tensors"),
        ({"model": {}}, "holds no tensors"),
        ({"epoch": 3}, "'epoch' in it is a int, not a tensor"),
        ({3: STATE["encoder.bias"]}, "3 in it is a Tensor, not a tensor by name"),
    ],
)
def test_other_contents_are_one_line(thing: Any, reason: str, path: Path) -> None:
    with pytest.raises(BackendUnavailable, match=reason):
        opened(saved(path, thing))


def test_a_file_that_went_away_is_one_line(path: Path) -> None:
    found = find(str(saved(path, STATE)))
    path.unlink()
    with pytest.raises(BackendUnavailable, match="it cannot be read: No such file"):
        found.state()


def test_official_weights_that_do_not_open_name_the_command(entry: Any, folder: Path, body: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / entry.file).write_bytes(body)
    with pytest.raises(BackendUnavailable, match=r"^sam vit_b is not available: .*'roto weights get vit_b' brings it"):
        find("vit_b").state()
