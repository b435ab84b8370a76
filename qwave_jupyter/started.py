"""What this process has started: its jobs and batches, and what they cost together."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings, words
from qwave_jupyter.errors import OptionMistake, TaskFailed, TooExpensive, UnknownTask, WaitTimeout

if TYPE_CHECKING:
    from qwave_jupyter.generation.batch import Batch, Outcome
    from qwave_jupyter.generation.job import Job
    from qwave_jupyter.generation.request import Request
    from qwave_jupyter.generation.snapshot import Snapshot

__all__ = [
    "batches",
    "hold_to",
    "hold_to_budget",
    "job",
    "jobs",
    "note",
    "note_batch",
    "positive",
    "spent_usd",
    "under_way",
]

_jobs: list[Job] = []
_batches: list[Batch] = []


def note(job: Job) -> None:
    """Remember a job that was started."""
    _jobs.append(job)


def note_batch(batch: Batch) -> None:
    """Remember a batch that was started; while it goes on, the whole of what it will cost counts."""
    _batches.append(batch)


def batches() -> tuple[Batch, ...]:
    """The batches of this process, newest first."""
    return tuple(reversed(_batches))


def jobs() -> tuple[Job, ...]:
    """The jobs that this process has started, newest first."""
    return tuple(reversed(_jobs))


def under_way() -> bool:
    """Whether a job or a batch of this process hasn't ended."""
    return not (all(one.done() for one in _jobs) and all(one.done() for one in _batches))


def job(name: str | None = None) -> Job:
    """A job of this process by its task id, its job id, or the end of either; the newest without a name.

    Raises:
        UnknownTask: there is none, or several end like that.
    """
    found = [one for one in jobs() if name is None or _is_called(one, name)]
    if name is None:
        found = found[:1]
        if not found:
            raise UnknownTask("generation.no_task_yet")
    if len(found) != 1:
        raise UnknownTask("generation.unknown_task" if not found else "generation.ambiguous_task", given=name or "")
    return found[0]


def positive(name: str, given: Any) -> None:
    """Refuse what is no number above 0; a ceiling that isn't a number would hold nothing.

    Args:
        name: what it is called.
        given: what was given for it.

    Raises:
        OptionMistake: it is none.
    """
    if not isinstance(given, Real) or isinstance(given, bool) or not 0 < float(given) < math.inf:
        raise OptionMistake("settings.not_positive", setting=name, given=given)


def hold_to(ceiling: float | None, request: Request, *, force: bool) -> None:
    """Refuse a request that costs more than that.

    Args:
        ceiling: USD, or None.
        request: the request.
        force: go on although the price isn't known; what is known to be dearer is refused all the same.

    Raises:
        TooExpensive: it is dearer, or its price isn't published.
    """
    if ceiling is None:
        return
    positive("max_cost", ceiling)
    allowed = words.dollars(ceiling)
    if request.estimate_usd is None:
        if force:
            return
        raise TooExpensive("generation.price_unknown", model=request.model.id, ceiling_words=allowed)
    if request.estimate_usd > ceiling:
        estimate = words.dollars(request.estimate_usd)
        raise TooExpensive("generation.too_expensive", estimate_words=estimate, ceiling_words=allowed)


def hold_to_budget(estimate: float | None) -> None:
    """Refuse what this process's budget has no room for.

    Args:
        estimate: USD, or None where no page says.

    Raises:
        TooExpensive: the budget setting would be passed, or might be.
    """
    budget = settings.current().budget
    if budget is None:
        return
    spent = spent_usd()
    if spent + (estimate or 0.0) > budget or estimate is None:
        raise TooExpensive(
            "generation.over_budget",
            budget_words=words.dollars(budget),
            spent_words=words.dollars(spent),
            estimate_words=words.say("notebook.no_price") if estimate is None else words.dollars(estimate),
        )


def spent_usd() -> float:
    """What this process's jobs cost: what was charged, else what is held, else what was expected."""
    return sum(map(_cost_of, _jobs)) + sum(map(_cost_of_batch, _batches))


def _cost_of_batch(batch: Batch) -> float:
    ended = (_cost_elsewhere(outcome) for outcome in batch.outcomes if outcome.job is None)
    under_way = (request.estimate_usd or 0.0 for request in batch.handed_over)
    so_far = sum(map(_cost_of, batch.jobs)) + sum(ended) + sum(under_way)
    return so_far if batch.done() else max(so_far, batch.estimate_usd or 0.0)


def _cost_elsewhere(outcome: Outcome) -> float:
    if outcome.cost_usd is not None or outcome.gallery is None or outcome.request is None:
        return outcome.cost_usd or 0.0
    return outcome.request.estimate_usd or 0.0


def _cost_of(job: Job) -> float:
    now = job.snapshot
    if now.cost_usd is not None:
        return now.cost_usd
    if _is_free(now):
        return 0.0
    return now.held_usd if now.held_usd is not None else now.request.estimate_usd or 0.0


def _is_free(now: Snapshot) -> bool:
    """Whether a job that names no cost surely has none: a task that only isn't waited for any more will be charged."""
    error = now.error
    if now.reused or now.stopped in {"unsent", "refunded"}:
        return True
    if error is None or now.stopped:
        return False
    if isinstance(error, TaskFailed):
        # What failed is refunded; a task that ended without pictures only should be.
        return error.fields.get("failure") != "no_pictures"
    if error.fields.get("outcome") == "refunded":
        return True
    return not (now.task_id or error.fields.get("outcome_unknown") or isinstance(error, WaitTimeout))


def _is_called(job: Job, name: str) -> bool:
    return any(known and (known == name or known.endswith(name)) for known in (job.task_id, job.id))
