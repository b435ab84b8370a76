"""A cancelled job as a coroutine that awaits it sees it."""

from __future__ import annotations

import asyncio

from qwave_jupyter.errors import GenerationError

__all__ = ["AwaitingCancelled", "CancelledWhileAwaited"]


class CancelledWhileAwaited(GenerationError):
    """A cancelled job as whoever awaits it sees it.

    It reads like :class:`~qwave_jupyter.errors.Cancelled` but is no KeyboardInterrupt, which would tear down the event
    loop that all tasks share.
    """


class AwaitingCancelled(CancelledWhileAwaited, asyncio.CancelledError):
    """The same where the awaiting task itself was cancelled, as asyncio wants to hear it."""
