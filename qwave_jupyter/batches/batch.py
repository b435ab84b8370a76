"""Many requests, a bounded number of them at once, and the outcome of each.

A batch has no thread of its own: each job that ends starts the next one, so an abandoned batch holds up nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import NamedTuple, NoReturn

from qwave_jupyter import i18n, threads
from qwave_jupyter.arguments import read_amount, require_methods, require_seconds
from qwave_jupyter.batches.rows import Row, Tally, tally
from qwave_jupyter.budget import Reservation
from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError, TooExpensive, UserMistake
from qwave_jupyter.folders import is_file
from qwave_jupyter.frontend import cancel_requests, raise_if_cancelled, wait_for
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs import idempotency
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.costs import Limits, is_free
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.references import release_bytes
from qwave_jupyter.jobs.request import Request
from qwave_jupyter.jobs.runner import cancel_timeout
from qwave_jupyter.tracebacks import log_problem
from qwave_jupyter.types import JSONObject

__all__ = ["Batch", "Outcome", "holds_outcomes"]

#: Several threads may wait for outcomes and take one another's: each looks again after so many seconds.
_SLICE = 1.0
_MAX_REASON = 300
#: Characters in which the first record of a file ends.
_MAX_LINE = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of one row.

    Args:
        index: the row's index, from 0.
        job: its job, or None when nothing was sent from here: it was refused, or an executor ran it.
        gallery: its images, or None.
        error: why there are none, or None.
        cost_usd: what it cost, or None where nobody said.
        request: what was asked for, or None when it was refused before it became one.
    """

    index: int
    job: Job | None = None
    gallery: Gallery | None = None
    error: QwaveError | None = None
    cost_usd: float | None = None
    request: Request | None = None

    def __repr__(self) -> str:
        result = repr(self.error) if self.error is not None else repr(self.gallery)
        cost = "" if self.cost_usd is None else f", {i18n.dollars(self.cost_usd)}"
        return f"Outcome({self.index}, {result}{cost})"

    def to_record(self) -> JSONObject:
        """One dict: prompt, model, files, cost, error."""
        return {
            "index": self.index,
            "prompt": self.request.prompt if self.request else None,
            "model": self.request.model.id if self.request else None,
            "paths": [str(path) for path in self.gallery.paths] if self.gallery else [],
            "cost_usd": self.cost_usd,
            "error": None if self.error is None else str(self.error),
        }


def holds_outcomes(file: Path) -> bool:
    """Whether a file is empty, or holds lines of outcomes, as its first one tells."""
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        first, _, _ = lines.read(_MAX_LINE).lstrip().partition("\n")
    if not first:
        return True
    try:
        record = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and Outcome(0).to_record().keys() <= record.keys()


