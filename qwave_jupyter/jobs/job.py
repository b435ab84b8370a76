"""One job: submitted, followed and fetched in a daemon thread of its own, watched by whoever wants to.

Waiters only watch: nothing of ours ever holds up the exit of a kernel. A timeout stops the waiting and not the task;
an interrupt asks the server once to cancel and says what became of the task.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, NoReturn

from qwave_jupyter import threads
from qwave_jupyter.arguments import check, require_methods, require_seconds
from qwave_jupyter.errors import (
    Cancelled,
    CancelledWhileAwaited,
    GenerationError,
    OptionMistake,
    QwaveError,
    UserMistake,
    WaitTimeout,
)
from qwave_jupyter.frontend import SLICE, current, takes_interrupt, wait_for
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.images.metadata import short_id
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.jobs.costs import CostControl, Limits, find_unsettled, settle_costs
from qwave_jupyter.jobs.journal.record import EntryState
from qwave_jupyter.jobs.references import restore_bytes
from qwave_jupyter.jobs.runner import JobRunner, cancel_timeout
from qwave_jupyter.jobs.snapshot import CancelOutcome, Observer, Snapshot

if TYPE_CHECKING:
    from qwave_jupyter.budget import Budget, Reservation
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.locks import JobLock
    from qwave_jupyter.jobs.journal.store import Entry
    from qwave_jupyter.jobs.request import Request

__all__ = ["AwaitingCancelled", "Job", "as_completed", "resumable", "resume"]

#: Seconds after which an awaiting coroutine lets its loop look around: a signal that arrives while the loop sleeps is
#: handled when it wakes, and on ipykernel 7.4 nothing else wakes it.
_TICK = 0.05


class Job:
    """One generation under way.

    Args:
        request: what to generate.
        context: what is needed for it.
        max_cost: USD; a job for which the server reserves more is cancelled while it is queued.
        reuse: show an identical finished job's images instead of paying again.
        prefer_wait: seconds for which the server may keep the answer to the submit back instead of being asked again.
        limits: what it may cost, and the budget that it is counted in.

    Example:
        >>> job = Job(request, context).start()
        >>> job.status
        'queued'
        >>> job.result()[0].path
        PosixPath('/home/me/qwave-images/2026-11-21-a-cat-8499f3a2-1.png')
    """

    def __init__(
        self,
        request: Request,
        context: JobContext,
        *,
        max_cost: float | None = None,
        reuse: bool = False,
        prefer_wait: float | None = None,
        limits: Limits | None = None,
        _entry: Entry | None = None,
        _lock: JobLock | None = None,
        _repeat: bool = False,
    ) -> None:
        self._costs = CostControl(limits, max_cost)
        self._runner = JobRunner(
            restore_bytes(request, context.journal.blobs),
            context,
            self._costs,
            reuse=reuse,
            prefer_wait=prefer_wait,
            entry=_entry,
            lock=_lock,
            repeat=_repeat,
        )
        self._context = context
        self._started = False
        #: Whether it is an earlier order that couldn't be taken up, which says nothing of its money.
        self._is_left_open = False
        #: The process whose thread works on it.
        self._process: int | None = None

    @classmethod
    def resume(
        cls,
        entry: Entry,
        context: JobContext,
        lock: JobLock | None = None,
        limits: Limits | None = None,
        *,
        repeat: bool = False,
    ) -> Job:
        """A job of the journal, to be started again: followed where its task is known, else submitted with its old key.

        Args:
            entry: an open entry.
            context: what is needed; the entry's own folder for images is kept.
            lock: the job's lock where it is held already; the job gives it back when it ends.
            limits: what it may cost, and the budget that it is counted in.
            repeat: order again although nobody knows whether the first order made a task.

        Raises:
            GenerationError: the submit can't be repeated, because its images' bytes are gone, the record is broken,
                or no key makes it safe.
        """
        entry, request, own_context = records.prepare(entry, context, repeat=repeat)
        return cls(request, own_context, limits=limits, _entry=entry, _lock=lock, _repeat=repeat)

    @classmethod
    def continue_or_new(
        cls,
        request: Request,
        context: JobContext,
        *,
        max_cost: float | None = None,
        reuse: bool = False,
        prefer_wait: float | None = None,
        limits: Limits | None = None,
        other_than: Collection[str] = (),
    ) -> Job:
        """A job that goes on with an open order of this very request which nobody works on, else a new one.

        Args:
            request: what to generate.
            context: what is needed for it.
            max_cost: USD, as for a new job.
            reuse: show an identical finished job's images instead of paying again.
            prefer_wait: seconds, as for a new job.
            limits: what it may cost, and the budget that it is counted in.
            other_than: ids of jobs that are left alone.

        Raises:
            GenerationError: such an order may have been paid for and can't be repeated safely.
        """
        request = restore_bytes(request, context.journal.blobs)
        # With reuse the job looks itself, once no equal one is under way.
        order = None if reuse else records.find_open_order(request, context, other_than=other_than)
        if order is not None:
            request, context = order.request, order.context
        return cls(
            request,
            context,
            max_cost=max_cost,
            reuse=reuse,
            prefer_wait=prefer_wait,
            limits=limits,
            _entry=None if order is None else order.entry,
            _lock=None if order is None else order.lock,
        )

    @classmethod
    def of_failure(cls, entry: Entry, request: Request, context: JobContext, error: QwaveError) -> Job:
        """A job that can't go on, with the reason, so that it is reported like any other."""
        job = cls(request, context, _entry=entry)
        job._started = True
        job._is_left_open = error.code not in _HOPELESS
        job._runner.mark_failed(error)
        return job

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # A copy would share the runner, or have neither its thread nor its locks.
        raise UserMistake("generation.job_not_copied")

    def __repr__(self) -> str:
        now = self._runner.snapshot
        task = f", task {now.task_id}" if now.task_id else ""
        prompt = self.request.prompt if len(self.request.prompt) <= 40 else self.request.prompt[:39] + "…"
        return f"Job({short_id(self.id)}, {self.request.model.id}, {now.phase}{task}, {prompt!r})"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> object:  # noqa: ARG002 - IPython's
        # A job that is done shows what came of it; what goes on is shown by its view.
        now = self._runner.snapshot
        gallery = now.gallery if now.error is None else None
        return gallery.mimebundle() if gallery is not None else {"text/plain": repr(self)}

    @property
    def id(self) -> str:
        """Its id, which is the earlier one where it goes on with an open order."""
        return self._runner.job_id

    @property
    def request(self) -> Request:
        """What it generates; once it is over, without the bytes of its reference images."""
        return self._runner.snapshot.request

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        now = self._runner.snapshot
        return now if now.is_over else replace(now, elapsed=self._context.clock.monotonic() - now.started)

    @property
    def status(self) -> str:
        """The phase in one word."""
        return self._runner.snapshot.phase

    @property
    def task_id(self) -> str:
        """The server's id, "" before it is known."""
        return self._runner.snapshot.task_id

    @property
    def gallery(self) -> Gallery | None:
        """The images that are on disk so far."""
        return self._runner.snapshot.gallery

    @property
    def error(self) -> QwaveError | None:
        """Why it ended without images, or None."""
        return self._runner.snapshot.error

    @property
    def reservation(self) -> Reservation | None:
        """Its reservation in the budget; None before it has one, and where nothing is counted."""
        return self._costs.reservation

    def reserve(self) -> Job:
        """Reserve its estimate in the budget before it is started, unless it may turn out to cost nothing.

        Raises:
            TooExpensive: it is above a limit.
        """
        self._runner.reserve_early()
        return self

    def release(self) -> None:
        """Give back what :meth:`reserve` took, for a job that is not started."""
        self._runner.release_early()

    def count_in(self, budget: Budget) -> None:
        """Count it in a budget, where it isn't counted yet."""
        with self._runner.lock:
            if self._costs.limits is None:
                self._costs.limits = Limits(budget, self._costs.max_cost)
                self._costs.reservation = budget.count(self.request.estimate_usd, name=self.id)
                if not self._is_left_open:
                    self._costs.settle(self._runner.snapshot)

    def start(self) -> Job:
        """Start the thread, once."""
        with self._runner.lock:
            if not self._started:
                self._started, self._process = True, os.getpid()
                try:
                    self._runner.claim()
                    self._runner.hold_exit()
                    threads.spawn(self._runner.run, name=short_id(self.id))
                except BaseException:
                    self.abandon()
                    raise
        return self

    def abandon(self) -> bool:
        """End it where its start was interrupted, so that it doesn't order unseen; return whether it had begun."""
        # An interrupt in ``Thread.start()`` doesn't keep the thread from running.
        if self._runner.give_up_start():
            return False
        self.cancel(wait=False)
        return True

    def done(self) -> bool:
        """Whether it is over, one way or another."""
        return self._runner.over.is_set()

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Call an observer with every change, the present state first.

        Args:
            observer: called with one snapshot after the other, in a thread that is not the job's: it may be slow, and
                what it raises is reported and ignored. The last snapshot is never left out.

        Returns:
            A function that ends the subscription.

        Raises:
            OptionMistake: the observer can't be called.
        """
        require_methods("observer", observer, FunctionType, ("__call__",))
        with self._runner.lock:
            return self._runner.observers.add(observer, self.snapshot)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Call a function with this job once it is over, at once if it already is; in whatever thread ends it.

        Raises:
            OptionMistake: the callback can't be called; or ``asyncio.wait([job])``, which is written
                ``asyncio.wait([asyncio.ensure_future(job)])``.
        """
        require_methods("callback", callback, FunctionType, ("__call__",))
        if getattr(callback, "__module__", "") == asyncio.tasks.__name__:
            # It takes a job for a future of its loop, and would never hear of an end in another thread.
            raise OptionMistake("generation.job_no_future")
        with self._runner.lock:
            if not self._runner.over.is_set():
                self._runner.done_callbacks.append(partial(self._call, callback))
                return
        callback(self)

    @property
    def _condition(self) -> NoReturn:
        # The first that ``concurrent.futures`` asks of what it takes for a future.
        raise NoFuture("generation.job_no_thread_future")

    def add_made_callback(self, callback: Callable[[Job], object]) -> None:
        """Call a function with this job once only its download is left, or it is over; to be added before the start."""
        self._runner.made_callbacks.append(partial(self._call, callback))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, or so many seconds.

        Args:
            timeout: seconds; None for as long as it takes.

        Returns:
            Whether it is over.

        Raises:
            GenerationError: the thread that works on it is in the process from which this one was forked.
        """
        timeout = require_seconds("timeout", timeout)
        self._refuse_in_child()
        return wait_for(self._runner.over, timeout, self._context.frontend)

    def result(self, timeout: float | None = None) -> Gallery:
        """Wait for the images. An interrupt (Ctrl-C, ⏹) cancels the job and says what became of it.

        Args:
            timeout: seconds after which this call gives up; the job itself goes on.

        Raises:
            GenerationError: it failed, was cancelled, or took longer than its own timeout. In a thread or a task of
                asyncio one that was cancelled raises no KeyboardInterrupt, which would end the event loop.
            WaitTimeout: ``timeout`` passed.
        """
        try:
            if not self.wait(timeout):
                raise WaitTimeout("generation.still_running", seconds=timeout, job_id=self.id, task_id=self.task_id)
        except KeyboardInterrupt:
            raise _adapt(self.cancel_and_describe()) from None
        return self._gallery_or_raise()

    @check(wait=bool)
    def cancel(self, *, wait: bool = True) -> Snapshot:
        """Stop the job: ask the server once to cancel, and end the waiting whatever it says.

        Args:
            wait: stay until it is known what became of it, 3 s at most; False returns at once.

        Returns:
            The job as it is then; ``stopped`` says what became of it.
        """
        if self.mark_stopped():
            self.spawn_cancel()
        if wait:
            self._runner.over.wait(cancel_timeout())
        return self.snapshot

    def mark_stopped(self) -> bool:
        """Let the job begin nothing more; True where :meth:`spawn_cancel` is to follow."""
        self._refuse_in_child()
        with self._runner.lock:
            if self._runner.over.is_set() or self._runner.stop.is_set():
                return False
            if not self._started:
                self._started = True
                self._runner.give_up_start()
            self._runner.stop.set()
            return True

    def spawn_cancel(self) -> None:
        """Ask the server to cancel in a thread of its own, which ends the job."""
        threads.spawn(self._runner.cancel, name=f"end-{short_id(self.id)}")

    def cancel_and_describe(self) -> Cancelled:
        """Cancel it, wait 3 s at most, and return the error that says what became of it."""
        self.cancel()
        return self._cancelled_error()

    def __await__(self) -> Generator[object, None, Gallery]:
        return self.result_async().__await__()

    def _refuse_in_child(self) -> None:
        if threads.is_child(self._process) and not self._runner.over.is_set():
            raise GenerationError("generation.in_parent", job_id=self.id, task_id=self.task_id)

    async def result_async(self) -> Gallery:
        """Await the images, as ``await job`` does; for what takes coroutines only, such as ``asyncio.create_task``.

        Raises:
            GenerationError: it failed, was cancelled, or took longer than its own timeout.

        Example:
            >>> async with asyncio.TaskGroup() as group:
            ...     tasks = [group.create_task(job.result_async()) for job in jobs]
        """
        self._refuse_in_child()
        try:
            async with (self._context.frontend or current()).keep_alive():
                await self._wait_on_loop()
        except asyncio.CancelledError:
            self.cancel(wait=False)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wait_on_loop(), cancel_timeout())
            cancelled = self._cancelled_error()
            raise AwaitingCancelled(cancelled.key, **cancelled.fields) from None
        try:
            return self._gallery_or_raise()
        except Cancelled as cancelled:
            # Also where a cell awaits it: no wait of asyncio's passes an interrupt on as what it is.
            raise CancelledWhileAwaited(cancelled.key, **cancelled.fields) from None

    async def _wait_on_loop(self) -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not over.done():
                over.set_result(None)

        def wake(_: Job) -> None:
            # The loop may be gone by then; so is whoever waited on it.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle)

        self.add_done_callback(wake)
        while not over.done():
            await asyncio.wait({over}, timeout=_TICK)

    def _gallery_or_raise(self) -> Gallery:
        now = self._runner.snapshot
        if now.error is not None:
            raise _adapt(now.error).with_traceback(None)
        return now.gallery if now.gallery is not None else Gallery()

    def _cancelled_error(self) -> Cancelled:
        error = self._runner.snapshot.error
        if isinstance(error, Cancelled):
            return error
        ids = {"job_id": self.id, "task_id": self.task_id}
        if error is not None:
            # Nothing was cancelled, and what it cost stands in its own reason.
            return Cancelled("generation.cancelled_ended", reason=str(error), cause=error.code, **ids)
        known = self._runner.over.is_set()
        code, outcome = ("done", CancelOutcome.KEPT) if known else ("unknown", CancelOutcome.UNKNOWN)
        return Cancelled(f"generation.cancelled_{code}", outcome=outcome, **ids)

    def _call(self, callback: Callable[[Job], object]) -> None:
        try:
            callback(self)
        except Exception as problem:  # noqa: BLE001 - like an observer's, it is not the job's affair
            threads.report_exception(problem)


def _adapt(error: QwaveError) -> QwaveError:
    """How a job ended, as it may be raised here."""
    if isinstance(error, Cancelled) and not takes_interrupt():
        return CancelledWhileAwaited(error.key, **error.fields)
    return error


class NoFuture(OptionMistake, AttributeError):
    """A job was given to what takes futures of ``concurrent.futures``; whoever only looks finds no such attribute."""


class AwaitingCancelled(CancelledWhileAwaited, asyncio.CancelledError):
    """The same where the awaiting task itself was cancelled, which asyncio expects as a CancelledError."""


def as_completed(jobs: Iterable[Job], timeout: float | None = None) -> Iterator[Job]:
    """The jobs in the order in which they end.

    Args:
        jobs: jobs that were started.
        timeout: seconds for all of them together; None for as long as it takes.

    Raises:
        WaitTimeout: ``timeout`` passed and none has ended that wasn't yielded.

    Example:
        >>> for job in as_completed(jobs):
        ...     print(job.task_id, job.status)
    """
    timeout = require_seconds("timeout", timeout)
    ended: queue.SimpleQueue[Job] = queue.SimpleQueue()
    several = _read_jobs(jobs)
    for job in several:
        job._refuse_in_child()  # noqa: SLF001 - of this module
        job.add_done_callback(ended.put)
    until = None if timeout is None else time.monotonic() + timeout
    for _ in several:
        while True:
            left = SLICE if until is None else min(SLICE, until - time.monotonic())
            # What has ended comes whether or not the time is up.
            with contextlib.suppress(queue.Empty):
                yield ended.get(timeout=max(0.0, left))
                break
            if left <= 0:
                raise WaitTimeout("generation.still_running", seconds=timeout, job_id="", task_id="")


def _read_jobs(given: Iterable[object]) -> list[Job]:
    kind = type(given).__name__
    try:
        several = list(given)
    except QwaveError:
        raise
    except Exception:  # noqa: BLE001 - a user's object may fail at anything
        raise OptionMistake("generation.no_jobs", given=kind) from None
    others = [one for one in several if not isinstance(one, Job)]
    if others:
        raise OptionMistake("generation.no_jobs", given=f"{kind} ({type(others[0]).__name__})")
    return [one for one in several if isinstance(one, Job)]


def resumable(context: JobContext) -> tuple[Entry, ...]:
    """The open jobs of this server that no process works on, oldest first."""
    return context.journal.abandoned_jobs(base_url=context.server)


def resume(
    context: JobContext,
    limits: Limits | None = None,
    save_dir: Path | None = None,
    *,
    repeat: bool = False,
    register: Callable[[Job], object] = lambda _: None,
) -> tuple[Job, ...]:
    """Start every open job again that no process works on; each is registered before the next is looked at."""
    # A known task is followed and its images fetched. A submit whose answer never came is repeated with the same key
    # and body where the server honours the key and it still lives; any other is reported as unknown each time, stays
    # open, and is only ordered again where that is wanted. Costs that were still pending are asked for meanwhile.
    unsettled = find_unsettled(context)
    if save_dir is not None:
        context = replace(context, save_dir=save_dir, is_folder_named=True)
    found = (_pick_up(entry, context, limits, repeat=repeat) for entry in resumable(context))
    jobs = []
    for job in found:
        if job is None:
            continue
        try:
            register(job)
        except BaseException:
            job.abandon()
            raise
        jobs.append(job)
    if unsettled:
        budget = None if limits is None else limits.budget
        threads.spawn(partial(settle_costs, unsettled, context, budget), name="settle-costs")
    return tuple(jobs)


def _pick_up(entry: Entry, context: JobContext, limits: Limits | None, *, repeat: bool) -> Job | None:
    """The job, started or with the reason why it can't be; None where another kernel was quicker."""
    try:
        locked = context.journal.lock_open(entry)
    except Exception as problem:  # noqa: BLE001 - like any other fault of one job
        return Job.of_failure(entry, records.bare_request(entry), context, _not_taken_up(entry, problem))
    if locked is None:
        return None
    known, lock = locked
    return _start_again(known, context, lock, limits, repeat=repeat)


