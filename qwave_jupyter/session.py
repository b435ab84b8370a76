"""What this process has started: its jobs and batches, and what they cost together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwave_jupyter import settings
from qwave_jupyter.amounts import read_amount
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import OptionMistake, UnknownTask

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.jobs.job import Job
    from qwave_jupyter.jobs.limits import Limits

__all__ = [
    "batches",
    "budget",
    "job",
    "jobs",
    "limits",
    "new_budget",
    "note",
    "note_batch",
    "positive",
    "spent_usd",
    "under_way",
]

_jobs: list[Job] = []
_batches: list[Batch] = []


def note(job: Job) -> None:
    """Remember a job that was started, in the place of what it was before; one that no budget counts is counted."""
    _jobs[:] = [one for one in _jobs if one.id != job.id]
    _jobs.append(job)
    job.count_in(budget)


def note_batch(batch: Batch) -> None:
    """Remember a batch that was started."""
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
    if not read_amount(given):
        raise OptionMistake("settings.not_positive", setting=name, given=given)


def new_budget() -> Budget:
    """A budget with the setting's limit, of which nothing is spent yet."""
    return Budget(lambda: settings.current().budget)


#: What this process's orders cost together, and what they may.
budget = new_budget()


def limits(max_cost: float | None = None, *, force: bool = False) -> Limits:
    """The limits of an order of this process.

    Args:
        max_cost: USD that it may cost by itself; None for the setting.
        force: an unknown price is no reason to refuse because of ``max_cost``.

    Raises:
        OptionMistake: ``max_cost`` is no number above 0.
    """
    from qwave_jupyter.jobs.limits import Limits

    if max_cost is not None:
        positive("max_cost", max_cost)
    else:
        max_cost = settings.current().max_cost
    return Limits(budget, max_cost, force)


def spent_usd() -> float:
    """What this process's jobs cost: what was charged, else what is held, else what was expected."""
    return budget.spent_usd


def _is_called(job: Job, name: str) -> bool:
    return any(known and (known == name or known.endswith(name)) for known in (job.task_id, job.id))
