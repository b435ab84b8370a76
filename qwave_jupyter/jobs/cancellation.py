"""What a running job knows, shared by the thread that runs it and whoever wants to stop it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwave_jupyter.client.tasks import Task, to_usd
from qwave_jupyter.errors import ApiError, Cancelled, QwaveError
from qwave_jupyter.jobs.charges import Charge
from qwave_jupyter.jobs.context import JobContext

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["CANCEL_WITHIN", "Course", "Ending"]

#: Seconds for asking the server to cancel, all in all: a kernel swallows a second interrupt meanwhile.
CANCEL_WITHIN = 3.0
#: The part of it for which an answer that isn't held back is worth waiting for, before the order is repeated instead.
_ANSWER_SHARE = 1 / 3


@dataclass(frozen=True)
class Ending:
    """What became of a job that was stopped.

    Args:
        outcome: ``unsent``, ``refunded``, ``cancelled`` (and not, or not wholly, refunded as far as is known), ``kept``
            or ``unknown``.
        error: the error that tells.
        refunded_usd: what went back, or None.
        cost_usd: what is charged all the same, or None.
    """

    outcome: str
    error: Cancelled
    refunded_usd: float | None = None
    cost_usd: float | None = None


@dataclass
class Course:
    """One job's way through the stages.

    Args:
        job_id: our id.
        request: what was asked for.
        bench: what is needed for it.
        task_id: the server's id, "" until it is known.
        stop: set when somebody wants it to end.
        abandon: set when a submit between two attempts needn't be waited for.
        left: set when the job's thread works on it no more.
        answered: set when it is known whether the server has the job, or that it never got it.
    """

    job_id: str
    request: Request
    bench: JobContext
    task_id: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    #: Unix seconds of the intent. Its day stands in the pictures' names, which picking the job up must find again.
    created: float | None = None
    #: Until when, on the job's clock, a submit only waits for its next attempt.
    pausing_until: float = 0.0
    #: Whether a POST may have reached the server.
    sent: bool = False
    #: Whether the order may be repeated to learn its task, and whether its answer is being held back.
    repeatable: bool = False
    held: bool = False
    #: The task as the server last described it, and what it reserved at the submit.
    task: Task | None = None
    held_quota: int | None = None
    #: Whether the task has ended with pictures, so that there is nothing left to cancel.
    completed: bool = False
    _given_up: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, **changes: Any) -> None:
        """Write changes into the journal."""
        self.bench.journal.update(self.job_id, **changes)

    def has_task(self, task: Task) -> bool:
        """Take note of the server's answer to the submit.

        Returns:
            False when whoever stopped the job has stopped waiting for this answer.
        """
        with self._lock:
            self.task_id = task.task_id
            self.saw(task)
            self.answered.set()
            return not self._given_up

    def saw(self, task: Task) -> None:
        """Take note of what the server says of the task."""
        self.task = task
        self.held_quota = self.held_quota if task.held_quota is None else task.held_quota

    def charge(self) -> Charge:
        """What is known of the money of a task."""
        return Charge.of_task(self.task or Task(self.task_id), self.request, self.held_quota)

    def end(self) -> Ending:
        """Ask the server once to cancel, 3 s at most, and say what became of the job."""
        # The patience of a person at the keyboard is measured in real time, whatever the job's clock says.
        waited_since = time.monotonic()
        if not self._is_answered():
            with self._lock:
                if not self.answered.is_set():
                    # The job's own thread goes on, and cancels the task once it knows its id.
                    self._given_up = True
                    return self._unanswered()
        if not self.task_id:
            if self.sent:
                return self._unanswered()
            self._note_stopped("cancelled")
            return self._ending("unsent", Charge("unsent"))
        if self.completed:
            return self._ending("kept", self.charge())
        found: list[Ending] = []
        asking = threading.Thread(target=lambda: found.append(self.cancel_task()), name="qwave-cancel", daemon=True)
        asking.start()
        asking.join(max(0.1, CANCEL_WITHIN - (time.monotonic() - waited_since)))
        return found[0] if found else self._ending("unknown", self.charge())

    def _is_answered(self) -> bool:
        """Wait until it is known whether there is a task, 3 s at most."""
        first = CANCEL_WITHIN * _ANSWER_SHARE
        if self.bench.clock.monotonic() < self.pausing_until or (self.repeatable and self.held):
            self.abandon.set()
        if self.answered.wait(first):
            return True
        if self.repeatable:
            # Repeated with the same key, the order tells its task, however long its first answer takes.
            self.abandon.set()
        return self.answered.wait(CANCEL_WITHIN - first)

    def cancel_task(self) -> Ending:
        """Ask the server to cancel the task, and write down what it says."""
        charge = self.charge()
        try:
            answer = self.bench.client.cancel(self.task_id, within=CANCEL_WITHIN)
        except ApiError as error:
            # Only a 400 is documented as "no longer queued"; whatever else is answered says nothing of the task.
            return self._ending("kept" if error.status == 400 else "unknown", charge)
        except QwaveError:
            return self._ending("unknown", charge)
        charge = charge.after_cancel(answer)
        cost = charge.charged_quota
        self._note_stopped("cancelled", refunded_quota=answer.refunded_quota, cost_quota=cost)
        back = to_usd(answer.refunded_quota)
        return self._ending("cancelled" if charge.is_charged is not False else "refunded", charge, back, to_usd(cost))

    def _note_stopped(self, state: str, **more: Any) -> None:
        self.note(state=state, finished=self.bench.clock.now(), **more)

    def _unanswered(self) -> Ending:
        # It stays open: as long as nobody knows whether there is a task, it is picked up again.
        charge = Charge("unknown", estimate_usd=self.request.estimate_usd)
        ending = self._ending("unknown", charge, key="unanswered")
        self.note(error={"code": ending.error.code, "text": str(ending.error)[:500]})
        return ending

    def _ending(
        self,
        outcome: str,
        charge: Charge,
        refunded_usd: float | None = None,
        cost_usd: float | None = None,
        *,
        key: str = "",
    ) -> Ending:
        key = f"generation.cancelled_{key or ('refunded' if outcome == 'cancelled' else outcome)}"
        error = Cancelled(key, outcome=outcome, charge=charge, job_id=self.job_id, task_id=self.task_id)
        return Ending(outcome, error, refunded_usd, cost_usd)
