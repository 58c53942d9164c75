"""Mattes after the edge stage: cheap steps when they are read, costly ones once, by the workers, in the work store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import roto.mattes
from roto.edge import EDGE_STEPS, Grow, Levels
from roto.edge.apply import finish_edge
from roto.edge.step import Around, EdgeStep
from roto.errors import OutputError
from roto.frames.window import FrameWindow
from roto.image import Matte
from roto.masks import Ellipse
from roto.mattes import plan_pieces, readers, work_piece
from roto.options import option
from roto.parallel import solve_shot
from roto.pipeline import Shot
from roto.settle import settle
from roto.shot.document import Document, Keyframe, Layer, Source
from roto.shot.edit import set_keyframe
from roto.temporal.options import SmoothOptions
from roto.track.options import TrackOptions


@dataclass(frozen=True, kw_only=True)
class Average(EdgeStep):
    """The mean of a matte and its neighbours, darkened by the plate: something that needs to look around."""

    type: ClassVar[str] = "average"
    summary: ClassVar[str] = "for these tests"
    costly: ClassVar[bool] = True

    frames: int = option(1, "before and after")
    calls: ClassVar[list[int]] = []

    @property
    def reach(self) -> int:
        return self.frames

    def apply(self, matte: Matte, around: Around) -> Matte:
        plate = around.plate(0)
        assert plate is not None
        self.calls.append(plate.number)
        mattes = [around.matte(offset) for offset in range(-self.frames, self.frames + 1)]
        there = [each for each in mattes if each is not None]
        assert (there[min(self.frames, plate.number - 1001)] == matte).all()
        return np.asarray(sum(there) / len(there) * plate.rgb_float().mean(axis=2), np.float32)


@dataclass(frozen=True, kw_only=True)
class Fade(EdgeStep):
    """Multiplies; by what the clip shows, where nothing is said."""

    type: ClassVar[str] = "fade"
    summary: ClassVar[str] = "for these tests"
    costly: ClassVar[bool] = True

    by: float | None = option(1.0, "factor", auto=True)
    asked: ClassVar[list[int]] = []

    @property
    def settled(self) -> bool:
        return self.by is not None

    def settle(self, frames: Iterable[Around]) -> tuple[Fade, str]:
        shown = [(around.plate(0), around.matte(0)) for around in frames]
        assert all(matte is not None and matte.any() for _, matte in shown)
        self.asked.extend(plate.number for plate, _ in shown if plate is not None)
        return Fade(by=0.5), "by a half"

    def apply(self, matte: Matte, around: Around) -> Matte:
        return np.asarray(matte * np.float32(self.by or 0), np.float32)


@pytest.fixture(autouse=True)
def _four_frames_a_piece(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(roto.mattes, "_PIECE", 4)
    monkeypatch.setitem(EDGE_STEPS, "fade", Fade)
    Average.calls.clear()
    Fade.asked.clear()
    yield
    Average.calls.clear()


def disc(frame: int) -> Keyframe:
    return Keyframe(frame=frame, shapes=(Ellipse(center=(40 + 3 * (frame - 1001), 48), radii=(20, 20)),))


def document(clip: Any, *steps: EdgeStep, keyed: tuple[int, ...] = (1001, 1006, 1012)) -> Document:
    return Document(
        source=Source(path=clip.pattern),
        layers=(Layer(name="disc", keyframes=tuple(disc(frame) for frame in keyed)),),
        track=TrackOptions(propagator="classical", segmenter="none"),
        smooth=SmoothOptions(enabled=False),
        edge=steps,
    )


def solved(shot: Shot) -> dict[int, Matte]:
    solve_shot(shot, shot.store)
    (reader,) = readers(shot, shot.store).values()
    return {number: reader.matte(number) for number in shot.range.numbers()}


def plain(clip: Any, tmp_path: Path) -> dict[int, Matte]:
    with Shot(document(clip), tmp_path) as shot:
        return solved(shot)


def test_cheap_steps_are_done_on_every_matte_keyed_ones_too(disc_clip: Any, tmp_path: Path) -> None:
    without = plain(disc_clip, tmp_path)
    with Shot(document(disc_clip, Grow(px=3), Levels(black=0.3)), tmp_path) as shot:
        assert plan_pieces(shot) == []
        for number, matte in solved(shot).items():
            np.testing.assert_array_equal(matte, finish_edge(without[number], [Grow(px=3), Levels(black=0.3)]))


def test_progress_tells_tracking_from_the_work_on_mattes(disc_clip: Any, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with Shot(document(disc_clip, Average()), tmp_path) as shot:
        solve_shot(shot, shot.store, on_progress=lambda *what: told.append(what))
    assert list(dict.fromkeys(what for what, _, _ in told)) == ["tracking", "mattes"]
    assert told[0][:2] == ("tracking", 0)
    frames = len(range(1001, 1013))
    assert told[-1] == ("mattes", frames, frames)
    tracked = [(done, total) for what, done, total in told if what == "tracking"]
    assert tracked[-1] == (27, 27)  # nine frames between keys, twice carried and once blended


def test_a_costly_step_sees_its_neighbours_as_they_enter_it(disc_clip: Any, tmp_path: Path) -> None:
    without = plain(disc_clip, tmp_path)
    entering = {number: finish_edge(matte, [Grow(px=3)]) for number, matte in without.items()}
    with Shot(document(disc_clip, Grow(px=3), Average(), Levels(white=0.5)), tmp_path) as shot:
        found = solved(shot)
        for number in shot.range.numbers():
            around = [entering[n] for n in (number - 1, number, number + 1) if n in entering]
            light = shot.source.frame(number).rgb_float().mean(axis=2)
            expected = finish_edge(np.asarray(sum(around) / len(around) * light, np.float32), [Levels(white=0.5)])
            np.testing.assert_allclose(found[number], expected, atol=1.1 / 65535 / 0.5)


def test_flicker_is_known_but_where_a_piece_begins(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, Average(), Grow(px=1)), tmp_path) as shot:
        (reader,) = readers(shot, shot.store).values()
        solve_shot(shot, shot.store, edges=False)
        assert reader.facts(1005).coverage_flicker_after is None
        solved(shot)
        known = {number: reader.facts(number) for number in shot.range.numbers()}
    for number, facts in known.items():
        values = facts.coverage_flicker_before, facts.coverage_flicker_after
        assert (None in values) == (number in (1001, 1004, 1008, 1012)), number
        assert all(value is None or 0 <= value < 0.5 for value in values)


def test_costly_steps_after_one_another_reach_further(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, Average(frames=2), Average()), tmp_path) as shot:
        found = solved(shot)
        once = Average.calls.count(1006)
    with Shot(document(disc_clip, Average(frames=2), Average()), tmp_path) as shot:
        Average.calls.clear()
        again = solved(shot)
        assert Average.calls == []
    assert all((found[number] == again[number]).all() for number in found)
    assert once <= 4  # both steps on its own piece, the first one on the piece beside


def test_a_changed_keyframe_works_only_the_pieces_within_reach(disc_clip: Any, tmp_path: Path) -> None:
    original = document(disc_clip, Average())
    with Shot(original, tmp_path) as shot:
        before = solved(shot)
        keys = [piece.key for piece in plan_pieces(shot)]
    moved = Keyframe(frame=1012, shapes=(Ellipse(center=(70, 50), radii=(18, 20)),))
    with Shot(set_keyframe(original, "disc", moved), tmp_path) as shot:
        Average.calls.clear()
        after = solved(shot)
        changed = [old != piece.key for old, piece in zip(keys, plan_pieces(shot), strict=True)]
    # pieces start at multiples of four: 1001-1003, 1004-1007, 1008-1011, 1012; the second sees 1008
    assert changed == [False, True, True, True]
    assert min(Average.calls) == 1004
    assert all((before[number] == after[number]).all() for number in (1001, 1002, 1003))
    assert (before[1012] != after[1012]).any()


def test_a_piece_that_was_begun_goes_on(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, Average()), tmp_path) as shot:
        solve_shot(shot, shot.store, edges=False)
        piece = plan_pieces(shot)[1]

        def stop(number: int) -> None:
            if number == 1005:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            work_piece(shot, piece, shot.store, stop)
        Average.calls.clear()
        work_piece(shot, piece, shot.store, lambda number: None)
        assert set(Average.calls) == {1005, 1006, 1007}  # the flicker of 1006 is against 1005
        again = [shot.store.journal(piece.key).result(number) for number in range(1004, 1008)]
        shot.store.journal(piece.key).discard()
        work_piece(shot, piece, shot.store, lambda number: None)
        assert again == [shot.store.journal(piece.key).result(number) for number in range(1004, 1008)]


def test_what_a_step_leaves_to_the_clip_is_decided_once_from_solved_mattes(disc_clip: Any, tmp_path: Path) -> None:
    without = plain(disc_clip, tmp_path)
    for run in range(2):
        with Shot(document(disc_clip, Grow(px=2), Fade(by=None)), tmp_path) as shot:
            described = shot.layers[0].describe()
            solve_shot(shot, shot.store, edges=False)
            assert settle(shot, shot.store) == ["layer 'disc': fade auto, by a half"]
            assert shot.layers[0].describe() == described  # exports depend on what was asked
            assert shot.document.edge_steps(shot.document.layers[0]) == (Grow(px=2), Fade(by=0.5))
            found = solved(shot)
        expected = {number: finish_edge(matte, [Grow(px=2)]) / 2 for number, matte in without.items()}
        assert all(np.abs(found[number] - expected[number]).max() < 1 / 65535 for number in found)
        assert sorted(Fade.asked) == [1002, 1003, 1004, 1005, 1007, 1008, 1009, 1010, 1011], run


def test_a_damaged_matte_is_told_and_worked_again(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip, Average()), tmp_path) as shot:
        before = solved(shot)
        record = shot.store.spans / plan_pieces(shot)[1].key / "1006"
        record.write_bytes(record.read_bytes()[:-3])
        with pytest.raises(
            OutputError, match=r"frame 1006 in the work store .* is damaged; run the same command again"
        ):
            solved(shot)
        assert all((matte == before[number]).all() for number, matte in solved(shot).items())


def test_plates_stream_while_they_are_asked_for_nearly_in_order(disc_clip: Any, tmp_path: Path) -> None:
    with Shot(document(disc_clip), tmp_path) as shot:
        starts: list[int] = []
        frames = shot.source.frames

        class Counting:
            info = shot.source.info

            def frames(self, first: int, last: int) -> Any:
                starts.append(first)
                return frames(first, last)

        window = FrameWindow(Counting(), 4)  # type: ignore[arg-type]
        for number in (1001, 1002, 1001, 1003, 1004, 1003, 1006, 1012, 1002):
            assert window.frame(number).number == number
        assert starts == [1001, 1012, 1002]
