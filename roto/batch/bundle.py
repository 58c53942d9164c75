"""A batch for a render farm: its tasks in a file, a template that describes them, a script that runs one by its number.

``template.json`` is a job template of Open Job Description, specification 2023-09. ``tasks.json``, ``run.sh`` and
``stages.txt`` are for whatever else counts: array jobs, frame ranges. Paths are relative to the bundle's folder
wherever they share more than the root with it. Tasks are ordered by stage, and a stage waits for the one before as a
whole, all shots of it: neither a template's steps nor an array knows dependencies of single tasks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from roto.batch.find import Found
from roto.batch.finish import finished
from roto.batch.plan import EXPORT, REPORT, SETTLE, BatchTask, planning
from roto.batch.prepare import make_document
from roto.batch.shot import BatchShot
from roto.batch.work import TaskResult, Worker, fingerprint, refusal
from roto.errors import OutputError, RotoError
from roto.files import write_atomically
from roto.parallel import FINISH, FIT, WORK_EDGE
from roto.paths import relative, resolve

VERSION = 1
TASKS, TEMPLATE, SCRIPT, STAGES = "tasks.json", "template.json", "run.sh", "stages.txt"
_PASS = "pass"
_ORDER = (FIT, _PASS, FINISH, SETTLE, WORK_EDGE, EXPORT, REPORT)
_MEBIBYTE = 1 << 20

_RUN = """\
#!/bin/sh
# Runs one task of this bundle: run.sh N, where tasks are counted from 0. Without N the number is that of the array
# task which SLURM or PBS started. ROTO is the command, "roto" unless it is set. A line of stages.txt is a stage, its
# first and its last task: begin it when every task of the stage before has succeeded. Any task may be run again.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
number=${1:-${SLURM_ARRAY_TASK_ID:-$PBS_ARRAY_INDEX}}
exec "${ROTO:-roto}" batch --task "$here/tasks.json" --index "$number"
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Tasks of one kind, ``first`` to ``last`` by number; they wait for all of the stage before."""

    name: str
    first: int
    last: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written: the stages, and why a shot is not among them."""

    stages: tuple[Stage, ...]
    current: int
    failed: tuple[tuple[str, str], ...]

    @property
    def tasks(self) -> int:
        return self.stages[-1].last + 1 if self.stages else 0


def write_bundle(folder: Path, shots: Sequence[Found], name: str, *, overwrite: bool = False) -> Bundle:
    """Plan every shot and write what is missing of them as a bundle into ``folder``. Their documents are made.
    OutputError where there is a bundle already."""
    for each in (TASKS, TEMPLATE, SCRIPT, STAGES):
        if (folder / each).exists() and not overwrite:
            raise OutputError(f"{folder / each} is there already; choose another folder, or say --overwrite")
    by_stage: dict[str, list[BatchTask]] = {stage: [] for stage in _ORDER}
    failed, current = list[tuple[str, str]](), 0
    versions, worker = fingerprint(), Worker()
    try:
        for found in shots:
            try:
                make_document(found)
                if finished(found.shot, versions) is not None:
                    current += 1
                    continue
                plan = worker(planning(found.shot), lambda number: None).plan
            except RotoError as error:
                failed.append((found.shot.name, str(error)))
                continue
            for task in plan.tasks if plan is not None else ():
                by_stage[task.kind if task.kind in by_stage else _PASS].append(task)
    finally:
        worker.close()
    tasks = [task for stage in _ORDER for task in by_stage[stage]]
    stages = tuple(_stages(by_stage))
    if tasks:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / TASKS, _task_lines(tasks, versions, folder))
        _write(folder / STAGES, (f"{stage.name} {stage.first} {stage.last}\n" for stage in stages))
        _write(folder / TEMPLATE, [json.dumps(template(name, stages), indent=2) + "\n"])
        _write(folder / SCRIPT, [_RUN])
        (folder / SCRIPT).chmod(0o755)
    return Bundle(stages, current, tuple(failed))


