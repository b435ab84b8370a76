"""Jobs in the order in which they end."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from qwave_jupyter.errors import WaitTimeout

if TYPE_CHECKING:
    from qwave_jupyter.jobs.job import Job

__all__ = ["as_completed"]

#: A wait in slices stays interruptible everywhere, Windows included.
_SLICE = 0.2


def as_completed(jobs: Iterable[Job], timeout: float | None = None) -> Iterator[Job]:
    """The jobs in the order in which they end.

    Args:
        jobs: jobs that were started.
        timeout: seconds for all of them together; None for as long as it takes.

    Raises:
        WaitTimeout: ``timeout`` passed.

    Example:
        >>> for job in as_completed(jobs):
        ...     print(job.task_id, job.status)
    """
    ended: queue.SimpleQueue[Job] = queue.SimpleQueue()
    several = list(jobs)
    for job in several:
        job._refuse_in_child()  # noqa: SLF001 - of the same room
        job.add_done_callback(ended.put)
    until = None if timeout is None else time.monotonic() + timeout
    for _ in several:
        while True:
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                raise WaitTimeout("generation.still_running", seconds=timeout, job_id="", task_id="")
            with contextlib.suppress(queue.Empty):
                yield ended.get(timeout=left)
                break
