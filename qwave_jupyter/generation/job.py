"""One job: submitted, followed and fetched in a daemon thread of its own, watched by whoever wants to.

Waiters only watch. Threads of an executor would hold up the exit of a kernel, so there are none.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError
from qwave_jupyter.generation.gallery import Gallery
from qwave_jupyter.generation.request import Request
from qwave_jupyter.generation.running import Run
from qwave_jupyter.generation.snapshot import Snapshot
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["Job", "as_completed"]

Watcher = Callable[[Snapshot], None]

#: A wait in slices stays interruptible everywhere, Windows included.
_SLICE = 0.1
#: The server is asked for 3 s at most; the rest is ours.
_CANCEL_PATIENCE = 4.0


class Job:
    """One generation under way.

    Args:
        request: what to generate.
        bench: what is needed for it.
        max_cost: USD; a job for which the server holds more is cancelled while it is queued.
        reuse: show an identical finished job's pictures instead of paying again.
        job_id: the id of a job of the journal that is picked up again.
        task_id: its task id, when that is known.

    Example:
        >>> job = submit("a cat", model="z-image-turbo")
        >>> job.status, job.result()
        ('queued', Gallery: 1 picture, 'a cat' …)
    """

    def __init__(
        self,
        request: Request,
        bench: Workbench,
        *,
        max_cost: float | None = None,
        reuse: bool = False,
        job_id: str | None = None,
        task_id: str = "",
    ) -> None:
        self.id = job_id or str(uuid.uuid4())
        self.request = request
        self._bench = bench
        self._over = threading.Event()
        self._wish_to_stop = threading.Event()
        self._watchers: list[Watcher] = []
        self._lock = threading.Lock()
        self._snapshot = Snapshot(self.id, request, demo=bench.demo, task_id=task_id, started=bench.clock.monotonic())
        self._run = Run(bench, self._wish_to_stop, self._publish, max_cost=max_cost, reuse=reuse)
        self._resumes = job_id is not None

    def __repr__(self) -> str:
        now = self.snapshot
        named = f", task {now.task_id}" if now.task_id else ""
        return f"Job({self.request.model.id!r}, {now.phase}{named})"

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        return self._snapshot

    @property
    def status(self) -> str:
        """The phase in one word."""
        return self._snapshot.phase

    @property
    def task_id(self) -> str:
        """The server's id, or "" before it is known."""
        return self._snapshot.task_id

    @property
    def gallery(self) -> Gallery | None:
        """The pictures that are here."""
        return self._snapshot.gallery

    @property
    def error(self) -> QwaveError | None:
        """Why it ended without all of its pictures."""
        return self._snapshot.error

    def start(self) -> Job:
        """Start the thread; once."""
        threading.Thread(target=self._work, name=f"qwave-{self.id[:8]}", daemon=True).start()
        return self

    def done(self) -> bool:
        """Whether it is over, one way or another."""
        return self._over.is_set()

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Be told of every change, from the job's thread; the present state comes first.

        Args:
            watcher: called with each snapshot; what it raises is its own affair and never the job's.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            self._watchers.append(watcher)
            now = self._snapshot
        _tell(watcher, now)

        def unsubscribe() -> None:
            with self._lock:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return unsubscribe

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, or so many seconds; whether it is."""
        left = timeout
        while not self._over.is_set() and (left is None or left > 0):
            self._over.wait(_SLICE if left is None else min(_SLICE, left))
            left = None if left is None else left - _SLICE
        return self._over.is_set()

    def result(self, timeout: float | None = None) -> Gallery:
        """Wait for the pictures. An interrupt cancels the task and says what became of it.

        Args:
            timeout: seconds; the job itself goes on after them.

        Raises:
            GenerationError: it failed, was cancelled, or took too long.
            TimeoutError: ``timeout`` passed.
        """
        try:
            if not self.wait(timeout):
                raise TimeoutError
        except KeyboardInterrupt:
            raise self.stop() from None
        return self._outcome()

    def cancel(self) -> None:
        """Ask the server to cancel, and stop waiting; the outcome is in the next snapshots and in :meth:`result`."""
        self._wish_to_stop.set()

    def stop(self) -> QwaveError:
        """Cancel and wait, a few seconds at most, for what becomes of it; the error that tells."""
        self.cancel()
        self._over.wait(_CANCEL_PATIENCE)
        error = self._snapshot.error
        if isinstance(error, Cancelled):
            return error
        if self._over.is_set() and error is None:
            return Cancelled("generation.cancelled_done", job_id=self.id, task_id=self.task_id)
        return Cancelled("generation.cancelled_unknown", job_id=self.id, task_id=self.task_id)

    def __await__(self) -> Generator[Any, None, Gallery]:
        return self._awaited().__await__()

    async def _awaited(self) -> Gallery:
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def watch(now: Snapshot) -> None:
            if now.is_over and not loop.is_closed():
                loop.call_soon_threadsafe(over.set)

        unsubscribe = self.subscribe(watch)
        try:
            await over.wait()
            self._over.wait(1)
        except asyncio.CancelledError:
            raise self.stop() from None
        finally:
            unsubscribe()
        return self._outcome()

    def _outcome(self) -> Gallery:
        now = self._snapshot
        if now.error is not None:
            raise now.error
        if now.gallery is None:
            raise GenerationError("generation.completed_empty", job_id=self.id, task_id=now.task_id)
        return now.gallery

    def _work(self) -> None:
        try:
            self._run(self._snapshot, resumes=self._resumes)
        finally:
            self._over.set()
            self._bench.client.close()

    def _publish(self, **changes: Any) -> Snapshot:
        with self._lock:
            self._snapshot = now = replace(self._snapshot, **changes)
            watchers = tuple(self._watchers)
        if now.is_over:
            self._over.set()
        for watcher in watchers:
            _tell(watcher, now)
        return now


def as_completed(jobs: Iterable[Job]) -> Iterator[Job]:
    """The jobs in the order in which they end.

    Args:
        jobs: jobs that were started.
    """
    ended: queue.SimpleQueue[Job] = queue.SimpleQueue()
    told: set[str] = set()
    several = list(jobs)
    for job in several:

        def watch(now: Snapshot, job: Job = job) -> None:
            if now.is_over and job.id not in told:
                told.add(job.id)
                ended.put(job)

        job.subscribe(watch)
    for _ in several:
        while True:
            try:
                yield ended.get(timeout=_SLICE)
                break
            except queue.Empty:
                continue


def _tell(watcher: Watcher, now: Snapshot) -> None:
    try:
        watcher(now)
    except Exception as problem:  # noqa: BLE001 - a view that fails must not take the pictures with it
        threading.excepthook(
            threading.ExceptHookArgs((type(problem), problem, problem.__traceback__, threading.current_thread()))
        )
