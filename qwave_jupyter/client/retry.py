"""When a request is sent again, and how many may be sent: retries with backoff, and the rate limit of a host.

A stop event or a deadline ends a wait at any moment; urllib3's ``Retry`` sleeps uninterruptibly, and obeys a
``Retry-After`` of hours. tenacity would replace the loop alone: the delays, the deadline, ``Retry-After`` and the
host's pause would stay.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from qwave_jupyter import threads
from qwave_jupyter.client.error_responses import is_transient
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock
from qwave_jupyter.errors import QwaveError, RateLimited

__all__ = ["OnRetry", "RateLimiter", "Retrier", "Retry", "RetryPolicy", "Stopped"]

Result = TypeVar("Result")

#: Maximum ``Retry-After`` in seconds that is waited for without a deadline.
_MAX_RETRY_AFTER = 60.0
#: Status requests a second that all jobs together may send to one host. No page states a limit; the sample loops poll
#: every 2 s, so this is what sixty tasks would need; a thousand jobs then take some hundredths of a core.
_REQUESTS_PER_SECOND = 30.0
_BURST = 40
#: Seconds between requests after a 429: doubled with each further one, up to a maximum, and halved every half minute.
_MIN_SPACING, _MAX_SPACING, _SPACING_HALF_LIFE = 0.1, 2.0, 30.0


class Stopped(Exception):
    """The caller's stop event was set; ``outcome_unknown`` says whether a POST may have reached the server before."""

    def __init__(self, *, outcome_unknown: bool = False) -> None:
        super().__init__(outcome_unknown)
        self.outcome_unknown = outcome_unknown


@dataclass(frozen=True)
class Retry:
    """The next attempt, before it is made."""

    attempt: int
    delay: float
    reason: QwaveError


OnRetry = Callable[[Retry], None]


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request is retried, and with which delays."""

    attempts: int = 6
    initial_delay: float = 0.5
    max_delay: float = 15.0
    until_deadline: bool = False

    def delay(self, attempt: int, retry_after: float | None, jitter: float) -> float:
        """Seconds until the next attempt, after so many failed ones; the jitter is a number from 0 to 1."""
        own = min(self.max_delay, self.initial_delay * 2.0 ** min(attempt - 1, 30)) * (0.75 + jitter / 2)
        return own if retry_after is None else max(retry_after, min(own, 1.0)) + jitter * self.initial_delay


class RateLimiter:
    """Spaces the requests to one host and pauses them after a 429."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK, per_second: float = _REQUESTS_PER_SECOND) -> None:
        self._clock = clock
        self._interval = 1 / per_second
        self._paused_until = -math.inf
        self._next_slot = -math.inf
        self._spacing = 0.0
        self._spaced_at = 0.0
        self._lock = threads.fork_safe(threading.Lock())

    def back_off(self, seconds: float) -> None:
        """Pause all requests for so many seconds and space later ones more widely."""
        with self._lock:
            now = self._clock.monotonic()
            self._paused_until = max(self._paused_until, now + seconds)
            self._spacing = min(_MAX_SPACING, max(_MIN_SPACING, 2 * self._current_spacing(now)))
            self._spaced_at = now

    def pause_remaining(self) -> float:
        """Seconds until the pause ends; 0 without one."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    def reserve_slot(self) -> float:
        """Reserve the next slot and return the seconds until it begins."""
        with self._lock:
            now = self._clock.monotonic()
            spacing = self._current_spacing(now)
            interval = max(self._interval, spacing)
            burst = 0.0 if spacing > self._interval else _BURST * interval
            self._next_slot = max(self._next_slot, now - burst, self._paused_until) + interval
            return max(0.0, self._next_slot - interval - now)

    def _current_spacing(self, now: float) -> float:
        if not self._spacing:
            return 0.0
        faded = float(self._spacing * 0.5 ** ((now - self._spaced_at) / _SPACING_HALF_LIFE))
        return faded if faded > _MIN_SPACING / 10 else 0.0


@dataclass(frozen=True)
class Retrier:
    """Calls a function until it returns, its error is final, or the policy is exhausted."""

    rate_limiter: RateLimiter
    clock: Clock
    policy: RetryPolicy
    stop: threading.Event | None = None
    deadline: float | None = None
    on_retry: OnRetry | None = None
    may_repeat: Callable[[QwaveError], bool] = is_transient
    reserves_slot: bool = False

    def __call__(self, call: Callable[[], Result]) -> Result:
        """Call with retries; raises the last error, or Stopped."""
        failed = 0
        while True:
            self._wait_for_slot()
            try:
                return call()
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
        retry_after = error.fields.get("retry_after")
        jitter = random.random()  # noqa: S311 - not a secret
        delay = self.policy.delay(failed, retry_after, jitter)
        if isinstance(error, RateLimited):
            # Slow down the other jobs, also where this one gives up.
            self.rate_limiter.back_off(min(delay, _MAX_RETRY_AFTER))
        if self.deadline is None:
            too_long = failed >= self.policy.attempts or (retry_after or 0) > _MAX_RETRY_AFTER
        else:
            counted = not (self.policy.until_deadline or error.fields.get("status") in {409, 429})
            too_long = self.clock.monotonic() + delay > self.deadline or (counted and failed >= self.policy.attempts)
        return None if too_long else Retry(failed, delay, error)

    def _wait_for_slot(self) -> None:
        seconds = self.rate_limiter.reserve_slot() if self.reserves_slot else 0.0
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
