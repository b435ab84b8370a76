"""Where a session runs: whether a person is there, how a wait passes, how jobs and batches are shown.

``%load_ext`` hands a session the notebook's frontend; a script has :class:`PlainFrontend`. It imports nothing of ours,
so that loading costs next to nothing.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = ["Frontend", "PlainFrontend", "contain_view_errors", "install", "installed"]


class Frontend(Protocol):
    """What a session asks of the place where it runs."""

    def is_interactive(self) -> bool:
        """Whether a person is there who sees what is shown and can be asked."""

    def can_wait(self) -> bool:
        """Whether :meth:`wait` can be used here and now, in this thread."""

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait until the event is set, or so many seconds, and keep the frontend alive meanwhile; tells which."""

    def keep_alive(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Keep the frontend alive while a coroutine waits for something else."""

    def is_exiting(self) -> bool:
        """Whether the process was asked to end, which a wait must not hold up."""

    def present(self, job: Job) -> Gallery:
        """Show a job while it is waited for, and return its gallery."""

    def present_batch(self, batch: Batch) -> None:
        """Show a batch while it goes on; returns at once."""

    def fail_cell(self, error: BaseException) -> bool:
        """Let the running cell end with an error although its statements go on; False where there are no cells."""


class PlainFrontend:
    """A script: nobody is there, nothing is shown, a wait just waits."""

    def is_interactive(self) -> bool:
        """False."""
        return False

    def can_wait(self) -> bool:
        """False."""
        return False

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait on the event."""
        return over.wait(timeout)

    def keep_alive(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Do nothing."""
        return contextlib.nullcontext()

    def is_exiting(self) -> bool:
        """False."""
        return False

    def present(self, job: Job) -> Gallery:
        """Wait for the job."""
        return job.result()

    def present_batch(self, batch: Batch) -> None:
        """Show nothing."""

    def fail_cell(self, error: BaseException) -> bool:  # noqa: ARG002 - the protocol's
        """False."""
        return False


_PLAIN = PlainFrontend()
_installed: list[Frontend] = [_PLAIN]


def installed() -> Frontend:
    """The frontend of sessions that were given none of their own."""
    return _installed[0]


def install(frontend: Frontend | None) -> None:
    """Set the frontend of sessions that were given none of their own.

    It is kept here and not in the default session, so that ``%load_ext`` needs neither settings nor texts.

    Args:
        frontend: None goes back to the plain one.
    """
    _installed[0] = frontend or _PLAIN


@contextlib.contextmanager
def contain_view_errors() -> Iterator[None]:
    """Write whatever a view raises to stderr and go on: the job behind it may be paid for."""
    try:
        yield
    except Exception as problem:  # of displays, widgets, comms and terminals
        from qwave_jupyter import i18n
        from qwave_jupyter.errors import QwaveError

        if isinstance(problem, QwaveError):
            raise
        reason = f"{type(problem).__name__}: {problem}"[:300]
        with contextlib.suppress(Exception):
            sys.stderr.write(" ".join(i18n.say("generation.view_failed", reason=reason).split()) + "\n")
