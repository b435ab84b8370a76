"""A clock whose minutes take seconds, for jobs that meanwhile talk to a real server."""

from __future__ import annotations

import threading

from qwave_jupyter.clock import Clock


class AcceleratedClock(Clock):
    """Time passes by waiting only, so that a slow machine never uses a timeout up.

    Args:
        speed: seconds of this clock that a real second of waiting is worth.
    """

    #: Real seconds that each wait takes at least, so that loops don't spin.
    SHORTEST = 0.001

    def __init__(self, speed: float = 20.0) -> None:
        self.speed = speed
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self._elapsed

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        ends = self._elapsed + max(0.0, seconds)
        stopped = super().wait(max(self.SHORTEST, seconds / self.speed), stop)
        if not stopped:
            with self._lock:
                # Threads that wait at the same time share it.
                self._elapsed = max(self._elapsed, ends)
        return stopped
