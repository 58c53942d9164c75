"""Which models a run takes, and what it says when it cannot have them."""

from __future__ import annotations

from pathlib import Path

import pytest

import roto.models
from roto.errors import BackendUnavailable, RotoError
from roto.models import Models
from roto.track.options import TrackOptions
from roto.weights.files import WeightsFile


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of the weights that are here; nothing is looked up anywhere else."""
    names: list[str] = []

    def find(name_or_file: str) -> WeightsFile:
        if name_or_file not in names and not Path(name_or_file).is_file():
            raise BackendUnavailable(f"sam {name_or_file}", "its weights are not here")
        path = tmp_path / "weights"
        path.write_bytes(bytes(100))
        return WeightsFile(Path(name_or_file).name, path, f"sum of {name_or_file}")

    monkeypatch.setattr(roto.models, "present", lambda: tuple(names))
    monkeypatch.setattr(roto.models, "find", find)
    return names


def test_auto_without_weights_is_the_built_in_segmenter_and_says_how_to_better_it(here: list[str]) -> None:
    chosen = Models().chosen_segmenter(TrackOptions())
    assert (chosen.taken, chosen.wanted) == ("local", "auto")
    assert "roto weights get vit_b" in chosen.why


@pytest.mark.parametrize(
    ("names", "on_gpu", "taken"),
    [
        (["vit_b"], False, "sam vit_b"),
        (["vit_h"], False, "sam vit_h"),
        (["vit_b", "vit_h"], False, "sam vit_b"),
        (["vit_b", "vit_h"], True, "sam vit_h"),
    ],
)
def test_auto_takes_sam_where_its_weights_are(
    here: list[str], monkeypatch: pytest.MonkeyPatch, names: list[str], on_gpu: bool, taken: str
) -> None:
    here += names
    monkeypatch.setattr(roto.models, "resolve", lambda device: "cuda" if on_gpu else "cpu")
    assert Models().chosen_segmenter(TrackOptions()).taken == taken


def test_what_is_asked_for_by_name_is_not_replaced(here: list[str]) -> None:
    here.append("vit_b")
    models = Models()
    assert models.chosen_segmenter(TrackOptions(segmenter="local")).taken == "local"
    assert models.chosen_segmenter(TrackOptions(sam_model="vit_b")).taken == "sam vit_b"
    for options in (TrackOptions(sam_model="vit_l"), TrackOptions(segmenter="sam", sam_model="vit_l")):
        with pytest.raises(BackendUnavailable, match="sam vit_l is not available: its weights are not here"):
            models.chosen_segmenter(options)


def test_sam_without_weights_is_missing(here: list[str]) -> None:
    with pytest.raises(BackendUnavailable, match="not here"):
        Models().propagator(TrackOptions(segmenter="sam"))


def test_a_checkpoint_is_found_from_the_documents_folder(here: list[str], tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"weights")
    for folder in (tmp_path / "shots", tmp_path / "not yet"):
        taken = Models("cpu", folder).chosen_segmenter(TrackOptions(sam_model="../mine.pth")).taken
        assert taken == "sam mine.pth"


def test_weights_make_another_result(here: list[str]) -> None:
    models = Models("cpu")
    without = models.describe(TrackOptions())
    here.append("vit_b")
    assert models.describe(TrackOptions()) != without
    assert models.describe(TrackOptions(segmenter="local")) == without


def test_memory_is_counted_where_a_model_runs(here: list[str]) -> None:
    models = Models("cpu")
    assert models.memory_bytes(TrackOptions()) == 0
    here.append("vit_b")
    assert models.memory_bytes(TrackOptions()) > 0
    assert models.memory_bytes(TrackOptions(segmenter="none")) == 0


@pytest.mark.parametrize(
    ("options", "text", "message"),
    [
        (TrackOptions(propagator="video"), False, "--video-model FOLDER"),
        (TrackOptions(), True, "a text is read by SAM 3; name its folder: --video-model FOLDER"),
    ],
)
def test_a_folder_that_was_not_named(here: list[str], options: TrackOptions, text: bool, message: str) -> None:
    with pytest.raises(BackendUnavailable, match=message):
        Models().segmenter(options, text=True) if text else Models().propagator(options)


def test_an_unknown_device() -> None:
    with pytest.raises(RotoError, match="device 'tpu' is not one of auto, cpu, cuda, mps"):
        Models("tpu")
