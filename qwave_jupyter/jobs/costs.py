"""What an order may cost, what it has cost as far as that is known, and the table of what was spent.

The pages promise refunds for failed and cancelled tasks (Billing pages since June 2026), but what a server says of its
own books counts more, and silence is no refund. Expected, held, charged and given back are never mixed.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from qwave_jupyter import i18n
from qwave_jupyter.client.error_responses import to_one_line
from qwave_jupyter.client.tasks import ENDED_STATES, QUOTA_PER_USD, Cancellation, Task, TaskState, is_settled, to_usd
from qwave_jupyter.errors import DownloadFailed, NotFound, QwaveError, TaskFailed, TooExpensive, WaitTimeout
from qwave_jupyter.jobs.journal.record import Costs
from qwave_jupyter.jobs.snapshot import CancelOutcome
from qwave_jupyter.views.templating import format_columns, render_output

if TYPE_CHECKING:
    from qwave_jupyter.budget import Budget, Reservation
    from qwave_jupyter.jobs.context import JobContext
    from qwave_jupyter.jobs.journal.record import Entry
    from qwave_jupyter.jobs.request import Request
    from qwave_jupyter.jobs.runner import CancelResult
    from qwave_jupyter.jobs.snapshot import Snapshot

__all__ = [
    "Charge",
    "CostControl",
    "CostTable",
    "Excess",
    "Limits",
    "OrderStage",
    "Section",
    "check_max_cost",
    "cost_table",
    "find_unsettled",
    "is_free",
    "settle_costs",
    "share_cost",
]

#: USD by which sums of floats may differ.
_ROUNDING = 1e-9
#: Seconds after its end for which a job's cost is asked for, and for which each question may be repeated.
_SETTLED_WITHIN, _ASKED_WITHIN = 7 * 86_400.0, 10.0
_COLUMNS = ("jobs", "expected", "held", "charged", "refunded")


class OrderStage(StrEnum):
    """How far an order has come."""

    #: Not a byte was written.
    UNSENT = "unsent"
    #: The only attempt was refused.
    REFUSED = "refused"
    #: An attempt got no usable answer.
    UNKNOWN = "unknown"
    #: The server has named a task.
    ACCEPTED = "accepted"


@dataclass(frozen=True)
class Charge:
    """The facts about the money of one order; as text, one sentence."""

    stage: OrderStage
    state: TaskState | Literal[""] = ""
    #: ``cost``, once the task has ended.
    cost_quota: int | None = None
    held_quota: int | None = None
    #: What the answer to a cancel says.
    refunded: bool | None = None
    refunded_quota: int | None = None
    billing_status: str = ""
    estimate_usd: float | None = None

    def __post_init__(self) -> None:
        OrderStage(self.stage)

    @classmethod
    def of_order(cls, request: Request, *, sent: bool, answered: bool = False) -> Charge:
        """The charge of an order that named no task."""
        stage = OrderStage.UNKNOWN if sent else OrderStage.REFUSED if answered else OrderStage.UNSENT
        return cls(stage, estimate_usd=request.estimate_usd)

    @classmethod
    def of_task(cls, task: Task, request: Request, held_quota: int | None = None) -> Charge:
        """The charge of a task as the server last described it."""
        return cls(
            OrderStage.ACCEPTED,
            state=task.state,
            cost_quota=task.cost_quota if task.is_over and is_settled(task.billing_status) else None,
            held_quota=held_quota if task.held_quota is None else task.held_quota,
            billing_status=task.billing_status,
            estimate_usd=request.estimate_usd,
        )

    def after_cancel(self, answer: Cancellation) -> Charge:
        """The same after a cancel that was accepted, or came after another."""
        known = self
        if answer.task is not None:
            known = replace(self, cost_quota=answer.task.cost_quota, billing_status=answer.task.billing_status)
        return replace(known, state=TaskState.CANCELLED, refunded=answer.refunded, refunded_quota=answer.refunded_quota)

    @property
    def is_charged(self) -> bool | None:
        """Whether something is charged: True or False where that is known, else None."""
        if self.stage != OrderStage.ACCEPTED or self.state not in ENDED_STATES:
            return None if self.stage in {OrderStage.UNKNOWN, OrderStage.ACCEPTED} else False
        if self.cost_quota is not None:
            return self.cost_quota > 0
        if self.state == TaskState.COMPLETED or self.refunded is not None:
            return self.state == TaskState.COMPLETED or not self.refunded or self._is_partial
        return {"settled": True, "refunded": False}.get(self.billing_status)

    @property
    def charged_quota(self) -> int | None:
        """What is charged in the end, as far as it is known."""
        if self.cost_quota is not None:
            return self.cost_quota
        if self.refunded and not self._is_partial:
            return 0
        if self.refunded is not None and self.held_quota is not None:
            return self.held_quota - min(self.held_quota, self.refunded_quota or 0)
        return None

    def __str__(self) -> str:
        """One sentence, or two."""
        if self.stage != OrderStage.ACCEPTED:
            amount = self.estimate_usd
            if self.stage == OrderStage.UNKNOWN and amount is not None:
                return i18n.text("charges.unknown_amount", amount=i18n.dollars(amount))
            return i18n.text(f"charges.{self.stage}")
        if self.state in {TaskState.FAILED, TaskState.CANCELLED}:
            return self._ended_without_images()
        if self.state == TaskState.COMPLETED:
            return self._cost() if self.cost_quota is not None else i18n.text("charges.made")
        held = to_usd(self.held_quota)
        if held is None:
            return i18n.text("charges.running")
        return i18n.text("charges.running_held", amount=i18n.dollars(held))

    @property
    def _is_partial(self) -> bool:
        if self.refunded_quota is None:
            return False
        return self.refunded_quota < (1 if self.held_quota is None else self.held_quota)

    def _ended_without_images(self) -> str:
        if self.cost_quota is not None:
            return self._cost()
        back, held = (None if one is None else to_usd(one) for one in (self.refunded_quota, self.held_quota))
        if self.refunded is not None:
            if self.refunded and not self._is_partial:
                return i18n.text("charges.refunded", amount=i18n.dollars(back)) if back else i18n.text("charges.back")
            if held is None:
                return i18n.text("charges.not_refunded")
            return i18n.text("charges.partly_refunded", amount=i18n.dollars(back or 0.0), held=i18n.dollars(held))
        if self.billing_status in {"settled", "refunded", "refund_pending"}:
            return i18n.text(f"charges.billing_{self.billing_status}")
        return i18n.text(f"charges.unsaid_{self.state}")

    def _cost(self) -> str:
        cost = to_usd(self.cost_quota)
        if not cost:
            is_refunded = self.billing_status.lower() == "refunded"
            return i18n.text("charges.billing_refunded" if is_refunded else "charges.nothing")
        if self.state != TaskState.COMPLETED and self.billing_status not in {"", "settled"}:
            return i18n.text(
                "charges.cost_named", amount=i18n.dollars(cost), billing=to_one_line(self.billing_status or "", 40)
            )
        return i18n.text("charges.charged", amount=i18n.dollars(cost))


@dataclass(frozen=True)
class Limits:
    """The limits of one order."""

    budget: Budget
    max_cost: float | None = None
    force: bool = False

    def check(self, request: Request) -> None:
        """Raise TooExpensive where :meth:`reserve` would; reserves nothing."""
        check_max_cost(self.max_cost, request, force=self.force)
        self.budget.check(request.estimate_usd)

    def reserve(self, request: Request, name: str = "") -> Reservation:
        """Reserve the estimate; TooExpensive where it is above ``max_cost`` or the budget has no room."""
        check_max_cost(self.max_cost, request, force=self.force)
        return self.budget.reserve(request.estimate_usd, name=name)

    def count(self, entry: Entry) -> Reservation:
        """Count a task that exists already."""
        known = to_usd(entry.held_quota if entry.cost_quota is None else entry.cost_quota)
        return self.budget.count(entry.estimate_usd if known is None else known, name=entry.job_id)


@dataclass(frozen=True)
class Excess:
    """What the server holds, or has charged already, above a limit, both as texts."""

    amount: str
    ceiling: str
    charged: bool


def check_max_cost(ceiling: float | None, request: Request, *, force: bool) -> None:
    """Raise TooExpensive where the estimate is above a limit."""
    if ceiling is None:
        return
    if request.estimate_usd is None:
        if force:
            return
        raise TooExpensive("generation.price_unknown", model=request.model.id, ceiling_words=i18n.dollars(ceiling))
    if not request.estimate_usd <= ceiling:
        estimate, allowed = i18n.dollars_where(operator.gt, request.estimate_usd, ceiling)
        raise TooExpensive("generation.too_expensive", estimate_words=estimate, ceiling_words=allowed)


@dataclass
class CostControl:
    """One job's limits, and its reservation in the budget once it has one."""

    limits: Limits | None = None
    max_cost: float | None = None
    reservation: Reservation | None = None
    over_limit: bool = False

    def __post_init__(self) -> None:
        if self.max_cost is None and self.limits is not None:
            self.max_cost = self.limits.max_cost

    def reserve(self, request: Request, job_id: str, entry: Entry | None = None) -> None:
        """Reserve the estimate, once; a task that exists already is counted, whatever the limits say."""
        if self.limits is None:
            return
        if entry is not None and entry.is_answered:
            before, self.reservation = self.reservation, self.limits.count(entry)
            if before is not None and before is not self.reservation:
                before.release()
        elif self.reservation is None:
            self.reservation = self.limits.reserve(request, job_id)

    def release(self) -> None:
        """Release the reservation: nothing was ordered, or all of it was refunded."""
        if self.reservation is not None:
            self.reservation.release()

    def find_excess(self, task: Task) -> Excess | None:
        """What the server holds or charges above a limit; None where there is nothing, or it was reported already."""
        if self.over_limit or task.state in {TaskState.FAILED, TaskState.CANCELLED}:
            return None
        cost = to_usd(task.cost_quota) if task.is_over else None
        usd = to_usd(task.held_quota) if cost is None else cost
        if usd is None:
            return None
        together = self.reservation.settle(held=usd) if self.reservation is not None else None
        amount = i18n.dollars(usd)
        if self.max_cost is not None and usd > self.max_cost + _ROUNDING:
            amount, limit = i18n.dollars_where(operator.gt, usd, self.max_cost)
            ceiling = i18n.text("costs.limit_single", usd=limit)
        elif together is not None:
            ceiling = i18n.text("costs.limit_together", usd=i18n.dollars(together))
        else:
            return None
        return Excess(amount, ceiling, charged=cost is not None)

    def settle_cancel(self, result: CancelResult) -> None:
        """Count what the server says of a cancel when nobody waits for it any more."""
        if self.reservation is None:
            return
        if result.outcome == CancelOutcome.REFUNDED:
            self.reservation.release()
        elif result.cost_usd is not None:
            self.reservation.settle(charged=result.cost_usd)

    def settle(self, now: Snapshot) -> None:
        """Count what is known of the job: what was charged, else what is held, else what was expected."""
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
    if now.reused or now.stopped in {CancelOutcome.UNSENT, CancelOutcome.REFUNDED}:
        return True
    return now.error is not None and not now.stopped and is_free(now.error, now.task_id)


