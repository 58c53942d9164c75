"""A shot to tasks: what is missing and nothing else, values that survive JSON, and workers that run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from roto.batch.finish import finished
from roto.batch.plan import BatchTask, ShotPlan, planning
from roto.batch.shot import BatchShot
from roto.batch.work import Worker, fingerprint, refusal, run_task, start_worker
from roto.errors import DamagedRecord, RotoError
from roto.shot.file import load, save


@pytest.fixture
def shot(make_document: Callable[..., Path], tmp_path: Path, settings: BatchShot) -> BatchShot:
    path = make_document(tmp_path / "s" / "shot.roto.json", keys=(1001, 1006))
    folder = str(path.parent)
    return replace(settings, name="s", document=str(path), out=folder, root=folder, exports=("png", "ffv1"))


def planned(shot: BatchShot) -> ShotPlan:
    plan = Worker()(planning(shot), lambda number: None).plan
    assert plan is not None
    return plan


def run_all(shot: BatchShot, *, one_worker: bool = True) -> list[str]:
    """Run what is left, in an order that dependencies allow; returns the tasks' ids."""
    worker, done = Worker(), list[str]()
    waiting = list(planned(shot).tasks)
    while waiting:
        task = next(task for task in reversed(waiting) if all(each in done for each in task.after))
        waiting.remove(task)
        told: list[int] = []
        if one_worker:
            worker(task, told.append)
            assert len(told) == task.frames
        else:
            run_task(json.loads(json.dumps(task.to_json())))
        done.append(task.id)
    return done


def test_a_plan_has_every_task_and_what_each_comes_after(shot: BatchShot) -> None:
    plan = planned(shot)
    assert {task.id: task.after for task in plan.tasks} == {
        "s/disc/1002-1005/forward": (),
        "s/disc/1002-1005/backward": (),
        "s/disc/1002-1005/finish": ("s/disc/1002-1005/forward", "s/disc/1002-1005/backward"),
        "s/disc/1007-1012/forward": (),
        "s/disc/1007-1012/finish": ("s/disc/1007-1012/forward",),
        "s/export/png": ("s/disc/1002-1005/finish", "s/disc/1007-1012/finish"),
        "s/export/ffv1": ("s/disc/1002-1005/finish", "s/disc/1007-1012/finish"),
        "s/report": ("s/export/png", "s/export/ffv1"),
    }
    assert (plan.frames, plan.spans, plan.spans_solved) == (12, 2, 0)
    assert plan.work == 3 * 4 + 2 * 6 + 2 * 12


def test_tasks_survive_json_and_run_in_any_process_twice(
    shot: BatchShot, delivered: Callable[[Path], dict[str, bytes]], tmp_path: Path
) -> None:
    tasks = planned(shot).tasks
    assert [BatchTask.from_json(json.loads(json.dumps(task.to_json()))) for task in tasks] == list(tasks)
    run_all(shot, one_worker=False)
    first = delivered(tmp_path / "s")
    assert {name.split(".")[-1] for name in first} == {"png", "mkv", "html", "csv", "json"}
    for task in tasks:
        run_task(task.to_json())
    assert delivered(tmp_path / "s") == first


def test_what_is_done_is_not_planned_again(shot: BatchShot, tmp_path: Path) -> None:
    run_all(shot)
    assert [task.kind for task in planned(shot).tasks] == ["report"]
    (tmp_path / "s" / "disc" / "disc.1004.png").unlink()
    assert [task.id for task in planned(shot).tasks] == ["s/export/png", "s/report"]
    more = replace(shot, exports=("png", "ffv1", "tiff"))
    assert [task.id for task in planned(more).tasks] == ["s/export/png", "s/export/tiff", "s/report"]


def test_a_shot_of_which_nothing_is_missing_is_seen_without_opening_it(shot: BatchShot, disc_clip: Any) -> None:
    versions = fingerprint()
    assert finished(shot, versions) is None
    run_all(shot)
    summary = finished(shot, versions)
    assert summary is not None
    assert summary.frames == 12
    assert summary.weakest.weakest_confidence < 1
    assert summary.picture.startswith("data:image/jpeg;base64,")
    assert finished(shot, {**versions, "numpy": "1.0"}) is None
    assert finished(replace(shot, exports=("png",)), versions) is None
    assert finished(replace(shot, quality="best"), versions) is None
    plate = disc_clip.folder / "clip" / "shot.1005.png"
    plate.write_bytes(plate.read_bytes() + b"x")
    assert finished(shot, versions) is None


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_record_is_found_and_solved_again(shot: BatchShot, tmp_path: Path, damage: str) -> None:
    run_all(shot)
    record = next((tmp_path / "s" / ".roto" / "spans").glob("*/1004"))
    data = record.read_bytes()
    record.write_bytes(data[:-7] if damage == "truncated" else data[:20] + bytes([data[20] ^ 4]) + data[21:])
    (tmp_path / "s" / "disc" / "disc.1004.png").unlink()
    kinds = [task.kind for task in planned(shot).tasks]
    assert kinds == ["forward", "backward", "finish", "export", "report"]


def test_damage_while_a_shot_runs_says_so(shot: BatchShot, tmp_path: Path) -> None:
    export = next(task for task in planned(shot).tasks if task.export == "png")
    run_all(shot)
    next((tmp_path / "s" / ".roto" / "spans").glob("*/1004")).write_bytes(b"torn")
    (tmp_path / "s" / "disc" / "disc.1004.png").unlink()
    with pytest.raises(DamagedRecord):
        run_task(export.to_json())


def test_a_document_that_changed_since_is_one_line(shot: BatchShot, disc_clip: Any) -> None:
    task = planned(shot).tasks[0]
    document = load(Path(shot.document))
    save(replace(document, smooth=replace(document.smooth, strength=0.25)), Path(shot.document))
    with pytest.raises(RotoError, match="has changed since its shot was planned"):
        run_task(task.to_json())


def test_somebody_elses_file_stands_in_the_way_before_any_work(shot: BatchShot, tmp_path: Path) -> None:
    (tmp_path / "s" / "disc").mkdir()
    (tmp_path / "s" / "disc" / "disc.1003.png").write_bytes(b"painted")
    with pytest.raises(RotoError, match=r"disc\.1003\.png is there already and is not as roto left it"):
        planned(shot)
    assert planned(replace(shot, overwrite=True)).tasks


def test_a_worker_with_other_libraries_is_refused() -> None:
    own = fingerprint()
    assert refusal(own) is None
    assert start_worker(own) is not None
    with pytest.raises(
        RotoError, match=rf"this worker has numpy {own['numpy']} \(the batch has 1\.0\): its bytes could"
    ):
        start_worker({**own, "numpy": "1.0"})
