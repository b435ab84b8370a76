"""What a running job knows, shared by the thread that runs it and whoever wants to stop it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwave_jupyter import words
from qwave_jupyter.api.wire import Task, to_usd
from qwave_jupyter.errors import ApiError, Cancelled, QwaveError
from qwave_jupyter.generation.workbench import Workbench

if TYPE_CHECKING:
    from qwave_jupyter.generation.request import Request

__all__ = ["CANCEL_WITHIN", "Course", "Ending"]

#: Seconds for asking the server to cancel, all in all: a kernel swallows a second interrupt meanwhile.
CANCEL_WITHIN = 3.0


@dataclass(frozen=True)
class Ending:
    """What became of a job that was stopped.

    Args:
        outcome: ``unsent``, ``refunded``, ``kept``, ``unknown`` or ``unanswered``.
        error: the error that tells.
        refunded_usd: what went back, or None.
    """

    outcome: str
    error: Cancelled
    refunded_usd: float | None = None


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
    bench: Workbench
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
            self.answered.set()
            return not self._given_up

    def end(self) -> Ending:
        """Ask the server once to cancel, 3 s at most, and say what became of the job."""
        # The patience of a person at the keyboard is measured in real time, whatever the job's clock says.
        waited_since = time.monotonic()
        if self.bench.clock.monotonic() < self.pausing_until:
            self.abandon.set()
        if not self.answered.wait(CANCEL_WITHIN):
            with self._lock:
                if not self.answered.is_set():
                    # The answer may still come: then the job's own thread cancels the task.
                    self._given_up = True
                    self._note_stopped("unknown")
                    return self._ending("unanswered")
        if not self.task_id:
            if self.sent:
                self._note_stopped("unknown")
                return self._ending("unanswered")
            self._note_stopped("cancelled")
            return self._ending("unsent")
        if self.completed:
            return self._ending("kept")
        found: list[Ending] = []
        asking = threading.Thread(target=lambda: found.append(self.cancel_task()), name="qwave-cancel", daemon=True)
        asking.start()
        asking.join(max(0.1, CANCEL_WITHIN - (time.monotonic() - waited_since)))
        return found[0] if found else self._ending("unknown")

    def cancel_task(self) -> Ending:
        """Ask the server to cancel the task, and write down what it says."""
        try:
            answer = self.bench.client.cancel(self.task_id, within=CANCEL_WITHIN)
        except ApiError as error:
            refused = (
                error.status is not None and 400 <= error.status < 500 and error.status not in {401, 403, 408, 429}
            )
            return self._ending("kept" if refused else "unknown")
        except QwaveError:
            return self._ending("unknown")
        self._note_stopped("cancelled", refunded_quota=answer.refunded_quota, cost_quota=0 if answer.refunded else None)
        return self._ending("refunded", to_usd(answer.refunded_quota))

    def _note_stopped(self, state: str, **more: Any) -> None:
        self.note(state=state, finished=self.bench.clock.now(), **more)

    def _ending(self, outcome: str, refunded_usd: float | None = None) -> Ending:
        key = "generation.cancelled_" + (outcome if outcome != "refunded" or refunded_usd is not None else "plain")
        ids = {"job_id": self.job_id, "task_id": self.task_id}
        refund = "" if refunded_usd is None else words.dollars(refunded_usd)
        error = Cancelled(key, refund=refund, outcome=outcome, **ids)
        return Ending("unknown" if outcome == "unanswered" else outcome, error, refunded_usd)