class Batch:
    """A batch under way.

    Args:
        rows: requests, or functions that build one when its turn comes; they may come from a generator, which is asked
            for a row only when there is room for it.
        context: what the jobs need.
        concurrency: how many jobs at once; what is only being downloaded no longer counts.
        reuse: show identical finished requests again instead of paying again.
        prefer_wait: seconds for which the server may keep an answer back instead of being asked repeatedly.
        executor: runs the rows instead of this process's threads.
        write: a file to which each outcome is appended as a line of JSON.
        total: how many rows there are, where that is known.
        model: the model of rows that name none, by which it is called before any row is a request.
        limits: what each may cost, and the budget that they are counted in; where the server took more and it was too
            late to cancel, no further row is ordered.
        on_done: called once when all have ended.

    Example:
        >>> batch = Batch([build_a_cat, build_a_dog], context, concurrency=2).start()
        >>> [outcome.gallery for outcome in batch.results()]
    """

    def __init__(
        self,
        rows: Iterable[Request | Callable[[], Request | Row]],
        context: JobContext,
        *,
        concurrency: int = 8,
        reuse: bool = False,
        prefer_wait: float | None = None,
        executor: Executor | None = None,
        write: Path | None = None,
        total: int | None = None,
        model: str = "",
        limits: Limits | None = None,
        on_done: Callable[[], object] | None = None,
    ) -> None:
        given: object = concurrency
        if isinstance(given, bool) or not isinstance(given, Integral) or concurrency < 1:
            raise UserMistake("generation.bad_concurrency", given=i18n.PrintableValue(given))
        if executor is not None:
            require_methods("executor", executor, Executor, ["submit"])
        self.total = total
        #: The model that its views name.
        self.model = model
        self._rows = iter(rows)
        self._context = context
        self._concurrency = concurrency
        self._reuse = reuse
        self._prefer_wait = prefer_wait
        self._limits = limits
        self._max_cost = None if limits is None else limits.max_cost
        self._on_done = on_done
        #: The index of a row for which more was taken than allowed; no further one is ordered.
        self._too_expensive_row: int | None = None
        self._executor = executor
        self._write = write
        #: Held while rows are asked for and built: that may take long, and look at other batches.
        self._rows_lock = threading.RLock()
        #: Held while state is read or changed; never while anything else is waited for.
        self._lock = threads.fork_safe(threading.RLock())
        self._running: dict[int, Job | Future[_WorkerResult]] = {}
        self._at_server: set[int] = set()
        self._outcomes: dict[int, Outcome] = {}
        self._ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        #: Set when there is an outcome to take, or none will come any more.
        self._changed = threading.Event()
        self._over = threading.Event()
        self._interrupted: Cancelled | None = None
        #: The jobs that it has made, also in workers where they are known: what becomes of one is one row's outcome.
        self._job_ids: set[str] = set()
        self._jobs: list[Job] = []
        self._next_index = 0
        self._exhausted = False
        self._stopped = False
        #: Raised where results are awaited: the generator of rows failed, or the file can't be written to.
        self._problem: Exception | None = None
        self._process = os.getpid()
        self._let_exit: Callable[[], None] = lambda: None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # A copy would take rows from the same iterator, or have neither its threads nor its locks.
        raise UserMistake("generation.batch_not_copied")

    def __repr__(self) -> str:
        now = self.tally()
        others = f", {now.failed} failed" * (now.failed > 0) + f", {now.stopped_rows} stopped" * (now.stopped_rows > 0)
        return f"Batch({now.done} of {'?' if self.total is None else self.total} done{others}, {now.running} running)"

    def note_model(self, name: str) -> None:
        """Let views call it by the model of its first row, also where that row is refused while it is built."""
        if self._next_index <= 1:
            self.model = name

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
    def outcomes(self) -> tuple[Outcome, ...]:
        """What has ended so far, in the order of the rows."""
        with self._lock:
            return tuple(self._outcomes[index] for index in sorted(self._outcomes))

    @property
    def errors(self) -> dict[int, QwaveError]:
        """Why rows have no images, by their index."""
        return {outcome.index: outcome.error for outcome in self.outcomes if outcome.error is not None}

    def gallery(self) -> Gallery:
        """The images that are there so far, in the order of the rows."""
        return Gallery([image for outcome in self.outcomes for image in outcome.gallery or ()])

    def done(self) -> bool:
        """Whether nothing runs and nothing will be started any more."""
        with self._lock:
            return not self._running and not self._at_server and (self._exhausted or self._stopped)

    def start(self) -> Batch:
        """Start the first jobs. What an earlier run left open of these very requests is picked up, not paid again."""
        self._let_exit = threads.before_exit(self._end_with_interpreter)
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
                # Not on the queue: this wait is interruptible and keeps a kernel alive also within a running loop.
                wait_for(self._changed, _SLICE, self._context.frontend)
                self._changed.clear()
                raise_if_cancelled(requests)
        except KeyboardInterrupt:
            raise self._stop_for_interrupt() from None
        if self._interrupted is not None:
            interrupted, self._interrupted = self._interrupted, None
            raise interrupted
        if self._problem is not None:
            raise self._problem

    def results(self) -> tuple[Outcome, ...]:
        """Wait for all; the outcomes in the order of the rows. What the rows raise is raised at the end, as a cause.

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
        timeout = require_seconds("timeout", timeout)
        return wait_for(self._over, timeout, self._context.frontend)

    def interrupt(self) -> Cancelled:
        """Stop because of an interrupt, and return the error; whoever takes outcomes next gets it as well."""
        self._interrupted = self._stop_for_interrupt()
        return self._interrupted

    def _stop_for_interrupt(self) -> Cancelled:
        self.stop()
        return self.describe_stop()

    def describe_stop(self, *, of_images: bool = False) -> Cancelled:
        """The error that counts what became of the rows of a stopped batch; it has the batch."""
        now = self.tally()
        key, count = ("sweep_stopped", now.images) if of_images else ("batch_stopped", now.done)
        error = now.to_error(f"generation.{key}", count)
        error.batch = self
        return error

    def tally(self) -> Tally:
        """How many rows are done, failed, cancelled, and what they cost, as far as it is known."""
        with self._lock:
            running = list(self._running.values())
            prices = [one.request.estimate_usd if isinstance(one, Job) else None for one in running]
            held = None if None in prices else sum(price for price in prices if price is not None)
            return tally(self.outcomes, len(running), self.total, held)

    def stop(self, within: float | None = None) -> None:
        """Start nothing more and cancel what runs.

        Args:
            within: seconds to wait for what becomes of it; None for as long as a cancel can take.

        Raises:
            OptionMistake: ``within`` is no time.
        """
        within = require_seconds("within", within)
        self._refuse_in_child()
        with self._lock:
            self._stopped, self._rows = True, iter(())
            running = list(self._running.values())
        # All of them first: a row that waits for an equal one would order where that one is cancelled before it.
        stopped = [one for one in running if not isinstance(one, Job) or one.mark_stopped()]
        for one in stopped:
            try:
                if isinstance(one, Job):
                    one.spawn_cancel()
                else:
                    one.cancel()
            except Exception as problem:  # noqa: BLE001 - such as for want of threads; the others are cancelled all the same
                log_problem("batch, cancel", problem)
        ends = time.monotonic() + (cancel_timeout() if within is None else within)
        for one in running:
            if isinstance(one, Job):
                one.wait(max(0.0, ends - time.monotonic()))
        self._notify_if_done()

    def _refuse_in_child(self) -> None:
        if threads.is_child(self._process) and not self.done():
            raise GenerationError("generation.in_parent", job_id="", task_id="")

    def _notify_if_done(self) -> None:
        with self._lock:
            if not self.done():
                return
            on_done, self._on_done = self._on_done, None
            self._over.set()
            self._changed.set()
        self._let_exit()
        if on_done is not None:
            on_done()

    # Starting rows

    def _fill(self) -> None:
        with self._rows_lock:
            while self._has_room():
                expensive = self._find_too_expensive_row()
                refusal = (
                    None if expensive is None else TooExpensive("generation.row_after_too_dear", row=expensive + 1)
                )
                if refusal is not None and self.total is None:
                    # A generator may have no end.
                    self._end_rows(refusal)
                    break
                try:
                    row = next(self._rows)
                except StopIteration:
                    self._end_rows(None)
                    break
                except QwaveError as problem:
                    self._end_rows(problem)
                    break
                except Exception as problem:  # noqa: BLE001 - the user's own generator; raised where results are awaited
                    mistake = UserMistake(
                        "generation.batch_rows_ended", row=self._next_index + 1, reason=_reason(problem)
                    )
                    mistake.__cause__ = problem
                    self._end_rows(mistake)
                    break
                index, self._next_index = self._next_index, self._next_index + 1
                if refusal is None:
                    self._start_row(index, row)
                else:
                    self._add_outcome(Outcome(index, error=refusal))
        self._notify_if_done()

    def _has_room(self) -> bool:
        # What is only being downloaded doesn't count, or the server would stand idle; but downloads that can't keep up
        # must not pile up either.
        with self._lock:
            wanted = not self._stopped and not self._exhausted
            room = len(self._at_server) < self._concurrency and len(self._running) < 2 * self._concurrency
            return wanted and room

    def _end_rows(self, problem: Exception | None) -> None:
        with self._lock:
            self._exhausted, self._problem = True, problem or self._problem

    def _end_with_interpreter(self, seconds: float) -> str:
        """Order no further rows, and say how many there would have been; what was ordered sees to itself."""
        with self._lock:
            self._exhausted, before = True, self._exhausted or self._stopped
        # A row that is just being built is still started.
        if self._rows_lock.acquire(timeout=seconds):
            self._rows_lock.release()
        left = None if self.total is None else self.total - self._next_index
        if before or left == 0:
            return ""
        key = "generation.exit_rows_unknown" if left is None else "generation.exit_rows"
        return " ".join(i18n.text(key, count=left, total=self.total).split())

    def _find_too_expensive_row(self) -> int | None:
        with self._lock:
            for index, one in self._running.items():
                if self._too_expensive_row is None and isinstance(one, Job) and one.snapshot.over_limit:
                    self._too_expensive_row = index
            return self._too_expensive_row

    def _start_row(self, index: int, row: Request | Callable[[], Request | Row]) -> None:
        try:
            built = row if isinstance(row, Request) else _build(index, row)
            request, force = (built.request, built.force) if isinstance(built, Row) else (built, False)
            self.note_model(request.model.id)
            limits = None if self._limits is None else replace(self._limits, force=force or self._limits.force)
            if self._executor is None or (self._reuse and idempotency.find_finished(request, self._context)):
                # What is there already isn't worth a worker, and costs nothing.
                self._start_job(index, request, limits)
            else:
                self._submit(index, request, self._executor, limits)
        except QwaveError as error:
            self._add_outcome(Outcome(index, error=error))
        except Exception as problem:  # noqa: BLE001 - a row that can't be read is that row's outcome, whatever it holds
            log_problem(f"batch, row {index + 1}", problem)
            mistake = UserMistake("generation.batch_row_broken", row=index + 1, reason=_reason(problem))
            self._add_outcome(Outcome(index, error=mistake))

    def _start_job(self, index: int, request: Request, limits: Limits | None) -> None:
        try:
            job = Job.continue_or_new(
                request,
                self._context,
                reuse=self._reuse,
                prefer_wait=self._prefer_wait,
                limits=limits,
                other_than=self._made_ids(),
            )
            job.reserve()
            with self._lock:
                self._job_ids.add(job.id)
        except QwaveError as error:
            self._add_outcome(Outcome(index, error=error, request=release_bytes(request)))
            return
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with an open job is this row's outcome
            log_problem(f"batch, row {index + 1}", problem)
            fault = _describe_unsent("generation.not_taken_up", problem)
            self._add_outcome(Outcome(index, error=fault, request=release_bytes(request)))
            return
        try:
            # Before anybody can stop it, or nobody would learn of its end.
            job.add_made_callback(lambda _: self._on_images_made(index))
            job.add_done_callback(lambda ended: self._on_job_done(index, ended))
            with self._lock:
                if not self._stopped:
                    self._running[index] = job
                    self._at_server.add(index)
                    self._jobs.append(job)
        finally:
            # An interrupt may strike here as well.
            if self._running.get(index) is not job:
                job.release()
        if self._running.get(index) is not job:
            return
        try:
            job.start()
        except Exception as problem:  # noqa: BLE001 - such as for want of threads: this row's outcome, or it never ended
            log_problem(f"batch, row {index + 1}", problem)
            with self._lock:
                self._running.pop(index, None)
                self._at_server.discard(index)
            fault = _describe_unsent("generation.our_fault_unsent", problem)
            self._add_outcome(Outcome(index, error=fault, request=release_bytes(request)))

    def _submit(self, index: int, request: Request, executor: Executor, limits: Limits | None) -> None:
        """Give a row to the executor."""
        reservation = None if limits is None else limits.reserve(request)
        with self._lock:
            if self._stopped:
                if reservation is not None:
                    reservation.release()
                return
            self._at_server.add(index)
        future: Future[_WorkerResult]
        try:
            future = executor.submit(
                _run_in_worker,
                request,
                self._context,
                self._max_cost,
                self._reuse,
                self._prefer_wait,
                self._made_ids(),
            )
        except Exception as problem:  # noqa: BLE001 - an executor that was shut down, or failed in some other way
            future = Future()
            future.set_result(_WorkerResult(None, _describe_unsent("generation.our_fault_unsent", problem), None))
        with self._lock:
            self._running[index] = future
            if self._stopped:
                future.cancel()
        future.add_done_callback(lambda done: self._on_worker_done(index, request, done, reservation))

    def _made_ids(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._job_ids)

    # Ends of rows

    def _on_images_made(self, index: int) -> None:
        with self._lock:
            self._at_server.discard(index)
        self._fill()

    def _on_job_done(self, index: int, job: Job) -> None:
        now = job.snapshot
        with self._lock:
            self._running.pop(index, None)
            if now.over_limit and self._too_expensive_row is None:
                self._too_expensive_row = index
            gallery = now.gallery if now.error is None else None
            cost = 0.0 if now.reused else now.cost_usd
            self._add_outcome(Outcome(index, job, gallery, now.error, cost, job.request))
        self._fill()

    def _on_worker_done(
        self, index: int, request: Request, future: Future[_WorkerResult], reservation: Reservation | None
    ) -> None:
        gallery, error, cost, job_id = _read_result(future)
        if reservation is not None:
            if job_id:
                # Resumed here, or picked up again, the job is to count once.
                reservation = reservation.assign(job_id)
            if cost is not None:
                reservation.settle(charged=cost)
            elif error is not None and (
                error.fields.get("ordered") is False or is_free(error, str(error.fields.get("task_id") or ""))
            ):
                reservation.release()
        with self._lock:
            self._job_ids.add(job_id)
            over_limit = cost is not None and self._max_cost is not None and cost > self._max_cost
            if over_limit and self._too_expensive_row is None:
                self._too_expensive_row = index
            self._at_server.discard(index)
            self._running.pop(index, None)
            self._add_outcome(Outcome(index, None, gallery, error, cost, release_bytes(request)))
        self._fill()

    def _add_outcome(self, outcome: Outcome) -> None:
        with self._lock:
            self._outcomes[outcome.index] = outcome
            if outcome.error is not None:
                # An open order is one row's, also where it can't go on.
                self._job_ids.add(str(outcome.error.fields.get("job_id") or ""))
            if self._write is not None:
                self._append(outcome, self._write)
            self._ended.put(outcome)
            self._changed.set()

    def _append(self, outcome: Outcome, file: Path) -> None:
        try:
            line = json.dumps(outcome.to_record(), ensure_ascii=False) + "\n"
            file.parent.mkdir(parents=True, exist_ok=True)
            if is_file(file) and not _ends_line(file):
                line = f"\n{line}"
            # A lone surrogate becomes its JSON escape.
            with file.open("a", encoding="utf-8", errors="backslashreplace") as lines:
                lines.write(line)
        except Exception as problem:  # noqa: BLE001 - the outcome is there all the same, and other rows may be written
            log_problem("batch, write", problem)
            reason = getattr(problem, "strerror", None) or _reason(problem)
            self._problem = self._problem or UserMistake("generation.batch_write", path=file, reason=reason)


def _ends_line(file: Path) -> bool:
    """Whether a file is empty or its last line is whole; a process that was ended may have cut it off."""
    with file.open("rb") as content:
        if content.seek(0, os.SEEK_END):
            content.seek(-1, os.SEEK_END)
        return content.read() in {b"", b"\n"}


def _build(index: int, row: Callable[[], Request | Row]) -> Request | Row:
    """What a row makes; an error of it names the row."""
    try:
        return row()
    except QwaveError as error:
        error.fields["of_row"] = index + 1
        raise


def _describe_unsent(key: str, problem: Exception) -> GenerationError:
    """The outcome of a row for which nothing was ordered, as it failed before there was a job."""
    return GenerationError(key, reason=_reason(problem), job_id="", task_id="")


class _WorkerResult(NamedTuple):
    gallery: Gallery | None
    error: QwaveError | None
    cost_usd: float | None
    #: "" where there was no job, or nobody knows of one.
    job_id: str = ""


def _run_in_worker(
    request: Request,
    context: JobContext,
    max_cost: float | None,
    reuse: bool,
    prefer_wait: float | None,
    other_than: frozenset[str],
) -> _WorkerResult:
    """Make one request in another thread, process or machine."""
    # The context arrives without its key; the worker reads its own from the environment.
    try:
        job = Job.continue_or_new(
            request, context, max_cost=max_cost, reuse=reuse, prefer_wait=prefer_wait, other_than=other_than
        )
    except QwaveError as refused:
        return _WorkerResult(None, refused.with_traceback(None), None)
    error: QwaveError | None
    try:
        job.start().wait()
        error = job.snapshot.error
    except KeyboardInterrupt:
        error = job.cancel_and_describe()
    except QwaveError as failed:
        error = failed.with_traceback(None)
    now = job.snapshot
    return _WorkerResult(None if error else now.gallery, error, now.cost_usd, job.id)


def _read_result(future: Future[_WorkerResult]) -> _WorkerResult:
    """What an executor made of a row, whatever happened to its worker."""
    try:
        gallery, error, cost, job_id = _WorkerResult(*future.result())
    except CancelledError:
        return _WorkerResult(None, Cancelled("generation.cancelled_unsent", job_id="", task_id=""), None)
    except Exception as problem:  # noqa: BLE001 - it is this row's outcome
        log_problem("batch, worker", problem)
        return _WorkerResult(
            None, GenerationError("generation.worker_failed", reason=_reason(problem), outcome_unknown=True), None
        )
    return _WorkerResult(gallery, error, read_amount(cost), job_id)


def _reason(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}".rstrip(": ")[:_MAX_REASON]
