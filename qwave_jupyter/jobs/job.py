"""One job: submitted, followed and fetched in a daemon thread of its own, watched by whoever wants to.

Waiters only watch: nothing of ours ever holds up the exit of a kernel. A timeout stops the waiting and not the task;
an interrupt asks the server once to cancel and says what became of the task.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import uuid
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwave_jupyter import forking
from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError, WaitTimeout
from qwave_jupyter.frontend import installed
from qwave_jupyter.images.filenames import short_id
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.awaiting import AwaitingCancelled, CancelledWhileAwaited
from qwave_jupyter.jobs.cancellation import CANCEL_WITHIN, Course
from qwave_jupyter.jobs.completion_order import as_completed
from qwave_jupyter.jobs.limits import Account, Limits
from qwave_jupyter.jobs.observers import Watcher, Watchers
from qwave_jupyter.jobs.reference_bytes import release_bytes, release_frames, restore_bytes
from qwave_jupyter.jobs.runner import Run
from qwave_jupyter.jobs.snapshot import ENDED, Snapshot
from qwave_jupyter.jobs.wait import wait_for

if TYPE_CHECKING:
    from qwave_jupyter.budget import Budget, Reservation
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.locks import JobLock
    from qwave_jupyter.jobs.journal.store import Entry
    from qwave_jupyter.jobs.request import Request

__all__ = ["AwaitingCancelled", "CancelledWhileAwaited", "Job", "as_completed"]

_LEAVING = 0.3
_CANCEL_PATIENCE = CANCEL_WITHIN + _LEAVING + 0.2
#: Seconds after which an awaiting coroutine lets its loop look around: a signal that arrives while the loop sleeps is
#: handled when it wakes, and on ipykernel 7.4 nothing else wakes it.
_TICK = 0.05


class Job:
    """One generation under way.

    Args:
        request: what to generate.
        workbench: what is needed for it.
        max_cost: USD; a job for which the server reserves more is cancelled while it is queued.
        reuse: show an identical finished job's pictures instead of paying again.
        hold: seconds for which the server may keep the answer to the submit back, instead of being asked repeatedly.
        limits: what it may cost, and the budget that it is counted in.

    Example:
        >>> job = Job(request, workbench).start()
        >>> job.status
        'queued'
        >>> job.result()[0].path
        PosixPath('/home/me/qwave-images/2026-11-21-a-cat-8499f3a2-1.png')
    """

    def __init__(
        self,
        request: Request,
        workbench: JobContext,
        *,
        max_cost: float | None = None,
        reuse: bool = False,
        hold: float | None = None,
        limits: Limits | None = None,
        _entry: Entry | None = None,
        _lock: JobLock | None = None,
        _repeat: bool = False,
    ) -> None:
        self.id = _entry.job_id if _entry is not None else str(uuid.uuid4())
        self.request = request = restore_bytes(request, workbench.journal.blobs)
        task_id = (_entry.task_id or "") if _entry is not None else ""
        # An order that was left open may have reached the server.
        self._course = Course(self.id, request, workbench, task_id, sent=_entry is not None)
        self._account = Account(limits, max_cost)
        self._run = Run(self._course, self._publish, self._account, reuse, hold, _entry, _lock, repeat=_repeat)
        self._clock = workbench.clock
        self._over = threading.Event()
        self._lock = forking.guard(threading.RLock())
        self._watchers = Watchers()
        self._callbacks: list[Callable[[Job], object]] = []
        self._made_callbacks: list[Callable[[Job], object]] = []
        self._started = False
        #: The process whose thread works on it.
        self._process: int | None = None
        self._snapshot = Snapshot(
            self.id, request, task_id=task_id, started=self._clock.monotonic(), demo=workbench.demo
        )

    @classmethod
    def resume(
        cls,
        entry: Entry,
        workbench: JobContext,
        lock: JobLock | None = None,
        limits: Limits | None = None,
        *,
        repeat: bool = False,
    ) -> Job:
        """A job of the journal, to be started again: followed where its task is known, else submitted with its old key.

        Args:
            entry: an open entry.
            workbench: what is needed; the entry's own folder for pictures is kept.
            lock: the job's lock where it is held already; the job gives it back when it ends.
            limits: what it may cost, and the budget that it is counted in.
            repeat: order again although nobody knows whether the first order made a task.

        Raises:
            GenerationError: the submit can't be repeated, because its pictures' bytes are gone, the record is broken,
                or no key makes it safe.
        """
        from qwave_jupyter.jobs.resume import prepared

        request, bench = prepared(entry, workbench, repeat=repeat)
        workbench.journal.remember(entry)
        return cls(request, bench, limits=limits, _entry=entry, _lock=lock, _repeat=repeat)

    @classmethod
    def ended(cls, entry: Entry, request: Request, workbench: JobContext, error: QwaveError) -> Job:
        """A job that can't go on, with the reason, so that it is reported like any other."""
        job = cls(request, workbench, _entry=entry)
        job._started = True
        job._finish("failed", error=error)
        return job

    def __repr__(self) -> str:
        now = self._snapshot
        named = f", task {now.task_id}" if now.task_id else ""
        prompt = self.request.prompt if len(self.request.prompt) <= 40 else self.request.prompt[:39] + "…"
        return f"Job({short_id(self.id)}, {self.request.model.id}, {now.phase}{named}, {prompt!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:  # noqa: ARG002 - IPython's
        # A job that is done shows what came of it; what goes on is shown by its view.
        now = self._snapshot
        gallery = now.gallery if now.error is None else None
        return gallery.mimebundle() if gallery is not None else {"text/plain": repr(self)}

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        now = self._snapshot
        return now if now.is_over else replace(now, elapsed=self._clock.monotonic() - now.started)

    @property
    def status(self) -> str:
        """The phase in one word."""
        return self._snapshot.phase

    @property
    def task_id(self) -> str:
        """The server's id, "" before it is known."""
        return self._snapshot.task_id

    @property
    def gallery(self) -> Gallery | None:
        """The pictures that are on disk so far."""
        return self._snapshot.gallery

    @property
    def error(self) -> QwaveError | None:
        """Why it ended without pictures, or None."""
        return self._snapshot.error

    @property
    def reservation(self) -> Reservation | None:
        """Its place in the budget; None before it has one, and where nothing is counted."""
        return self._account.reservation

    def reserve(self) -> Job:
        """Take its place in the budget before it is started, unless it may turn out to cost nothing.

        Raises:
            TooExpensive: it is above a limit.
        """
        self._run.reserve_early()
        return self

    def count_in(self, budget: Budget) -> None:
        """Count it in a budget, where it isn't counted yet."""
        with self._lock:
            if self._account.limits is None:
                self._account.limits = Limits(budget, self._account.max_cost)
                self._account.reservation = budget.count(self.request.estimate_usd, name=self.id)
                self._account.settle(self._snapshot)

    def start(self) -> Job:
        """Start the thread, once."""
        with self._lock:
            if not self._started:
                self._started, self._process = True, os.getpid()
                threading.Thread(target=self._work, name=f"qwave-{short_id(self.id)}", daemon=True).start()
        return self

    def done(self) -> bool:
        """Whether it is over, one way or another."""
        return self._over.is_set()

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Be told of every change, the present state first.

        Args:
            watcher: called with one snapshot after the other, in a thread that is not the job's: it may be slow, and
                what it raises is its own affair. The last snapshot is always told.

        Returns:
            A function that ends the subscription.
        """
        with self._lock:
            return self._watchers.add(watcher, self.snapshot)

    def add_done_callback(self, callback: Callable[[Job], object]) -> None:
        """Call a function with this job once it is over, at once if it already is; in whatever thread ends it."""
        with self._lock:
            if not self._over.is_set():
                self._callbacks.append(callback)
                return
        callback(self)

    def add_made_callback(self, callback: Callable[[Job], object]) -> None:
        """Call a function with this job once only its download is left, or it is over; to be added before the start."""
        self._made_callbacks.append(callback)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, or so many seconds.

        Args:
            timeout: seconds; None for as long as it takes.

        Returns:
            Whether it is over.

        Raises:
            GenerationError: the thread that works on it is in the process from which this one was forked.
        """
        self._refuse_in_child()
        return wait_for(self._over, timeout, self._course.bench.frontend)

    def result(self, timeout: float | None = None) -> Gallery:
        """Wait for the pictures. An interrupt (Ctrl-C, ⏹) cancels the job and says what became of it.

        Args:
            timeout: seconds after which this call gives up; the job itself goes on.

        Raises:
            GenerationError: it failed, was cancelled, or took longer than its own timeout.
            WaitTimeout: ``timeout`` passed.
        """
        try:
            if not self.wait(timeout):
                raise WaitTimeout("generation.still_running", seconds=timeout, job_id=self.id, task_id=self.task_id)
        except KeyboardInterrupt:
            self.cancel()
            raise self._stopped() from None
        return self._outcome()

    def cancel(self, *, wait: bool = True) -> Snapshot:
        """Stop the job: ask the server once to cancel, and end the waiting whatever it says.

        Args:
            wait: stay until it is known what became of it, 3 s at most; False returns at once.

        Returns:
            The job as it is then; ``stopped`` says what became of it.
        """
        self._refuse_in_child()
        with self._lock:
            if not self._over.is_set() and not self._course.stop.is_set():
                if not self._started:
                    self._started = True
                    self._course.answered.set()
                    self._course.left.set()
                self._course.stop.set()
                threading.Thread(target=self._end, name=f"qwave-end-{short_id(self.id)}", daemon=True).start()
        if wait:
            self._over.wait(_CANCEL_PATIENCE)
        return self.snapshot

    def __await__(self) -> Generator[Any, None, Gallery]:
        return self._awaited().__await__()

    def _refuse_in_child(self) -> None:
        if forking.is_child(self._process) and not self._over.is_set():
            raise GenerationError("generation.in_parent", job_id=self.id, task_id=self.task_id)

    async def _awaited(self) -> Gallery:
        self._refuse_in_child()
        try:
            async with (self._course.bench.frontend or installed()).keep_alive():
                await self._over_on_loop()
        except asyncio.CancelledError:
            self.cancel(wait=False)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over_on_loop(), _CANCEL_PATIENCE)
            stopped = self._stopped()
            raise AwaitingCancelled(stopped.key, **stopped.fields) from None
        try:
            return self._outcome()
        except Cancelled as cancelled:
            raise CancelledWhileAwaited(cancelled.key, **cancelled.fields) from None

    async def _over_on_loop(self) -> None:
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

    def _outcome(self) -> Gallery:
        now = self._snapshot
        if now.error is not None:
            raise now.error.with_traceback(None)
        return now.gallery if now.gallery is not None else Gallery()

    def _stopped(self) -> Cancelled:
        error = self._snapshot.error
        if isinstance(error, Cancelled):
            return error
        known = self._over.is_set() and error is None
        code = "cancelled_done" if known else "cancelled_unknown"
        return Cancelled(
            f"generation.{code}", job_id=self.id, task_id=self.task_id, outcome="kept" if known else "unknown"
        )

    def _work(self) -> None:
        try:
            try:
                self._run()
            finally:
                self._course.left.set()
        except Stopped:
            # Whoever stopped it says what became of it.
            return
        except QwaveError as error:
            ended_otherwise = "timeout" if isinstance(error, WaitTimeout) else "failed"
            self._finish("cancelled" if isinstance(error, Cancelled) else ended_otherwise, error=error)
        except BaseException as problem:  # noqa: BLE001 - a fault of ours must end the waiting too
            reason = f"{type(problem).__name__}: {problem}"[:300]
            fault = GenerationError("generation.our_fault", reason=reason, job_id=self.id, task_id=self.task_id)
            fault.__cause__ = problem
            self._finish("failed", error=fault)
        finally:
            self._course.answered.set()
            self._release()

    def _end(self) -> None:
        ending = self._course.end()
        # What is told as over should be free to be picked up again.
        self._course.left.wait(_LEAVING)
        changes = {} if ending.cost_usd is None else {"cost_usd": ending.cost_usd}
        self._finish(
            "cancelled", error=ending.error, stopped=ending.outcome, refunded_usd=ending.refunded_usd, **changes
        )
        self._release()

    def _release(self) -> None:
        # Reference images live as long as the job runs; whoever is the last to work on it lets them go.
        if self._over.is_set() and self._course.left.is_set():
            self._course.request = self.request
            release_frames(self._snapshot.error)

    def _finish(self, phase: str, **changes: Any) -> None:
        self._publish(phase=phase, retry=None, **changes)

    def _publish(self, **changes: Any) -> Snapshot:
        with self._lock:
            if self._snapshot.is_over:
                # What comes after the end (a late answer to a stopped job) is in the journal only.
                return self._snapshot
            elapsed = self._clock.monotonic() - self._snapshot.started
            if self._snapshot.phase == "processing" and changes.get("phase") in {"queued", "submitting"}:
                del changes["phase"]
            if changes.get("phase") in ENDED:
                changes["request"] = self.request = release_bytes(self.request)
            self._snapshot = now = replace(self._snapshot, elapsed=elapsed, **changes)
            self._account.settle(now)
            callbacks: list[Callable[[Job], object]] = []
            if now.phase == "downloading" or now.is_over:
                callbacks, self._made_callbacks = self._made_callbacks, []
            if now.is_over:
                callbacks, self._callbacks = [*callbacks, *self._callbacks], []
                self._over.set()
            self._watchers.tell(now)
        for callback in callbacks:
            self._call(callback)
        return now

    def _call(self, callback: Callable[[Job], object]) -> None:
        try:
            callback(self)
        except Exception as problem:  # noqa: BLE001 - like a watcher's, it is not the job's affair
            threading.excepthook(
                threading.ExceptHookArgs((type(problem), problem, problem.__traceback__, threading.current_thread()))
            )
