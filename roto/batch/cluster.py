"""A batch on a cluster through Dask: any that ``dask.distributed`` runs on, or one that is started here.

The batch's own scheduler decides what may start (:mod:`roto.schedule`); Dask is told of a window of tasks, puts each on
a worker with room for it, and starts it again where a worker dies. Nothing is locked and no result is held: tasks talk
through files that appear whole or not at all, so that one that is run twice changes nothing.
"""

from __future__ import annotations

import logging
import queue
import re
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any
from uuid import uuid4

from roto.batch.remote import Joined, Withdrawn, join, run_here
from roto.batch.work import fingerprint
from roto.errors import BackendUnavailable, RotoError
from roto.processes import WorkerCrash, cores
from roto.schedule import Done, Event, Failed, Lost, OnFrame, Task
from roto.store import content_key

_LOOK_S, _LOOK_FIRST_S = 1.0, 0.2  # between looks at who is there, while there is somebody and while not
_CONNECT_S = 10.0
_AHEAD = 2  # tasks for each thread: one runs, the next is there already
_PATIENCE_S = 5.0  # before it is said that nobody is there
_LOCAL = re.compile(r"local(?::([1-9]\d*))?")

Say = Callable[[str], None]


def cluster_pool(address: str, say: Say = lambda line: None, make: Callable[..., Cluster] | None = None) -> Cluster:
    """The pool for ``--scheduler``: ``tcp://HOST:PORT``, or ``local`` or ``local:N`` for one started here. ``say`` is
    told of workers that cannot take part; ``make`` makes it, if not :class:`Cluster`. RotoError where no scheduler
    answers."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise BackendUnavailable("--scheduler", "it needs Dask: pip install 'roto[farm]'") from None
    for name in ("distributed", "distributed.client", "distributed.nanny", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is said as the batch says things
    match = _LOCAL.fullmatch(address)
    local = None
    threads = None
    if match is not None:
        count = int(match[1] or cores())
        threads = max(cores() // count, 1)
        local = _started_here(distributed, count)
    elif "://" not in address:
        raise RotoError(f"--scheduler {address}: give tcp://HOST:PORT, local, or local:N with N workers")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries that differ a little: the fingerprint decides
            client = distributed.Client(local or address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RotoError(f"no Dask scheduler answers at {address}: {_first_line(error)}") from None
    return (make or Cluster)(client, address, say, local=local, threads=threads)


def _started_here(distributed: Any, count: int) -> Any:
    """A cluster of ``count`` workers on this machine."""
    try:
        return distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except (OSError, RuntimeError) as error:  # a worker that dies while it starts, among others
        raise RotoError(
            f"no Dask cluster could be started here: {_first_line(error).rstrip('.')}; run the same command again"
        ) from None


class Cluster:
    """A pool of the workers of a Dask cluster, those that come later included. ``client`` is closed with it, and so is
    ``local``, a cluster of its own. ``threads``: what a task may use, None: one."""

    def __init__(
        self,
        client: Any,
        address: str,
        say: Say = lambda line: None,
        *,
        wanted: dict[str, str] | None = None,
        local: Any = None,
        threads: int | None = None,
    ) -> None:
        self._client, self._address, self._say = client, address, say
        self._local, self._threads = local, threads
        self._wanted = fingerprint() if wanted is None else wanted
        self._name = f"roto-{uuid4().hex}"
        self._ours = f"roto-{content_key(self._wanted)[:12]}"
        self._memory = "roto-memory"
        self._seen: dict[str, Joined] = {}
        self._ours_there: frozenset[str] = frozenset()  # addresses of those that may take part
        self._held_back: set[str] = set()  # Dask's keys of tasks that nobody ran when that was last looked at
        self._slots = 0
        self._most_memory = 0
        self._gpu = False
        self._looked = 0.0
        self._waits_since = time.monotonic()
        self._bait: Any = None
        self._count = 0
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._failed: list[Event] = []  # before they could start
        self._tasks: dict[str, tuple[Task, Any]] = {}  # by Dask's key: those that run, and their futures
        self._of: dict[str, Task] = {}  # those that run, by id
        client.subscribe_topic(self._name, lambda event: self._news.put(event[1]))
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    @property
    def running(self) -> int:
        return len(self._tasks) + len(self._failed)

    def take(self, ready: Sequence[Task]) -> list[Task]:
        room = _AHEAD * self._slots - self.running
        taken = list(ready[: max(room, 0)])
        for task in taken:
            try:
                self._submit(task)
            except RotoError as error:
                self._check_connection()
                self._failed.append(Failed(task, error))
        return taken

    def wait(self, timeout_s: float, on_frame: OnFrame) -> list[Event]:
        events = self._look() + self._failed
        self._failed = []
        if events:
            return events
        ended: list[str] = []
        with suppress(queue.Empty):
            self._heard(self._news.get(timeout=timeout_s), ended, on_frame)
            while True:
                self._heard(self._news.get_nowait(), ended, on_frame)
        return self._events(ended)

    def close(self) -> None:
        futures = [future for _, future in self._tasks.values()]
        self._tasks.clear()
        with suppress(Exception):  # it may be gone
            if self._client.status == "running":
                self._client.cancel(futures, force=True)
                self._client.unsubscribe_topic(self._name)
        with suppress(Exception):
            self._client.close(timeout=2)
        if self._local is not None:
            self._local.close(timeout=10)

    # -- tasks

    def _submit(self, task: Task) -> None:
        self._count += 1
        key = f"{self._name}-{self._count}"
        function, arguments = self.call(task)
        try:
            future = self._client.submit(
                function,
                *arguments,
                self._name,
                key=key,
                pure=False,
                priority=-task.rank,
                resources=self._resources(task),
            )
        except Exception:
            self._check_connection()
            raise
        self._tasks[key] = (task, future)
        self._of[task.id] = task
        future.add_done_callback(lambda future: self._news.put(future.key))

    def call(self, task: Task) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """What runs a task, and its arguments before the name that it tells of frames under."""
        return run_here, (task.work,)

    def finish(self, task: Task, result: Any) -> Any:
        """What a task's result is for the batch."""
        return result

    def _resources(self, task: Task) -> dict[str, float]:
        needed: dict[str, float] = {self._ours: 1}
        if task.memory_bytes and self._most_memory:
            needed[self._memory] = min(task.memory_bytes, self._most_memory)  # one alone may always
        if getattr(task.work, "embeds", False) and self._gpu:
            needed["GPU"] = 1
        return needed

    def _heard(self, news: Any, ended: list[str], on_frame: OnFrame) -> None:
        if isinstance(news, str):
            ended.append(news)
        elif (task := self._of.get(news["task"])) is not None:
            for number in news["frames"]:
                on_frame(task, number)

    def _events(self, ended: list[str]) -> list[Event]:
        events: list[Event] = []
        for key in ended:
            if key not in self._tasks:
                continue
            task, future = self._tasks.pop(key)
            del self._of[task.id]
            events.append(self._event(task, future))
            future.release()
        return events

    def _event(self, task: Task, future: Any) -> Event:
        from distributed import CancelledError, KilledWorker

        try:
            return Done(task, self.finish(task, future.result(timeout=60)))
        except RotoError as error:
            return Failed(task, error)
        except KilledWorker as error:
            died = error.allowed_failures + 1
            return Lost(task, f"at {_host(error.last_worker.address)} was killed, as {died} were, perhaps for memory")
        except (CancelledError, TimeoutError, Withdrawn):
            self._check_connection()
            return Lost(task, "of the cluster was lost")
        except MemoryError:
            return Failed(task, RotoError("the memory of a worker is not enough"))
        except Exception as error:
            self._check_connection()
            return Failed(task, WorkerCrash(f"{type(error).__name__}: {error}"), traceback.format_exc())

    # -- workers

    def _look(self) -> list[Event]:
        """See who has come and who is gone; the tasks that went with them, or that nobody is left for. RotoError where
        the scheduler is gone, or nobody there can take part."""
        self._check_connection()
        now = time.monotonic()
        if now - self._looked < (_LOOK_S if self._slots else _LOOK_FIRST_S):
            return []
        self._looked = now
        try:
            there = self._client.sync(self._client.scheduler.identity, n_workers=-1)["workers"]
            self._meet([address for address in there if address not in self._seen])
            # those that have joined say what they have
            there = self._client.sync(self._client.scheduler.identity, n_workers=-1)["workers"]
            self._seen = {address: joined for address, joined in self._seen.items() if address in there}
            ours = frozenset(address for address, joined in self._seen.items() if joined.refused is None)
            if self._seen and not ours:
                raise RotoError(next(joined.refused for joined in self._seen.values() if joined.refused))
            self._slots = sum(there[address]["nthreads"] for address in ours)
            self._most_memory = int(max((there[a]["resources"].get(self._memory, 0) for a in ours), default=0))
            self._gpu = any(self._seen[address].gpu for address in ours)
            if not ours:
                self._attract(now)
            changed, self._ours_there = ours != self._ours_there, ours
            return self._stranded() if changed or self._held_back else []
        except OSError:
            self._check_connection(closed=True)
            raise

    def _meet(self, new: list[str]) -> None:
        for address, answer in (self._ask(new) if new else {}).items():
            if isinstance(answer, OSError):  # it has gone meanwhile
                continue
            if not isinstance(answer, Joined):
                answer = Joined(address, refused=f"worker at {address} cannot run roto: {_first_line(answer)}")
            self._seen[address] = answer
            if answer.refused is not None:
                self._say(f"refused: {answer.refused}")

    def _attract(self, now: float) -> None:
        """A cluster that grows by itself does where something waits that anybody could run."""
        if self._bait is None:
            self._bait = self._client.submit(abs, 1, key=f"{self._name}-0", pure=False)
        if 0 < self._waits_since < now - _PATIENCE_S:
            self._waits_since = 0
            self._say(f"the scheduler at {self._address} has no workers yet: waiting for them")

    def _stranded(self) -> list[Event]:
        """Tasks that Dask holds back, since nobody has what they were said to need: it does not look at them again when
        somebody comes who has it later. Twice in a row, since one that has just ended is not running either."""
        running = {key for keys in self._client.processing().values() for key in keys} if self._tasks else set()
        pending = {key for key, (_, future) in self._tasks.items() if future.status == "pending"}
        before, self._held_back = self._held_back, pending - running
        events: list[Event] = []
        for key in sorted(before & self._held_back):
            task, future = self._tasks.pop(key)
            del self._of[task.id]
            self._client.cancel([future], force=True)
            events.append(Lost(task, "that ran it is gone"))
        return events

    def _ask(self, addresses: list[str]) -> dict[str, Any]:
        answers: dict[str, Any] = self._client.run(
            join, self._wanted, self._ours, self._memory, self._threads, workers=addresses, on_error="return"
        )
        return answers

    def _check_connection(self, closed: bool = False) -> None:
        if closed or self._client.status != "running":
            raise RotoError(
                f"the Dask scheduler at {self._address} has gone away; what is solved and written is kept: "
                "run the same command again once there is one"
            )


def _host(address: str) -> str:
    return address.rpartition("/")[2]


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
