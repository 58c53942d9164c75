"""The work store: records survive, torn ones do not count, results appear at once, outputs of others are safe."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from roto.errors import OutputError
from roto.store import OutputRecord, Shelf, Store, content_key


def test_equal_descriptions_have_equal_keys() -> None:
    assert content_key({"a": 1, "b": [2.5, None]}) == content_key({"b": [2.5, None], "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})


def test_a_record_comes_back_and_a_torn_one_is_absent(tmp_path: Path) -> None:
    journal = Store(tmp_path / "work").journal("k")
    journal.save("forward", 7, b"payload")
    assert journal.load("forward", 7) == b"payload"
    assert journal.load("forward", 8) is None
    record = tmp_path / "work" / "spans" / "k.part" / "forward" / "7"
    record.write_bytes(record.read_bytes()[:-1])
    assert journal.load("forward", 7) is None


def test_a_span_is_finished_at_once_and_its_journal_goes(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    journal = store.journal("k")
    journal.save("forward", 1, b"pass")
    journal.save("solved", 1, b"result")
    assert not journal.finished
    journal.finish("solved")
    assert journal.finished
    assert journal.result(1) == b"result"
    assert [path.name for path in store.spans.iterdir()] == ["k"]


def test_a_store_that_cannot_be_locked_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    (tmp_path / "work" / "lock").mkdir(parents=True)  # root may write anywhere, so that no read-only folder would do
    with pytest.raises(OutputError, match="cannot write to"), store.locked():
        pass


def test_prune_keeps_what_is_needed_and_the_latest_of_the_rest(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    for age, key in enumerate(["new", "old", "needed"]):
        journal = store.journal(key)
        journal.save("solved", 1, bytes(100))
        journal.finish("solved")
        os.utime(store.spans / key, (1e9 - age, 1e9 - age))
    store.prune(["needed"], keep_bytes=150)
    assert sorted(path.name for path in store.spans.iterdir()) == ["needed", "new"]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "work"), Store(tmp_path / "work")
    with first.locked(), pytest.raises(OutputError, match="another roto run"), second.locked():
        pass
    with second.locked():
        pass


def test_outputs_changed_by_somebody_else_are_not_ours(tmp_path: Path) -> None:
    record = OutputRecord(tmp_path / ".roto" / "outputs.json")
    file = tmp_path / "layer" / "layer.0001.png"
    file.parent.mkdir()
    file.write_bytes(b"a")
    assert not record.is_ours(file)
    record.replace("png", [file], "key")
    assert record.is_current(file, "key")
    assert not record.is_current(file, "other")
    file.write_bytes(b"painted over")
    assert not record.is_ours(file)


def test_a_shorter_range_leaves_no_stale_frames_of_ours(tmp_path: Path) -> None:
    record = OutputRecord(tmp_path / ".roto" / "outputs.json")
    files = [tmp_path / f"layer.{number:04d}.png" for number in range(4)]
    for file in files:
        file.write_bytes(b"a")
    record.replace("png", files, "long")
    files[3].write_bytes(b"painted over")
    record.replace("png", files[:2], "short")
    assert [file.exists() for file in files] == [True, True, False, True]


def test_files_are_ours_from_just_before_they_get_their_names(tmp_path: Path) -> None:
    """A run that is killed between naming its files and recording them finds them its own the next time."""
    path, target, finished = tmp_path / ".roto" / "outputs.json", tmp_path / "a.mov", tmp_path / ".part"
    target.write_bytes(b"first")
    OutputRecord(path).replace("prores4444", [target], "key")
    finished.write_bytes(b"second")
    OutputRecord(path).expect("prores4444", {target: finished})
    assert OutputRecord(path).is_ours(target)
    finished.replace(target)
    assert OutputRecord(path).is_ours(target)
    assert not OutputRecord(path).is_current(target, "key")
    target.write_bytes(b"painted over")
    assert not OutputRecord(path).is_ours(target)


def test_the_journal_of_a_finished_span_goes_with_the_next_run(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    journal = store.journal("k")
    journal.save("solved", 1, b"result")
    journal.finish("solved")
    journal.save("forward", 1, b"left by a run that was killed")
    journal.touch()
    assert [path.name for path in store.spans.iterdir()] == ["k"]


def test_a_shelf_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", keep_bytes=4000)
    for age, key in enumerate(["new", "used", "old", "oldest"]):
        shelf.save(key, bytes(1000))
        os.utime(tmp_path / "shelf" / key, ns=(0, 1_000_000_000 * (10 - age)))
    assert shelf.load("oldest") == bytes(1000)
    shelf.save("newest", bytes(1000))
    shelf.prune()
    kept = {key for key in ("newest", "new", "used", "old", "oldest") if shelf.load(key) is not None}
    assert kept == {"newest", "oldest", "new"}


def test_a_shelf_keeps_to_its_size_by_itself(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", keep_bytes=20_000)
    for number in range(100):
        shelf.save(f"{number:03d}", bytes(1000))
    assert sum(path.stat().st_size for path in (tmp_path / "shelf").iterdir()) <= 23_000
    assert shelf.load("099") == bytes(1000)


def test_a_damaged_record_of_a_shelf_is_absent(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", keep_bytes=4000)
    assert shelf.load("a") is None
    shelf.save("a", b"answer")
    (tmp_path / "shelf" / "a").write_bytes(b"ansers")
    assert shelf.load("a") is None


def test_kinds_are_recorded_apart_and_what_was_recorded_together_still_counts(tmp_path: Path) -> None:
    path, old, new = tmp_path / ".roto" / "outputs.json", tmp_path / "a.mov", tmp_path / "b.mkv"
    for file in (old, new):
        file.write_bytes(b"x")
    state = f"{old.stat().st_size} {old.stat().st_mtime_ns}"
    path.parent.mkdir()
    path.write_text(json.dumps({"a.mov": ["prores4444", "key", state]}))
    one, two = OutputRecord(path), OutputRecord(path)
    one.replace("ffv1", [new], "key")
    two.replace("prores4444", [old], "later")  # knows nothing of the other
    known = OutputRecord(path)
    assert known.is_current(new, "key")
    assert known.is_current(old, "later")
    assert known.kinds() == {"ffv1": "key", "prores4444": "later"}
    left = tmp_path / ".roto" / "outputs" / ".tiff.json.abcd1234"
    left.touch()
    known.sweep()
    assert not left.exists()
    assert OutputRecord(path).kinds() == known.kinds()


def test_what_dead_writers_left_goes(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    journal = store.journal("k")
    journal.save("solved", 1, b"result")
    store.answers.save("a", b"answer")
    for folder in (store.spans / "k.part" / "solved", store.folder / "answers"):
        (folder / "2.77.abcd.tmp").touch()
    journal.finish("solved")
    with store.locked():
        pass
    assert not list(store.folder.rglob("*.tmp"))
    assert store.journal("k").result(1) == b"result"
    assert store.answers.load("a") == b"answer"


def test_a_span_that_another_has_finished_meanwhile_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "work")
    first, second = store.journal("k"), store.journal("k")
    first.save("solved", 1, b"result")
    first.finish("solved")
    second.save("solved", 1, b"result")
    second.finish("solved")
    assert store.journal("k").result(1) == b"result"
    assert [path.name for path in store.spans.iterdir()] == ["k"]
