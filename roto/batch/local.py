"""A batch on this machine: worker processes, as many as it has cores."""

from __future__ import annotations

from roto.batch.work import fingerprint, start_worker
from roto.processes import Processes, cores


def local_pool(workers: int | None = None) -> Processes:
    """The pool for :meth:`roto.batch.run.BatchRun.run`; None: a process for each core. How many of them work at once is
    what the memory allows."""
    return Processes(workers or cores(), start_worker, (fingerprint(),))