def is_free(error: QwaveError, task_id: str = "") -> bool:
    """Whether a job that ended with an error, and names no cost, surely has none."""
    charge = error.fields.get("charge")
    if charge is not None and (charge.is_charged or not is_settled(charge.billing_status)):
        return False
    if isinstance(error, TaskFailed):
        # What failed is refunded; a task that ended without images only should be.
        return error.fields.get("failure") != "no_images"
    if error.fields.get("outcome") == CancelOutcome.REFUNDED:
        return True
    return not (task_id or error.fields.get("outcome_unknown") or isinstance(error, (DownloadFailed, WaitTimeout)))


def share_cost(usd: float, images: int) -> float:
    """What one of so many images cost, in USD."""
    return round(usd / max(1, images), 9)


def find_unsettled(context: JobContext) -> tuple[Entry, ...]:
    """The jobs that ended without a cost, such as while it was "settlement_pending", and may have one by now."""
    since = context.clock.now() - _SETTLED_WITHIN
    return context.journal.unsettled_jobs(base_url=context.server, since=since)


def settle_costs(entries: Iterable[Entry], context: JobContext, budget: Budget | None = None) -> None:
    """Ask once for the cost of each of these jobs."""
    clock = context.clock
    for entry in entries:
        try:
            task = context.client.task(entry.task_id or "", deadline=clock.monotonic() + _ASKED_WITHIN)
        except NotFound:
            continue
        except QwaveError:
            return
        if not task.is_over or task.cost_quota is None:
            continue
        charged = task.cost_quota / QUOTA_PER_USD
        files = [{**file, "cost_usd": share_cost(charged, len(entry.files))} for file in entry.files]
        context.journal.update(entry.job_id, cost_quota=task.cost_quota, files=files)
        if budget is not None:
            budget.settle(entry.job_id, charged)


