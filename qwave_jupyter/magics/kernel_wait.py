"""How a cell waits while the kernel goes on: clicks arrive, and other cells' asyncio tasks run."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from ipykernel.ipkernel import IPythonKernel
    from IPython.core.interactiveshell import InteractiveShell

    from qwave_jupyter.batches.sweep import SweepRun
    from qwave_jupyter.errors import QwaveError
    from qwave_jupyter.jobs.job import Job

__all__ = ["NestedLoop", "blocks_clicks", "wait_async"]

_TICK = 0.05
#: The maintained continuation first; the original is what ipykernel 6 brings along.
_NESTING_LIBRARIES = ("nest_asyncio2", "nest_asyncio")
#: From here on a comm's message may come by a subshell, and from there on it needs none (read in ipykernel's source).
_BY_SUBSHELL, _BY_ITSELF = (7, 0), (7, 4)
_COMM_TYPES = frozenset({"comm_msg", "comm_open", "comm_close"})


# A blocking cell receives no click on ipykernel 6 and 7.4, and a nested event loop loses the cells that are queued
# behind it on ipykernel 7. An awaited cell does neither.
async def wait_async(work: Job | SweepRun, shell: InteractiveShell, cancel: Callable[[], QwaveError]) -> None:
    """Wait until the work is done while the kernel's loop goes on; an interrupt raises what ``cancel`` returns."""
    async with _open_pump(shell.kernel) as pump:
        try:
            while not work.done():
                await pump()
                await asyncio.sleep(_TICK)
        except asyncio.CancelledError:
            raise cancel() from None


class NestedLoop:
    """A synchronous wait on ipykernel 6 that keeps the kernel alive: a loop within the loop."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def can_wait(self) -> bool:
        """Whether this is the main thread of such a kernel, in a loop that can be nested."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is None or threading.current_thread() is not threading.main_thread() or not _needs_pump(kernel):
            return False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        # Others, such as uvloop's, can't be patched.
        return isinstance(loop, asyncio.BaseEventLoop) and any(map(find_spec, _NESTING_LIBRARIES))

    def wait(self, over: threading.Event, timeout: float | None) -> bool:
        """Wait until the event is set, or so many seconds; return whether it is set, or raise KeyboardInterrupt."""
        loop = asyncio.get_running_loop()
        # On first need only: the patch stays for the rest of the process.
        import_module(next(filter(find_spec, _NESTING_LIBRARIES))).apply(loop)
        interrupted = threading.Event()

        def handle(number: int, frame: FrameType | None) -> None:
            # The first is raised where we wait, not in whatever task happens to run; a second one breaks in there.
            if interrupted.is_set():
                signal.default_int_handler(number, frame)
            interrupted.set()

        before = signal.signal(signal.SIGINT, handle)
        try:
            loop.run_until_complete(self._pump_until(over, timeout, interrupted))
        finally:
            signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
        if interrupted.is_set():
            raise KeyboardInterrupt
        return over.is_set()

    @contextlib.asynccontextmanager
    async def keep_alive(self) -> AsyncIterator[None]:
        """Handle clicks while something is awaited; needs no nested loop."""
        if not self.can_wait():
            yield
            return
        over = threading.Event()
        pumping = asyncio.ensure_future(self._pump_until(over, None, threading.Event()))
        try:
            yield
        finally:
            # It ends by itself: cut short, it might lose the message that it is handling.
            over.set()
            pumping.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _pump_until(self, over: threading.Event, seconds: float | None, interrupted: threading.Event) -> None:
        until = None if seconds is None else time.monotonic() + seconds
        async with _open_pump(self._shell.kernel) as pump:
            while not (over.is_set() or interrupted.is_set() or (until is not None and time.monotonic() >= until)):
                await pump()
                await asyncio.sleep(_TICK)


def blocks_clicks(kernel: IPythonKernel) -> bool:
    """Whether no click arrives during a cell, pump or not: ipykernel 7.0 to 7.3 with a frontend without subshells."""
    if not _BY_SUBSHELL <= _read_kernel_version() < _BY_ITSELF:
        return False
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    return manager is None or not manager.list_subshell()


@contextlib.asynccontextmanager
async def _open_pump(kernel: IPythonKernel) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A function that handles the clicks that have arrived; it does nothing where the kernel handles them itself."""
    # Where the kernel isn't as known, nothing is touched and the cell merely can't be cancelled by the button.
    yield functools.partial(_pump, kernel if _needs_pump(kernel) else None)


def _needs_pump(kernel: IPythonKernel) -> bool:
    return _read_kernel_version() < (7, 0) and hasattr(kernel, "msg_queue")


def _read_kernel_version() -> tuple[int, ...]:
    # The kernel object holds IPython's version, not its own.
    return tuple(int(part) for part in version("ipykernel").split(".")[:2] if part.isdigit())


async def _pump(kernel: IPythonKernel | None) -> None:
    if kernel is None or getattr(kernel, "_qwave_is_pumping", False):
        # Several wait in one cell: one of them handles the clicks of all, so that messages keep their order.
        return
    kernel._qwave_is_pumping = True  # noqa: SLF001 - ours
    try:
        for dispatch, arguments in _pop_comm_messages(kernel.msg_queue):
            await _dispatch_apart(kernel, dispatch, arguments)
    finally:
        kernel._qwave_is_pumping = False  # noqa: SLF001 - ours


def _pop_comm_messages(waiting: Any) -> list[tuple[Callable[..., Awaitable[None]], Any]]:
    # In one go, without giving the loop back in between: what isn't a comm's stays queued, in its order.
    items = []
    while not waiting.empty():
        items.append(waiting.get_nowait())
    comms = []
    for item in items:
        _, dispatch, arguments = item
        if _read_message_type(arguments) in _COMM_TYPES:
            comms.append((dispatch, arguments))
        else:
            waiting.put_nowait(item)
    return comms


async def _dispatch_apart(kernel: IPythonKernel, dispatch: Callable[..., Awaitable[None]], arguments: Any) -> None:
    parent = (kernel._parent_ident, kernel.get_parent())  # noqa: SLF001 - no public way to put them back
    # The kernel has one place for the handler that a message finds; a message within a cell would overwrite it.
    handler = getattr(kernel, "saved_sigint_handler", None)
    try:
        await dispatch(*arguments)
    finally:
        kernel.saved_sigint_handler = handler
        kernel.set_parent(*parent)


def _read_message_type(arguments: Any) -> str:
    try:
        frames = [bytes(frame) for frame in arguments[0]]
        header = json.loads(frames[frames.index(b"<IDS|MSG>") + 2])
        return str(header["msg_type"])
    except (ValueError, KeyError, IndexError, TypeError):
        # Not a message as we know it: leave it to the kernel.
        return ""
