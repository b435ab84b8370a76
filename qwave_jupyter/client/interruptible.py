"""Blocking calls whose wait can be ended by a stop event or a timeout."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Abandoned", "run_interruptibly"]

Result = TypeVar("Result")
#: Seconds between two checks of the stop event.
_CHECK_INTERVAL = 0.1


class Abandoned(Exception):
    """The wait was ended; the call goes on in its thread until its own timeout."""


class _Call(Generic[Result]):
    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self.done = threading.Event()
        self.result: list[Result] = []
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            self.result.append(self._call())
        except BaseException as problem:  # noqa: BLE001 - handed on to the thread that waits
            self.problem = problem
        finally:
            self.done.set()


def run_interruptibly(
    call: Callable[[], Result], stop: threading.Event | None = None, within: float | None = None
) -> Result:
    """Run a blocking call in a daemon thread and return its result.

    A blocked ``recv`` can't be interrupted, so the thread is abandoned when the wait ends.

    Args:
        call: the blocking call.
        stop: ends the wait.
        within: maximum seconds to wait.

    Raises:
        Abandoned: the wait ended first.
    """
    if stop is None and within is None:
        return call()
    exchange = _Call(call)
    threading.Thread(target=exchange.run, name="qwave-exchange", daemon=True).start()
    ends = None if within is None else time.monotonic() + within
    while True:
        left = _CHECK_INTERVAL if ends is None else min(_CHECK_INTERVAL, ends - time.monotonic())
        if exchange.done.wait(max(0.0, left)):
            break
        if (stop is not None and stop.is_set()) or (ends is not None and time.monotonic() >= ends):
            raise Abandoned
    if exchange.problem is not None:
        raise exchange.problem
    return exchange.result[0]
