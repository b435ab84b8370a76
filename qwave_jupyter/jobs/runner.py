"""The work on one job, stage by stage, each written down before the next begins; and how it is cancelled.

The job's thread calls :meth:`JobRunner.run`; whoever stops the job calls :meth:`JobRunner.cancel` in another thread.
What both need to know is in this one object.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qwave_jupyter import i18n, threads
from qwave_jupyter.catalog import Violation
from qwave_jupyter.client.error_responses import is_transient, to_one_line
from qwave_jupyter.client.polling import PollScheduler
from qwave_jupyter.client.retry import OnRetry, Retry, Stopped
from qwave_jupyter.client.tasks import ResultImage, Task, TaskState, to_usd
from qwave_jupyter.errors import (
    ApiError,
    Cancelled,
    GenerationError,
    NotFound,
    QwaveError,
    RequestRejected,
    TaskFailed,
    TooExpensive,
    WaitTimeout,
)
from qwave_jupyter.frontend import current
from qwave_jupyter.i18n import printable
from qwave_jupyter.images.metadata import make_slug, short_id
from qwave_jupyter.images.saver import find_slug
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.jobs.costs import Charge, OrderStage
from qwave_jupyter.jobs.journal.record import EntryState
from qwave_jupyter.jobs.references import release_bytes, release_frames
from qwave_jupyter.jobs.result_download import LONGEST_LIFE, ResultDownloader
from qwave_jupyter.jobs.result_links import restore_links, to_records, unite_links
from qwave_jupyter.jobs.snapshot import CancelOutcome, JobState, Observers, Snapshot

if TYPE_CHECKING:
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.costs import CostControl
    from qwave_jupyter.jobs.journal.locks import JobLock
    from qwave_jupyter.jobs.journal.record import Entry
    from qwave_jupyter.jobs.request import Request

__all__ = ["CancelResult", "JobRunner", "cancel_timeout"]

_LOG = logging.getLogger(__name__)
#: Seconds for asking the server to cancel, all in all: a kernel swallows a second interrupt meanwhile.
CANCEL_WITHIN = 3.0
#: Seconds for the job's thread to end, so that what is reported as over can be picked up again.
LEAVE_WITHIN = 0.3
#: Seconds for the cancel itself: an answer that comes after the waiting still reaches the journal and the budget.
_ANSWER_WITHIN = 30.0
#: The part of CANCEL_WITHIN for which an answer that isn't held back is waited for before the order is repeated.
_ANSWER_SHARE = 1 / 3
#: The last question may be asked when the time is up, and its answer is read.
_GRACE = 5.0
#: Seconds for asking for a task whose images an earlier answer has listed.
_NOTED_WITHIN = 20.0
#: Seconds for which a stopped job goes on asking for the task that it has to cancel.
_LEARNING = 60.0
#: Seconds after which the end of the interpreter doesn't wait for an answer any more that the server holds back.
_HELD_EXIT_WITHIN = 1.0
#: Codes of the task pages since June 2026 that have a text of their own; ``task_failed`` says nothing more.
_FAILURES = ("upstream_bad_request", "upstream_rate_limited", "upstream_unavailable")
#: Codes that stand in the journal where a cancel was asked for and may have worked.
_UNCONFIRMED = ("cancelled_unknown", "cancelled_unanswered")


def cancel_timeout() -> float:
    """Seconds after which a job that is being cancelled is over, whatever the server answers."""
    return CANCEL_WITHIN + LEAVE_WITHIN + 0.2


@dataclass(frozen=True)
class CancelResult:
    """What became of a cancelled job, and of its money."""

    outcome: CancelOutcome
    error: Cancelled
    refunded_usd: float | None = None
    cost_usd: float | None = None


class JobRunner:
    """Submits, follows and downloads one job, and publishes a snapshot of every change."""

    def __init__(
        self,
        request: Request,
        context: JobContext,
        costs: CostControl,
        *,
        reuse: bool = False,
        prefer_wait: float | None = None,
        entry: Entry | None = None,
        lock: JobLock | None = None,
        repeat: bool = False,
    ) -> None:
        self.job_id = entry.job_id if entry is not None else str(uuid.uuid4())
        self.task_id = (entry.task_id or "") if entry is not None else ""
        self.request, self.context, self.costs, self.entry = request, context, costs, entry
        self.on_retry: OnRetry = self._show_retry
        #: Unix seconds of the intent. Its day stands in the images' names, which resuming the job must find again.
        self.created = entry.created if entry is not None else None
        #: The prompt's words in the names of its files; "" before they are tried.
        self.slug = ""
        #: Monotonic seconds of the clock at which the waiting ends.
        self.deadline = 0.0
        #: Set when somebody wants it to end; when a submit between two attempts needn't be waited for; when it is known
        #: whether the server has the job; when the job's thread works on it no more; and when the job is over.
        self.stop, self.abandon, self.answered = threading.Event(), threading.Event(), threading.Event()
        self.left, self.over = threading.Event(), threading.Event()
        self.lock = threads.fork_safe(threading.RLock())
        self.observers = Observers()
        #: Called when only the download is left or the job is over; and when it is over.
        self.made_callbacks: list[Callable[[], None]] = []
        self.done_callbacks: list[Callable[[], None]] = []
        self.snapshot = Snapshot(
            self.job_id, request, task_id=self.task_id, started=context.clock.monotonic(), demo=context.demo
        )
        #: Taken by whoever comes first: the job's thread, or whoever gives its start up.
        self._start_lock = threading.Lock()
        self._is_given_up = False
        self._reuse, self._prefer_wait, self._repeat, self._job_lock = reuse, prefer_wait, repeat, lock
        self._began = 0.0
        self._submitted: float | None = None
        self._notices: tuple[Violation, ...] = ()
        #: The right to order an identical request, where its lock was acquired before the start.
        self._reuse_lock: JobLock | None = None
        #: What keeps others from this job and from identical requests.
        self._locks: list[JobLock] = []
        #: Until when, on the job's clock, a submit only waits for its next attempt.
        self._pausing_until = 0.0
        #: Whether a POST may have reached the server; an order that was left open may have.
        self._sent = entry is not None
        #: Whether the server has refused the order.
        self._is_refused = False
        #: Whether the order may be repeated to learn its task, and whether its answer is being held back.
        self._repeatable = self._held = False
        #: The task as the server last described it, and what it reserved at the submit.
        self._task: Task | None = None
        self._held_quota: int | None = None
        #: Whether the task has ended with images, so that there is nothing left to cancel.
        self._completed = False
        #: The images that answers have listed so far, once the task has ended.
        self._noted: tuple[ResultImage, ...] = ()
        #: Why the last question for them had no answer, where they are those of an earlier one.
        self.query_error: QwaveError | None = None
        #: Whether the journal holds the bytes of images that came in the answer to the order.
        self.bytes_kept = True
        #: Whether a cancel was asked for that nobody has confirmed, and the error that explains it.
        self._cancel_asked = False
        self._refusal: TooExpensive | None = None
        #: Whether whoever cancels has stopped waiting for the answer to the submit.
        self._given_up = False
        #: Lets the interpreter end.
        self._let_exit: Callable[[], None] = lambda: None
        self._answer_lock = threads.fork_safe(threading.Lock())

    # What is known of the job, for those who watch it.

    def update(self, change: Callable[[Snapshot], Snapshot]) -> None:
        """Publish the next snapshot, unless the job is over."""
        # What comes after the end, such as a late answer to a cancelled job, is in the journal only.
        with self.lock:
            before = self.snapshot
            if before.is_over:
                return
            now = change(before)
            if before.phase == JobState.PROCESSING and now.phase in {JobState.QUEUED, JobState.SUBMITTING}:
                now = replace(now, phase=before.phase)
            request = release_bytes(now.request) if now.is_over else now.request
            elapsed = self.context.clock.monotonic() - before.started
            self.snapshot = now = replace(now, request=request, elapsed=elapsed)
            self.costs.settle(now)
            callbacks: list[Callable[[], None]] = []
            if now.phase == JobState.DOWNLOADING or now.is_over:
                callbacks, self.made_callbacks = self.made_callbacks, []
            if now.is_over:
                callbacks, self.done_callbacks = [*callbacks, *self.done_callbacks], []
                self.over.set()
            self.observers.notify(now)
        for callback in callbacks:
            callback()

    def mark_downloading(self) -> None:
        """Only the images are left to be fetched."""
        self.update(lambda now: replace(now, phase=JobState.DOWNLOADING, progress=None, retry=None))

    def show_gallery(self, gallery: Gallery) -> None:
        """Another image is on disk."""
        self.update(lambda now: replace(now, gallery=gallery, retry=None))

    def mark_failed(self, error: QwaveError, state: JobState = JobState.FAILED) -> None:
        """End without images."""
        self.update(lambda now: replace(now, phase=state, error=error, retry=None))

    def add_notice(self, code: str, parameter: str, given: object, **detail: object) -> None:
        """Show a notice beside the images."""
        self._add_notices(_notice(code, parameter, given, **detail))

    def update_entry(self, **changes: object) -> None:
        """Write changes into the journal's entry."""
        self.context.journal.update(self.job_id, **changes)

    def _add_notices(self, *notices: Violation) -> None:
        for notice in notices:
            # Cards show them; a script has no cards.
            _LOG.warning("%s", notice)
        if notices:
            self._notices = (*self._notices, *notices)
            self.update(lambda now: replace(now, notices=self._notices))

    def _show_retry(self, retry: Retry) -> None:
        self.update(lambda now: replace(now, retry=retry))

    def _show_task(self, task: Task, phase: JobState | None = None) -> None:
        """Publish what the server says of the task; its own word for the state goes before the given phase."""
        if task.status and task.state in {TaskState.PROCESSING, TaskState.UNKNOWN}:
            phase = JobState.PROCESSING
        self.update(
            lambda now: replace(
                now,
                phase=phase or now.phase,
                task_id=task.task_id,
                status_word=task.status or now.status_word,
                progress=now.progress if task.progress is None or task.is_over else task.progress,
                held_usd=now.held_usd if task.held_quota is None else to_usd(task.held_quota),
                cost_usd=now.cost_usd if task.cost_quota is None or not task.is_over else to_usd(task.cost_quota),
                retry=None,
            )
        )

    # The job's thread.

    def run(self) -> None:
        """Do the work to its end; the last snapshot says how it ended."""
        if not self._start_lock.acquire(blocking=False):
            return
        try:
            try:
                self._run()
            finally:
                self.left.set()
        except Stopped:
            # Whoever stopped it says what became of it.
            return
        except Cancelled as error:
            self.mark_failed(error, JobState.CANCELLED)
        except WaitTimeout as error:
            self.mark_failed(error, JobState.TIMEOUT)
        except QwaveError as error:
            self.mark_failed(error)
        except BaseException as problem:  # noqa: BLE001 - a fault of ours must end the waiting too
            reason = f"{type(problem).__name__}: {problem}"[:300]
            unsent = not self._sent and self.entry is None
            key = "generation.our_fault_unsent" if unsent else "generation.our_fault"
            fault = GenerationError(key, reason=reason, **self._ids())
            fault.__cause__ = problem
            if unsent:
                self._end_unsent(fault)
            elif self.task_id or self._completed:
                fault.fields["charge"] = self.charge()
            else:
                fault.fields.update(outcome_unknown=True, charge=Charge.of_order(self.request, sent=True))
            self.mark_failed(fault)
        finally:
            self.answered.set()
            self._let_exit()
            self._release()

    def give_up_start(self) -> bool:
        """Keep the job's thread from beginning, and give back what was reserved; False where it has begun."""
        if self._start_lock.acquire(blocking=False):
            self._is_given_up = True
        if self._is_given_up:
            self.release_early()
            self._let_exit()
            self.answered.set()
            self.left.set()
        return self._is_given_up

    def hold_exit(self) -> None:
        """Let the interpreter not end before the order is sent, within bounds."""
        self._let_exit = threads.before_exit(self._finish_sending)

    def _finish_sending(self, seconds: float) -> str:
        """Wait until the order is journalled and answered, or the job is over where it is stopped; say what isn't done.

        Args:
            seconds: how long to wait at most.

        Returns:
            A line that names the job and says what became of its order, "" where the server has it.
        """
        if (self.context.frontend or current()).is_interactive():
            seconds = min(seconds, threads.INTERACTIVE_EXIT_WITHIN)
        until = time.monotonic() + seconds
        if self._repeatable and self._held and not self.answered.wait(min(_HELD_EXIT_WITHIN, seconds)):
            # Its answer is held back until there are images: repeated with the same key, the order returns its task.
            self.abandon.set()
        (self.over if self.stop.is_set() else self.answered).wait(max(0.0, until - time.monotonic()))
        if self.answered.is_set() and not (self.task_id or self._completed):
            self.over.wait(max(0.0, until - time.monotonic()))
        error = self.snapshot.error
        if self.task_id or self._completed or self.stop.is_set() or (self.over.is_set() and error is None):
            return ""
        named: dict[str, object] = {"job": short_id(self.job_id), "prompt": printable(self.request.prompt)}
        if error is not None:
            return _to_line("generation.exit_refused", reason=str(error), **named)
        return _to_line("generation.exit_unanswered" if self.created is not None else "generation.exit_unsent", **named)

    def reserve_early(self) -> None:
        """Reserve the estimate before the start, unless an identical request may serve, which costs nothing."""
        try:
            if self._reuse and self.entry is None:
                # Claimed here and not in the job's thread, where an equal job started at once would come in between.
                self._reuse_lock = idempotency.acquire_reuse_lock(self.request, self.context)
                if self._reuse_lock is None:
                    return
                try:
                    self._adopt_open_job()
                except QwaveError:
                    # The job's thread finds the same and says so; nothing is ordered.
                    return
            self._reserve()
        except BaseException:
            self.release_early()
            raise

    def claim(self) -> None:
        """Let equal requests wait for an order that goes on, from before its thread begins."""
        # Whoever may reuse its images would find its row locked, and order the same once more.
        if self.entry is not None and self._reuse_lock is None:
            self._reuse_lock = idempotency.claim_reuse_lock(self.entry, self.context)

    def release_early(self) -> None:
        """Give back what was reserved for a job that is not started."""
        self.costs.release()
        reuse_lock, self._reuse_lock = self._reuse_lock, None
        for lock in (reuse_lock, self._job_lock):
            if lock is not None:
                lock.release()

    def _reserve(self) -> None:
        try:
            self.costs.reserve(self.request, self.job_id, self.entry)
        except TooExpensive:
            if self.entry is None:
                raise
            # This run has sent nothing, but an earlier one has.
            unknown = idempotency.open_order_error("order_unknown_limits", self.entry)
            raise TooExpensive(unknown.key, **unknown.fields) from None

    def _release(self) -> None:
        # Reference images live as long as the job runs; whoever is the last to work on it releases them.
        if self.over.is_set() and self.left.is_set():
            self._unlock()
            self.request = self.snapshot.request
            release_frames(self.snapshot.error)

    def _run(self) -> None:
        seconds = self.context.timeout_for(self.request.model.effective(self.request.values).get("resolution"))
        reuse_lock, self._reuse_lock = self._reuse_lock, None
        if reuse_lock is None and self._reuse and self.entry is None:
            try:
                reuse_lock = idempotency.wait_for_reuse_lock(self, self._show_earlier, seconds)
            except WaitTimeout:
                self.costs.release()
                raise
            if reuse_lock is None:
                return
        try:
            if reuse_lock is not None:
                self._locks.append(reuse_lock)
                if self.entry is None:
                    self._adopt_open_job()
            self._make(seconds)
        except Stopped:
            # Nobody may take its task up while whoever stopped it asks for the task's cancellation.
            raise
        except BaseException:
            self._unlock()
            raise

    def _unlock(self) -> None:
        """Let others take up what is still open, and order or reuse what is the same."""
        with self.lock:
            locks, self._locks = self._locks, []
        for lock in locks:
            lock.release()

    def _show_earlier(self) -> bool:
        """Show an identical finished job's images where there are some, and return whether."""
        earlier = idempotency.find_finished(self.request, self.context)
        if earlier is None:
            return False
        gallery = records.copy_to_named(records.gallery_of(earlier, self.context), self.context)
        self.answered.set()
        notice = _notice("reused", "reuse", earlier.task_id or earlier.job_id, moment=gallery[0].created)
        self.update(
            lambda now: replace(
                now,
                phase=JobState.DONE,
                gallery=gallery,
                task_id=earlier.task_id or "",
                cost_usd=0.0,
                reused=True,
                notices=(*self.request.warnings, notice),
            )
        )
        return True

    def _adopt_open_job(self) -> None:
        """Go on with an open order of this very request that nobody works on any more, where there is one."""
        order = records.find_open_order(self.request, self.context)
        if order is None:
            return
        with self.lock:
            self.entry, self._job_lock = order.entry, order.lock
            self.request, self.context = order.request, order.context
            self.job_id, self.created, self.task_id = order.entry.job_id, order.entry.created, order.entry.task_id or ""
            # What an earlier run has sent may have been taken, whatever becomes of this one.
            self._sent = True
            self.update(lambda now: replace(now, job_id=self.job_id, task_id=self.task_id))

    def _make(self, seconds: float) -> None:
        self._began = self.context.clock.monotonic()
        self.deadline = self._began + seconds
        lock = self._job_lock or self.context.journal.lock(self.job_id)
        if not lock.acquire():
            raise GenerationError("generation.held_elsewhere", **self._ids())
        self._locks.append(lock)
        entry = self.entry
        if entry is not None and entry.state == EntryState.DONE:
            self._show_saved(entry)
            return
        task = self._continue(entry) if entry is not None and entry.is_answered else self._submit()
        task = self._follow(task)
        gallery = ResultDownloader(self).download(task)
        # Before anybody learns of the end, so that what is still open can be picked up at once.
        self._unlock()
        # A later answer than the one that ended the waiting may have named another cost.
        cost = to_usd(self._known_cost())
        self.update(lambda now: replace(now, phase=JobState.DONE, gallery=gallery, cost_usd=cost, retry=None))

    def _show_saved(self, entry: Entry) -> None:
        """End with images that are on disk, of which the journal didn't know before."""
        self._reserve()
        self._unlock()
        gallery = records.copy_to_named(records.gallery_of(entry, self.context), self.context)
        cost = to_usd(entry.cost_quota)
        self.update(lambda now: replace(now, phase=JobState.DONE, gallery=gallery, task_id=self.task_id, cost_usd=cost))

    def _submit(self) -> Task:
        self._reserve()
        # Chosen while nothing is paid yet.
        self.slug = find_slug(self.context.save_dir, self.request.prompt, self.job_id)
        if self.entry is None:
            self._write_intent()
        if self.stop.is_set():
            self.answered.set()
            raise Stopped
        self.update(lambda now: replace(now, phase=JobState.SUBMITTING))
        # An earlier run's order may have reached the server, whatever becomes of this one.
        earlier = self.entry is not None
        self._sent, self._repeatable = True, self._is_repeatable()
        prefer_wait = self._prefer_wait if self._repeatable else None
        self._held = bool(prefer_wait) and self.context.client.supports_prefer_wait is not False
        self._submitted = self.context.clock.monotonic()
        try:
            # An answer under way is worth waiting for: without it there is no task to cancel.
            task = self._order(
                self.deadline, prefer_wait=prefer_wait, stop=self.abandon, on_retry=self._on_submit_retry
            )
        except Stopped as stopped:
            self._sent = earlier or stopped.outcome_unknown
            known = self._task_of_stopped() if self._sent else None
            if known is None:
                self.answered.set()
                raise
            task = known
        except QwaveError as error:
            self._sent = earlier or bool(error.fields.get("outcome_unknown"))
            refusal = self._submit_error(error)
            self.answered.set()
            raise refusal from error
        return self._accept(task)

    def _order(
        self,
        deadline: float,
        *,
        prefer_wait: float | None = None,
        stop: threading.Event | None = None,
        on_retry: OnRetry | None = None,
    ) -> Task:
        return self.context.client.submit(
            self.request.body,
            idempotency_key=self.job_id,
            repeatable=self._is_repeatable,
            may_exist=self.entry is not None and not self._repeat,
            deadline=deadline,
            prefer_wait=prefer_wait,
            stop=stop,
            on_retry=on_retry,
        )

    def _is_repeatable(self) -> bool:
        return idempotency.is_supported(self.context) and idempotency.is_key_alive(self.created, self.context) is True

    def _task_of_stopped(self) -> Task | None:
        """The task of an order that was stopped before its answer, by repeating it; None where that isn't safe."""
        if not self._is_repeatable():
            return None
        try:
            return self._order(self.context.clock.monotonic() + _LEARNING)
        except QwaveError:
            return None

    def _on_submit_retry(self, retry: Retry) -> None:
        if self.stop.is_set():
            raise Stopped
        # A task's time is counted from the attempt that made it, however long its answer was held.
        self._submitted = self._pausing_until = self.context.clock.monotonic() + retry.delay
        self._show_retry(retry)

    def _write_intent(self) -> None:
        try:
            entry = records.new_entry(self.request, self.job_id, self.context)
        except OSError as problem:
            # Without the images' bytes it can't be repeated, but it can be followed.
            self.add_notice("references_not_kept", "images", problem.strerror or type(problem).__name__)
            # The references stay: of their bytes only the hashes stand among the parameters.
            entry = records.new_entry(replace(self.request, body={}), self.job_id, self.context)
        self.created = entry.created
        self.context.journal.begin(entry)
        self._add_notices(*self.request.warnings)
        wanted = make_slug(self.request.prompt)
        if self.slug != wanted:
            self.add_notice("file_name_plain", "save", wanted, folder=printable(self.context.save_dir), name=self.slug)

    def _submit_error(self, error: QwaveError) -> QwaveError:
        clock, answered = self.context.clock, isinstance(error, ApiError)
        if error.code == "not_sendable":
            # No earlier run can have sent the same body either.
            self._sent = False
        error.fields["charge"] = Charge.of_order(self.request, sent=self._sent, answered=answered)
        if not self._sent:
            self._is_refused = True
            self.update_entry(state=EntryState.REFUSED, error=_error_record(error), finished=clock.now())
            return error
        # The server may have it: it stays open, and is repeated with the same key where there is one.
        seconds = self._seconds_waited() if clock.monotonic() >= self.deadline else None
        unknown = idempotency.unknown_order_error(error, self._ids(), repeatable=self._is_repeatable(), seconds=seconds)
        self.update_entry(error=_error_record(unknown, error.code))
        return unknown

    def _end_unsent(self, fault: GenerationError) -> None:
        """End a job in the journal that was never sent, so that it doesn't stay open for ever."""
        fault.fields["charge"] = Charge.of_order(self.request, sent=False)
        if self.created is not None:
            with contextlib.suppress(Exception):
                self.update_entry(
                    state=EntryState.REFUSED, error=_error_record(fault), finished=self.context.clock.now()
                )

    def _accept(self, task: Task) -> Task:
        submitted = self.context.clock.now() - self._task_age()
        if task.held_quota is not None or self.context.client.supports_idempotency:
            idempotency.remember(self.context)
        # Nobody can be asked again for an answer without a task: its images are written down before anything else.
        made = {} if task.task_id else self._record_images(task)
        state = EntryState.COMPLETED if made else EntryState.RUNNING
        self.update_entry(state=state, task_id=task.task_id, submitted=submitted, held_quota=task.held_quota, **made)
        if not self._set_task(task):
            # It was stopped while this answer was awaited.
            self.costs.settle_cancel(self._cancel_task())
            raise Stopped
        self._show_task(task, JobState.QUEUED)
        if self.stop.is_set():
            raise Stopped
        self._check_limits(task)
        return task

    def _continue(self, entry: Entry) -> Task:
        """Go on with the task of a job that is resumed."""
        if entry.submitted is not None:
            clock = self.context.clock
            self._submitted = clock.monotonic() - max(0.0, clock.now() - entry.submitted)
        self._reserve()
        self._noted = restore_links(entry, self.context.journal.blobs)
        self._completed = bool(self._noted)
        if not entry.task_id:
            return self._continue_without_task(entry)
        task = Task(task_id=entry.task_id, held_quota=entry.held_quota)
        self._set_task(task)
        self._show_task(task, JobState.PROCESSING)
        now = self._query_task(task)
        # Not every answer repeats what was held at the submit.
        self._check_limits(replace(now, held_quota=entry.held_quota) if now.held_quota is None else now)
        return now

    def _continue_without_task(self, entry: Entry) -> Task:
        """The task of a job whose images came in the answer to its order, as its row describes it."""
        task = Task(
            task_id="",
            state=TaskState.COMPLETED,
            status=TaskState.COMPLETED,
            images=self._noted,
            held_quota=entry.held_quota,
            cost_quota=entry.cost_quota,
        )
        self._completed = True
        self._set_task(task)
        self._show_task(task)
        return task

    def _record_images(self, task: Task) -> dict[str, object]:
        """What the journal keeps of an answer that holds the images itself and names no task."""
        if not task.images:
            return {}
        self._completed = True
        try:
            links = to_records(task.images, self.context.journal.blobs)
        except OSError:
            # They can still be saved now.
            links, self.bytes_kept = to_records(task.images), False
        return {"links": links, "cost_quota": task.cost_quota}

    def _set_task(self, task: Task) -> bool:
        """Note the server's answer to the submit; False when whoever cancels has stopped waiting for it."""
        with self._answer_lock:
            self.task_id = task.task_id
            self._note_task(task)
            self.answered.set()
            return not self._given_up

    def _note_task(self, task: Task) -> None:
        self._task = task
        self._held_quota = self._held_quota if task.held_quota is None else task.held_quota

    def _check_limits(self, task: Task) -> None:
        """Cancel a task for which the server holds more than is allowed, or warn that it is too late for that."""
        known = {one.given for one in self._notices if one.code == "amount_unreadable"}
        for name in task.unreadable_fields:
            if name not in known:
                self.add_notice("amount_unreadable", "max_cost", name)
        excess = self.costs.find_excess(task)
        if excess is None:
            return
        if not task.is_over:
            result = self._cancel_task()
            refusal = TooExpensive(
                "generation.held_too_dear", held=excess.amount, ceiling=excess.ceiling, **self._ids()
            )
            if result.outcome in {CancelOutcome.REFUNDED, CancelOutcome.CANCELLED}:
                self.update(lambda now: _with_cancellation(now, result))
                refusal.fields["charge"] = result.error.fields["charge"]
                raise refusal
            # Where the server did cancel without saying so, this is why.
            self._refusal = refusal
        self.costs.over_limit = True
        self.update(lambda now: replace(now, over_limit=True))
        code = "held_too_dear_asked" if self._cancel_asked else "held_too_dear_kept"
        code = "charged_too_dear" if excess.charged else code
        self.add_notice(code, "max_cost", excess.amount, ceiling=excess.ceiling)

    def _follow(self, task: Task) -> Task:
        clock = self.context.clock
        schedule = PollScheduler(self._durations())
        self.update(lambda now: replace(now, usual=schedule.estimate()))
        asked_again = self.entry is not None
        duration = self._duration(schedule, task)
        while not task.is_over or (self._may_list_more(task) if asked_again else _is_empty(task)):
            now = clock.monotonic()
            if now >= self.deadline:
                if not self._is_likely_over(task):
                    raise self._timeout(task)
                task = replace(task, state=TaskState.COMPLETED)
                self._note_task(task)
                self._add_ended_notice(task)
                break
            asked_again = task.is_over
            pause = schedule.next_delay(self._task_age(), task.progress, task.poll_hint)
            if clock.wait(min(pause, self.deadline - now), self.stop):
                raise Stopped
            task = self._query_task(task)
            duration = self._duration(schedule, task) if duration is None else duration
        return self._conclude(task, duration)

    def _is_likely_over(self, task: Task) -> bool:
        """Whether a task in a state of an unknown name has what was ordered, and its cost."""
        # Images without a cost may be previews, and fewer than were ordered may be only the first.
        enough = sum(image.is_filled for image in task.images) >= self.request.images_asked
        return task.state == TaskState.UNKNOWN and enough and bool(task.cost_quota)

    def _timeout(self, task: Task) -> WaitTimeout:
        """The error for a task that hasn't ended in time, or lists no image."""
        fields: dict[str, object] = {"seconds": self._seconds_waited(), **self._ids()}
        if task.state != TaskState.UNKNOWN or not task.status:
            return WaitTimeout("generation.timeout_no_images" if task.is_over else "generation.timeout", **fields)
        links = tuple(url for image in task.images for url in image.urls)
        key = "generation.timeout_unknown_listed" if links else "generation.timeout_unknown"
        urls = ", ".join(map(printable, links))
        word = to_one_line(task.status)
        return WaitTimeout(key, word=word, urls=urls, links=links, charge=self.charge(), **fields)

    def _may_list_more(self, task: Task) -> bool:
        """Whether a completed task without images may still list them: unless it cost nothing, or is too old."""
        return _is_empty(task) and task.cost_quota != 0 and not self.is_old()

    def is_old(self) -> bool:
        """Whether a job that is resumed was ordered longer ago than any link lives."""
        age = None if self.entry is None else idempotency.order_age(self.entry.created, self.context)
        return age is not None and age > LONGEST_LIFE

    def _duration(self, schedule: PollScheduler, task: Task) -> float | None:
        # When the end of a job that was resumed is noticed says nothing of when it was.
        if not task.is_over or (self.entry is not None and self.entry.is_answered):
            return None
        reported = task.completed_at - task.created_at if task.completed_at and task.created_at else None
        return schedule.infer_duration(self._task_age(), reported)

    def _durations(self) -> Sequence[float]:
        request = self.request
        effective = request.model.effective(request.values)
        return self.context.journal.durations(
            request.model.id,
            action=request.action,
            resolution=str(effective.get("resolution") or ""),
            quality=str(effective.get("quality") or ""),
            n=request.images_asked,
        )

    def _query_task(self, task: Task) -> Task:
        """What has become of the task; what it was before when the server can't say now."""
        clock = self.context.clock
        deadline = self.deadline + _GRACE
        if self._noted:
            # There are links to try meanwhile.
            deadline = min(deadline, clock.monotonic() + _NOTED_WITHIN)
        self.query_error = None
        try:
            answer = self.context.client.task(
                self.task_id, stop=self.stop, on_retry=self._show_retry, deadline=deadline
            )
        except QwaveError as error:
            if self._noted:
                self.query_error = self._query_error(error)
                return self._as_noted(task)
            if isinstance(error, NotFound):
                # Another key's task looks the same, so only an old one is given up.
                if self.is_old():
                    self.update_entry(state=EntryState.UNKNOWN, error=_error_record(error))
                raise self._query_error(error) from None
            if not is_transient(error):
                raise self._query_error(error) from error
            wanted = error.retry_after if isinstance(error, ApiError) else None
            pause = min(wanted or 0.0, max(0.0, self.deadline - clock.monotonic()))
            self._show_retry(Retry(1, pause, error))
            if pause and clock.wait(pause, self.stop):
                raise Stopped from None
            return task
        if self._noted:
            answer = self._as_noted(answer)
        if answer.cost_quota is None and answer.is_over:
            # What was said before stands until another cost is named.
            answer = replace(answer, cost_quota=self._known_cost())
        self._note_task(answer)
        self._show_task(answer)
        return answer

    def _as_noted(self, task: Task) -> Task:
        """A task that had ended already, with the images that earlier answers have listed."""
        return replace(
            task,
            state=task.state if task.is_over else TaskState.COMPLETED,
            images=unite_links(task.images, self._noted),
            cost_quota=self._known_cost() if task.cost_quota is None else task.cost_quota,
        )

    def _known_cost(self) -> int | None:
        """The cost that the last answer to name one has named, in this run or an earlier one."""
        if self._task is not None and self._task.is_over:
            return self._task.cost_quota
        return self.entry.cost_quota if self.entry is not None else None

    def ask_again(self, task: Task) -> Task:
        """What an ended task lists now, while images of it are awaited."""
        now = self._query_task(task)
        changes: dict[str, object] = {}
        if now.images != self._noted:
            self._noted = now.images
            changes["links"] = to_records(now.images)
        if now.cost_quota != task.cost_quota:
            changes["cost_quota"] = now.cost_quota
        if changes:
            self.update_entry(**changes)
        if "cost_quota" in changes:
            self._check_limits(now)
        return now

    def _query_error(self, error: QwaveError) -> QwaveError:
        # A refused question says nothing of the task, which goes on.
        error.fields["charge"] = self.charge()
        if type(error) is not RequestRejected:
            return error
        return RequestRejected("generation.question_refused", **{**error.fields, **self._ids(), "cause": error.code})

    def _conclude(self, task: Task, duration: float | None) -> Task:
        """The ended task where it has images; else the error that says why not."""
        ended: dict[str, object] = {"finished": self.context.clock.now()}
        if task.cost_quota is not None:
            ended["cost_quota"] = task.cost_quota
        if task.state == TaskState.COMPLETED and duration is not None:
            ended["duration"] = duration
        if task.images and self._is_deliverable(task):
            self._completed = True
            self._noted = task.images
            # Those of an answer without a task are in the row already, with their bytes.
            links = {"links": to_records(task.images)} if task.task_id else {}
            self.update_entry(state=EntryState.COMPLETED, **links, **ended)
            self._check_limits(task)
            return task
        if task.state != TaskState.CANCELLED:
            failure = self._task_error(task)
            code = str(failure.fields.get("failure", failure.code))
            self.update_entry(state=EntryState.FAILED, error=_error_record(failure, code), **ended)
            raise failure
        if self.stop.is_set():
            # Most likely our own cancel took effect while this question was under way; its answer has the refund.
            raise Stopped
        charge = self.charge()
        outcome = CancelOutcome.REFUNDED if charge.is_charged is False else CancelOutcome.CANCELLED
        key = "generation.cancelled_confirmed" if self._was_cancel_asked() else "generation.cancelled_elsewhere"
        error: GenerationError | TooExpensive = Cancelled(key, outcome=outcome, charge=charge, **self._ids())
        if self._refusal is not None:
            error = self._refusal
            error.fields["charge"] = charge
        self.update_entry(state=EntryState.CANCELLED, error=_error_record(error), **ended)
        raise error

    def _is_deliverable(self, task: Task) -> bool:
        """Whether an ended task's images are to be fetched; one that didn't complete may be charged too."""
        if task.state == TaskState.COMPLETED:
            return True
        is_charged = self.charge().is_charged
        if is_charged is False or (self.stop.is_set() and not is_charged):
            return False
        self._add_ended_notice(task)
        return True

    def _add_ended_notice(self, task: Task) -> None:
        reason = f": “{printable(task.failure.message)}” ({task.failure.code})" if task.failure else ""
        charge = str(self.charge())
        self.add_notice("ended_with_images", "images", to_one_line(task.status), reason=reason, charge=charge)

    def _was_cancel_asked(self) -> bool:
        """Whether this run or an earlier one asked for a cancel that nobody confirmed."""
        before = self.entry.error if self.entry is not None else None
        return self._cancel_asked or (before is not None and before.get("code") in _UNCONFIRMED)

    def _task_error(self, task: Task) -> TaskFailed:
        charge = self.charge()
        if task.state == TaskState.COMPLETED:
            return TaskFailed("generation.no_images", failure="no_images", charge=charge, **self._ids())
        code = task.failure.code if task.failure else "task_failed"
        message = printable(task.failure.message if task.failure else "").rstrip(".")
        key = f"generation.failed_{code}" if code in _FAILURES else "generation.failed"
        message = message or i18n.text("generation.no_reason")
        return TaskFailed(key, message=message, failure=code, charge=charge, **self._ids())

    def charge(self) -> Charge:
        """What is known of the money of a task."""
        task, entry = self._task or Task(self.task_id), self.entry
        if not task.is_over and entry is not None and entry.state == EntryState.COMPLETED:
            # The server said so before the job was resumed; that it can't be asked now is no news of the task.
            task = replace(task, state=TaskState.COMPLETED, cost_quota=entry.cost_quota)
        return Charge.of_task(task, self.request, self._held_quota)

    def _ids(self) -> dict[str, str]:
        return {"job_id": self.job_id, "task_id": self.task_id}

    def _task_age(self) -> float:
        since = self._began if self._submitted is None else self._submitted
        return max(0.0, self.context.clock.monotonic() - since)

    def _seconds_waited(self) -> int:
        return round(self.context.clock.monotonic() - self._began)

    # Whoever stops the job, in another thread.

    def cancel(self) -> None:
        """Ask the server once to cancel, and end the job with what became of it; ``stop`` is set before."""
        result = self._find_cancel_result()
        # What it says of the money counts also where the job has ended by itself meanwhile.
        self.costs.settle_cancel(result)
        if self.left.wait(LEAVE_WITHIN):
            self._unlock()
        self.update(
            lambda now: replace(
                _with_cancellation(now, result), phase=JobState.CANCELLED, error=result.error, retry=None
            )
        )
        self._release()

    def _find_cancel_result(self) -> CancelResult:
        # A person at the keyboard waits in real time, whatever the job's clock says.
        since = time.monotonic()
        if not self._is_answered():
            with self._answer_lock:
                if not self.answered.is_set():
                    # The job's own thread goes on, and cancels the task once it knows its id.
                    self._given_up = True
                    return self._unanswered_result()
        if self._completed:
            charge = self.charge()
            return replace(self._cancel_result(CancelOutcome.KEPT, charge), cost_usd=to_usd(charge.charged_quota))
        if not self.task_id:
            if self._sent:
                return self._unanswered_result()
            if self._is_refused:
                # It was sent, and its own thread is about to say why there is nothing to cancel.
                self.over.wait(LEAVE_WITHIN)
            else:
                self.update_entry(state=EntryState.CANCELLED, finished=self.context.clock.now())
            return self._cancel_result(CancelOutcome.UNSENT, Charge(OrderStage.UNSENT))
        results: list[CancelResult] = []
        late = threading.Event()

        def ask() -> None:
            result = self._cancel_task()
            with self._answer_lock:
                results.append(result)
            if late.is_set():
                self.costs.settle_cancel(result)

        threads.spawn(ask, name="cancel").join(max(0.1, CANCEL_WITHIN - (time.monotonic() - since)))
        with self._answer_lock:
            if results:
                return results[0]
            late.set()
        return self._unconfirmed_result(self.charge())

    def _is_answered(self) -> bool:
        """Wait until it is known whether there is a task, 3 s at most."""
        first = CANCEL_WITHIN * _ANSWER_SHARE
        if self.context.clock.monotonic() < self._pausing_until or (self._repeatable and self._held):
            self.abandon.set()
        if self.answered.wait(first):
            return True
        if self._repeatable:
            # Repeated with the same key, the order returns its task, however long its first answer takes.
            self.abandon.set()
        return self.answered.wait(CANCEL_WITHIN - first)

    def _cancel_task(self) -> CancelResult:
        """Ask the server to cancel the task, and write down what it says."""
        charge = self.charge()
        if not self.task_id:
            # The images came in the answer to the order: there is no task to cancel.
            return replace(self._cancel_result(CancelOutcome.KEPT, charge), cost_usd=to_usd(charge.charged_quota))
        try:
            answer = self.context.client.cancel(self.task_id, within=_ANSWER_WITHIN)
        except ApiError as error:
            # Only this code is documented as "no longer queued"; of other refusals the task's state tells more.
            is_late = error.api_code == "task_not_cancellable" and error.fields.get("state") != TaskState.FAILED
            kept = is_late or error.fields.get("state") in {TaskState.PROCESSING, TaskState.COMPLETED}
            return self._cancel_result(CancelOutcome.KEPT, charge) if kept else self._unconfirmed_result(charge)
        except QwaveError:
            return self._unconfirmed_result(charge)
        charge = charge.after_cancel(answer)
        back, cost = answer.refunded_quota, charge.charged_quota
        self.update_entry(
            state=EntryState.CANCELLED, finished=self.context.clock.now(), refunded_quota=back, cost_quota=cost
        )
        outcome = CancelOutcome.REFUNDED if charge.is_charged is False else CancelOutcome.CANCELLED
        return replace(self._cancel_result(outcome, charge), refunded_usd=to_usd(back), cost_usd=to_usd(cost))

    def _unconfirmed_result(self, charge: Charge) -> CancelResult:
        # Should it have worked all the same, whoever learns of it, also in a later run, knows that it was asked for.
        self._cancel_asked = True
        result = self._cancel_result(CancelOutcome.UNKNOWN, charge)
        self.update_entry(error=_error_record(result.error))
        return result

    def _unanswered_result(self) -> CancelResult:
        # It stays open: as long as nobody knows whether there is a task, it is picked up again.
        charge = Charge(OrderStage.UNKNOWN, estimate_usd=self.request.estimate_usd)
        result = self._cancel_result(CancelOutcome.UNKNOWN, charge, "cancelled_unanswered")
        self.update_entry(error=_error_record(result.error))
        return result

    def _cancel_result(self, outcome: CancelOutcome, charge: Charge, code: str = "") -> CancelResult:
        # Both have one text, which the charge completes.
        shown = CancelOutcome.REFUNDED if outcome is CancelOutcome.CANCELLED else outcome
        key = f"generation.{code or f'cancelled_{shown}'}"
        return CancelResult(outcome, Cancelled(key, outcome=outcome, charge=charge, **self._ids()))


def _with_cancellation(now: Snapshot, result: CancelResult) -> Snapshot:
    cost = now.cost_usd if result.cost_usd is None else result.cost_usd
    return replace(now, stopped=result.outcome, refunded_usd=result.refunded_usd, cost_usd=cost)


def _notice(code: str, parameter: str, given: object, **detail: object) -> Violation:
    return Violation(code, parameter, given, severity="warn", detail=detail, section="generation")


def _to_line(key: str, **fields: object) -> str:
    return " ".join(i18n.text(key, **fields).split())


def _error_record(error: QwaveError, code: str = "") -> dict[str, str]:
    return {"code": code or error.code, "text": str(error)[:500]}


def _is_empty(task: Task) -> bool:
    return task.state == TaskState.COMPLETED and not task.images
