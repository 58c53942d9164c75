"""The house rules that a reader relies on: imports run downwards, arrays inside and paths outside, light imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "roto"

# Lower ranks know nothing of higher ones; folders of one rank do not know each other.
RANKS = [
    ["errors"],
    ["files", "image", "memory", "paths", "timing"],
    ["options", "signed_distance"],
    ["curve"],
    ["kinds"],
    ["weights"],
    ["frames", "segment", "motion", "masks", "keying"],
    ["track"],
    ["temporal"],
    ["models"],
    ["detect"],
    ["solve"],
    ["edge"],
    ["semantic"],
    ["composite", "stack"],
    ["shot"],
    ["handoff"],
    ["store"],
    ["answers"],
    ["pipeline"],
    ["mattes"],
    ["settle"],
    ["schedule"],
    ["processes"],
    ["parallel"],
    ["export"],
    ["review"],
    ["job"],
    ["batch"],
    ["cli"],
]
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
ENTRY = {"__init__", "__main__"}
PURE = [
    "masks",
    "keying",
    "motion",
    "segment",
    "track",
    "temporal",
    "edge",
    "composite",
    "semantic",
    "stack",
    "signed_distance",
    "solve",
    "detect",
    "handoff",
]
FILES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The top-level module or folder of a file: ``track`` for ``roto/track/span.py``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def roto_parts(tree: ast.AST) -> set[str]:
    return {name.split(".")[1] for name in imported(tree) if name.startswith("roto.") and name.split(".")[1] in RANK}


def test_every_part_has_a_rank() -> None:
    assert {part(path) for path in FILES} - ENTRY == set(RANK)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    own = part(path)
    if own in ENTRY:
        return
    for other in roto_parts(ast.parse(path.read_text("utf-8"))) - {own}:
        assert RANK[other] < RANK[own], f"{path.relative_to(ROOT)} imports roto.{other}, which is not below it"


@pytest.mark.parametrize("path", [p for p in FILES if part(p) in PURE], ids=lambda path: str(path.relative_to(ROOT)))
def test_stages_take_arrays_and_no_paths(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    forbidden = {"pathlib", "os", "shutil", "tempfile", "av", "OpenEXR", "OpenImageIO"} & imported(tree)
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not forbidden
    assert "open" not in calls


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 420


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_importing_roto_is_light() -> None:
    assert not {"torch", "av", "cv2", "dask"} & loaded_by("import roto")


def test_help_loads_neither_torch_nor_pyav() -> None:
    loaded = loaded_by("from roto.cli.main import main; main(['--help'])")
    assert not {"torch", "av", "cv2", "numpy"} & loaded


def test_tracking_loads_no_torch() -> None:
    assert not {"torch", "av"} & loaded_by("import roto.solve, roto.edge.softness, roto.masks")


def test_nothing_names_the_machine_it_was_written_on() -> None:
    home = str(ROOT.parent) + "/"
    for path in [*FILES, *(ROOT / "tests").rglob("*.py"), ROOT / "README.md", ROOT / "Makefile"]:
        assert home not in path.read_text("utf-8"), path
