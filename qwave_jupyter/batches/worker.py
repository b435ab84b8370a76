"""One row of a batch in another thread, process or machine: what an executor is given to run."""

from __future__ import annotations

from concurrent.futures import CancelledError, Executor, Future
from typing import Any

from qwave_jupyter.amounts import read_amount
from qwave_jupyter.errors import Cancelled, GenerationError, QwaveError
from qwave_jupyter.images.gallery import Gallery
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.request import Request

__all__ = ["hand_over", "read", "run"]

Came = tuple["Gallery | None", "QwaveError | None", "float | None"]


def run(request: Request, bench: JobContext, max_cost: float | None, reuse: bool, hold: float | None) -> Came:
    """Make one request where it arrives: pictures, or the error, and what it cost in USD.

    The bench arrives without its key; the worker reads its own from the environment.

    Args:
        request: what to make.
        bench: what is needed for it.
        max_cost: USD, or None.
        reuse: show identical finished requests again.
        hold: seconds for which the server may keep the answer back.
    """
    job = Job(request, bench, max_cost=max_cost, reuse=reuse, hold=hold).start()
    try:
        gallery = job.result()
    except QwaveError as error:
        return None, error.with_traceback(None), job.snapshot.cost_usd
    return gallery, None, job.snapshot.cost_usd


def hand_over(executor: Executor, *work: Any) -> Future[Came]:
    """Give an executor what :func:`run` takes; one that takes nothing any more gives a future that has failed."""
    try:
        return executor.submit(run, *work)
    except Exception as problem:  # noqa: BLE001 - an executor that is shut down, or whatever else befell it
        failed: Future[Came] = Future()
        failed.set_exception(problem)
        return failed


def read(future: Future[Came]) -> Came:
    """What came of a row, whatever befell its worker."""
    try:
        gallery, error, cost = future.result()
    except CancelledError:
        return None, Cancelled("generation.cancelled_unsent", job_id="", task_id=""), None
    except Exception as problem:  # noqa: BLE001 - it is this row's outcome
        reason = f"{type(problem).__name__}: {problem}"
        return None, GenerationError("generation.worker_failed", reason=reason[:300]), None
    return gallery, error, read_amount(cost)
