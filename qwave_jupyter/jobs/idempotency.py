"""Paying once for one order: idempotency keys, identical requests, and orders of which nobody knows the outcome.

The edition says whether its contract has the key. A server that has shown fields of June 2026 or later is remembered in
the home folder as one that honours it. Within 24 h the same key gives the same task and no second charge (Submit page,
editions 2026-06 and 2026-09).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qwave_jupyter.client.retry import Stopped
from qwave_jupyter.errors import ApiError, GenerationError, QwaveError, WaitTimeout
from qwave_jupyter.folders import is_file
from qwave_jupyter.images.saver import is_unchanged
from qwave_jupyter.jobs.costs import Charge, OrderStage

if TYPE_CHECKING:
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.locks import JobLock
    from qwave_jupyter.jobs.journal.record import Entry
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.jobs.runner import JobRunner

__all__ = [
    "KEY_LIVES",
    "acquire_reuse_lock",
    "claim_reuse_lock",
    "find_finished",
    "is_key_alive",
    "is_likely",
    "is_supported",
    "may_be_free",
    "open_order_error",
    "order_age",
    "remember",
    "unknown_order_error",
    "wait_for_reuse_lock",
]

#: Seconds for which a key is repeated: the documented 24 h with some minutes as a margin.
KEY_LIVES = 24 * 3600.0 - 600.0
#: Seconds by which clocks are set right every day; within the margin above.
_SKEW = 300.0
#: No page of the API is older than November 2025, so a clock before that is wrong.
_EARLIEST = 1_761_955_200.0
#: A row from farther ahead than this was written with a wrong clock once, not of one that has been set back since.
_AHEAD = 30 * 86_400.0
#: Seconds between two checks of what another job, perhaps of another kernel, is making.
_CHECK_SECONDS = 0.1


def is_supported(context: JobContext) -> bool:
    """Whether the server makes no second task for a key that it has seen."""
    if context.demo or context.catalog.supports_idempotency or context.client.supports_idempotency:
        return True
    return is_file(_marker_file(context))


def remember(context: JobContext) -> None:
    """Take note, also for later processes, that the server has shown fields of June 2026 or later."""
    if is_supported(context) and not context.client.supports_idempotency:
        return
    # Where nothing can be written, the next process has to see it for itself.
    context.client.supports_idempotency = True
    marker = _marker_file(context)
    with contextlib.suppress(OSError):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_text(f"{context.client.origin}\n", encoding="utf-8")


def order_age(created: float | None, context: JobContext) -> float | None:
    """Seconds since an intent; None where the clock can't be trusted."""
    # The clock is wrong where the intent lies in the future or before the API, or where the journal was written to
    # later than now.
    now = context.clock.now()
    if created is None or min(created, now) < _EARLIEST or created > now + _SKEW:
        return None
    if context.journal.has_later(now + _SKEW, now + _AHEAD):
        return None
    return max(0.0, now - created)


def is_key_alive(created: float | None, context: JobContext) -> bool | None:
    """Whether the key of an order is still honoured; None where nobody can know."""
    age = order_age(created, context)
    return None if age is None else age <= KEY_LIVES


def _marker_file(context: JobContext) -> Path:
    digest = hashlib.sha256(context.client.origin.encode()).hexdigest()[:32]
    return context.home / "servers-with-keys" / f"{digest}.txt"


def unknown_order_error(
    error: QwaveError, ids: Mapping[str, str], *, repeatable: bool, seconds: float | None = None
) -> QwaveError:
    """The error of an order that has just ended without a usable answer."""
    fields: dict[str, object] = {**error.fields, **ids, "outcome_unknown": True, "cause": error.code}
    fields["reason"] = _reason(error)
    key = "generation.order_unknown_key" if repeatable else "generation.order_unknown"
    if seconds is None:
        return type(error)(key, **fields)
    fields["seconds"] = seconds
    return WaitTimeout("generation.timeout_unsubmitted" if repeatable else key, **fields)


def open_order_error(code: str, entry: Entry) -> GenerationError:
    """The error of an order of an earlier run that can't be repeated now."""
    return GenerationError(
        f"generation.{code}",
        job_id=entry.job_id,
        task_id="",
        outcome_unknown=True,
        # This run has ordered nothing; what the earlier one may have cost is the charge.
        ordered=False,
        charge=Charge(OrderStage.UNKNOWN, estimate_usd=entry.estimate_usd),
    )


def _reason(error: QwaveError) -> str:
    if isinstance(error, ApiError) and error.status is not None:
        message = error.fields.get("message") or error.api_code
        return f"HTTP {error.status}: {message}" if message else f"HTTP {error.status}"
    return str(error.fields.get("reason") or error.code)


def find_finished(request: Request, context: JobContext) -> Entry | None:
    """The newest finished job of this request that this server made, its files still there and what was saved."""
    find = partial(context.journal.find_finished, base_url=context.server, is_there=is_unchanged)
    return next(filter(None, map(find, request.fingerprints)), None)


def find_abandoned(request: Request, context: JobContext) -> tuple[Entry, ...]:
    """The open orders of this request at this server that nobody works on, oldest first."""
    return tuple(
        entry
        for one in request.fingerprints
        for entry in context.journal.abandoned_jobs(base_url=context.server, fingerprint=one)
    )


def is_likely(request: Request, context: JobContext) -> bool:
    """Whether the request was made already, or is being made by somebody who lets others reuse it."""
    return find_finished(request, context) is not None or _reuse_lock(request.fingerprint, context).is_held()


def may_be_free(request: Request, context: JobContext) -> bool:
    """Whether a job that may reuse results orders nothing new, as far as one can see without locking anything."""
    return is_likely(request, context) or bool(find_abandoned(request, context))


def acquire_reuse_lock(request: Request, context: JobContext) -> JobLock | None:
    """The lock of whoever is to order; None where somebody else is at it, or where there is a result already."""
    lock = _reuse_lock(request.fingerprint, context)
    if find_finished(request, context) is not None or not lock.acquire():
        return None
    if find_finished(request, context) is None:
        return lock
    lock.release()
    return None


def wait_for_reuse_lock(job: JobRunner, show: Callable[[], bool], seconds: float) -> JobLock | None:
    """The lock of whoever is to order, once no identical order is under way; None where its result was shown."""
    lock = _reuse_lock(job.request.fingerprint, job.context)
    clock = job.context.clock
    ends = clock.monotonic() + seconds
    while not show():
        if lock.acquire():
            # It may have ended between the two checks.
            if not show():
                return lock
            lock.release()
            return None
        if clock.monotonic() >= ends:
            raise WaitTimeout("generation.timeout_same", seconds=seconds, job_id=job.job_id, task_id="")
        # The other one's time is real time, also where this job's clock is another.
        if job.stop.wait(_CHECK_SECONDS):
            job.answered.set()
            raise Stopped
    return None


def claim_reuse_lock(entry: Entry, context: JobContext) -> JobLock | None:
    """The lock that lets equal requests wait for an open order that goes on; None where another holds it."""
    lock = _reuse_lock(entry.fingerprint, context)
    return lock if lock.acquire() else None


def _reuse_lock(fingerprint: str, context: JobContext) -> JobLock:
    identity = f"{context.server}\n{fingerprint}"
    return context.journal.lock("reuse-" + hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest())
