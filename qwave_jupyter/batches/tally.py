"""How many rows of a batch are done, too late to cancel, cancelled, failed; and what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwave_jupyter import i18n
from qwave_jupyter.errors import Cancelled, UserMistake
from qwave_jupyter.jobs.costs import Charge
from qwave_jupyter.jobs.snapshot import CancelOutcome

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Outcome

__all__ = ["Tally", "tally"]


@dataclass(frozen=True)
class Tally:
    """Counts of rows, each in one of them, and their money.

    Args:
        done: with images.
        images: how many images these have.
        kept: too late to cancel; the server makes them.
        unknown: cancelled without an answer.
        running: begun and not ended yet.
        cancelled: cancelled before they were made.
        failed: refused or failed.
        not_ordered: never begun, as far as the number of rows is known.
        charged_usd: what is known to be charged.
        open: rows of which it isn't known yet whether and what they cost.
        open_usd: what these may cost, or None where a price isn't known.
    """

    done: int = 0
    images: int = 0
    kept: int = 0
    unknown: int = 0
    running: int = 0
    cancelled: int = 0
    failed: int = 0
    not_ordered: int = 0
    charged_usd: float = 0.0
    open: int = 0
    open_usd: float | None = 0.0

    @property
    def stopped_rows(self) -> int:
        """Rows without images because somebody stopped them."""
        return self.kept + self.unknown + self.cancelled

    def to_error(self, key: str, count: int) -> Cancelled:
        """The error of an interrupted batch; ``count`` of what it calls done. What still runs was not answered."""
        others = "".join(
            i18n.text("generation.stopped_and", text=i18n.text(f"generation.stopped_{name}", count=number))
            for name, number in (
                ("kept", self.kept),
                ("unknown", self.unknown + self.running),
                ("cancelled", self.cancelled),
                ("failed", self.failed),
                ("not_ordered", self.not_ordered),
            )
            if number
        )
        return Cancelled(
            key,
            count=count,
            others=others,
            money=self._describe_money(),
            job_id="",
            task_id="",
            charged=self.charged_usd,
        )

    def _describe_money(self) -> str:
        """Sentences about what was charged, what is open, and how to get at it."""
        if self.charged_usd > 0:
            text = i18n.text("charges.charged", amount=i18n.dollars(self.charged_usd))
        else:
            text = "" if self.open else i18n.text("charges.nothing")
        sentences = [text]
        if self.open:
            amount = None if self.open_usd is None else i18n.dollars(self.open_usd)
            key = "stopped_open" if amount is None else "stopped_open_amount"
            sentences.append(i18n.text(f"generation.{key}", count=self.open, amount=amount))
        if self.kept or self.unknown or self.running:
            sentences.append(i18n.text("generation.stopped_resume"))
        first, *rest = [one for one in sentences if one]
        for one in rest:
            first = i18n.text("words.sentences", first=first, second=one)
        return first


def tally(
    outcomes: Iterable[Outcome], running: int = 0, total: int | None = None, open_usd: float | None = 0.0
) -> Tally:
    """Count outcomes.

    Args:
        outcomes: of the rows that have ended.
        running: rows that were begun and haven't ended.
        total: rows in all, where that is known.
        open_usd: what the running ones may cost, or None.
    """
    counts = {"done": 0, "kept": 0, "unknown": 0, "cancelled": 0, "failed": 0}
    images, ended, charged, open_rows = 0, 0, 0.0, running
    for one in outcomes:
        ended += 1
        counts[_find_kind(one)] += 1
        images += len(one.gallery or ())
        if one.cost_usd is not None:
            charged += one.cost_usd
        elif not _is_free(one):
            open_rows += 1
            price = one.request.estimate_usd if one.request is not None else None
            open_usd = None if price is None or open_usd is None else open_usd + price
    return Tally(
        **counts,
        images=images,
        running=running,
        not_ordered=0 if total is None else max(0, total - ended - running),
        charged_usd=charged,
        open=open_rows,
        open_usd=open_usd,
    )


def _find_kind(outcome: Outcome) -> str:
    error = outcome.error
    if error is None:
        return "done"
    if not isinstance(error, Cancelled):
        return "failed"
    became = error.fields.get("outcome", CancelOutcome.UNSENT)
    return {CancelOutcome.KEPT: "kept", CancelOutcome.UNKNOWN: "unknown"}.get(became, "cancelled")


def _is_free(outcome: Outcome) -> bool:
    """Whether nothing was charged, though nobody named a cost."""
    error = outcome.error
    if error is None:
        return False
    charge = error.fields.get("charge")
    if isinstance(charge, Charge):
        return charge.is_charged is False
    return isinstance(error, UserMistake) or error.code == "cancelled_unsent"
