"""One host's pace, shared by all who talk to it."""

from __future__ import annotations

import math
import threading

from qwave_jupyter import forking
from qwave_jupyter.clock import SYSTEM_CLOCK, Clock

__all__ = ["Throttle", "shared"]

#: Questions a second that all jobs together may ask one host. No page states a limit; the sample loops ask every 2 s
#: for each task, so this is what sixty of them would ask; a thousand jobs then take some hundredths of a core.
QUESTIONS_PER_SECOND = 30.0
_BURST = 40
#: After a "too many requests" questions are spaced by so much, doubled with each further one, and halved again for
#: every half minute without.
_FIRST_SPACING, _WIDEST_SPACING, _HALVED_EVERY = 0.1, 2.0, 30.0


class Throttle:
    """The pace of one host: a pause when it asks for one, and a common budget of questions.

    Args:
        clock: time.
        per_second: questions a second at most.

    Example:
        >>> throttle = Throttle()
        >>> throttle.slow_down(2.0)
        >>> throttle.pause() > 1.9
        True
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK, per_second: float = QUESTIONS_PER_SECOND) -> None:
        self._clock = clock
        self._interval = 1 / per_second
        self._paused_until = -math.inf
        self._next_slot = -math.inf
        self._spacing = 0.0
        self._spaced_at = 0.0
        self._lock = forking.guard(threading.Lock())

    def slow_down(self, seconds: float) -> None:
        """The host said "too many": let nobody ask before so many seconds, and more sparsely from then on."""
        with self._lock:
            now = self._clock.monotonic()
            self._paused_until = max(self._paused_until, now + seconds)
            self._spacing = min(_WIDEST_SPACING, max(_FIRST_SPACING, 2 * self._faded_spacing(now)))
            self._spaced_at = now

    def pause(self) -> float:
        """Seconds until anything may be sent."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    def turn(self) -> float:
        """Take the next place in the queue of questions; seconds until it comes."""
        with self._lock:
            now = self._clock.monotonic()
            spacing = self._faded_spacing(now)
            interval = max(self._interval, spacing)
            burst = 0.0 if spacing > self._interval else _BURST * interval
            self._next_slot = max(self._next_slot, now - burst, self._paused_until) + interval
            return max(0.0, self._next_slot - interval - now)

    def _faded_spacing(self, now: float) -> float:
        if not self._spacing:
            return 0.0
        faded = float(self._spacing * 0.5 ** ((now - self._spaced_at) / _HALVED_EVERY))
        return faded if faded > _FIRST_SPACING / 10 else 0.0


_by_origin: dict[str, Throttle] = {}
_lock = forking.guard(threading.Lock())


def shared(origin: str) -> Throttle:
    """The pace of a host, one for all clients of this process."""
    with _lock:
        return _by_origin.setdefault(origin, Throttle())
