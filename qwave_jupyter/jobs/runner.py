"""The stages of one job, in the order in which they happen, each written down before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qwave_jupyter import i18n
from qwave_jupyter.catalog import Violation
from qwave_jupyter.client.error_responses import is_transient
from qwave_jupyter.client.polling import PollScheduler
from qwave_jupyter.client.retry import Retry, Stopped
from qwave_jupyter.client.tasks import Task, to_usd
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
from qwave_jupyter.i18n import printable
from qwave_jupyter.jobs import idempotency, records, reuse
from qwave_jupyter.jobs.cancellation import Course
from qwave_jupyter.jobs.charges import Charge
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.jobs.journal.store import Entry
from qwave_jupyter.jobs.limits import Account
from qwave_jupyter.jobs.result_download import LONGEST_LIFE, Fetch
from qwave_jupyter.jobs.snapshot import Snapshot
from qwave_jupyter.jobs.unanswered import unanswered
from qwave_jupyter.jobs.validation_errors import Mistake

__all__ = ["Run"]

#: The last question may be asked when the time is up, and its answer is read.
_GRACE = 5.0
#: Seconds for which a stopped job goes on asking for the task that it has to cancel.
_LEARNING = 60.0
#: Codes of the task pages since June 2026 that have a text of their own; ``task_failed`` says nothing more.
_FAILURES = ("upstream_bad_request", "upstream_rate_limited", "upstream_unavailable")


@dataclass
class Run:
    """One pass through the stages.

    Args:
        course: what is known, shared with whoever stops the job.
        publish: makes the next snapshot from changes.
        account: the job's limits and its place in the budget.
        reuse: show an identical finished job's pictures instead of paying again.
        hold: seconds for which the server may keep the answer to the submit back.
        entry: the journal's entry of a job that is picked up again.
        lock: the job's lock where it is held already.
        repeat: order again although nobody knows whether the first order made a task.
    """

    course: Course
    publish: Callable[..., Snapshot]
    account: Account
    reuse: bool = False
    hold: float | None = None
    entry: Entry | None = None
    lock: JobLock | None = None
    repeat: bool = False
    _started: float = 0.0
    _submitted: float | None = None
    _deadline: float = 0.0
    _notices: tuple[Violation, ...] = field(default=())

    def reserve_early(self) -> None:
        """Take the place in the budget before the start, unless an identical request may serve, which costs nothing.

        Raises:
            TooExpensive: it is above a limit.
        """
        course = self.course
        if not (self.reuse and self.entry is None and reuse.is_likely(course.request, course.bench)):
            self._reserve()

    def _reserve(self) -> None:
        self.account.reserve(self.course.request, self.course.job_id, self.entry)

    def __call__(self) -> None:
        """Run to the end.

        Raises:
            Stopped: the job is to be cancelled; whoever wanted that says what became of it.
            QwaveError: why it ended otherwise than in pictures.
        """
        course, bench = self.course, self.course.bench
        seconds = bench.timeout_for(course.request.model.effective(course.request.values).get("resolution"))
        turn: JobLock | None = None
        if self.reuse and self.entry is None:
            turn = self._wait_for_turn(seconds)
            if turn is None:
                return
        try:
            self._make(seconds)
        finally:
            if turn is not None:
                turn.release()

    def _wait_for_turn(self, seconds: float) -> JobLock | None:
        course = self.course
        try:
            turn = reuse.wait_for_turn(course, self._shown_again, seconds)
        except WaitTimeout:
            self.account.release()
            raise
        left = reuse.take_open(course.request, course.bench) if turn is not None else None
        if left is not None:
            self.entry, self.lock = left
            course.job_id, course.created = self.entry.job_id, self.entry.created
            self.publish(job_id=course.job_id)
        return turn

    def _make(self, seconds: float) -> None:
        course, bench = self.course, self.course.bench
        self._started = bench.clock.monotonic()
        self._deadline = self._started + seconds
        lock = self.lock or bench.journal.lock(course.job_id)
        if not lock.acquire():
            raise GenerationError("generation.held_elsewhere", job_id=course.job_id, task_id=course.task_id)
        try:
            task = self._taken_up() if self.entry is not None and self.entry.task_id else self._submit()
            task = self._follow(task)
            gallery = Fetch(course, self.publish, self._retrying, self._say, self._deadline, self.entry)(task)
        finally:
            # Before anybody hears of the end, so that what is still open can be picked up at once.
            lock.release()
        self.publish(phase="done", gallery=gallery, cost_usd=to_usd(task.cost_quota), retry=None)

    def _shown_again(self) -> bool:
        course = self.course
        earlier = reuse.find_finished(course.request, course.bench)
        if earlier is None:
            return False
        gallery = records.gallery_of(earlier, course.bench)
        course.answered.set()
        detail = {"moment": gallery[0].created}
        notice = Mistake("reused", "reuse", earlier.task_id or earlier.job_id, severity="warn", detail=detail)
        self.publish(
            phase="done",
            gallery=gallery,
            task_id=earlier.task_id or "",
            cost_usd=0.0,
            reused=True,
            notices=(*course.request.warnings, notice),
        )
        return True

    def _submit(self) -> Task:
        course, bench = self.course, self.course.bench
        self._reserve()
        if self.entry is None:
            self._write_intent()
        if course.stop.is_set():
            course.answered.set()
            raise Stopped
        self.publish(phase="submitting")
        # An earlier run's order may have reached the server, whatever becomes of this one.
        earlier = self.entry is not None
        course.sent, course.repeatable = True, self._is_repeatable()
        hold = self.hold if course.repeatable else None
        course.held = bool(hold) and bench.client.holds is not False
        self._submitted = bench.clock.monotonic()
        try:
            # An answer under way is worth waiting for: without it there is no task to cancel.
            task = self._order(hold=hold, stop=course.abandon, on_retry=self._resubmitting, deadline=self._deadline)
        except Stopped as stopped:
            course.sent = earlier or stopped.outcome_unknown
            known = self._task_of_stopped() if course.sent else None
            if known is None:
                course.answered.set()
                raise
            task = known
        except QwaveError as error:
            course.sent = earlier or bool(error.fields.get("outcome_unknown"))
            course.answered.set()
            raise self._not_submitted(error) from error
        return self._accepted(task)

    def _order(self, **options: Any) -> Task:
        course = self.course
        return course.bench.client.submit(
            course.request.body,
            idempotency_key=course.job_id,
            repeatable=self._is_repeatable,
            may_exist=self.entry is not None and not self.repeat,
            **options,
        )

    def _is_repeatable(self) -> bool:
        bench = self.course.bench
        created = self.course.created if self.entry is None else self.entry.created
        return idempotency.heeds_key(bench) and idempotency.is_key_alive(created, bench) is True

    def _task_of_stopped(self) -> Task | None:
        """The task of an order that was stopped before its answer, told by repeating it; None where that isn't safe."""
        if not self._is_repeatable():
            return None
        try:
            return self._order(deadline=self.course.bench.clock.monotonic() + _LEARNING)
        except QwaveError:
            return None

    def _resubmitting(self, retry: Retry) -> None:
        if self.course.stop.is_set():
            raise Stopped
        # A task's time is counted from the attempt that made it, however long its answer was held.
        self._submitted = self.course.pausing_until = self.course.bench.clock.monotonic() + retry.delay
        self._retrying(retry)

    def _write_intent(self) -> None:
        course = self.course
        try:
            entry = records.intent(course.request, course.job_id, course.bench)
        except OSError as problem:
            # Without the pictures' bytes it can't be repeated, but it can be followed.
            reason = problem.strerror or type(problem).__name__
            self._say(Mistake("references_not_kept", "images", reason, severity="warn"))
            bare = replace(course.request, body={}, references=())
            entry = records.intent(bare, course.job_id, course.bench)
        course.created = entry.created
        course.bench.journal.begin(entry)
        self._say(*course.request.warnings)

    def _not_submitted(self, error: QwaveError) -> QwaveError:
        course = self.course
        answered = isinstance(error, ApiError)
        error.fields["charge"] = Charge.of_order(course.request, sent=course.sent, answered=answered)
        if not course.sent:
            said = {"code": error.code, "text": str(error)[:500]}
            course.note(state="refused", error=said, finished=course.bench.clock.now())
            return error
        # The server may have it: it stays open, and is repeated with the same key where there is one.
        seconds = self._waited() if course.bench.clock.monotonic() >= self._deadline else None
        told = unanswered(error, self._ids(), repeatable=self._is_repeatable(), seconds=seconds)
        course.note(error={"code": error.code, "text": str(told)[:500]})
        return told

    def _accepted(self, task: Task) -> Task:
        course, clock = self.course, self.course.bench.clock
        submitted = clock.now() - self._elapsed()
        if task.held_quota is not None or course.bench.client.replays_keys:
            idempotency.remember(course.bench)
        course.note(state="running", task_id=task.task_id, submitted=submitted, held_quota=task.held_quota)
        if not course.has_task(task):
            # It was stopped while this answer was awaited.
            if course.cancel_task().outcome == "refunded":
                self.account.release()
            raise Stopped
        self.publish(**{"phase": "queued", **self._printable(task)})
        if course.stop.is_set():
            raise Stopped
        self._check_limits(task)
        return task

    def _check_limits(self, task: Task) -> None:
        """Cancel a task for which the server holds more than is allowed, or say that it is too late for that."""
        told = {one.given for one in self._notices if one.code == "amount_unreadable"}
        odd = [name for name in task.unreadable if name not in told]
        self._say(*(Mistake("amount_unreadable", "max_cost", name, severity="warn") for name in odd))
        excess = self.account.find_excess(task)
        if excess is None:
            return
        dollars = i18n.dollars(excess.usd)
        if not task.ended:
            ending = self.course.cancel_task()
            if ending.outcome in {"refunded", "cancelled"}:
                cost = {} if ending.cost_usd is None else {"cost_usd": ending.cost_usd}
                self.publish(refunded_usd=ending.refunded_usd, stopped=ending.outcome, **cost)
                charge = ending.error.fields["charge"]
                raise TooExpensive(
                    "generation.held_too_dear", held=dollars, ceiling=excess.ceiling, charge=charge, **self._ids()
                )
        self.account.over_limit = True
        self.publish(over_limit=True)
        code = "charged_too_dear" if excess.charged else "held_too_dear_kept"
        self._say(Mistake(code, "max_cost", dollars, severity="warn", detail={"ceiling": excess.ceiling}))

    def _taken_up(self) -> Task:
        entry = self.entry
        assert entry is not None  # noqa: S101 - only called for one
        if entry.submitted is not None:
            clock = self.course.bench.clock
            self._submitted = clock.monotonic() - max(0.0, clock.now() - entry.submitted)
        self._reserve()
        task = Task(task_id=entry.task_id or "", held_quota=entry.held_quota)
        self.course.has_task(task)
        self.publish(**{"phase": "processing", **self._printable(task)})
        now = self._ask(task)
        # Not every answer repeats what was held at the submit.
        self._check_limits(replace(now, held_quota=entry.held_quota) if now.held_quota is None else now)
        return now

    def _follow(self, task: Task) -> Task:
        course, clock = self.course, self.course.bench.clock
        schedule = PollScheduler(self._durations())
        self.publish(usual=schedule.estimate())
        asked_again = self.entry is not None
        took = self._took(schedule, task)
        while not task.ended or (self._may_list_more(task) if asked_again else _is_empty(task)):
            now = clock.monotonic()
            if now >= self._deadline:
                key = "generation.timeout_no_images" if task.ended else "generation.timeout"
                raise WaitTimeout(key, seconds=self._waited(), **self._ids())
            asked_again = task.ended
            pause = schedule.next_delay(self._elapsed(), task.progress, task.poll_hint)
            if clock.wait(min(pause, self._deadline - now), course.stop):
                raise Stopped
            task = self._ask(task)
            took = self._took(schedule, task) if took is None else took
        return self._judged(task, took)

    def _may_list_more(self, task: Task) -> bool:
        """Whether a completed task without images may still list them: unless it cost nothing, or is too old."""
        return _is_empty(task) and task.cost_quota != 0 and not self._is_old()

    def _is_old(self) -> bool:
        """Whether a job that is picked up again was ordered longer ago than any link lives."""
        age = None if self.entry is None else idempotency.age_of(self.entry.created, self.course.bench)
        return age is not None and age > LONGEST_LIFE

    def _took(self, schedule: PollScheduler, task: Task) -> float | None:
        # When the end of a job that was picked up again is noticed says nothing of when it was.
        if not task.ended or (self.entry is not None and self.entry.task_id):
            return None
        told = task.completed_at - task.created_at if task.completed_at and task.created_at else None
        return schedule.infer_duration(self._elapsed(), told)

    def _durations(self) -> Sequence[float]:
        request = self.course.request
        effective = request.model.effective(request.values)
        return self.course.bench.journal.durations(
            request.model.id,
            action=request.action,
            resolution=str(effective.get("resolution") or ""),
            quality=str(effective.get("quality") or ""),
            n=request.pictures_asked,
        )

    def _ask(self, task: Task) -> Task:
        """What has become of the task; what it was before when the server can't say now."""
        course, clock = self.course, self.course.bench.clock
        try:
            answer = course.bench.client.task(
                course.task_id, stop=course.stop, on_retry=self._retrying, deadline=self._deadline + _GRACE
            )
        except NotFound as error:
            self._lost(error)
            error.fields["charge"] = course.charge()
            raise
        except QwaveError as error:
            if not is_transient(error):
                raise self._question_refused(error) from error
            wanted = error.retry_after if isinstance(error, ApiError) else None
            pause = min(wanted or 0.0, max(0.0, self._deadline - clock.monotonic()))
            self._retrying(Retry(1, pause, error))
            if pause and clock.wait(pause, course.stop):
                raise Stopped from None
            return task
        course.saw(answer)
        self.publish(**self._printable(answer))
        return answer

    def _question_refused(self, error: QwaveError) -> QwaveError:
        # A refused question says nothing of the task, which goes on.
        error.fields["charge"] = self.course.charge()
        if type(error) is not RequestRejected:
            return error
        return RequestRejected("generation.question_refused", **{**error.fields, **self._ids(), "cause": error.code})

    def _lost(self, error: NotFound) -> None:
        # Another key's task looks the same, so only an old one is given up.
        if self._is_old():
            self.course.note(state="unknown", error={"code": error.code, "text": str(error)[:500]})

    def _printable(self, task: Task) -> dict[str, Any]:
        changes: dict[str, Any] = {"task_id": task.task_id, "retry": None}
        if task.status:
            changes["status_word"] = task.status
        if task.state in {"processing", "unknown"} and task.status:
            changes["phase"] = "processing"
        if task.progress is not None and not task.ended:
            changes["progress"] = task.progress
        if task.held_quota is not None:
            changes["held_usd"] = to_usd(task.held_quota)
        if task.cost_quota is not None and task.ended:
            changes["cost_usd"] = to_usd(task.cost_quota)
        return changes

    def _judged(self, task: Task, duration: float | None) -> Task:
        course, clock = self.course, self.course.bench.clock
        ended: dict[str, Any] = {"cost_quota": task.cost_quota, "finished": clock.now()}
        if duration is not None and task.state == "completed":
            ended["duration"] = duration
        if task.state == "completed" and task.pictures:
            links = [{"urls": list(link.urls), "expires_at": link.expires_at} for link in task.pictures]
            course.completed = True
            course.note(state="completed", links=links, **ended)
            self._check_limits(task)
            return task
        error: QwaveError
        if task.state == "cancelled":
            if course.stop.is_set():
                # Most likely our own cancel took effect while this question was under way; its answer tells the refund.
                raise Stopped
            charge = course.charge()
            outcome = "refunded" if charge.is_charged is False else "cancelled"
            error = Cancelled("generation.cancelled_elsewhere", outcome=outcome, charge=charge, **self._ids())
            course.note(state="cancelled", error={"code": error.code, "text": str(error)}, **ended)
            raise error
        error = self._failure(task)
        course.note(
            state="failed", error={"code": error.fields.get("failure", error.code), "text": str(error)[:500]}, **ended
        )
        raise error

    def _failure(self, task: Task) -> TaskFailed:
        ids = {"charge": self.course.charge(), **self._ids()}
        if task.state == "completed":
            return TaskFailed("generation.no_pictures", failure="no_pictures", **ids)
        code = task.failure.code if task.failure else "task_failed"
        message = task.failure.message if task.failure else ""
        key = f"generation.failed_{code}" if code in _FAILURES else "generation.failed"
        told = printable(message).rstrip(".") or i18n.say("generation.no_reason")
        return TaskFailed(key, message=told, failure=code, **ids)

    def _say(self, *notices: Violation) -> None:
        if notices:
            self._notices = (*self._notices, *notices)
            self.publish(notices=self._notices)

    def _retrying(self, retry: Retry) -> None:
        self.publish(retry=retry)

    def _ids(self) -> dict[str, str]:
        return {"job_id": self.course.job_id, "task_id": self.course.task_id}

    def _elapsed(self) -> float:
        since = self._started if self._submitted is None else self._submitted
        return max(0.0, self.course.bench.clock.monotonic() - since)

    def _waited(self) -> int:
        return round(self.course.bench.clock.monotonic() - self._started)


def _is_empty(task: Task) -> bool:
    return task.state == "completed" and not task.pictures
