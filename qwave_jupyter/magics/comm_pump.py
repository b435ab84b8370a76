"""Clicks during an awaited cell on ipykernel 6, which by itself hears none until the cell has ended.

Only comm messages are dispatched; everything else stays queued in its order. Guarded: where the kernel isn't as known,
nothing is touched and the cell merely can't be cancelled by the button.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from typing import Any

__all__ = ["comm_pump", "is_deaf", "is_needed"]

Pump = Callable[[], Awaitable[None]]
#: From here on a comm's message may come by a subshell, and from there on it needs none (read in ipykernel's source).
_BY_SUBSHELL, _BY_ITSELF = (7, 0), (7, 4)
_COMMS = frozenset({"comm_msg", "comm_open", "comm_close"})
#: Kernels for which messages are being handled at this moment.
_pumping: set[int] = set()


def is_needed(kernel: Any) -> bool:
    """Whether a kernel is one that hears no clicks by itself."""
    return _generation() < (7, 0) and hasattr(kernel, "msg_queue")


def is_deaf(kernel: Any) -> bool:
    """Whether no click arrives during a cell, pump or not: ipykernel 7.0 to 7.3 with a frontend without subshells."""
    if not _BY_SUBSHELL <= _generation() < _BY_ITSELF:
        return False
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    return manager is None or not manager.list_subshell()


def _generation() -> tuple[int, ...]:
    # The kernel object tells IPython's version, not its own.
    return tuple(int(part) for part in version("ipykernel").split(".")[:2] if part.isdigit())


@contextlib.asynccontextmanager
async def comm_pump(kernel: Any) -> AsyncIterator[Pump]:
    """A function that handles the clicks that have arrived; it does nothing where the kernel hears them itself.

    Args:
        kernel: the running kernel.
    """
    yield functools.partial(_pump, kernel) if is_needed(kernel) else _nothing


async def _pump(kernel: Any) -> None:
    if id(kernel) in _pumping:
        # Several wait in one cell: one of them hears for all, so that messages keep their order.
        return
    _pumping.add(id(kernel))
    try:
        for dispatch, arguments in _comms_of(kernel.msg_queue):
            await _handled(kernel, dispatch, arguments)
    finally:
        _pumping.discard(id(kernel))


def _comms_of(waiting: Any) -> list[tuple[Any, Any]]:
    # In one go, without giving the loop back in between: what isn't a comm's stays queued, in its order.
    taken = []
    while not waiting.empty():
        taken.append(waiting.get_nowait())
    comms = []
    for item in taken:
        _, dispatch, arguments = item
        if _kind(arguments) in _COMMS:
            comms.append((dispatch, arguments))
        else:
            waiting.put_nowait(item)
    return comms


async def _handled(kernel: Any, dispatch: Any, arguments: Any) -> None:
    parent = (kernel._parent_ident, kernel.get_parent())  # noqa: SLF001 - no public way to put them back
    # The kernel has one place for the handler that a message finds; a message within a cell would overwrite it.
    handler = getattr(kernel, "saved_sigint_handler", None)
    try:
        await dispatch(*arguments)
    finally:
        kernel.saved_sigint_handler = handler
        kernel.set_parent(*parent)


async def _nothing() -> None:
    return


def _kind(arguments: Any) -> str:
    try:
        frames = [bytes(frame) for frame in arguments[0]]
        header = json.loads(frames[frames.index(b"<IDS|MSG>") + 2])
        return str(header["msg_type"])
    except (ValueError, KeyError, IndexError, TypeError):
        # Not a message as we know it: leave it to the kernel.
        return ""
