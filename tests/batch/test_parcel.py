"""Workers that see nothing but the plates: what goes along, what comes back, and that it is the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from roto.batch.find import find_shots
from roto.batch.local import local_pool
from roto.batch.parcel import Guest, Packer, Returned, mapped, read_maps
from roto.batch.plan import SETTLE, BatchTask, planning
from roto.batch.prepare import make_document
from roto.batch.returning import returning_pool
from roto.batch.run import BatchRun
from roto.batch.shot import BatchShot
from roto.batch.work import TaskResult, Worker
from roto.cli.main import main
from roto.errors import RotoError
from roto.parallel import WORK_EDGE
from roto.schedule import Pool

from .farm import Farm, farm

Manifest = Callable[..., Path]
Delivered = Callable[[Path], dict[str, bytes]]
# a step that looks at the frames around, one that is settled by what the clip shows, and a stack
EVERYTHING = "exports = ['png']\nedge = ['stabilise', 'motion-blur=auto']"
SETTINGS = BatchShot(name="", document="", out="", root="", exports=())


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with farm(tmp_path_factory.mktemp("farm"), workers=2) as running:
        yield running


def run_batch(manifest: Path, out: Path, pool: Pool) -> BatchRun:
    run = BatchRun(find_shots([str(manifest)], SETTINGS, out).shots)
    run.run(pool)
    return run


def silent(number: int) -> None: ...


def test_what_workers_send_back_is_what_a_shared_store_would_hold(
    disc_manifest: Manifest, delivered: Delivered, tmp_path: Path, two_workers: Farm
) -> None:
    manifest, out = disc_manifest(2, defaults=EVERYTHING), tmp_path / "out"

    def spans() -> dict[str, bytes]:
        return {
            f"{path.parent.parent.parent.parent.name}/{path.parent.name}/{path.name}": path.read_bytes()
            for path in sorted(out.glob("*/.roto/spans/*/*"))
        }

    assert run_batch(manifest, out, local_pool(1)).succeeded
    wanted, kept = delivered(out), spans()
    assert len({name.split("/")[1] for name in kept}) > 2  # spans, and pieces of edges
    shutil.rmtree(out)
    run = run_batch(manifest, out, returning_pool(two_workers.address, (), 1))
    assert [state.error for state in run.states] == ["", ""]
    assert delivered(out) == wanted
    assert spans() == kept


def test_a_worker_reads_the_plates_where_they_are_mapped_and_nothing_else(
    disc_manifest: Manifest, tmp_path: Path
) -> None:
    (found,) = find_shots([str(disc_manifest(1, defaults=EVERYTHING))], SETTINGS, tmp_path / "out").shots
    make_document(found)
    here, packer = Worker(), Packer(read_maps([f"{tmp_path}/clip={tmp_path}/there/plates"]))
    guest = Guest(tmp_path / "guest")
    plan = here(planning(found.shot), silent).plan
    assert plan is not None
    solving = [task for task in plan.tasks if task.kind in ("forward", "backward", "finish", WORK_EDGE, SETTLE)]
    assert [task.kind for task in solving][-2:] == [SETTLE, WORK_EDGE]
    for task in solving:
        if task.kind == SETTLE:
            here(task, silent)
            continue
        parcel = packer.pack(task)
        (tmp_path / "there").mkdir()
        shutil.move(tmp_path / "clip", tmp_path / "there" / "plates")
        hidden = [path for path in tmp_path.iterdir() if path.name not in ("there", "guest")]
        for path in hidden:
            shutil.move(path, tmp_path / "there" / path.name)
        try:
            returned = guest.run(parcel, silent)
            with pytest.raises(RotoError, match="clip"):
                Guest(tmp_path / "guest" / "unmapped").run(replace(parcel, maps=()), silent)
        finally:
            for path in hidden:
                shutil.move(tmp_path / "there" / path.name, path)
            shutil.move(tmp_path / "there" / "plates", tmp_path / "clip")
            (tmp_path / "there").rmdir()
        assert returned.records
        assert isinstance(packer.unpack(task, returned), TaskResult)
    rest = here(planning(found.shot), silent).plan
    assert rest is not None
    assert [task.kind for task in rest.tasks if _solves(task) and task.kind != WORK_EDGE] == []
    guest.close()
    assert not (tmp_path / "guest").exists()


def _solves(task: BatchTask) -> bool:
    return task.kind in ("fit", "forward", "backward", "finish", WORK_EDGE)


def test_the_longest_prefix_maps_whole_folders_alone() -> None:
    maps = read_maps(["/mnt/plates=/data", "/mnt/plates/a=/fast"])
    assert mapped(Path("/mnt/plates/b/x.mov"), maps) == Path("/data/b/x.mov")
    assert mapped(Path("/mnt/plates/a/x.mov"), maps) == Path("/fast/x.mov")
    assert mapped(Path("/mnt/plates2/x.mov"), maps) == Path("/mnt/plates2/x.mov")


@pytest.mark.parametrize("text", ["/mnt", "mnt=/data", "/mnt=data", "=", "/mnt="])
def test_a_map_that_is_none_is_one_line(text: str) -> None:
    with pytest.raises(RotoError, match=r"^--map .*: FROM=TO is needed, two absolute paths"):
        read_maps([text])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--store", "return"], "give their --scheduler"),
        (["--map", "/a=/b", "--scheduler", "local:1"], "--map goes with --store return"),
        (["--workers", "2", "--scheduler", "local:1"], "with --scheduler they are the cluster's"),
    ],
)
def test_flags_that_do_not_go_together(
    arguments: list[str], line: str, disc_manifest: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", str(disc_manifest(1)), *arguments]) == 1
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    "path",
    ["answers/../../shot.roto.json", "spans/0/1", "/etc/passwd", f"spans/{'0' * 32}/../1", f"answers/{'0' * 31}g"],
)
def test_a_record_that_names_anything_but_a_place_in_a_store_is_refused(
    disc_manifest: Manifest, tmp_path: Path, path: str
) -> None:
    found = find_shots([str(disc_manifest(1))], SETTINGS, tmp_path / "out").shots[0]
    make_document(found)
    task = planning(found.shot)
    before = sorted(each.name for each in tmp_path.rglob("*"))
    with pytest.raises(RotoError, match="is no record of a work store"):
        Packer().unpack(task, Returned(TaskResult(), {path: b"x"}))
    assert sorted(each.name for each in tmp_path.rglob("*")) == before
