"""A synchronous wait on ipykernel 6 that keeps the kernel alive: a loop within the loop, with the pump for clicks.

nest-asyncio alone hears no click there; with the pump both clicks and asyncio tasks live. On ipykernel 7 a nested loop
loses the cells that are queued behind, so it is refused there, and the event wait serves instead. The patch is applied
on first need only: it stays for the rest of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from qwave_jupyter.magics.comm_pump import comm_pump, is_needed

__all__ = ["NestedLoop"]

_TICK = 0.05
#: The maintained continuation first; the original is what ipykernel 6 brings along.
_PATCHES = ("nest_asyncio2", "nest_asyncio")


class NestedLoop:
    """The way of waiting inside a cell of ipykernel 6.

    Args:
        shell: the running IPython.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def can_wait(self) -> bool:
        """Whether this is the main thread of such a kernel, in a loop that can be nested."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is None or threading.current_thread() is not threading.main_thread() or not is_needed(kernel):
            return False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        # Others, such as uvloop's, can't be patched.
        return isinstance(loop, asyncio.BaseEventLoop) and any(map(find_spec, _PATCHES))

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait until the event is set, or so many seconds; tells which.

        Raises:
            KeyboardInterrupt: the kernel was interrupted.
        """
        loop = asyncio.get_running_loop()
        _patch().apply(loop)
        interrupted = threading.Event()

        def note(number: int, frame: Any) -> None:
            # The first is raised where we wait, not in whatever task happens to run; a second one breaks in there.
            if interrupted.is_set():
                signal.default_int_handler(number, frame)
            interrupted.set()

        before = signal.signal(signal.SIGINT, note)
        try:
            loop.run_until_complete(self._watched(over, timeout, interrupted))
        finally:
            signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
        if interrupted.is_set():
            raise KeyboardInterrupt
        return over.is_set()

    @contextlib.asynccontextmanager
    async def keep_alive(self) -> AsyncIterator[None]:
        """Hear clicks while something is awaited; needs no nested loop."""
        if not self.can_wait():
            yield
            return
        over = threading.Event()
        hearing = asyncio.ensure_future(self._watched(over, None, threading.Event()))
        try:
            yield
        finally:
            # It ends by itself: cut short, it might lose the message that it is handling.
            over.set()
            hearing.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _watched(self, over: threading.Event, seconds: float | None, interrupted: threading.Event) -> None:
        until = None if seconds is None else time.monotonic() + seconds
        async with comm_pump(self._shell.kernel) as pump:
            while not (over.is_set() or interrupted.is_set() or (until is not None and time.monotonic() >= until)):
                await pump()
                await asyncio.sleep(_TICK)


def _patch() -> Any:
    return import_module(next(name for name in _PATCHES if find_spec(name) is not None))
