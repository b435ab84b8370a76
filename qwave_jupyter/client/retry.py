"""Retries with backoff that a stop event or a deadline ends at any moment.

urllib3's ``Retry`` sleeps uninterruptibly, and obeys a ``Retry-After`` of hours.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from qwave_jupyter.client.error_responses import is_transient
from qwave_jupyter.client.rate_limit import RateLimiter
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import QwaveError, RateLimited

__all__ = ["OnRetry", "Retrier", "Retry", "RetryPolicy", "Stopped"]

Result = TypeVar("Result")


class Stopped(Exception):
    """The caller's stop event was set; internal.

    Args:
        outcome_unknown: whether a POST may have reached the server before.
    """

    def __init__(self, *, outcome_unknown: bool = False) -> None:
        super().__init__(outcome_unknown)
        self.outcome_unknown = outcome_unknown


@dataclass(frozen=True)
class Retry:
    """The next attempt, before it is made.

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
class RetryPolicy:
    """How often a request is retried, and with which delays.

    Args:
        attempts: maximum number of attempts.
        initial_delay: seconds before the second attempt; doubled for each further one.
        max_delay: maximum seconds between two attempts, unless the server asks for more.
        max_retry_after: maximum ``Retry-After`` in seconds that is waited for without a deadline.
        until_deadline: retry until the deadline, where there is one, without counting attempts.
    """

    attempts: int = 6
    initial_delay: float = 0.5
    max_delay: float = 15.0
    max_retry_after: float = 60.0
    until_deadline: bool = False

    def delay(self, attempt: int, wanted: float | None, jitter: float) -> float:
        """Seconds until the next attempt.

        Args:
            attempt: how many have failed.
            wanted: seconds that the server asks for, or None.
            jitter: 0 to 1.
        """
        own = min(self.max_delay, self.initial_delay * 2.0 ** min(attempt - 1, 30)) * (0.75 + jitter / 2)
        return own if wanted is None else max(wanted, min(own, 1.0)) + jitter * self.initial_delay


@dataclass(frozen=True)
class Retrier:
    """Calls a function until it returns, its error is final, or the policy is exhausted.

    Args:
        rate_limiter: the host's rate limiter; a 429 slows all jobs that share it.
        clock: time.
        policy: number of attempts and delays.
        stop: ends any wait at once.
        deadline: monotonic seconds of the clock beyond which there is no retry, or None.
        on_retry: called before each further attempt.
        may_repeat: whether an error can be retried.
        takes_slot: whether each attempt reserves a slot of the rate limiter.
        jitter_source: returns 0 to 1.
    """

    rate_limiter: RateLimiter
    clock: Clock = SYSTEM_CLOCK
    policy: RetryPolicy = RetryPolicy()
    stop: threading.Event | None = None
    deadline: float | None = None
    on_retry: OnRetry | None = None
    may_repeat: Callable[[QwaveError], bool] = is_transient
    takes_slot: bool = False
    jitter_source: Callable[[], float] = field(default=random.random)

    def __call__(self, ask: Callable[[], Result]) -> Result:
        """Call ``ask`` with retries.

        Args:
            ask: makes one attempt.

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
                again = self._next_retry(failed, error)
                if again is None:
                    raise
            if self.on_retry is not None:
                self.on_retry(again)
            self._wait(again.delay)

    def _next_retry(self, failed: int, error: QwaveError) -> Retry | None:
        if not self.may_repeat(error):
            return None
        wanted = error.fields.get("retry_after")
        delay = self.policy.delay(failed, wanted, self.jitter_source())
        if isinstance(error, RateLimited):
            # Slow down the other jobs, also where this one gives up.
            self.rate_limiter.back_off(min(delay, self.policy.max_retry_after))
        if self.deadline is None:
            too_long = failed >= self.policy.attempts or (wanted or 0) > self.policy.max_retry_after
        else:
            counted = not (self.policy.until_deadline or error.fields.get("status") in {409, 429})
            too_long = self.clock.monotonic() + delay > self.deadline or (counted and failed >= self.policy.attempts)
        return None if too_long else Retry(failed, delay, error)

    def _wait_for_turn(self) -> None:
        seconds = self.rate_limiter.reserve_slot() if self.takes_slot else 0.0
        while True:
            self._wait(self._clip_to_deadline(seconds))
            seconds = self.rate_limiter.pause_remaining()
            if seconds <= 0 or self._is_past_deadline():
                return

    def _clip_to_deadline(self, seconds: float) -> float:
        return seconds if self.deadline is None else min(seconds, max(0.0, self.deadline - self.clock.monotonic()))

    def _is_past_deadline(self) -> bool:
        return self.deadline is not None and self.clock.monotonic() >= self.deadline

    def _wait(self, seconds: float) -> None:
        if self.stop is not None and self.stop.is_set():
            raise Stopped
        if seconds > 0 and self.clock.wait(seconds, self.stop):
            raise Stopped