def run_bundled(path: Path, number: int) -> TaskResult:
    """Run task ``number`` of a bundle's tasks.json. RotoError for a number that is none, and where this roto is not the
    one that the bundle was written by."""
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines, "") + "]}")
            if head["version"] != VERSION:
                raise RotoError(f"{path} is of version {head['version']!r}, this roto reads {VERSION}")
            reason = refusal(head["versions"], "this machine")
            if reason is not None:
                raise RotoError(reason.replace("the batch has", "the bundle has"))
            if not 0 <= number < head["count"]:
                raise RotoError(f"--index {number}: {path} has the tasks 0 to {head['count'] - 1}")
            data = json.loads(next(islice(lines, number, None)).rstrip().rstrip(","))
    except OSError as error:
        raise RotoError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, StopIteration):
        raise RotoError(f"{path} holds no tasks of 'roto batch --bundle'") from None
    task = BatchTask.from_json(data)
    task = replace(task, shot=_moved(task.shot, lambda text: str(resolve(text, path.parent.absolute()))))
    worker = Worker()
    try:
        return worker(task, lambda number: None)
    finally:
        worker.close()


def template(name: str, stages: Iterable[Stage]) -> dict[str, Any]:
    """The job template: a step a stage, a task of it each of its numbers, each step after the one before."""
    steps: list[dict[str, Any]] = []
    for stage in stages:
        step: dict[str, Any] = {"name": stage.name}
        if steps:
            step["dependencies"] = [{"dependsOn": steps[-1]["name"]}]
        step["parameterSpace"] = {
            "taskParameterDefinitions": [{"name": "Index", "type": "INT", "range": f"{stage.first}-{stage.last}"}]
        }
        memory = -(-stage.memory_bytes // _MEBIBYTE)
        step["hostRequirements"] = {"amounts": [{"name": "amount.worker.memory", "min": memory}]}
        arguments = ["batch", "--task", f"{{{{Param.Bundle}}}}/{TASKS}", "--index", "{{Task.Param.Index}}"]
        step["script"] = {"actions": {"onRun": {"command": "{{Param.Roto}}", "args": arguments}}}
        steps.append(step)
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": name[:128],
        "parameterDefinitions": [
            {
                "name": "Bundle",
                "type": "PATH",
                "objectType": "DIRECTORY",
                "dataFlow": "INOUT",
                "default": ".",
                "description": "The folder of this template. The tasks' paths start here, so mapping it maps them.",
            },
            {"name": "Roto", "type": "STRING", "default": "roto", "description": "The command on the workers."},
        ],
        "steps": steps,
    }


def _stages(by_stage: dict[str, list[BatchTask]]) -> Iterator[Stage]:
    first = 0
    for name, tasks in by_stage.items():
        if tasks:
            yield Stage(name, first, first + len(tasks) - 1, max(task.memory_bytes for task in tasks))
            first += len(tasks)


def _task_lines(tasks: Sequence[BatchTask], versions: dict[str, str], folder: Path) -> Iterator[str]:
    """JSON with a task a line, so that one can be read without the others."""
    head = json.dumps({"version": VERSION, "versions": versions, "count": len(tasks)})
    yield f'{head[:-1]}, "tasks": [\n'
    for index, task in enumerate(tasks):
        moved = replace(task, shot=_moved(task.shot, lambda text: relative(Path(text), folder)))
        yield json.dumps(moved.to_json()) + (",\n" if index < len(tasks) - 1 else "\n")
    yield "]}\n"


def _moved(shot: BatchShot, move: Callable[[str], str]) -> BatchShot:
    return replace(shot, document=move(shot.document), out=move(shot.out), root=move(shot.root))


def _write(path: Path, lines: Iterable[str]) -> None:
    write_atomically(path, "".join(lines).encode())
