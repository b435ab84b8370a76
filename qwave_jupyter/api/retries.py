"""Asking again: a small loop of our own that a user can stop at any moment.

urllib3's ``Retry`` sleeps where nothing can wake it and obeys a ``Retry-After`` of hours.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from qwave_jupyter.api.errors import is_transient
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import ApiError, QwaveError, RateLimited

__all__ = ["OnRetry", "Patience", "Retry", "Stopped", "Throttle", "persist"]

Answer = TypeVar("Answer")


class Stopped(Exception):
    """The caller's stop event was set while we were waiting; never reaches a user."""


@dataclass(frozen=True)
class Retry:
    """One more attempt that is about to be made.

    Args:
        attempt: how many have failed so far, from 1.
        delay: seconds until the next.
        reason: what went wrong.
    """

    attempt: int
    delay: float
    reason: QwaveError


OnRetry = Callable[[Retry], None]


@dataclass(frozen=True)
class Patience:
    """How long one question is repeated.

    Args:
        attempts: how often at most.
        first: seconds before the second attempt; doubled each time.
        longest: seconds between two attempts at most, and the longest ``Retry-After`` that is obeyed rather than
            reported.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 60.0

    def delay(self, attempt: int, error: QwaveError, jitter: float) -> float | None:
        """Seconds until the next attempt; None when the server wants longer than we would wait."""
        wanted = error.retry_after if isinstance(error, ApiError) else None
        if wanted is not None:
            return wanted + jitter * self.first if wanted <= self.longest else None
        grown: float = self.first * 2.0 ** (attempt - 1)
        return min(self.longest, grown) * (0.75 + jitter / 2)


@dataclass
class Throttle:
    """One host's slow-down, shared by every job that talks to it.

    Args:
        clock: time.
    """

    clock: Clock = SYSTEM_CLOCK
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def slow_down(self, seconds: float) -> None:
        """Let nobody ask before so many seconds have passed."""
        with self._lock:
            self._until = max(self._until, self.clock.monotonic() + seconds)

    def wait(self, stop: threading.Event | None = None) -> None:
        """Wait for one's turn.

        Raises:
            Stopped: ``stop`` was set meanwhile.
        """
        while (left := self._until - self.clock.monotonic()) > 0:
            if self.clock.wait(left, stop):
                raise Stopped


def persist(
    ask: Callable[[], Answer],
    *,
    patience: Patience,
    throttle: Throttle,
    clock: Clock = SYSTEM_CLOCK,
    stop: threading.Event | None = None,
    on_retry: OnRetry | None = None,
    may_repeat: Callable[[QwaveError], bool] = is_transient,
) -> Answer:
    """Ask until there is an answer, the error is final, or patience ends.

    Args:
        ask: one attempt.
        patience: how often and how long.
        throttle: the host's slow-down; a 429 slows all who share it.
        clock: time.
        stop: ends any wait at once.
        on_retry: told before each further attempt.
        may_repeat: whether an error is worth another attempt.

    Raises:
        Stopped: ``stop`` was set.
        QwaveError: the last error.
    """
    attempt = 0
    while True:
        throttle.wait(stop)
        try:
            return ask()
        except QwaveError as error:
            attempt += 1
            delay = patience.delay(attempt, error, random.random())  # noqa: S311 - jitter, not a secret
            if attempt >= patience.attempts or delay is None or not may_repeat(error):
                raise
            if isinstance(error, RateLimited):
                throttle.slow_down(delay)
            if on_retry is not None:
                on_retry(Retry(attempt, delay, error))
            if clock.wait(delay, stop):
                raise Stopped from None
