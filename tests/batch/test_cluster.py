"""A batch on Dask: the bytes of a run on this machine, whoever dies or may not take part."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from roto.batch.cluster import Cluster, cluster_pool
from roto.batch.find import find_shots
from roto.batch.local import local_pool
from roto.batch.run import BatchRun
from roto.batch.shot import BatchShot
from roto.batch.work import fingerprint
from roto.cli.main import main
from roto.errors import RotoError
from roto.schedule import Pool

from .farm import Farm, farm

Manifest = Callable[..., Path]
Delivered = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with farm(tmp_path_factory.mktemp("farm"), workers=2) as running:
        yield running


def run_batch(
    manifest: Path, out: Path, pool: Pool, tell: Callable[[dict[str, Any]], None] = lambda e: None
) -> BatchRun:
    settings = BatchShot(name="", document="", out="", root="", exports=())
    run = BatchRun(find_shots([str(manifest)], settings, out).shots, tell=tell)
    run.run(pool)
    return run


def undisturbed(manifest: Path, out: Path, delivered: Delivered) -> dict[str, bytes]:
    """What a run on this machine delivers; gone again, since the same folder is named in reports."""
    assert run_batch(manifest, out, local_pool(1)).succeeded
    found = delivered(out)
    shutil.rmtree(out)
    return found


def test_a_cluster_delivers_the_bytes_of_a_run_on_this_machine(
    disc_manifest: Manifest, delivered: Delivered, tmp_path: Path, two_workers: Farm
) -> None:
    manifest = disc_manifest(2, defaults="exports = ['png', 'exr']")
    wanted = undisturbed(manifest, tmp_path / "out", delivered)
    told: list[dict[str, Any]] = []
    run = run_batch(manifest, tmp_path / "out", cluster_pool(two_workers.address), told.append)
    assert run.succeeded
    assert delivered(tmp_path / "out") == wanted
    for state in run.states:
        assert state.frames == state.total > 0
    assert {"propagate", "export"} <= run.seconds.keys()
    assert sum(each["event"] == "progress" for each in told) > 0


def test_a_killed_worker_costs_its_tasks_alone(disc_manifest: Manifest, delivered: Delivered, tmp_path: Path) -> None:
    manifest = disc_manifest(3)
    wanted = undisturbed(manifest, tmp_path / "out", delivered)
    with farm(tmp_path / "farm", workers=2) as running:
        killed = threading.Event()

        def kill_one(told: dict[str, Any]) -> None:
            if told["event"] == "progress" and not killed.is_set():
                killed.set()
                running.workers[0].kill()
                running.start_worker()

        run = run_batch(manifest, tmp_path / "out", cluster_pool(running.address), kill_one)
    assert killed.is_set()
    assert run.succeeded
    assert delivered(tmp_path / "out") == wanted


def test_a_shot_that_fails_does_not_stop_the_others(disc_manifest: Manifest, two_workers: Farm, tmp_path: Path) -> None:
    manifest = disc_manifest(2)
    text = manifest.read_text().replace("source = 'clip/shot.####.png'", "source = 'none.####.png'", 1)
    manifest.write_text(text)
    run = run_batch(manifest, tmp_path / "out", cluster_pool(two_workers.address))
    assert [state.status for state in run.states] == ["failed", "done"]
    assert "none." in run.states[0].error


def test_a_worker_that_differs_gets_no_task(disc_manifest: Manifest, tmp_path: Path) -> None:
    from distributed import Client

    manifest, lines = disc_manifest(1), list[str]()
    with farm(tmp_path / "farm", workers=2) as running:
        with Client(running.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=30)
            other, same = client.scheduler_info(n_workers=-1)["workers"]
            client.run(exec, "import roto.batch.work as work\nwork.EDGE_VERSION = 999", workers=[other])
        pool = cluster_pool(running.address, lines.append)
        run = run_batch(manifest, tmp_path / "out", pool)
        with Client(running.address, set_as_default=False) as client:
            counts = client.run(lambda dask_worker: len(dask_worker.state.tasks) + dask_worker.state.executed_count)
    assert run.succeeded
    assert [other in line and "edge 999 (the batch has" in line for line in lines] == [True]
    assert counts[other] == 0 < counts[same]


def test_a_cluster_where_nobody_may_take_part_is_refused(two_workers: Farm) -> None:
    from distributed import Client

    client = Client(two_workers.address, set_as_default=False)
    client.wait_for_workers(2, timeout=30)
    try:
        with pytest.raises(RotoError, match=r"worker .* has roto .* \(the batch has 99\.0\): its bytes could differ"):
            Cluster(client, two_workers.address, wanted={**fingerprint(), "roto": "99.0"})
    finally:
        client.close()


def test_a_scheduler_that_goes_away_is_one_line_and_what_is_done_is_kept(
    disc_manifest: Manifest, delivered: Delivered, tmp_path: Path
) -> None:
    manifest = disc_manifest(3)
    wanted = undisturbed(manifest, tmp_path / "out", delivered)
    with farm(tmp_path / "farm", workers=1) as running:

        def end_it(told: dict[str, Any]) -> None:
            if told["event"] == "task" and told["task"].endswith("finish") and running.scheduler is not None:
                running.scheduler.kill()

        with pytest.raises(
            RotoError, match=r"^the Dask scheduler at tcp://\S+ has gone away; what is solved and.* kept"
        ):
            run_batch(manifest, tmp_path / "out", cluster_pool(running.address), end_it)
    told: list[dict[str, Any]] = []
    assert run_batch(manifest, tmp_path / "out", local_pool(1), told.append).succeeded
    assert sum(each.get("spans_solved", 0) for each in told) >= 1
    assert delivered(tmp_path / "out") == wanted


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("farm:8786", "give tcp://HOST:PORT, local, or local:N"),
        ("local:0", "give tcp://HOST:PORT, local, or local:N"),
        ("nonsense://127.0.0.1:1", "no Dask scheduler answers at nonsense://127.0.0.1:1"),
    ],
)
def test_an_address_that_is_none_is_one_line(
    address: str, line: str, disc_manifest: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", str(disc_manifest(1)), "--scheduler", address]) == 1
    assert line in capsys.readouterr().err.splitlines()[-1]


def test_a_cluster_of_ones_own(disc_manifest: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = disc_manifest(1)
    assert main(["batch", str(manifest), "--scheduler", "local:1"]) == 0
    assert "1 of 1 done" in capsys.readouterr().out
    assert (
        len(
            list((manifest.parent / "out" / "a" / "png").glob("*.png"))
            or list((manifest.parent / "out").rglob("*.png"))
        )
        >= 6
    )


def test_a_cluster_of_ones_own_that_does_not_start_is_one_line(
    disc_manifest: Manifest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**options: object) -> None:
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr("distributed.LocalCluster", fail)
    assert main(["batch", str(disc_manifest(1)), "--scheduler", "local:1"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "no Dask cluster could be started here: Nanny failed to start; run the same command again" in last
