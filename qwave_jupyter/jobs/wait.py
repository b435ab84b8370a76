"""Waiting for an event: interruptible everywhere, and as the frontend does it where it can."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Iterator

from qwave_jupyter.frontend import Frontend, installed

__all__ = ["cancel_requests", "interruptible", "raise_if_cancelled", "wait_for"]

#: A wait in slices stays interruptible everywhere, Windows included.
_SLICE = 0.2


def wait_for(over: threading.Event, timeout: float | None = None, frontend: Frontend | None = None) -> bool:
    """Wait until an event is set. An interrupt is always heard, even where a running event loop keeps it for itself.

    Args:
        over: what is waited for.
        timeout: seconds; None for as long as it takes.
        frontend: keeps itself alive where it can; None for the installed one.

    Returns:
        Whether it is set.

    Raises:
        SystemExit: the process was asked to end.

    Example:
        >>> wait_for(threading.Event(), 0.01)
        False
    """
    if over.is_set():
        return True
    here = frontend or installed()
    if here.can_wait():
        return here.wait(over, timeout)
    until = None if timeout is None else time.monotonic() + timeout
    with interruptible():
        while not over.is_set():
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                return False
            over.wait(left)
            if here.is_exiting():
                raise SystemExit
    return True


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let an interrupt be raised where it strikes, also within a running event loop."""
    # A loop's own handler only leaves itself a note, which it reads when we give the thread back: too late.
    if threading.current_thread() is not threading.main_thread() or not _in_loop():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)


def cancel_requests() -> int:
    """How often the running asyncio task was asked to cancel; an interrupt between two waits leaves no other trace."""
    task = asyncio.current_task() if _in_loop() else None
    return task.cancelling() if task is not None else 0


def raise_if_cancelled(before: int) -> None:
    """Raise KeyboardInterrupt if the running asyncio task was asked to cancel since so many requests were counted."""
    if cancel_requests() > before:
        raise KeyboardInterrupt


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
