"""A rate limit: so many requests per second."""

from __future__ import annotations

import threading
from collections import deque

from qwave_jupyter.clock import Clock

__all__ = ["RateLimiter"]


class RateLimiter:
    """A sliding window of one second; safe for threads.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._served: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_needed(self, limit: float | None) -> float:
        """Seconds after which a request would be served; 0 serves it now.

        Args:
            limit: requests per second; None or 0 for any number. Below one it is one request in so many seconds.
        """
        if not limit:
            return 0.0
        window, most = (1.0, int(limit)) if limit >= 1 else (1.0 / max(limit, 1e-6), 1)
        with self._lock:
            now = self._clock.monotonic()
            while self._served and self._served[0] <= now - window:
                self._served.popleft()
            if len(self._served) < most:
                self._served.append(now)
                return 0.0
            return self._served[-most] + window - now
