"""Stacks in a shot: their mattes, worked by the workers, on the way to the edge stage."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

import roto.mattes
from roto.edge import Grow, Stabilise
from roto.edge.apply import finish_edge
from roto.edge.step import EdgeStep
from roto.errors import DocumentError, SourceError
from roto.image import Matte
from roto.masks import Ellipse
from roto.mattes import STACK, plan_pieces, readers
from roto.parallel import solve_shot
from roto.pipeline import Shot
from roto.settle import about_stacks, open_questions, settle
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.edit import set_stack
from roto.stack.chroma_key import ChromaKey
from roto.stack.read import parse_entry
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions


@pytest.fixture(autouse=True)
def _four_frames_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roto.mattes, "_PIECE", 4)


def disc(frame: int) -> Keyframe:
    return Keyframe(frame=frame, shapes=(Ellipse(center=(40 + 3 * (frame - 1001), 48), radii=(20, 20)),))


def layer(name: str, *words: str, keyed: tuple[int, ...] = (), edge: tuple[EdgeStep, ...] | None = None) -> Layer:
    stack = tuple(parse_entry(word) for word in words) or None
    return Layer(name=name, keyframes=tuple(disc(frame) for frame in keyed), stack=stack, edge=edge)


def document(clip: Any, *layers: Layer) -> Document:
    return Document(
        source=Source(path=clip.pattern),
        layers=layers,
        track=TrackOptions(propagator="classical", segmenter="none"),
        smooth=SmoothOptions(enabled=False),
    )


def delivered(shot: Shot, workers: int = 1) -> dict[str, dict[int, Matte]]:
    solve_shot(shot, shot.store, workers=workers)
    return {
        name: {number: reader.matte(number) for number in shot.range.numbers()}
        for name, reader in readers(shot, shot.store).items()
    }


def test_a_rotoscope_alone_is_the_layer_as_it_was(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, layer("a", "rotoscope", keyed=(1001, 1012))), tmp_path) as shot:
        assert plan_pieces(shot) == []
        assert shot.layers[0].stack is None


def test_a_layer_needs_no_keyframes_where_nothing_is_tracked(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, layer("a", "solid,opacity=0.5")), tmp_path) as shot:
        assert shot.spans() == []
        mattes = delivered(shot)["a"]
        (reader,) = readers(shot, shot.store).values()
        facts = reader.facts(1004)
    assert len(mattes) == 12
    assert all(np.abs(matte - 0.5).max() < 1 / 65535 for matte in mattes.values())
    assert (facts.origin, facts.confidence, facts.solved) == (STACK, 1, None)


def test_a_layer_that_is_tracked_needs_them(disc_clip: Any, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="layer 'a' has none; give it one"):
        Shot(document(disc_clip, layer("a", "rotoscope", "solid")), tmp_path)


def test_a_holdout_is_taken_out_as_it_is_delivered(disc_clip: Any, tmp_path: Path) -> None:
    post = layer("post", keyed=(1001, 1012), edge=(Grow(px=2),))
    with Shot(document(disc_clip, layer("a", "solid", "layer=post,operation=subtract"), post), tmp_path) as shot:
        found = delivered(shot)
    for number, matte in found["a"].items():
        np.testing.assert_allclose(matte, 1 - found["post"][number], atol=1 / 65535)


@pytest.mark.parametrize("workers", [2])
def test_the_bytes_are_the_same_whatever_the_workers(disc_clip: Any, tmp_path: Path, workers: int) -> None:
    wanted = document(
        disc_clip,
        layer("a", "rotoscope", "layer=b,operation=multiply", keyed=(1001, 1006, 1012), edge=(Stabilise(),)),
        layer("b", "solid", "layer=c,operation=subtract", edge=(Grow(px=1),)),
        layer("c", keyed=(1003,), edge=(Stabilise(),)),
    )
    found = []
    for each in (1, workers):
        with Shot(wanted, tmp_path / str(each)) as shot:
            found.append(delivered(shot, each))
    for name, mattes in found[0].items():
        assert all((matte == found[1][name][number]).all() for number, matte in mattes.items()), name


def test_edge_steps_follow_the_stack(disc_clip: Any, tmp_path: Path) -> None:
    stack = ("rotoscope", "solid,operation=multiply,opacity=0.5")
    with Shot(document(disc_clip, layer("a", *stack, keyed=(1001, 1012))), tmp_path) as shot:
        plain = delivered(shot)["a"]
    with Shot(document(disc_clip, layer("a", *stack, keyed=(1001, 1012), edge=(Grow(px=3),))), tmp_path) as shot:
        found = delivered(shot)["a"]
    assert all((finish_edge(plain[number], [Grow(px=3)]) == found[number]).all() for number in found)


def painted(folder: Path, numbers: range, size: tuple[int, int]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / f"m.{number}.png"), np.full((size[1], size[0]), number - 1000, np.uint8))
    return f"{folder.name}/m.####.png"


def test_a_file_is_matched_by_frame_number_and_its_content_counts(disc_clip: Any, tmp_path: Path) -> None:
    size = 128, 96
    file = painted(tmp_path / "mattes", range(1001, 1013), size)
    wanted = document(disc_clip, layer("a", f"file={file},channel=luma"))
    with Shot(wanted, tmp_path) as shot:
        before = [piece.key for piece in plan_pieces(shot)]
        for number, matte in delivered(shot)["a"].items():
            np.testing.assert_allclose(matte, (number - 1000) / 255, atol=1 / 65535)
    cv2.imwrite(str(tmp_path / "mattes" / "m.1012.png"), np.full((size[1], size[0]), 99, np.uint8))
    with Shot(wanted, tmp_path) as shot:
        assert all(old != piece.key for old, piece in zip(before, plan_pieces(shot), strict=True))


@pytest.mark.parametrize(("outside", "at_the_end"), [("hold", 8), ("empty", 0)])
def test_beyond_its_frames_a_file_does_as_it_says(
    disc_clip: Any, tmp_path: Path, outside: str, at_the_end: int
) -> None:
    file = painted(tmp_path / "mattes", range(1001, 1009), (128, 96))
    with Shot(document(disc_clip, layer("a", f"file={file},channel=luma,outside={outside}")), tmp_path) as shot:
        np.testing.assert_allclose(delivered(shot)["a"][1012], at_the_end / 255, atol=1 / 65535)


def test_beyond_its_frames_a_file_is_an_error_unless_said_otherwise(disc_clip: Any, tmp_path: Path) -> None:
    file = painted(tmp_path / "mattes", range(1001, 1009), (128, 96))
    with (
        Shot(document(disc_clip, layer("a", f"file={file},channel=luma")), tmp_path) as shot,
        pytest.raises(DocumentError, match=r"layers\[0\].stack\[0\].file: mattes/m.#+.png has frames 1001-1008, 1009"),
    ):
        delivered(shot)


def test_a_file_of_another_size_or_none_at_all_is_told(disc_clip: Any, tmp_path: Path) -> None:
    file = painted(tmp_path / "mattes", range(1001, 1013), (10, 10))
    with (
        Shot(document(disc_clip, layer("a", f"file={file},channel=luma")), tmp_path) as shot,
        pytest.raises(DocumentError, match="is 10 x 10 and the picture is"),
    ):
        delivered(shot)
    with pytest.raises(SourceError, match=r"gone.png"):
        Shot(document(disc_clip, layer("a", "file=gone.png")), tmp_path)


def test_an_edit_of_a_stack_works_that_layer_alone(disc_clip: Any, tmp_path: Path) -> None:
    wanted = document(disc_clip, layer("a", "solid"), layer("b", "solid,opacity=0.5"))
    with Shot(wanted, tmp_path) as shot:
        keys = {piece.key for piece in plan_pieces(shot) if piece.layer == 1}
    with Shot(set_stack(wanted, "a", (parse_entry("solid,opacity=0.2"),)), tmp_path) as shot:
        assert {piece.key for piece in plan_pieces(shot) if piece.layer == 1} == keys


GREEN, RED = (30, 160, 50), (200, 30, 30)


@pytest.fixture
def screen_clip(tmp_path: Path) -> Any:
    """A grey square that moves over green, which a lamp lights less from frame to frame; the last two are all red."""
    for number in range(1, 10):
        rgb = np.full((72, 96, 3), np.array(GREEN) * (1.1 - 0.04 * number) if number < 8 else RED, np.uint8)
        rgb[20:50, 10 + 3 * number : 40 + 3 * number] = 150
        cv2.imwrite(str(tmp_path / f"plate.{number}.png"), rgb[..., ::-1])
    return SimpleNamespace(pattern=str(tmp_path / "plate.#.png"))


def test_a_screen_is_settled_over_the_clip_once_and_kept(screen_clip: Any, tmp_path: Path) -> None:
    wanted = document(screen_clip, layer("hero", "chroma-key"), layer("rest", "solid", "layer=hero,operation=subtract"))
    with Shot(wanted, tmp_path) as shot:
        asked = shot.layers[1].describe()
        assert open_questions(shot)
        (line,) = settle(shot, shot.store)
        assert not open_questions(shot)
        (entry,) = shot.document.layer("hero").stack or ()
        assert isinstance(entry, ChromaKey)
        assert line == f"layer 'hero': chroma-key screen auto, {entry.screen} from 9 frames; halved_colour auto, false"
        # what is asked for stays what it was, so that exports are current
        assert shot.layers[1].describe() == asked
    with Shot(wanted, tmp_path) as shot:
        shot.source.frame = None  # type: ignore[assignment, method-assign]  # no frame is looked at again
        assert settle(shot, shot.store) == [line]


def test_a_settled_screen_gives_the_same_bytes_whatever_the_workers(screen_clip: Any, tmp_path: Path) -> None:
    wanted = document(screen_clip, layer("rest", "solid", "layer=hero,operation=subtract"), layer("hero", "chroma-key"))
    found = []
    for workers in (1, 2):
        with Shot(wanted, tmp_path / str(workers)) as shot:
            settle(shot, shot.store)
            found.append(delivered(shot, workers))
            assert shot.layers[1].stack == (parse_entry(f"chroma-key={settled_screen(shot)},halved_colour=false"),)
    for name, mattes in found[0].items():
        assert all((matte == found[1][name][number]).all() for number, matte in mattes.items()), name
    assert found[0]["hero"][3][25:45, 22:46].min() > 0.99
    assert found[0]["hero"][3][60:].max() == 0


def settled_screen(shot: Shot) -> str:
    (entry,) = shot.document.layer("hero").stack or ()
    assert isinstance(entry, ChromaKey)
    return str(entry.screen)


def test_a_screen_that_cannot_be_found_names_its_entry(tmp_path: Path) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    for number in (1, 2):
        cv2.imwrite(str(folder / f"plate.{number}.png"), np.full((20, 30, 3), 90, np.uint8))
    wanted = document(SimpleNamespace(pattern="plate.#.png"), layer("a", "solid", "chroma-key,operation=multiply"))
    with (
        Shot(wanted, folder) as shot,
        pytest.raises(DocumentError, match=r"layers\[0\].stack\[1\].screen: auto, and in 2 frames no screen was found"),
    ):
        settle(shot, shot.store)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("luma-key=0.1", []),
        (
            "chroma-key=#1ea032,halved_colour=false",
            ["chroma-key found nothing on frames 8-9: the screen #1ea032 is not seen, and everything is kept"],
        ),
        (
            "colour-key=#c81e1e #969696",
            [
                "colour-key #c81e1e is seen in only 2 of 9 frames looked at; "
                "'roto info CLIP --colour X,Y,FRAME' tells colours"
            ],
        ),
        ("colour-key=#c81e1e", ["colour-key found nothing on frames 1-7: #c81e1e is not seen"]),
        ("colour-key=#ffffff", ["colour-key found nothing on any frame: #ffffff is not seen"]),
        (
            "luma-key=0.5,opacity=0@100:1@200",
            [
                "luma-key is keyed in opacity on 100-200 only, and the same on every frame of the clip, 1-9",
                "its stack leaves nothing on any frame",
            ],
        ),
        ("solid,opacity=1@1:0@2:hold", ["its stack leaves nothing on frames 2-9"]),
    ],
)
def test_what_a_stack_looks_for_in_vain_is_told(screen_clip: Any, tmp_path: Path, word: str, says: list[str]) -> None:
    with Shot(document(screen_clip, layer("a", word)), tmp_path) as shot:
        solve_shot(shot, shot.store)
        lines = about_stacks(shot, shot.store)
        assert about_stacks(shot, shot.store) == lines  # as it was kept
    assert lines == [f"layer 'a': {line}" for line in says]


def test_each_of_two_entries_says_what_it_missed(screen_clip: Any, tmp_path: Path) -> None:
    words = ("colour-key=#c81e1e", "colour-key=#969696,operation=multiply", "solid,operation=multiply")
    with Shot(document(screen_clip, layer("a", *words), layer("b", "layer=a,invert=true")), tmp_path) as shot:
        solve_shot(shot, shot.store)
        lines = about_stacks(shot, shot.store)
    assert lines == [
        "layer 'a': solid changes nothing by operation=multiply; operation=subtract with an opacity fades",
        "layer 'a': colour-key=#c81e1e found nothing on frames 1-7: #c81e1e is not seen",
        "layer 'a': its stack leaves nothing on frames 8-9",
    ]
