"""Picking up what was left open, and looking back at what was finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from qwave_jupyter.errors import GenerationError, OptionMistake
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.images.save_folder import check_folder
from qwave_jupyter.jobs import idempotency, records
from qwave_jupyter.jobs.context import JobContext
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.jobs.journal.locks import JobLock
from qwave_jupyter.jobs.journal.schema import OPEN_STATES
from qwave_jupyter.jobs.journal.store import Entry
from qwave_jupyter.jobs.limits import Limits
from qwave_jupyter.jobs.request import Request, finished, unvalidated_model
from qwave_jupyter.jobs.unanswered import left_open

__all__ = ["history", "prepared", "resumable", "resume"]


def resumable(workbench: JobContext) -> tuple[Entry, ...]:
    """The open jobs of this server that no process works on, oldest first."""
    return workbench.journal.abandoned(base_url=records.server_of(workbench))


def resume(
    workbench: JobContext, limits: Limits | None = None, save_dir: Path | None = None, *, repeat: bool = False
) -> tuple[Job, ...]:
    """Start every open job again that no process works on.

    A known task is followed and its pictures fetched. A submit whose answer never came is repeated with the same key
    and body where the server heeds the key and the key still lives; any other is reported as unknown each time, stays
    open, and is only ordered again where that is wanted.

    Args:
        workbench: whose journal.
        limits: what each may cost, and the budget that they are counted in; what is being made already is kept.
        save_dir: the folder for all their pictures; None for the one that each was meant for.
        repeat: order again what is unknown, at the risk of paying twice.

    Returns:
        The jobs, those that can't go on included: their error says why.
    """
    found = (_picked(entry, workbench, limits, save_dir, repeat=repeat) for entry in resumable(workbench))
    return tuple(job for job in found if job is not None)


def prepared(entry: Entry, workbench: JobContext, *, repeat: bool = False) -> tuple[Request, JobContext]:
    """The request of an entry, and the workbench with the folder that its pictures go to.

    Args:
        entry: the entry.
        workbench: whose journal.
        repeat: whether it is to be ordered again at the risk of paying twice.

    Raises:
        GenerationError: the submit would have to be repeated, and can't be, or not without the risk of paying twice.
    """
    if not entry.task_id and not repeat:
        _check_key(entry, workbench)
    try:
        request = records.recalled(entry, workbench)
    except Exception:  # noqa: BLE001 - a row may say anything, and a known task needs none of it
        if not entry.task_id:
            raise left_open("cannot_repeat", entry) from None
        request = _bare(entry)
    if not entry.task_id and not request.body:
        raise left_open("cannot_repeat", entry)
    folder = _folder(entry)
    return request, replace(workbench, save_dir=folder) if folder is not None else workbench


def _check_key(entry: Entry, workbench: JobContext) -> None:
    """Refuse to repeat an order that no key makes safe."""
    if not idempotency.heeds_key(workbench):
        raise left_open("order_unknown_left", entry)
    alive = idempotency.is_key_alive(entry.created, workbench)
    if not alive:
        raise left_open("order_unknown_age" if alive is None else "order_unknown_old", entry)


def _folder(entry: Entry) -> Path | None:
    """The folder that its pictures were meant for; None where the row names none that we could have written there."""
    text = entry.save_dir or ""
    folder = Path(text)
    return folder if text.isprintable() and folder.is_absolute() and ".." not in folder.parts else None


def history(workbench: JobContext, *, words: str = "", limit: int = 100) -> Gallery:
    """The finished pictures that the journal knows, newest job first, as far as their files are still there.

    Args:
        workbench: whose journal.
        words: words that must all stand in prompt or model id.
        limit: how many jobs at most.
    """
    return Gallery(_pictures(workbench, words, limit), showing=workbench.showing)


def _pictures(workbench: JobContext, words: str, limit: int) -> Iterator[GeneratedImage]:
    for entry in workbench.journal.history(limit, words):
        yield from records.gallery_of(entry, workbench)


def _picked(
    entry: Entry, workbench: JobContext, limits: Limits | None, save_dir: Path | None, *, repeat: bool
) -> Job | None:
    """The job, started; None where another kernel was quicker."""
    journal = workbench.journal
    lock = journal.lock(entry.job_id)
    if not lock.acquire():
        return None
    # It may have been finished, and its lock given back, since it was listed.
    known = next((one for one in journal.find(entry.job_id) if one.job_id == entry.job_id), entry)
    if known.state not in OPEN_STATES:
        lock.release()
        return None
    if save_dir is not None:
        journal.update(known.job_id, save_dir=str(save_dir))
        known = replace(known, save_dir=str(save_dir))
    return _taken_up(known, workbench, lock, limits, repeat=repeat)


def _taken_up(entry: Entry, workbench: JobContext, lock: JobLock, limits: Limits | None, *, repeat: bool) -> Job:
    try:
        job = Job.resume(entry, workbench, lock, limits, repeat=repeat)
        if not entry.task_id:
            # It may be paid for only now.
            check_folder(_folder(entry) or workbench.save_dir)
        return job.start()
    except OptionMistake as problem:
        lock.release()
        mistake = OptionMistake("generation.resume_folder", reason=str(problem))
        return Job.ended(entry, _bare(entry), workbench, mistake)
    except GenerationError as problem:
        error = problem
    except Exception as problem:  # noqa: BLE001 - one record that can't be used must not hide the other jobs
        lock.release()
        reason = f"{type(problem).__name__}: {problem}"[:300]
        error = GenerationError("generation.not_taken_up", reason=reason, job_id=entry.job_id, task_id=entry.task_id)
        return Job.ended(entry, _bare(entry), workbench, error)
    if error.code == "cannot_repeat" and idempotency.is_key_alive(entry.created, workbench) is False:
        # Nothing can ever come of it. Whatever may still be ordered again, or found, stays open.
        said = {"code": error.code, "text": str(error)}
        workbench.journal.update(entry.job_id, state="unknown", error=said, finished=workbench.clock.now())
    lock.release()
    return Job.ended(entry, _bare(entry), workbench, error)


def _bare(entry: Entry) -> Request:
    """A request of which only the record is left: good for following and naming, not for sending."""
    values = {"prompt": entry.prompt, **json.loads(json.dumps(dict(entry.parameters or {})))}
    return finished(unvalidated_model(entry.model), values, {}, unvalidated=True, body={})
