"""Many requests, a bounded number of them at once, every outcome in its place.

No thread of its own: each job that ends starts the next one, so an abandoned batch holds up nothing.
"""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from qwave_jupyter.errors import Cancelled, QwaveError, UserMistake
from qwave_jupyter.generation.gallery import Gallery
from qwave_jupyter.generation.job import Job
from qwave_jupyter.generation.request import Request
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["Batch", "Outcome"]

_SLICE = 0.2


@dataclass(frozen=True)
class Outcome:
    """What became of one row.

    Args:
        index: its place, from 0.
        job: its job, or None when its request was refused before anything was sent.
        gallery: its pictures, or None.
        error: why there are none, or None.
    """

    index: int
    job: Job | None = None
    gallery: Gallery | None = None
    error: QwaveError | None = None


class Batch:
    """A batch under way.

    Args:
        rows: requests, or functions that build one when its turn comes; they may come from a generator, which is asked
            for a row only when there is room for it.
        workbench: what the jobs need.
        concurrency: how many jobs at once.
        max_cost: USD for each of them.
        reuse: show identical finished requests again instead of paying again.
        hold: seconds for which the server may keep an answer back instead of being asked repeatedly.

    Example:
        >>> batch = Batch([build_a_cat, build_a_dog], workbench, concurrency=2).start()
        >>> [outcome.gallery for outcome in batch.results()]
    """

    def __init__(
        self,
        rows: Iterable[Request | Callable[[], Request]],
        workbench: Workbench,
        *,
        concurrency: int = 8,
        max_cost: float | None = None,
        reuse: bool = False,
        hold: float | None = None,
    ) -> None:
        if concurrency < 1:
            raise UserMistake("generation.bad_concurrency", given=concurrency)
        self._rows = iter(rows)
        self._concurrency = concurrency
        self._begin_job = functools.partial(Job, workbench=workbench, max_cost=max_cost, reuse=reuse, hold=hold)
        self._lock = threading.RLock()
        self._running: dict[int, Job] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._next = 0
        self._exhausted = False
        self._stopped = False
        self._broken: Exception | None = None

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs under way."""
        with self._lock:
            return tuple(self._running.values())

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What has ended so far, in the order of the rows."""
        with self._lock:
            return tuple(self._outcomes[index] for index in sorted(self._outcomes))

    def done(self) -> bool:
        """Whether nothing runs and nothing will be started any more."""
        with self._lock:
            return not self._running and (self._exhausted or self._stopped)

    def start(self) -> Batch:
        """Start the first jobs."""
        self._fill()
        return self

    def as_completed(self) -> Iterator[Outcome]:
        """The outcomes in the order in which they come. An interrupt stops the batch; what is done is kept.

        Raises:
            Cancelled: the batch was interrupted.
        """
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    yield self._ended.get(timeout=_SLICE)
                    continue
                if self.done() and self._ended.empty():
                    break
        except KeyboardInterrupt:
            self.stop()
            raise Cancelled("generation.batch_stopped", count=len(self.outcomes), job_id="", task_id="") from None
        if self._broken is not None:
            raise self._broken

    def results(self) -> tuple[Outcome, ...]:
        """Wait for all; the outcomes in the order of the rows. What the generator of rows raises is raised at the end.

        Raises:
            Cancelled: the batch was interrupted; :attr:`outcomes` has what is done.
        """
        for _ in self.as_completed():
            pass
        return self.outcomes

    def stop(self, within: float = 3.5) -> None:
        """Start nothing more and cancel what runs.

        Args:
            within: seconds to wait for what becomes of it.
        """
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for job in running:
            job.cancel(wait=False)
        ends = time.monotonic() + within
        for job in running:
            job.wait(max(0.0, ends - time.monotonic()))

    def _fill(self) -> None:
        with self._lock:
            while not self._stopped and not self._exhausted and len(self._running) < self._concurrency:
                try:
                    row = next(self._rows)
                except StopIteration:
                    self._exhausted = True
                    return
                except Exception as problem:  # noqa: BLE001 - the user's own generator; raised where results are awaited
                    self._exhausted, self._broken = True, problem
                    return
                index, self._next = self._next, self._next + 1
                self._begin(index, row)

    def _begin(self, index: int, row: Request | Callable[[], Request]) -> None:
        try:
            request = row if isinstance(row, Request) else row()
        except QwaveError as error:
            self._end(Outcome(index, error=error))
            return
        job = self._begin_job(request)
        self._running[index] = job
        job.add_done_callback(lambda ended: self._job_ended(index, ended))
        job.start()

    def _job_ended(self, index: int, job: Job) -> None:
        now = job.snapshot
        with self._lock:
            self._running.pop(index, None)
            self._end(Outcome(index, job, now.gallery if now.error is None else None, now.error))
        self._fill()

    def _end(self, outcome: Outcome) -> None:
        self._outcomes[outcome.index] = outcome
        self._ended.put(outcome)
