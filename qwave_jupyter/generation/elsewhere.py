"""One row of a batch in another thread, process or machine: what an executor is given to run."""

from __future__ import annotations

from qwave_jupyter.errors import QwaveError
from qwave_jupyter.generation.gallery import Gallery
from qwave_jupyter.generation.job import Job
from qwave_jupyter.generation.request import Request
from qwave_jupyter.generation.workbench import Workbench

__all__ = ["run"]

Came = tuple["Gallery | None", "QwaveError | None", "float | None"]


def run(request: Request, bench: Workbench, max_cost: float | None, reuse: bool, hold: float | None) -> Came:
    """Make one request where it arrives: pictures, or the error, and what it cost in USD.

    The bench arrives without its key; the worker reads its own from the environment.

    Args:
        request: what to make.
        bench: what is needed for it.
        max_cost: USD, or None.
        reuse: show identical finished requests again.
        hold: seconds for which the server may keep the answer back.
    """
    job = Job(request, bench, max_cost=max_cost, reuse=reuse, hold=hold).start()
    try:
        gallery = job.result()
    except QwaveError as error:
        return None, error.with_traceback(None), job.snapshot.cost_usd
    return gallery, None, job.snapshot.cost_usd
