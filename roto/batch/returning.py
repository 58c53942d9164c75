"""A batch on a cluster whose workers see the plates and nothing else: their results come back and are kept here.

Spans and pieces of edges go out; what reads the whole work store and writes files (plans, what is settled, exports,
reports) is done by processes here, beside the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from roto.batch.cluster import Cluster, Say, cluster_pool
from roto.batch.local import local_pool
from roto.batch.parcel import Maps, Packer, Returned
from roto.batch.plan import EXPORT, PLAN, REPORT, SETTLE
from roto.batch.remote import run_parcel
from roto.processes import Processes, cores
from roto.schedule import Event, OnFrame, Task

_HERE = (PLAN, SETTLE, EXPORT, REPORT)
_TURN_S = 0.05


class ReturningCluster(Cluster):
    """Workers that are sent what they need. ``packer`` makes that of a task."""

    def __init__(self, *arguments: Any, packer: Packer, **options: Any) -> None:
        self._packer = packer
        super().__init__(*arguments, **options)

    def call(self, task: Task) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return run_parcel, (self._packer.pack(task.work),)

    def finish(self, task: Task, result: Returned) -> Any:
        return self._packer.unpack(task.work, result)

    def close(self) -> None:
        super().close()
        self._packer.close()


class Returning:
    """A cluster and processes here as one pool."""

    def __init__(self, cluster: Cluster, here: Processes) -> None:
        self._cluster, self._here = cluster, here

    @property
    def running(self) -> int:
        return self._cluster.running + self._here.running

    def take(self, ready: Sequence[Task]) -> list[Task]:
        taken = self._here.take([task for task in ready if task.work.kind in _HERE])
        return taken + self._cluster.take([task for task in ready if task.work.kind not in _HERE])

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        events = self._here.wait(0 if self._cluster.running else _TURN_S, on_frame)
        return events + self._cluster.wait(0 if events else _TURN_S, on_frame)

    def close(self) -> None:
        self._here.close()
        self._cluster.close()


def returning_pool(address: str, maps: Maps, workers: int | None = None, say: Say = lambda line: None) -> Returning:
    """The pool for ``--store return``: a cluster, see :func:`roto.batch.cluster.cluster_pool`, and ``workers``
    processes here, None: one for two cores."""
    cluster = cluster_pool(address, say, partial(ReturningCluster, packer=Packer(maps)))
    return Returning(cluster, local_pool(workers or max(cores() // 2, 1)))
