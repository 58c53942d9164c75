"""Solve, export and report many shots: documents, folders and globs of them, or a manifest in TOML or CSV.

Work of all shots is split into spans and exports and shared by the workers. A shot that fails does not stop the
others; the exit code is 0 only if every shot succeeded. Whatever is interrupted or killed, the same command goes on
from there and ends in the same bytes. Beside the exports of a shot lie its report, its confidences and delivery.json,
the hashes that 'roto verify' looks at; batch.html has a row for every shot.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from roto.cli.common import add_device_argument, add_quality_argument, counted, read_workers, say
from roto.errors import RotoError

if TYPE_CHECKING:
    from roto.batch.events import Tell
    from roto.batch.find import Batch
    from roto.batch.run import BatchRun
    from roto.schedule import Pool

EXAMPLES = """\
  roto batch shots/                          every *.roto.json below the folder
  roto batch 'shots/*/shot.roto.json' --export exr prores4444
  roto batch tonight.toml --workers 8 --log night.jsonl
  roto batch tonight.csv -o /mnt/delivery --dry-run
  roto batch tonight.toml --json | tee events.jsonl
  roto batch tonight.toml --scheduler tcp://farm:8786
  roto batch tonight.toml --bundle farm/tonight
"""

_METRICS_EVERY_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shots", metavar="SHOT", nargs="*", help="documents, folders, globs, or one manifest, *.toml or *.csv"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, help="a folder for all, a folder for each shot within it"
    )
    parser.add_argument("--export", metavar="KIND", nargs="+", action="extend", help="kinds of output, for every shot")
    parser.add_argument("--dry-run", action="store_true", help="print the plan; opens every shot and writes nothing")
    parser.add_argument(
        "--retry", metavar="N", default="2", help="start a task whose worker died again, up to N times (default: 2)"
    )
    parser.add_argument("--summary", metavar="FILE", type=Path, help="the page (default: batch.html beside the shots)")
    add_quality_argument(parser)
    parser.add_argument("--workers", metavar="N", help="processes to use (default: one for each core)")
    add_device_argument(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace outputs that roto did not write itself")
    parser.add_argument(
        "--keep-going", action="store_true", help="deliver the frames that a damaged source can give, and list the rest"
    )
    farm = parser.add_argument_group("other machines")
    farm.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run on a Dask cluster: tcp://HOST:PORT, or local or local:N for one of N workers here",
    )
    farm.add_argument(
        "--store",
        choices=("shared", "return"),
        help="workers see the same files (shared, the default), or the plates alone and send back what they solve",
    )
    farm.add_argument(
        "--map",
        metavar="FROM=TO",
        nargs="+",
        action="extend",
        help="with --store return: plates in the folder FROM here are in TO on the workers",
    )
    farm.add_argument(
        "--bundle",
        metavar="DIR",
        type=Path,
        help="run nothing: write the tasks for a render farm, an Open Job Description template and an array of them",
    )
    farm.add_argument("--task", metavar="FILE", type=Path, help="run one task of a bundle's tasks.json")
    farm.add_argument("--index", metavar="N", help="which one, from 0")
    watch = parser.add_argument_group("watching")
    watch.add_argument("--quiet", action="store_true", help="no progress and no summary, errors only")
    watch.add_argument("--json", action="store_true", help="print every event as a line of JSON")
    watch.add_argument("--log", metavar="FILE", type=Path, help="append every event to a file, a line of JSON each")
    watch.add_argument("--metrics", metavar="FILE", type=Path, help="keep a Prometheus text file up to date")


def run(args: argparse.Namespace) -> int:
    from roto.batch.find import find_shots
    from roto.batch.shot import BatchShot
    from roto.job.run import find_exporters

    if args.task is not None or args.index is not None:
        return _run_task(args)
    if not args.shots:
        raise RotoError("name shots: documents, folders, globs, or a manifest (see 'roto batch --help')")
    if args.bundle is not None and (args.scheduler is not None or args.dry_run):
        raise RotoError("--bundle runs nothing; leave out --scheduler and --dry-run")
    workers = read_workers(args.workers)
    if args.scheduler is None and (args.store is not None or args.map):
        raise RotoError("--store and --map are for workers elsewhere; give their --scheduler")
    if args.map and args.store != "return":
        raise RotoError("--map goes with --store return; workers that share the store see it at the same path")
    if args.scheduler is not None and workers is not None and args.store != "return":
        raise RotoError("--workers are processes here; with --scheduler they are the cluster's (local:N has N)")
    retries = _retries(args.retry)
    kinds = tuple(exporter.name for exporter in find_exporters(args.export or []))
    settings = BatchShot(
        name="",
        document="",
        out="",
        root="",
        exports=kinds,
        quality=args.quality,
        device=args.device,
        keep_going=args.keep_going,
        overwrite=args.overwrite,
    )
    batch = find_shots(args.shots, settings, args.output)
    if args.dry_run:
        return _print_plan(batch)
    if args.bundle is not None:
        return _write_bundle(batch, args)
    with _terminated_as_interrupted():
        return _run(batch, workers, retries, args)


def _run(batch: Batch, workers: int | None, retries: int, args: argparse.Namespace) -> int:
    from roto.batch.page import PAGE, write_page, write_run_metrics
    from roto.batch.run import BatchRun

    page = args.summary or batch.folder / PAGE
    with _watching(args) as watchers:

        def tell(told: dict[str, Any]) -> None:
            for watcher in watchers:
                watcher(told)

        batch_run = BatchRun(batch.shots, retries=retries, tell=tell)
        for watcher in watchers:
            if hasattr(watcher, "watch"):
                watcher.watch(batch_run)
        batch_run.run(_pool(args, workers, tell))
    # first of all, what failed: a disk that is full has no room for the page either
    if args.quiet:
        for state in batch_run.states:
            if state.error:
                print(f"roto: {state.name} failed: {state.error}", file=sys.stderr)
    elif not args.json:
        say(_summary(batch_run))
    if args.metrics is not None:
        write_run_metrics(batch_run, args.metrics)
    write_page(batch_run, page, f"{counted(len(batch.shots), 'shot')} in {batch.folder.name}", ["roto", *sys.argv[1:]])
    if not args.quiet and not args.json:
        say([f"page       {page}"])
    return 0 if batch_run.succeeded else 1


def _run_task(args: argparse.Namespace) -> int:
    from roto.batch.bundle import run_bundled

    if args.task is None or args.index is None or not args.index.isdigit():
        raise RotoError("--task FILE and --index N go together; N is a whole number from 0")
    if args.shots:
        raise RotoError(f"{args.shots[0]} beside --task: a task knows its shot")
    run_bundled(args.task, int(args.index))
    return 0


def _write_bundle(batch: Batch, args: argparse.Namespace) -> int:
    from roto.batch.bundle import write_bundle

    bundle = write_bundle(args.bundle, batch.shots, f"roto {batch.folder.name}", overwrite=args.overwrite)
    for name, error in bundle.failed:
        print(f"roto: {name} cannot be planned: {error}", file=sys.stderr)
    if not args.quiet:
        lines = [f"{stage.name:10} tasks {stage.first} to {stage.last}" for stage in bundle.stages]
        lines += [f"done       {counted(bundle.current, 'shot')} already"] if bundle.current else []
        lines += [f"bundle     {args.bundle}" if bundle.tasks else "bundle     none: nothing is missing"]
        say(lines)
    return 1 if bundle.failed else 0


def _pool(args: argparse.Namespace, workers: int | None, tell: Tell) -> Pool:
    """Who runs the tasks."""
    if args.scheduler is None:
        from roto.batch.local import local_pool

        return local_pool(workers)
    from roto.batch.cluster import cluster_pool
    from roto.batch.events import event

    def tell_of_worker(text: str) -> None:
        tell(event("worker", text=text))

    if args.store == "return":
        from roto.batch.parcel import read_maps
        from roto.batch.returning import returning_pool

        return returning_pool(args.scheduler, read_maps(args.map or []), workers, tell_of_worker)
    return cluster_pool(args.scheduler, tell_of_worker)


@contextmanager
def _watching(args: argparse.Namespace) -> Iterator[list[Any]]:
    """Those who are told of events."""
    from roto.batch.events import Log, line
    from roto.cli.batch_table import Lines, Table

    watchers: list[Any] = []
    log = None if args.log is None else Log(args.log)
    if log is not None:
        watchers.append(log)
    if args.json:
        watchers.append(lambda told: print(line(told), flush=True))
    elif not args.quiet:
        watchers.append(Table() if sys.stderr.isatty() else Lines())
    if args.metrics is not None:
        watchers.append(_Metrics(args.metrics))
    try:
        yield watchers
    finally:
        for watcher in watchers:
            if hasattr(watcher, "close"):
                watcher.close()


class _Metrics:
    """Keeps the file of metrics up to date."""

    def __init__(self, path: Path) -> None:
        self._path, self._next = path, 0.0
        self._run: BatchRun | None = None

    def watch(self, run: BatchRun) -> None:
        self._run = run

    def __call__(self, told: dict[str, Any]) -> None:
        from roto.batch.page import write_run_metrics

        if self._run is not None and told["time"] >= self._next:
            self._next = told["time"] + _METRICS_EVERY_S
            write_run_metrics(self._run, self._path)


def _summary(run: BatchRun) -> list[str]:
    from roto.batch.run import DONE
    from roto.review.report import duration

    done = [state for state in run.states if state.status == DONE]
    current = sum(state.current for state in done)
    lines = [f"shots      {len(done)} of {len(run.states)} done" + (f", {current} were already" if current else "")]
    lines += [f"failed     {state.name}: {state.error}" for state in run.states if state.status != DONE]
    weak = sorted((s.summary.weakest.weakest_confidence, s.name, s.summary.weakest) for s in done if s.summary)[:3]
    lines += [f"weakest    {name}: {low:.2f} at frame {layer.weakest} of {layer.name}" for low, name, layer in weak]
    if run.seconds:
        stages = sorted(run.seconds.items(), key=lambda each: -each[1])
        lines.append("time       " + ", ".join(f"{stage} {duration(spent)}" for stage, spent in stages))
    return lines


def _print_plan(batch: Batch) -> int:
    """The tasks of each shot that are left, in their order. 1 where a shot cannot be planned."""
    from roto.batch.dry import dry_plans

    code, tasks, frames = 0, 0, 0
    for found, plan, problem in dry_plans(batch.shots):
        if plan is None:
            code = 1 if problem else code
            print(f"{found.shot.name}: {problem or 'nothing is missing'}")
            continue
        tasks, frames = tasks + len(plan.tasks), frames + plan.work
        print(f"{found.shot.name}: {plan.frames} frames, {plan.spans_solved} of {counted(plan.spans, 'span')} solved")
        for task in plan.tasks:
            after = f"  after {len(task.after)}" if task.after else ""
            print(f"  {task.id}" + (f"  {task.frames} frames" if task.frames else "") + after)
    print(f"{counted(tasks, 'task')}, {frames} frames of work")
    return code


def _retries(text: str) -> int:
    if not text.isdigit() or int(text) > 100:
        raise RotoError(f"--retry {text}: a whole number from 0 to 100 is needed")
    return int(text)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """A farm's SIGTERM ends a batch as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
