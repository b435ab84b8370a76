"""How a synchronous wait passes its time: on an event, or as the surroundings know to do better."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

__all__ = ["Way", "beside", "cancel_requests", "interruptible", "raise_if_cancelled", "set_way", "wait_for"]

#: A wait in slices stays interruptible everywhere, Windows included.
_SLICE = 0.2


class Way(Protocol):
    """A way of waiting that keeps the surroundings alive."""

    def serves(self) -> bool:
        """Whether it can wait here and now, in this thread."""

    def __call__(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait until the event is set, or so many seconds; tells which."""

    def beside(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Keeps the surroundings alive while a coroutine waits for something else."""


_way: list[Way] = []
_leaving: list[Callable[[], bool]] = []


def set_way(way: Way | None, *, leaving: Callable[[], bool] | None = None) -> None:
    """Say how a synchronous wait passes its time.

    Args:
        way: asked at every wait whether it serves; None goes back to the event.
        leaving: tells whether the process was asked to end, which a wait must not hold up; its job stays open.
    """
    _way[:] = [way] if way is not None else []
    _leaving[:] = [leaving] if leaving is not None else []


def wait_for(over: threading.Event, timeout: float | None = None) -> bool:
    """Wait until an event is set. An interrupt is always heard, even where a running event loop keeps it for itself.

    Args:
        over: what is waited for.
        timeout: seconds; None for as long as it takes.

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
    if _way and _way[-1].serves():
        return _way[-1](over, timeout)
    until = None if timeout is None else time.monotonic() + timeout
    with interruptible():
        while not over.is_set():
            left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
            if left <= 0:
                return False
            over.wait(left)
            if _leaving and _leaving[-1]():
                raise SystemExit
    return True


def beside() -> contextlib.AbstractAsyncContextManager[None]:
    """What a coroutine enters while it waits, so that the surroundings stay alive."""
    return _way[-1].beside() if _way else contextlib.nullcontext()


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
