"""A clock whose time passes only where somebody waits for it."""

from __future__ import annotations

import threading

from qwave_jupyter.clock import Clock


class FakeClock(Clock):
    """Waiting moves the time at once; ``waits`` tells what was waited for.

    Args:
        start: Unix seconds to begin with; ``monotonic`` begins at 0.
    """

    def __init__(self, start: float = 1_775_000_000.0) -> None:
        self.start = start
        self.waits: list[float] = []
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.start + self._passed

    def monotonic(self) -> float:
        return self._passed

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if stop is not None and stop.is_set():
            return True
        with self._lock:
            self.waits.append(seconds)
            self._passed += max(0.0, seconds)
        return stop is not None and stop.is_set()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._passed += seconds
