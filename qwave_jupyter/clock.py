"""Time as a thing that can be handed in, so that no test waits for the real one."""

from __future__ import annotations

import threading
import time

__all__ = ["SYSTEM_CLOCK", "Clock"]


class Clock:
    """The real clock; tests hand in one whose time they move themselves."""

    def now(self) -> float:
        """Seconds since 1970, for what is written down."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never run backwards, for what is measured."""
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Let so many seconds pass, or less once ``stop`` is set; return whether it was."""
        if stop is None:
            time.sleep(max(0.0, seconds))
            return False
        return stop.wait(max(0.0, seconds))


SYSTEM_CLOCK = Clock()
