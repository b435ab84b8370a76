"""A job at one moment, which every view is drawn from, and the thread that hands snapshots to observers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from qwave_jupyter import threads

if TYPE_CHECKING:
    from qwave_jupyter.catalog import Violation
    from qwave_jupyter.client.retry import Retry
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.request import Request

__all__ = ["CancelOutcome", "JobState", "Observer", "Observers", "Snapshot"]

#: An observer that is slower than this misses the oldest snapshots, never the last.
_MAX_WAITING = 64


class JobState(StrEnum):
    """The phases of a job; the last four are final."""

    PREPARING = "preparing"
    SUBMITTING = "submitting"
    QUEUED = "queued"
    PROCESSING = "processing"
    DOWNLOADING = "downloading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class CancelOutcome(StrEnum):
    """What became of a cancelled job on the server; ``CANCELLED`` is not known to be refunded in full."""

    UNSENT = "unsent"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    KEPT = "kept"
    UNKNOWN = "unknown"


_FINAL = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.TIMEOUT})


@dataclass(frozen=True)
class Snapshot:
    """What is known of a job now.

    Args:
        job_id: our id, also the idempotency key of its submit.
        request: what was asked for.
        phase: how far it is.
        task_id: the server's id, "" until it is known.
        status_word: the server's own word for the state.
        progress: 0 to 1 as the server reports it, or None.
        started: seconds on the job's monotonic clock.
        elapsed: seconds from the start to this snapshot.
        usual: seconds (shortest, longest) that similar jobs usually took, or None without a past.
        held_usd: what the server reserved, or None.
        cost_usd: what it charged in the end, or None.
        refunded_usd: what it gave back, or None.
        retry: the repetition that is being waited for, or None when the server answers.
        error: why it ended without images.
        gallery: the images that are on disk so far.
        notices: what is shown beside the images.
        stopped: what became of a cancelled job on the server, or "".
        reused: an earlier job's images are shown, and nothing was paid.
        over_limit: the server holds or charged more than was allowed, and it was too late to cancel.
        demo: the built-in demo serves.
    """

    job_id: str
    request: Request
    phase: JobState = JobState.PREPARING
    task_id: str = ""
    status_word: str = ""
    progress: float | None = None
    started: float = 0.0
    elapsed: float = 0.0
    usual: tuple[float, float] | None = None
    held_usd: float | None = None
    cost_usd: float | None = None
    refunded_usd: float | None = None
    retry: Retry | None = None
    error: QwaveError | None = None
    gallery: Gallery | None = None
    notices: tuple[Violation, ...] = ()
    stopped: CancelOutcome | Literal[""] = ""
    reused: bool = False
    over_limit: bool = False
    demo: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.phase in _FINAL

    @property
    def unusual_status(self) -> str:
        """The server's own word for a task under way, "" where it says no more than the phase."""
        usual = {"", JobState.PROCESSING, JobState.QUEUED}
        return self.status_word if self.phase == JobState.PROCESSING and self.status_word.lower() not in usual else ""


Observer = Callable[[Snapshot], None]


class Observers:
    """The observers of one job, called in a thread apart: a slow or failing view never costs an image."""

    def __init__(self) -> None:
        self._change = threading.Condition(threads.fork_safe(threading.RLock()))
        self._queues: dict[int, tuple[Observer, deque[Snapshot]]] = {}
        self._next = 0
        self._thread: threading.Thread | None = None
        self._over = False

    def add(self, observer: Observer, now: Snapshot) -> Callable[[], None]:
        """Call an observer with every snapshot, the present one first; the function returned ends that."""
        with self._change:
            if not self._over:
                number, self._next = self._next, self._next + 1
                self._queues[number] = (observer, deque([now], maxlen=_MAX_WAITING))
                self._wake()
                return lambda: self._remove(number)
        _notify(observer, now)
        return lambda: None

    def notify(self, now: Snapshot) -> None:
        """Pass a snapshot on; the last one is the one whose job is over."""
        with self._change:
            self._over = self._over or now.is_over
            for _, queue in self._queues.values():
                queue.append(now)
            if self._queues:
                self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threads.spawn(self._work, name="observers")
        self._change.notify_all()

    def _remove(self, number: int) -> None:
        with self._change:
            self._queues.pop(number, None)
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                while not any(queue for _, queue in self._queues.values()):
                    if self._over or not self._queues:
                        self._queues.clear()
                        self._thread = None
                        return
                    self._change.wait()
                due = [(observer, queue.popleft()) for observer, queue in self._queues.values() if queue]
            for observer, now in due:
                _notify(observer, now)


def _notify(observer: Observer, now: Snapshot) -> None:
    try:
        observer(now)
    except Exception as problem:  # noqa: BLE001 - a view that fails must not take the images with it
        threads.report_exception(problem)
