"""Waiting for an answer that is under way, no longer than the user wants to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Abandoned", "until_stopped"]

Answer = TypeVar("Answer")
#: Seconds between two looks at the stop event; a person doesn't notice, and a held answer costs ten looks a second.
_GLANCE = 0.1


class Abandoned(Exception):
    """Nobody waits for the answer any more; the exchange itself goes on unobserved until its own timeout."""


class _Exchange(Generic[Answer]):
    def __init__(self, call: Callable[[], Answer]) -> None:
        self._call = call
        self.done = threading.Event()
        self.answer: list[Answer] = []
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            self.answer.append(self._call())
        except BaseException as problem:  # noqa: BLE001 - handed on to the thread that waits
            self.problem = problem
        finally:
            self.done.set()


def until_stopped(
    call: Callable[[], Answer], stop: threading.Event | None = None, within: float | None = None
) -> Answer:
    """The result of a blocking call, unless the wait for it is ended.

    A blocked ``recv`` can't be woken from outside, so the call runs in a daemon thread and is left behind.

    Args:
        call: the exchange.
        stop: ends the wait.
        within: seconds to wait at most.

    Raises:
        Abandoned: the wait ended first.
    """
    if stop is None and within is None:
        return call()
    exchange = _Exchange(call)
    threading.Thread(target=exchange.run, name="qwave-exchange", daemon=True).start()
    ends = None if within is None else time.monotonic() + within
    while True:
        left = _GLANCE if ends is None else min(_GLANCE, ends - time.monotonic())
        if exchange.done.wait(max(0.0, left)):
            break
        if (stop is not None and stop.is_set()) or (ends is not None and time.monotonic() >= ends):
            raise Abandoned
    if exchange.problem is not None:
        raise exchange.problem
    return exchange.answer[0]
