"""Picking up what was left open, and looking back at what was finished."""

from __future__ import annotations

from qwave_jupyter.catalog import Model
from qwave_jupyter.errors import UnknownModel
from qwave_jupyter.generation.gallery import Gallery, GeneratedImage
from qwave_jupyter.generation.job import Job
from qwave_jupyter.generation.journal import Row
from qwave_jupyter.generation.request import Request
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["history", "resumable", "resume"]

#: An idempotency key is honoured for 24 hours (Submit page, edition 2026-09); an hour is left as a margin.
_KEY_LIVES = 23 * 3600.0


def resumable(bench: Workbench) -> tuple[Row, ...]:
    """The open jobs of this server that no other process works on."""
    server = "demo" if bench.demo else bench.client.base_url
    free = []
    for row in bench.journal.open_jobs(server):
        lock = bench.journal.lock(row.job_id)
        if lock.take():
            lock.release()
            free.append(row)
    return tuple(free)


def resume(bench: Workbench) -> tuple[Job, ...]:
    """Follow every open job again that no other process works on.

    A submit whose answer never came is repeated with the same key and body while the key lives; an older one is
    reported as unknown and never repeated.
    """
    now = bench.clock.now()
    jobs = []
    for row in resumable(bench):
        if not row.task_id and now - row.created > _KEY_LIVES:
            bench.journal.note(row.job_id, now=now, state="failed", error="unknown: no answer, and the key has expired")
            continue
        job = Job(_request(row, bench), bench, job_id=row.job_id, task_id=row.task_id or "")
        jobs.append(job.start())
    return tuple(jobs)


def history(bench: Workbench, *, words: str = "", limit: int = 100) -> Gallery:
    """Finished pictures, newest first, as far as their files are still there.

    Args:
        bench: whose journal.
        words: words to look for.
        limit: how many jobs at most.
    """
    rows = bench.journal.finished(words, limit)
    pictures = [GeneratedImage.from_record(one) for row in rows for one in row.files]
    return Gallery([picture for picture in pictures if picture.path.is_file()], preview_px=bench.preview_px)


def _request(row: Row, bench: Workbench) -> Request:
    try:
        model = bench.catalog.model(row.model)
    except UnknownModel:
        model = Model(id=row.model, edition=row.edition)
    values, _ = model.from_wire(row.body)
    return Request(
        model=model,
        prompt=row.prompt,
        values=values,
        body=row.body,
        estimate_usd=row.estimate_usd,
        fingerprint=row.fingerprint,
    )
