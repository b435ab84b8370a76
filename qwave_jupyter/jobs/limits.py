"""What an order may cost: by itself, and together with others out of one budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.client.tasks import Task, to_usd
from qwave_jupyter.errors import TaskFailed, TooExpensive, WaitTimeout

if TYPE_CHECKING:
    from qwave_jupyter.budget import Budget, Reservation
    from qwave_jupyter.jobs.journal.record import Entry
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.jobs.snapshot import Snapshot

__all__ = ["Account", "Excess", "Limits", "check_max_cost"]

#: USD by which sums of floats may differ.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Limits:
    """The limits of one order.

    Args:
        budget: what it is counted in.
        max_cost: USD that it may cost by itself, or None.
        force: an unknown price is no reason to refuse because of ``max_cost``.
    """

    budget: Budget
    max_cost: float | None = None
    force: bool = False

    def reserve(self, request: Request, name: str) -> Reservation:
        """Take the order's place in the budget.

        Args:
            request: what is to be ordered.
            name: the job.

        Raises:
            TooExpensive: it is dearer than ``max_cost``, or the budget has no room for it.
        """
        check_max_cost(self.max_cost, request, force=self.force)
        return self.budget.reserve(request.estimate_usd, name=name)

    def count(self, entry: Entry) -> Reservation:
        """Count a task that exists already.

        Args:
            entry: the journal's entry of the job.
        """
        held = to_usd(entry.held_quota)
        return self.budget.count(entry.estimate_usd if held is None else held, name=entry.job_id)


@dataclass(frozen=True)
class Excess:
    """What passes a limit.

    Args:
        usd: what the server holds or charged.
        ceiling: the limit in words.
        charged: whether it was charged already.
    """

    usd: float
    ceiling: str
    charged: bool


def check_max_cost(ceiling: float | None, request: Request, *, force: bool) -> None:
    """Raise TooExpensive where the estimate is above a limit.

    Args:
        ceiling: USD, or None.
        request: the request.
        force: go on although the price isn't known; what is known to be dearer is refused all the same.

    Raises:
        TooExpensive: it is dearer, or its price isn't published.
    """
    if ceiling is None:
        return
    allowed = i18n.dollars(ceiling)
    if request.estimate_usd is None:
        if force:
            return
        raise TooExpensive("generation.price_unknown", model=request.model.id, ceiling_words=allowed)
    if not request.estimate_usd <= ceiling:
        estimate = i18n.dollars(request.estimate_usd)
        raise TooExpensive("generation.too_expensive", estimate_words=estimate, ceiling_words=allowed)


@dataclass
class Account:
    """One job's limits, and its place in the budget once it has one.

    Args:
        limits: what it may cost, and the budget that it is counted in; None where nothing is counted.
        max_cost: USD for the job by itself; None for that of the limits.
        reservation: its place in the budget.
        over_limit: whether more was held or charged than allowed, and it was too late to cancel.
    """

    limits: Limits | None = None
    max_cost: float | None = None
    reservation: Reservation | None = None
    over_limit: bool = False

    def __post_init__(self) -> None:
        if self.max_cost is None and self.limits is not None:
            self.max_cost = self.limits.max_cost

    def reserve(self, request: Request, job_id: str, entry: Entry | None = None) -> None:
        """Take a place in the budget, once.

        Args:
            request: what is to be ordered.
            job_id: the job.
            entry: of a job that is picked up again; a task that exists counts, whatever the limits say.

        Raises:
            TooExpensive: it is above a limit.
        """
        if self.limits is None:
            return
        if entry is not None and entry.task_id:
            before, self.reservation = self.reservation, self.limits.count(entry)
            if before is not None and before is not self.reservation:
                before.release()
        elif self.reservation is None:
            self.reservation = self.limits.reserve(request, job_id)

    def release(self) -> None:
        """Give the place back: nothing was ordered, or all of it was refunded."""
        if self.reservation is not None:
            self.reservation.release()

    def find_excess(self, task: Task) -> Excess | None:
        """What the server holds or charges beyond a limit; None where it is within all of them, or it was told already.

        Args:
            task: what the server says.
        """
        if self.over_limit or task.state in {"failed", "cancelled"}:
            return None
        cost = to_usd(task.cost_quota) if task.ended else None
        usd = to_usd(task.held_quota) if cost is None else cost
        if usd is None:
            return None
        together = self.reservation.settle(held=usd) if self.reservation is not None else None
        if self.max_cost is not None and usd > self.max_cost + _ROUNDING:
            ceiling = i18n.say("costs.limit_single", usd=i18n.dollars(self.max_cost))
        elif together is not None:
            ceiling = i18n.say("costs.limit_together", usd=i18n.dollars(together))
        else:
            return None
        return Excess(usd, ceiling, charged=cost is not None)

    def settle(self, now: Snapshot) -> None:
        """Count what is known of the job: what was charged, else what is held, else what was expected.

        Args:
            now: the job as it is.
        """
        if self.reservation is None:
            return
        if now.cost_usd is not None:
            self.reservation.settle(charged=now.cost_usd)
        elif _is_free(now):
            self.reservation.release()
        else:
            self.reservation.settle(held=now.held_usd)


def _is_free(now: Snapshot) -> bool:
    """Whether a job that names no cost surely has none: a task that only isn't waited for any more will be charged."""
    error = now.error
    if now.reused or now.stopped in {"unsent", "refunded"}:
        return True
    if error is None or now.stopped:
        return False
    charge = error.fields.get("charge")
    if charge is not None and charge.is_charged:
        return False
    if isinstance(error, TaskFailed):
        # What failed is refunded; a task that ended without pictures only should be.
        return error.fields.get("failure") != "no_pictures"
    if error.fields.get("outcome") == "refunded":
        return True
    return not (now.task_id or error.fields.get("outcome_unknown") or isinstance(error, WaitTimeout))