@dataclass(frozen=True)
class Section:
    """One part of the table."""

    title: str
    rows: tuple[Costs, ...]


@dataclass(frozen=True)
class CostTable:
    """What jobs cost, in sections.

    Args:
        sections: today, this notebook, by model.
        demo: what the demo generated at no cost, or None.

    Example:
        >>> qwave.cost().to_records()[0]["charged_usd"]
    """

    sections: tuple[Section, ...]
    demo: Section | None = None

    def to_records(self) -> list[dict[str, object]]:
        """One dict for each row: section, group, number of jobs, and USD of each kind."""
        return [
            {
                "section": section.title,
                "group": row.group,
                "jobs": row.jobs,
                "expected_usd": row.estimated_usd,
                "held_usd": row.held_quota / QUOTA_PER_USD,
                "charged_usd": row.settled_quota / QUOTA_PER_USD,
                "refunded_usd": row.refunded_quota / QUOTA_PER_USD,
            }
            for section in self._all_sections()
            for row in section.rows
        ]

    def __repr__(self) -> str:
        names = ["", *(i18n.text(f"costs.{name}") for name in _COLUMNS)]
        lines = [[title, *cells] for title, cells in self._lines()]
        return f"{format_columns([names, *lines])}\n{i18n.text('costs.note')}"

    def _repr_html_(self) -> str:
        return render_output("cost_table.html", columns=_COLUMNS, rows=list(self._lines()))

    def _all_sections(self) -> tuple[Section, ...]:
        return (*self.sections, self.demo) if self.demo else self.sections

    def _lines(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for section in self._all_sections():
            if len(section.rows) != 1 or section.rows[0].group:
                yield section.title, _format_row(_sum_rows(section.rows))
            for row in section.rows:
                yield f"   {row.group}" if row.group else section.title, _format_row(row)


def cost_table(context: JobContext) -> CostTable:
    """Return the costs of today, of this notebook and by model; the demo's free images are a section apart."""
    journal, now = context.journal, time.localtime(context.clock.now())
    midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
    sections = [Section(i18n.text("costs.today"), (_sum_rows(journal.costs(since=midnight, demo=False)),))]
    if context.notebook is not None:
        row = _sum_rows(journal.costs(notebook=context.notebook, demo=False))
        sections.append(Section(i18n.text("costs.notebook"), (row,)))
    sections.append(Section(i18n.text("costs.by_model"), journal.costs("model", demo=False)))
    demo = _sum_rows(journal.costs(demo=True))
    return CostTable(tuple(sections), Section(i18n.text("costs.demo"), (demo,)) if demo.jobs else None)


def _sum_rows(rows: Sequence[Costs]) -> Costs:
    return Costs(
        "",
        sum(row.jobs for row in rows),
        sum(row.estimated_usd for row in rows),
        sum(row.held_quota for row in rows),
        sum(row.settled_quota for row in rows),
        sum(row.refunded_quota for row in rows),
    )


def _format_row(row: Costs) -> tuple[str, ...]:
    return (
        str(row.jobs),
        _dollars(row.estimated_usd),
        _dollars(row.held_quota / QUOTA_PER_USD),
        _dollars(row.settled_quota / QUOTA_PER_USD),
        _dollars(row.refunded_quota / QUOTA_PER_USD),
    )


def _dollars(usd: float) -> str:
    return i18n.dollars(usd) if usd else "–"
