"""An identical request of the same server: its earlier result, or one that is being made at this moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.errors import WaitTimeout
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.journal.schema import OPEN_STATES

if TYPE_CHECKING:
    from qwave_jupyter.jobs.cancellation import Course
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.locks import JobLock
    from qwave_jupyter.jobs.journal.store import Entry
    from qwave_jupyter.jobs.request import Request

__all__ = ["find_finished", "is_likely", "take_open", "wait_for_turn"]

#: Seconds between two looks at what another job, perhaps of another kernel, is making.
_LOOK_EVERY = 0.1


def find_finished(request: Request, bench: JobContext) -> Entry | None:
    """The newest finished job of this request that this server made, its files still there."""
    return bench.journal.find_finished(request.fingerprint, base_url=records.server_of(bench))


def is_likely(request: Request, bench: JobContext) -> bool:
    """Whether the request was made already, or is being made by somebody who lets others reuse it."""
    return find_finished(request, bench) is not None or _lock_of(request, bench).is_held()


def wait_for_turn(course: Course, show: Callable[[], bool], seconds: float) -> JobLock | None:
    """Let one of several identical orders go ahead; the others wait for what becomes of it.

    Args:
        course: the job; its ``stop`` ends the wait.
        show: shows an earlier result where there is one by now, and tells whether.
        seconds: how long to wait at most.

    Returns:
        The lock of whoever is to order, to be given back when the files are there; None where a result was shown.

    Raises:
        Stopped: the job was stopped.
        WaitTimeout: the other one took longer.
    """
    lock = _lock_of(course.request, course.bench)
    clock = course.bench.clock
    ends = clock.monotonic() + seconds
    while not show():
        if lock.acquire():
            # It may have ended between the two looks.
            if not show():
                return lock
            lock.release()
            return None
        if clock.monotonic() >= ends:
            raise WaitTimeout("generation.timeout_same", seconds=seconds, job_id=course.job_id, task_id="")
        # The other one's time is real time, also where this job's clock is another.
        if course.stop.wait(_LOOK_EVERY):
            course.answered.set()
            raise Stopped
    return None


def take_open(request: Request, bench: JobContext) -> tuple[Entry, JobLock] | None:
    """A task of this very request that nobody follows any more, with its lock; None where there is none."""
    journal = bench.journal
    for entry in journal.abandoned(base_url=records.server_of(bench)):
        if entry.fingerprint != request.fingerprint or not entry.task_id:
            continue
        lock = journal.lock(entry.job_id)
        if not lock.acquire():
            continue
        known = next((one for one in journal.find(entry.job_id) if one.job_id == entry.job_id), entry)
        if known.state in OPEN_STATES:
            return known, lock
        lock.release()
    return None


def _lock_of(request: Request, bench: JobContext) -> JobLock:
    named = f"{records.server_of(bench)}\n{request.fingerprint}"
    return bench.journal.lock("reuse-" + hashlib.sha256(named.encode("utf-8", "replace")).hexdigest())
