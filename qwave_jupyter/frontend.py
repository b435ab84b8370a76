"""Where a session runs: whether a person is there and can be asked, how a wait passes, how jobs and batches are shown.

``%load_ext`` hands a session the notebook's frontend; a script has :class:`PlainFrontend`. It imports nothing of ours,
so that loading costs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeGuard

if TYPE_CHECKING:
    from types import FrameType

    from qwave_jupyter.batches.batch import Batch
    from qwave_jupyter.images.gallery import Gallery
    from qwave_jupyter.jobs.job import Job

__all__ = [
    "SLICE",
    "Frontend",
    "PlainFrontend",
    "cancel_requests",
    "contain_view_errors",
    "current",
    "has_person",
    "has_visitor",
    "install",
    "interruptible",
    "is_voila",
    "may_ask",
    "raise_if_cancelled",
    "takes_interrupt",
    "wait_for",
]

#: A wait in slices stays interruptible everywhere, Windows included.
SLICE = 0.2


class Frontend(Protocol):
    """What a session needs from where it runs."""

    def is_interactive(self) -> bool:
        """Whether a person is there who sees what is shown and can click."""

    def can_ask(self) -> bool:
        """Whether that person can be asked to type something; in Voilà nobody can."""

    def can_wait(self) -> bool:
        """Whether :meth:`wait` can be used here and now, in this thread."""

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait until the event is set, or so many seconds, and keep the frontend alive meanwhile; whether it is set."""

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

    def can_ask(self) -> bool:
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


def current() -> Frontend:
    """The frontend of sessions that were given none of their own."""
    return _installed[0]


def install(frontend: Frontend | None) -> None:
    """Set the frontend of sessions that were given none of their own; None goes back to the plain one."""
    _installed[0] = frontend or _PLAIN


def may_ask(kernel: object | None) -> bool:
    """Whether a kernel may ask for input: those of nbclient, papermill and Voilà may not; a terminal always can."""
    return kernel is None or bool(getattr(kernel, "_allow_stdin", True))


def has_person(kernel: object | None) -> bool:
    """Whether a person sees what a kernel shows and can click: one that can be asked, or a visitor of Voilà."""
    return may_ask(kernel) or is_voila(kernel)


def has_visitor(frontend: Frontend) -> bool:
    """Whether the person is a visitor of an app, to whom neither the key nor the files of this machine belong."""
    return frontend.is_interactive() and not frontend.can_ask()


def is_voila(kernel: object | None) -> bool:
    """Whether Voilà runs this kernel, as its environment says (read in voila 0.5's handler.py and utils.py)."""
    if may_ask(kernel) or not _names_voila():
        return False
    # What another process was started with, such as papermill from a cell, is inherited: the id is then another's.
    kernel_id = os.environ.get("VOILA_KERNEL_ID", "")
    connection_file = str(getattr(getattr(kernel, "parent", None), "connection_file", ""))
    return kernel_id in connection_file if connection_file else True


def _names_voila() -> bool:
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/") or any(
        os.environ.get(name) for name in ("VOILA_KERNEL_ID", "VOILA_SERVER_URL", "VOILA_REQUEST_URL")
    )


def wait_for(over: threading.Event, timeout: float | None = None, frontend: Frontend | None = None) -> bool:
    """Wait until an event is set. An interrupt is always heard, even where a running event loop keeps it for itself."""
    if over.is_set():
        return True
    frontend = frontend or current()
    if frontend.can_wait():
        return frontend.wait(over, timeout)
    until = None if timeout is None else time.monotonic() + timeout
    with interruptible():
        while not over.is_set():
            left = SLICE if until is None else min(SLICE, until - time.monotonic())
            if left <= 0:
                return False
            over.wait(left)
            if frontend.is_exiting():
                raise SystemExit
    return True


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt be raised where it strikes, also within a running event loop."""
    # A loop's own handler only leaves itself a note, which it reads when we give the thread back: too late.
    if threading.current_thread() is not threading.main_thread() or not _is_in_loop():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        # What the loop has passed on already is the cell's own.
        if isinstance(before, _KernelHandler) and before.take_interrupt() and not cancel_requests():
            raise KeyboardInterrupt
        yield
    finally:
        after = _KernelHandler(before) if _is_of_kernel(before) else before
        signal.signal(signal.SIGINT, after if after is not None else signal.SIG_DFL)


class _KernelHandler:
    """The handler of a kernel that awaits a cell, and whether an interrupt has come that we didn't wait for."""

    # The kernel cancels the cell only once its loop goes on, and nobody can see before that it is going to.
    def __init__(self, handler: Callable[[int, FrameType | None], object]) -> None:
        self._handler = handler
        self._is_interrupted = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._is_interrupted = True
        self._handler(number, frame)

    def take_interrupt(self) -> bool:
        """Whether one has come since this was asked last."""
        interrupted, self._is_interrupted = self._is_interrupted, False
        return interrupted


def _is_of_kernel(handler: object) -> TypeGuard[Callable[[int, FrameType | None], object]]:
    # It sets its handler for one cell, and puts the one before back whatever is there then (read in ipykernel's source,
    # 6.31 and 7.4). Others look whether theirs still is, so that it has to be left to them as it was.
    return callable(handler) and str(getattr(handler, "__module__", "")).partition(".")[0] == "ipykernel"


def cancel_requests() -> int:
    """How often the running asyncio task was asked to cancel; an interrupt between two waits leaves no other trace."""
    task = asyncio.current_task() if _is_in_loop() else None
    return task.cancelling() if task is not None else 0


def raise_if_cancelled(before: int) -> None:
    """Raise KeyboardInterrupt if the running asyncio task was asked to cancel since so many requests were counted."""
    if cancel_requests() > before:
        raise KeyboardInterrupt


def takes_interrupt() -> bool:
    """Whether a KeyboardInterrupt raised here ends a cell or a script.

    From a thread, a task or a callback it would tear down the event loop that others share, in a kernel the kernel.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    if not _is_in_loop():
        return True
    # A kernel's cells run within its loop, too: between them and the loop is the shell.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to look at the stack
    while frame is not None and frame.f_globals.get("__name__") != "asyncio.events":
        if frame.f_globals.get("__name__") == "IPython.core.interactiveshell":
            return True
        frame = frame.f_back
    return False


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextlib.contextmanager
def contain_view_errors() -> Iterator[None]:
    """Write whatever a view raises to stderr and go on: the job behind it may be paid for."""
    try:
        yield
    except Exception as problem:  # of displays, widgets, comms and terminals
        from qwave_jupyter import i18n
        from qwave_jupyter.errors import QwaveError
        from qwave_jupyter.tracebacks import log_problem

        if isinstance(problem, QwaveError):
            raise
        log_problem("view", problem)
        reason = f"{type(problem).__name__}: {problem}"[:300]
        with contextlib.suppress(Exception):
            sys.stderr.write(" ".join(i18n.text("generation.view_failed", reason=reason).split()) + "\n")
