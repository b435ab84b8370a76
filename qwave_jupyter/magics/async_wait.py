"""How a cell waits: a top-level ``%%qwave`` is awaited, so that the kernel lives on; all else waits on an event.

Two facts decide: a blocking cell hears no click on ipykernel 6 and 7.4, and a nested event loop loses queued cells on
ipykernel 7. An awaited cell does neither.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import Cancelled, QwaveError
from qwave_jupyter.magics.comm_pump import comm_pump

if TYPE_CHECKING:
    from qwave_jupyter.batches.sweep import SweepRun
    from qwave_jupyter.batches.sweep_gallery import SweepGallery
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = ["stopped", "watched", "watched_sweep"]

_TICK = 0.05


async def watched(job: Job, shell: Any) -> Gallery:
    """Wait for a job while the kernel's loop goes on.

    Args:
        job: a job that was started.
        shell: the running IPython.

    Raises:
        QwaveError: how it ended, if not with pictures.
    """
    async with comm_pump(shell.kernel) as pump:
        try:
            while not job.done():
                await pump()
                await asyncio.sleep(_TICK)
        except asyncio.CancelledError:
            raise stopped(job) from None
    return job.result()


async def watched_sweep(run: SweepRun, shell: Any) -> SweepGallery:
    """Wait for a sweep while the kernel's loop goes on.

    Args:
        run: a sweep that was started.
        shell: the running IPython.

    Raises:
        Cancelled: it was interrupted; what is done is kept.
    """
    async with comm_pump(shell.kernel) as pump:
        try:
            while not run.done():
                await pump()
                await asyncio.sleep(_TICK)
        except asyncio.CancelledError:
            raise run.stop() from None
    return run.result()


def stopped(job: Job) -> QwaveError:
    """Cancel a job, wait a few seconds at most for what becomes of it, and give the error that tells."""
    job.cancel()
    if isinstance(job.error, Cancelled):
        return job.error
    key = "generation.cancelled_done" if job.done() and job.error is None else "generation.cancelled_unknown"
    return Cancelled(key, job_id=job.id, task_id=job.task_id)
