"""Many requests, a bounded number of them at once, every outcome in its place.

No thread of its own: each job that ends starts the next one, so an abandoned batch holds up nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from qwave_jupyter import forking
from qwave_jupyter.batches import worker
from qwave_jupyter.batches.outcome import Outcome
from qwave_jupyter.batches.rows import Row
from qwave_jupyter.budget import Reservation
from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError, TooExpensive, UserMistake
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs import resume, reuse
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal.store import Entry
from qwave_jupyter.jobs.limits import Limits
from qwave_jupyter.jobs.reference_bytes import release_bytes
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.jobs.wait import cancel_requests, raise_if_cancelled, wait_for

__all__ = ["Batch", "Outcome"]

#: Codes of orders that may have been accepted and paid, by a server that would make a second task.
_MAY_BE_PAID = frozenset({"order_unknown_left", "order_unknown_age"})
#: Several that wait for outcomes take one another's; so long until each looks again.
_SLICE = 1.0


class Batch:
    """A batch under way.

    Args:
        rows: requests, or functions that build one when its turn comes; they may come from a generator, which is asked
            for a row only when there is room for it.
        workbench: what the jobs need.
        concurrency: how many jobs at once; what is only being downloaded no longer counts.
        max_cost: USD for each of them; where the server took more and it was too late to cancel, no further row is
            ordered.
        reuse: show identical finished requests again instead of paying again.
        hold: seconds for which the server may keep an answer back instead of being asked repeatedly.
        executor: runs the rows instead of this process's threads.
        write: a file to which each outcome is appended as a line of JSON.
        total: how many rows there are, where that is known.
        estimate_usd: USD for all of it, where that is known.
        limits: what each may cost, and the budget that they are counted in, instead of ``max_cost``.
        on_done: called once when all have ended.

    Example:
        >>> batch = Batch([build_a_cat, build_a_dog], workbench, concurrency=2).start()
        >>> [outcome.gallery for outcome in batch.results()]
    """

    def __init__(
        self,
        rows: Iterable[Request | Callable[[], Request | Row]],
        workbench: JobContext,
        *,
        concurrency: int = 8,
        max_cost: float | None = None,
        reuse: bool = False,
        hold: float | None = None,
        executor: Executor | None = None,
        write: Path | None = None,
        total: int | None = None,
        estimate_usd: float | None = None,
        limits: Limits | None = None,
        on_done: Callable[[], object] | None = None,
    ) -> None:
        if concurrency < 1:
            raise UserMistake("generation.bad_concurrency", given=concurrency)
        self.total = total
        self.estimate_usd = estimate_usd
        self._rows = iter(rows)
        self._bench = workbench
        self._concurrency = concurrency
        max_cost = limits.max_cost if limits is not None else max_cost
        self._ways: Mapping[str, Any] = {"max_cost": max_cost, "reuse": reuse, "hold": hold}
        self._limits = limits
        self._on_done = on_done
        #: The place of a row for which more was taken than allowed; no further one is ordered.
        self._too_dear: int | None = None
        self._executor = executor
        self._write = write
        #: Whoever asks for rows and builds them: that may take long, and look at other batches.
        self._feeding = threading.RLock()
        #: Whoever reads or changes what is known; never held while anything else is waited for.
        self._lock = forking.guard(threading.RLock())
        self._elsewhere: dict[int, Request] = {}
        self._running: dict[int, Job | Future[worker.Came]] = {}
        self._at_server: set[int] = set()
        self._outcomes: dict[int, Outcome] = {}
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        #: Set when there is an outcome to take, or none will come any more.
        self._news = threading.Event()
        self._over = threading.Event()
        self._interrupted: Cancelled | None = None
        self._left_open: dict[str, list[Entry]] = {}
        self._jobs: list[Job] = []
        self._next = 0
        self._exhausted = False
        self._stopped = False
        self._broken: Exception | None = None
        self._process = os.getpid()

    def __repr__(self) -> str:
        done = len(self._outcomes)
        return f"Batch({done} of {'?' if self.total is None else self.total} done, {len(self._running)} running)"

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs of this process under way."""
        with self._lock:
            return tuple(one for one in self._running.values() if isinstance(one, Job))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that this process has started for it."""
        with self._lock:
            return tuple(self._jobs)

    @property
    def handed_over(self) -> tuple[Request, ...]:
        """What an executor has in hand."""
        with self._lock:
            return tuple(self._elsewhere.values())

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What has ended so far, in the order of the rows."""
        with self._lock:
            return tuple(self._outcomes[index] for index in sorted(self._outcomes))

    @property
    def errors(self) -> dict[int, QwaveError]:
        """Why rows have no pictures, by their place."""
        return {outcome.index: outcome.error for outcome in self.outcomes if outcome.error is not None}

    def gallery(self) -> Gallery:
        """The pictures that are there so far, in the order of the rows."""
        return Gallery([image for outcome in self.outcomes for image in outcome.gallery or ()])

    def done(self) -> bool:
        """Whether nothing runs and nothing will be started any more."""
        with self._lock:
            return not self._running and not self._at_server and (self._exhausted or self._stopped)

    def start(self) -> Batch:
        """Start the first jobs. What an earlier run left open of these very requests is picked up, not paid again."""
        for entry in resume.resumable(self._bench):
            self._left_open.setdefault(entry.fingerprint, []).append(entry)
        self._fill()
        return self

    def as_completed(self) -> Iterator[Outcome]:
        """The outcomes in the order in which they come. An interrupt stops the batch; what is done is kept.

        Raises:
            Cancelled: the batch was interrupted.
            GenerationError: it goes on in the process from which this one was forked.
        """
        self._refuse_in_child()
        requests = cancel_requests()
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    yield self._ended.get_nowait()
                    continue
                if self.done() and self._ended.empty():
                    break
                # Not on the queue: this wait hears an interrupt and keeps a kernel alive also within a running loop.
                wait_for(self._news, _SLICE, self._bench.frontend)
                self._news.clear()
                raise_if_cancelled(requests)
        except KeyboardInterrupt:
            raise self._stop_for_interrupt() from None
        if self._interrupted is not None:
            interrupted, self._interrupted = self._interrupted, None
            raise interrupted
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

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all have ended, or so many seconds; the outcomes are left to be taken.

        Args:
            timeout: seconds; None for as long as it takes.

        Returns:
            Whether all have ended.
        """
        return wait_for(self._over, timeout, self._bench.frontend)

    def interrupt(self) -> Cancelled:
        """Stop because of an interrupt, and give the error that tells; whoever takes outcomes next is told as well."""
        self._interrupted = self._stop_for_interrupt()
        return self._interrupted

    def _stop_for_interrupt(self) -> Cancelled:
        self.stop()
        done = sum(outcome.gallery is not None for outcome in self.outcomes)
        return Cancelled("generation.batch_stopped", count=done, job_id="", task_id="")

    def stop(self, within: float = 3.5) -> None:
        """Start nothing more and cancel what runs.

        Args:
            within: seconds to wait for what becomes of it.
        """
        self._refuse_in_child()
        with self._lock:
            self._stopped, self._rows = True, iter(())
            running = list(self._running.values())
        for one in running:
            # One that can't be cancelled, such as for want of threads, leaves the others to be.
            with contextlib.suppress(Exception):
                one.cancel(**({"wait": False} if isinstance(one, Job) else {}))
        ends = time.monotonic() + within
        for one in running:
            if isinstance(one, Job):
                one.wait(max(0.0, ends - time.monotonic()))
        self._tell_done()

    def _refuse_in_child(self) -> None:
        if forking.is_child(self._process) and not self.done():
            raise GenerationError("generation.in_parent", job_id="", task_id="")

    def _fill(self) -> None:
        self._start_rows()
        self._tell_done()

    def _start_rows(self) -> None:
        with self._feeding:
            while self._has_room():
                too_dear = self._find_too_dear()
                refusal = None if too_dear is None else TooExpensive("generation.row_after_too_dear", row=too_dear + 1)
                if refusal is not None and self.total is None:
                    # A generator may have no end.
                    self._no_more_rows(refusal)
                    return
                try:
                    row = next(self._rows)
                except StopIteration:
                    self._no_more_rows(None)
                    return
                except Exception as problem:  # noqa: BLE001 - the user's own generator; raised where results are awaited
                    self._no_more_rows(problem)
                    return
                index, self._next = self._next, self._next + 1
                if refusal is None:
                    self._begin(index, row)
                else:
                    self._end(Outcome(index, error=refusal))

    def _no_more_rows(self, problem: Exception | None) -> None:
        with self._lock:
            self._exhausted, self._broken = True, problem or self._broken

    def _find_too_dear(self) -> int | None:
        with self._lock:
            for index, one in self._running.items():
                if self._too_dear is None and isinstance(one, Job) and one.snapshot.over_limit:
                    self._too_dear = index
            return self._too_dear

    def _tell_done(self) -> None:
        with self._lock:
            on_done = self._on_done if self.done() else None
            if on_done is not None:
                self._on_done = None
            if self.done():
                self._over.set()
                self._news.set()
        if on_done is not None:
            on_done()

    def _has_room(self) -> bool:
        # What is only being downloaded keeps no place, or the server would stand idle; but downloads that can't
        # keep up must not pile up either.
        with self._lock:
            wanted = not self._stopped and not self._exhausted
            room = len(self._at_server) < self._concurrency and len(self._running) < 2 * self._concurrency
            return wanted and room

    def _begin(self, index: int, row: Request | Callable[[], Request | Row]) -> None:
        try:
            made = row if isinstance(row, Request) else row()
            request, force = (made.request, made.force) if isinstance(made, Row) else (made, False)
            limits = None if self._limits is None else replace(self._limits, force=force or self._limits.force)
            if self._executor is None or (self._ways["reuse"] and reuse.find_finished(request, self._bench)):
                # What is there already isn't worth a worker, and costs nothing.
                self._begin_job(index, request, limits)
            else:
                self._begin_elsewhere(index, request, self._executor, limits)
        except QwaveError as error:
            self._end(Outcome(index, error=error))
        except Exception as problem:  # noqa: BLE001 - a row that can't be read is that row's outcome, whatever it holds
            reason = f"{type(problem).__name__}: {problem}"[:300]
            self._end(Outcome(index, error=UserMistake("generation.batch_row_broken", row=index + 1, reason=reason)))

    def _make_job(self, request: Request, limits: Limits | None) -> Job:
        left = self._left_open.get(request.fingerprint)
        if left:
            try:
                return Job.resume(left.pop(0), self._bench, limits=limits)
            except GenerationError as error:
                if error.code in _MAY_BE_PAID:
                    # Ordered anew, it might be paid twice, and nobody has asked for that.
                    raise
                # Any other record that can't go on is no reason not to make the row's image.
        return Job(request, self._bench, limits=limits, **self._ways)

    def _begin_job(self, index: int, request: Request, limits: Limits | None) -> None:
        try:
            job = self._make_job(request, limits)
            job.reserve()
        except QwaveError as error:
            self._end(Outcome(index, error=error, request=release_bytes(request)))
            return
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with an open job is this row's outcome
            reason = f"{type(problem).__name__}: {problem}"[:300]
            fault = GenerationError("generation.not_taken_up", reason=reason, job_id="", task_id="")
            self._end(Outcome(index, error=fault, request=release_bytes(request)))
            return
        # Before anybody can stop it, or it would end unheard.
        job.add_made_callback(lambda _: self._job_made(index))
        job.add_done_callback(lambda ended: self._job_ended(index, ended))
        with self._lock:
            if self._stopped:
                if job.reservation is not None:
                    job.reservation.release()
                return
            self._running[index] = job
            self._at_server.add(index)
            self._jobs.append(job)
        job.start()

    def _begin_elsewhere(self, index: int, request: Request, executor: Executor, limits: Limits | None) -> None:
        ways = self._ways
        reservation = None if limits is None else limits.reserve(request, f"{id(self)}-{index}")
        with self._lock:
            if self._stopped:
                if reservation is not None:
                    reservation.release()
                return
            self._at_server.add(index)
            self._elsewhere[index] = request
        future = worker.hand_over(executor, request, self._bench, ways["max_cost"], bool(ways["reuse"]), ways["hold"])
        with self._lock:
            self._running[index] = future
            if self._stopped:
                future.cancel()
        future.add_done_callback(lambda came: self._came(index, request, came, reservation))

    def _job_made(self, index: int) -> None:
        with self._lock:
            self._at_server.discard(index)
        self._fill()

    def _job_ended(self, index: int, job: Job) -> None:
        now = job.snapshot
        with self._lock:
            self._running.pop(index, None)
            if now.over_limit and self._too_dear is None:
                self._too_dear = index
            gallery = now.gallery if now.error is None else None
            self._end(Outcome(index, job, gallery, now.error, 0.0 if now.reused else now.cost_usd, job.request))
        self._fill()

    def _came(self, index: int, request: Request, future: Future[worker.Came], reservation: Reservation | None) -> None:
        gallery, error, cost = worker.read(future)
        if reservation is not None:
            if cost is not None:
                reservation.settle(charged=cost)
            elif gallery is None:
                reservation.release()
        ceiling = self._ways["max_cost"]
        with self._lock:
            if cost is not None and ceiling is not None and cost > ceiling and self._too_dear is None:
                self._too_dear = index
            self._at_server.discard(index)
            self._elsewhere.pop(index, None)
            self._running.pop(index, None)
            self._end(Outcome(index, None, gallery, error, cost, release_bytes(request)))
        self._fill()

    def _end(self, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[outcome.index] = outcome
            if self._write is not None:
                self._append(outcome, self._write)
            self._ended.put(outcome)
            self._news.set()

    def _append(self, outcome: Outcome, file: Path) -> None:
        try:
            line = json.dumps(outcome.to_record(), ensure_ascii=False) + "\n"
            file.parent.mkdir(parents=True, exist_ok=True)
            # A lone surrogate becomes its JSON escape.
            with file.open("a", encoding="utf-8", errors="backslashreplace") as lines:
                lines.write(line)
        except Exception as problem:  # noqa: BLE001 - the outcome is there all the same, and other rows may be written
            reason = getattr(problem, "strerror", None) or f"{type(problem).__name__}: {problem}"[:300]
            self._broken = self._broken or UserMistake("generation.batch_write", path=file, reason=reason)
