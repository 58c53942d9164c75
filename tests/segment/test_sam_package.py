"""The package is imported where torchvision works and where its compiled operators do not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from roto.errors import BackendUnavailable
from roto.segment.sam import package

IMPORT = "from roto.segment.sam import package\npackage.import_torchvision()\nprint(len(package._kept))\n"


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    begin = f"import sys\nsys.path.insert(0, {str(path)!r})\n"
    return subprocess.run([sys.executable, "-c", begin + code], capture_output=True, text=True, check=False)


def torchvision_that(does: str, folder: Path) -> Path:
    (folder / "torchvision" / "ops").mkdir(parents=True)
    (folder / "torchvision" / "__init__.py").write_text(does)
    (folder / "torchvision" / "ops" / "__init__.py").write_text("")
    (folder / "torchvision" / "ops" / "boxes.py").write_text(
        "def _assert_has_ops():\n    raise RuntimeError('asked')\n"
    )
    return folder


def test_where_torchvision_imports_nothing_changes(tmp_path: Path) -> None:
    code = IMPORT + "import torch, torchvision.ops.boxes as b\n"
    code += "print(b._assert_has_ops.__module__, hasattr(torch.ops.torchvision, 'nms'))\n"
    done = run(code, torchvision_that("", tmp_path))
    assert done.stdout.split() == ["0", "torchvision.ops.boxes", "False"], done.stderr


def test_operators_are_defined_only_for_the_one_failure(tmp_path: Path) -> None:
    other = torchvision_that("raise RuntimeError('something else is wrong')", tmp_path / "other")
    done = run(IMPORT, other)
    assert "something else is wrong" in done.stderr
    again = torchvision_that(
        "import torch\nif not hasattr(torch.ops.torchvision, 'nms'):\n"
        "    raise RuntimeError('operator torchvision::nms does not exist')\n",
        tmp_path / "again",
    )
    done = run(IMPORT + "import torchvision.ops.boxes as b\nb._assert_has_ops()\n", again)
    assert done.stdout.split() == ["1"], done.stderr


def test_the_package_is_there_and_can_suppress_boxes() -> None:
    package.segment_anything()
    from torchvision.ops.boxes import batched_nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30]])
    kept = batched_nms(boxes, torch.tensor([0.5, 0.9, 0.1]), torch.zeros(3), iou_threshold=0.5)
    assert kept.tolist() == [1, 2]


def test_non_maximum_suppression_as_its_definition_says() -> None:
    rng = np.random.default_rng(3)
    corner, size = rng.uniform(0, 60, (200, 2)), rng.uniform(1, 30, (200, 2))
    boxes, scores = np.concatenate([corner, corner + size], 1), np.round(rng.uniform(0, 1, 200), 2)

    def overlap(a: np.ndarray, b: np.ndarray) -> float:
        shared = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
        return float(shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared))

    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        if all(overlap(boxes[index], boxes[other]) <= 0.4 for other in kept):
            kept.append(int(index))
    found = package.non_maximum_suppression(torch.from_numpy(boxes), torch.from_numpy(scores), 0.4)
    assert found.tolist() == kept
    assert package.non_maximum_suppression(torch.zeros(0, 4), torch.zeros(0), 0.4).tolist() == []


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    with pytest.raises(BackendUnavailable, match="the Python package segment_anything is missing"):
        package.segment_anything()
