"""Errors of orders of which nobody knows whether they made a task; the texts say what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import ApiError, GenerationError, QwaveError, WaitTimeout
from qwave_jupyter.jobs.charges import Charge

if TYPE_CHECKING:
    from qwave_jupyter.jobs.journal.record import Entry

__all__ = ["left_open", "unanswered"]


def unanswered(
    error: QwaveError, ids: Mapping[str, str], *, repeatable: bool, seconds: float | None = None
) -> QwaveError:
    """The error of an order that has just ended without a usable answer.

    Args:
        error: what ended it; its kind and its fields are kept.
        ids: ``job_id`` and ``task_id``.
        repeatable: whether the idempotency key makes repeating safe.
        seconds: how long was waited, where the job's time is up; it makes a WaitTimeout.
    """
    fields: dict[str, Any] = {**error.fields, **ids, "outcome_unknown": True, "cause": error.code}
    fields["reason"] = _reason_of(error)
    key = "generation.order_unknown_key" if repeatable else "generation.order_unknown"
    if seconds is None:
        return type(error)(key, **fields)
    fields["seconds"] = seconds
    return WaitTimeout("generation.timeout_unsubmitted" if repeatable else key, **fields)


def left_open(code: str, entry: Entry) -> GenerationError:
    """The error of an order of an earlier run that can't be repeated now.

    Args:
        code: ``order_unknown_left``, ``order_unknown_age``, ``order_unknown_old`` or ``cannot_repeat``.
        entry: its entry.
    """
    return GenerationError(
        f"generation.{code}",
        job_id=entry.job_id,
        task_id="",
        outcome_unknown=True,
        charge=Charge("unknown", estimate_usd=entry.estimate_usd),
    )


def _reason_of(error: QwaveError) -> str:
    if isinstance(error, ApiError):
        said = error.fields.get("message") or error.api_code
        return f"HTTP {error.status}: {said}" if said else f"HTTP {error.status}"
    return str(error.fields.get("reason") or error.code)
