"""A clock on which minutes pass in seconds, for jobs that talk to a real server meanwhile."""

from __future__ import annotations

import threading
import time

from qwave_jupyter.clock import Clock


class AcceleratedClock(Clock):
    """So many seconds pass in each real one.

    Args:
        speed: how many.
    """

    def __init__(self, speed: float = 20.0) -> None:
        self.speed = speed

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        return super().wait(seconds / self.speed, stop)
