"""``--quality``, as a user meets it: where it is said, what it changes, and what is told when it cannot matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from roto.cli.common import with_quality
from roto.cli.main import main
from roto.errors import DocumentError
from roto.shot.file import load
from roto.weights.own import OwnWeights


def roto(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def without_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roto.models.own_weights", dict)
    monkeypatch.setattr("roto.weights.own.own_weights", dict)


@pytest.fixture
def document(disc_clip: Any, tmp_path: Path) -> Path:
    """Two layers, the second at its own quality."""
    path = tmp_path / "shot.roto.json"
    assert roto("new", disc_clip.pattern, "-o", path, "--layer", "disc", "--layer", "post", "--quality", "fast") == 0
    data = json.loads(path.read_text())
    data["layers"][1]["track"] = {"quality": "best"}
    path.write_text(json.dumps(data))
    for layer in ("disc", "post"):
        roto("key", "add", path, "--layer", layer, "--mask", f"1001={disc_clip.mask(1001)}")
    return path


@pytest.mark.parametrize("command", ["track", "new", "run", "export", "suggest"])
def test_help_offers_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        roto(command, "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "--quality {fast,normal,best}" in text
    assert "what the learned propagator may cost" in text


def test_the_document_keeps_it_for_all_and_for_a_layer(document: Path) -> None:
    data = json.loads(document.read_text())
    assert data["track"] == {"quality": "fast"}
    shot = load(document)
    assert [shot.track_options(layer).quality for layer in shot.layers] == ["fast", "best"]


def test_for_this_time_it_holds_for_every_layer_and_changes_no_document(document: Path) -> None:
    shot = load(document)
    normal = with_quality(shot, "normal")
    assert [normal.track_options(layer).quality for layer in normal.layers] == ["normal", "normal"]
    assert with_quality(shot, None) is shot
    with pytest.raises(DocumentError, match="--quality: 'great' is not one of fast, normal, best"):
        with_quality(shot, "great")
    before = document.read_bytes()
    assert roto("run", document, "--quality", "normal", "--quiet", "--workers", 1) == 0
    assert document.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "suggest"])
def test_an_unknown_one_is_one_line(document: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert roto(command, document, "--quality", "great") == 1
    assert capsys.readouterr().err == "roto: error: --quality: 'great' is not one of fast, normal, best\n"


def test_a_run_says_once_where_it_has_no_effect(
    disc_clip: Any, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roto("run", document, "--workers", 1) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note ")]
    assert [line for line in told if "has no effect" in line] == [
        "note       layer 'disc': quality fast has no effect, the propagator classical knows one quality only",
        "note       layer 'post': quality best has no effect, the propagator classical knows one quality only",
    ]
    assert [line for line in told if "cannot run" in line] == [
        "note       all layers: propagator classical, learned cannot run: its weights are not packaged"
    ]
    report = (document.parent / "report.html").read_text()
    assert "quality fast has no effect" in report
    assert "quality (post)" in report
    assert roto("run", document, "--quality", "normal", "--workers", 1) == 0
    assert "has no effect" not in capsys.readouterr().out


def test_who_asked_for_the_classical_propagator_is_told_of_quality_alone(
    disc_clip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ["--mask", f"1001={disc_clip.mask(1001)}", "--range", "1001-1003", "--workers", 1]
    asked = ["--propagator", "classical", "--quality", "best"]
    assert roto("track", disc_clip.pattern, "-o", tmp_path / "out", *key, *asked) == 0
    out = capsys.readouterr().out
    assert "cannot run" not in out
    assert out.count("quality best has no effect") == 1


def test_info_tells_how_a_layer_is_carried(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert roto("info", document, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["propagation"] == [
        "disc: quality fast without effect, propagator classical (learned cannot run: its weights are not packaged)",
        "post: quality best without effect, propagator classical (learned cannot run: its weights are not packaged)",
    ]
    assert facts["weights"] == {}


def test_info_tells_where_the_weights_come_from(
    document: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = OwnWeights(
        name="learned", file="learned.pt", identity="ab" * 32, licence="Apache-2.0", trained_on="rendered clips"
    )
    monkeypatch.setattr(OwnWeights, "problem", lambda self: None)
    for place in ("roto.models.own_weights", "roto.weights.own.own_weights"):
        monkeypatch.setattr(place, lambda: {"learned": entry})
    assert roto("info", document) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "disc: quality fast, propagator learned" in told
    origin = f"learned file learned.pt licence Apache-2.0 trained on rendered clips sha256 {'ab' * 32}"
    assert f"weights {origin}" in told
    monkeypatch.setattr(OwnWeights, "problem", lambda self: "torch is not installed")
    assert roto("info", document) == 0
    assert "weights" not in capsys.readouterr().out
    assert roto("info", "--backends") == 0
    assert origin in " ".join(capsys.readouterr().out.split())
