"""What an order has cost, as far as it is known: every sentence about that is made here, from facts.

The pages promise refunds for failed and cancelled tasks (Billing pages since June 2026), but what a server says of its
own books counts more, and silence is no refund.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.client.error_responses import one_line
from qwave_jupyter.client.tasks import ENDED, Cancellation, Task, to_usd

if TYPE_CHECKING:
    from qwave_jupyter.jobs.request import Request

__all__ = ["Charge"]

_STAGES = ("unsent", "refused", "unknown", "accepted")


@dataclass(frozen=True)
class Charge:
    """The facts about the money of one order; as text, one sentence.

    Args:
        stage: ``unsent`` (not a byte was written), ``refused`` (the only attempt was), ``unknown`` (an attempt got no
            usable answer) or ``accepted`` (the server has named a task).
        state: the task's state as last told, "" where nobody has.
        cost_quota: ``cost``, once the task has ended.
        held_quota: ``pre_consumed_cost``.
        refunded: what the answer to a cancel says, or None.
        refunded_quota: how much went back, or None.
        billing_status: the ledger's word, or "".
        estimate_usd: what the order was expected to cost, or None where no price is published.

    Example:
        >>> str(Charge("accepted", state="failed", cost_quota=0))
        'Nothing was charged.'
    """

    stage: str
    state: str = ""
    cost_quota: int | None = None
    held_quota: int | None = None
    refunded: bool | None = None
    refunded_quota: int | None = None
    billing_status: str = ""
    estimate_usd: float | None = None

    def __post_init__(self) -> None:
        if self.stage not in _STAGES:
            raise ValueError(self.stage)

    @classmethod
    def of_order(cls, request: Request, *, sent: bool, answered: bool = False) -> Charge:
        """The charge of an order that named no task.

        Args:
            request: what was ordered.
            sent: whether an attempt may have reached the server without a usable answer.
            answered: whether the server has refused it.
        """
        stage = "unknown" if sent else "refused" if answered else "unsent"
        return cls(stage, estimate_usd=request.estimate_usd)

    @classmethod
    def of_task(cls, task: Task, request: Request, held_quota: int | None = None) -> Charge:
        """The charge of a task as the server last described it."""
        return cls(
            "accepted",
            state=task.state,
            cost_quota=task.cost_quota,
            held_quota=held_quota if task.held_quota is None else task.held_quota,
            billing_status=task.billing_status,
            estimate_usd=request.estimate_usd,
        )

    def after_cancel(self, answer: Cancellation) -> Charge:
        """The same after a cancel that was accepted."""
        return replace(self, state="cancelled", refunded=answer.refunded, refunded_quota=answer.refunded_quota)

    @property
    def is_charged(self) -> bool | None:
        """Whether something is charged: True or False where that is known, else None."""
        if self.stage != "accepted" or self.state not in ENDED:
            return None if self.stage in {"unknown", "accepted"} else False
        if self.cost_quota is not None:
            return self.cost_quota > 0
        if self.state == "completed" or self.refunded is not None:
            return self.state == "completed" or not self.refunded or self._is_partial
        return {"settled": True, "refunded": False}.get(self.billing_status)

    @property
    def charged_quota(self) -> int | None:
        """What is charged in the end, as far as it can be told."""
        if self.cost_quota is not None:
            return self.cost_quota
        if self.refunded and not self._is_partial:
            return 0
        if self.refunded is not None and self.held_quota is not None:
            return self.held_quota - min(self.held_quota, self.refunded_quota or 0)
        return None

    def __str__(self) -> str:
        """One sentence, or two."""
        if self.stage != "accepted":
            amount = self.estimate_usd
            if self.stage == "unknown" and amount is not None:
                return i18n.say("charges.unknown_amount", amount=i18n.dollars(amount))
            return i18n.say(f"charges.{self.stage}")
        if self.state in {"failed", "cancelled"}:
            return self._ended_without_images()
        if self.state == "completed":
            return self._cost() if self.cost_quota is not None else i18n.say("charges.made")
        held = to_usd(self.held_quota)
        if held is None:
            return i18n.say("charges.running")
        return i18n.say("charges.running_held", amount=i18n.dollars(held))

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
                return i18n.say("charges.refunded", amount=i18n.dollars(back)) if back else i18n.say("charges.back")
            if held is None:
                return i18n.say("charges.not_refunded")
            return i18n.say("charges.partly_refunded", amount=i18n.dollars(back or 0.0), held=i18n.dollars(held))
        if self.billing_status in {"settled", "refunded", "refund_pending"}:
            return i18n.say(f"charges.billing_{self.billing_status}")
        return i18n.say(f"charges.unsaid_{self.state}")

    def _cost(self) -> str:
        cost = to_usd(self.cost_quota)
        if not cost:
            return i18n.say("charges.nothing")
        if self.state != "completed" and self.billing_status not in {"", "settled"}:
            return i18n.say(
                "charges.cost_named", amount=i18n.dollars(cost), billing=one_line(self.billing_status or "", 40)
            )
        return i18n.say("charges.charged", amount=i18n.dollars(cost))
