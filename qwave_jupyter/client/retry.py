"""Asking again: a small loop of our own that a user can stop at any moment.

urllib3's ``Retry`` sleeps where nothing can wake it, and obeys a ``Retry-After`` of hours.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from qwave_jupyter.client.error_responses import is_transient
from qwave_jupyter.client.rate_limit import Throttle
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import QwaveError, RateLimited

__all__ = ["OnRetry", "Patience", "Persistence", "Retry", "Stopped"]

Answer = TypeVar("Answer")


class Stopped(Exception):
    """The caller's stop event was set; never reaches a user.

    Args:
        outcome_unknown: whether an order may have reached the server before.
    """

    def __init__(self, *, outcome_unknown: bool = False) -> None:
        super().__init__(outcome_unknown)
        self.outcome_unknown = outcome_unknown


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
        first: seconds before the second attempt; doubled for each further one.
        slowest: seconds between two attempts at most, where the server names no other.
        longest: the longest ``Retry-After`` in seconds that is waited for when the caller gives no deadline.
        until_deadline: with a deadline it alone decides, and attempts aren't counted.
    """

    attempts: int = 6
    first: float = 0.5
    slowest: float = 15.0
    longest: float = 60.0
    until_deadline: bool = False

    def delay(self, attempt: int, wanted: float | None, jitter: float) -> float:
        """Seconds until the next attempt.

        Args:
            attempt: how many have failed.
            wanted: seconds that the server asks for, or None.
            jitter: 0 to 1.
        """
        own = min(self.slowest, self.first * 2.0 ** min(attempt - 1, 30)) * (0.75 + jitter / 2)
        return own if wanted is None else max(wanted, min(own, 1.0)) + jitter * self.first


@dataclass(frozen=True)
class Persistence:
    """Asks until there is an answer, the error is final, or patience ends.

    Args:
        throttle: the host's pace; a 429 slows all who share it.
        clock: time.
        patience: how often and how long.
        stop: ends any wait at once.
        deadline: monotonic seconds of the clock beyond which nothing waits, or None.
        on_retry: told before each further attempt.
        may_repeat: whether an error is worth another attempt.
        budgeted: whether each attempt takes a place in the host's common queue of questions.
        chance: gives 0 to 1, so that many jobs don't ask in step.
    """

    throttle: Throttle
    clock: Clock = SYSTEM_CLOCK
    patience: Patience = Patience()
    stop: threading.Event | None = None
    deadline: float | None = None
    on_retry: OnRetry | None = None
    may_repeat: Callable[[QwaveError], bool] = is_transient
    budgeted: bool = False
    chance: Callable[[], float] = field(default=random.random)

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        """Ask.

        Args:
            ask: one attempt.

        Raises:
            Stopped: ``stop`` was set.
            QwaveError: the last error.
        """
        failed = 0
        while True:
            self._wait_for_turn()
            try:
                return ask()
            except QwaveError as error:
                failed += 1
                again = self._again(failed, error)
                if again is None:
                    raise
            if self.on_retry is not None:
                self.on_retry(again)
            self._wait(again.delay)

    def _again(self, failed: int, error: QwaveError) -> Retry | None:
        if not self.may_repeat(error):
            return None
        wanted = error.fields.get("retry_after")
        delay = self.patience.delay(failed, wanted, self.chance())
        if isinstance(error, RateLimited):
            # Others hear of it even where this one gives up.
            self.throttle.slow_down(min(delay, self.patience.longest))
        if self.deadline is None:
            too_long = failed >= self.patience.attempts or (wanted or 0) > self.patience.longest
        else:
            counted = not (self.patience.until_deadline or error.fields.get("status") in {409, 429})
            too_long = self.clock.monotonic() + delay > self.deadline or (counted and failed >= self.patience.attempts)
        return None if too_long else Retry(failed, delay, error)

    def _wait_for_turn(self) -> None:
        seconds = self.throttle.turn() if self.budgeted else 0.0
        while True:
            self._wait(self._bounded(seconds))
            seconds = self.throttle.pause()
            if seconds <= 0 or self._is_late():
                return

    def _bounded(self, seconds: float) -> float:
        return seconds if self.deadline is None else min(seconds, max(0.0, self.deadline - self.clock.monotonic()))

    def _is_late(self) -> bool:
        return self.deadline is not None and self.clock.monotonic() >= self.deadline

    def _wait(self, seconds: float) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Stopped
        if seconds > 0 and self.clock.wait(seconds, self.stop):
            raise Stopped