def _not_taken_up(entry: Entry, problem: Exception) -> GenerationError:
    reason = f"{type(problem).__name__}: {problem}"[:300]
    return GenerationError("generation.not_taken_up", reason=reason, job_id=entry.job_id, task_id=entry.task_id)


#: How an open job ends of which nothing can ever come; whatever may still be ordered again, or found, stays open.
_HOPELESS = {"answer_lost": EntryState.FAILED, "not_sendable": EntryState.REFUSED}


def _start_again(entry: Entry, context: JobContext, lock: JobLock, limits: Limits | None, *, repeat: bool) -> Job:
    error: QwaveError
    job = None
    try:
        job = Job.resume(entry, context, lock, limits, repeat=repeat)
        return job.start()
    except QwaveError as problem:
        error = problem
    except Exception as problem:  # noqa: BLE001 - one record that can't be used must not hide the other jobs
        error = _not_taken_up(entry, problem)
    except BaseException:
        # A job that had begun gives its lock back itself, once it is cancelled.
        if job is None or not job.abandon():
            lock.release()
        raise
    try:
        _end_hopeless(entry, context, error, repeat=repeat)
    except Exception as problem:  # noqa: BLE001 - the reason is still to be said
        threads.report_exception(problem)
    finally:
        lock.release()
    return Job.of_failure(entry, records.bare_request(entry), context, error)


def _end_hopeless(entry: Entry, context: JobContext, error: QwaveError, *, repeat: bool) -> None:
    state = _HOPELESS.get(error.code)
    # Whoever wants it ordered again can only do that himself, and an equal request waits for this one no more.
    is_given_up = repeat or idempotency.is_key_alive(entry.created, context) is False
    if error.code == "cannot_repeat" and is_given_up:
        state = EntryState.UNKNOWN
    if state is not None:
        record = {"code": error.code, "text": str(error)}
        context.journal.update(entry.job_id, state=state, error=record, finished=context.clock.now())
