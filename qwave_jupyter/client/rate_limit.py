"""The rate limit of one host, shared by all clients of this process."""

from __future__ import annotations

import math
import threading

from qwave_jupyter import forking
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock

__all__ = ["RateLimiter", "limiter_for"]

#: Status requests a second that all jobs together may send to one host. No page states a limit; the sample loops poll
#: every 2 s, so this is what sixty tasks would need; a thousand jobs then take some hundredths of a core.
REQUESTS_PER_SECOND = 30.0
_BURST = 40
#: Seconds between requests after a 429: doubled with each further one, up to a maximum, and halved every half minute.
_MIN_SPACING, _MAX_SPACING, _SPACING_HALF_LIFE = 0.1, 2.0, 30.0


class RateLimiter:
    """Spaces the requests to one host and pauses them after a 429.

    Args:
        clock: time.
        per_second: maximum requests a second.

    Example:
        >>> rate_limiter = RateLimiter()
        >>> rate_limiter.back_off(2.0)
        >>> rate_limiter.pause_remaining() > 1.9
        True
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK, per_second: float = REQUESTS_PER_SECOND) -> None:
        self._clock = clock
        self._interval = 1 / per_second
        self._paused_until = -math.inf
        self._next_slot = -math.inf
        self._spacing = 0.0
        self._spaced_at = 0.0
        self._lock = forking.guard(threading.Lock())

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


_by_origin: dict[str, RateLimiter] = {}
_lock = forking.guard(threading.Lock())


def limiter_for(origin: str) -> RateLimiter:
    """The rate limiter of an origin, one for all clients of this process."""
    with _lock:
        return _by_origin.setdefault(origin, RateLimiter())
