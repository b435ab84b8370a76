"""How a cell waits: a top-level ``%%qwave`` is awaited, so that the kernel lives on; all else waits on an event.

Two facts decide: a blocking cell hears no click on ipykernel 6 and 7.4, and a nested event loop loses queued cells on
ipykernel 7. An awaited cell does neither.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Any

from qwave_jupyter.errors import Cancelled, QwaveError
from qwave_jupyter.notebook.comm_pump import comm_pump

if TYPE_CHECKING:
    from qwave_jupyter.generation.gallery import Gallery
    from qwave_jupyter.generation.job import Job
    from qwave_jupyter.generation.sweep import SweepRun
    from qwave_jupyter.generation.sweep_gallery import SweepGallery

__all__ = ["AWAITED", "MAGIC", "AwaitedCells", "stopped", "watched", "watched_sweep"]

MAGIC = "qwave"
#: The hidden magic behind an awaited cell.
AWAITED = "_qwave_awaited"
_CALL = re.compile(r"get_ipython\(\)\.run_cell_magic\('(\w+)', ")
_EMPTY_BODY = re.compile(r", ''\)(\s*)\Z")
#: With one of these on the stack nobody would await what we return.
_CALLERS = frozenset({"run_cell", "run_cell_magic", "run_line_magic", "safe_execfile_ipy"})
_TICK = 0.05


class AwaitedCells:
    """The input transformer that puts ``await`` before a top-level cell.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """Transform a cell's lines, or leave them as they are."""
        call = _CALL.match(lines[0]) if lines else None
        if call is None or not self._is_ours(call[1]):
            return lines
        text = "".join(lines)
        # IPython refuses a cell magic without a body, though "%%qwave --help" needs none.
        text = _EMPTY_BODY.sub(r", '\\n')\1", text)
        if self._can_await():
            text = f"await get_ipython().run_cell_magic('{AWAITED}', " + text[call.end() :]
        return text.splitlines(keepends=True)

    def _is_ours(self, name: str) -> bool:
        if name == MAGIC:
            return True
        alias = self._shell.magics_manager.magics["cell"].get(name)
        return getattr(alias, "magic_name", None) == MAGIC and not getattr(alias, "magic_params", None)

    def _can_await(self) -> bool:
        shell = self._shell
        if getattr(shell, "kernel", None) is None or not shell.autoawait:
            return False
        frame = sys._getframe(1)  # noqa: SLF001 - the stack is the only witness
        while frame is not None:
            if frame.f_code.co_name in _CALLERS:
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return True


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
