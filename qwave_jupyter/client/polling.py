"""When to ask again.

What similar tasks took in the past makes a timetable (:mod:`~qwave_jupyter.client.durations`,
:mod:`~qwave_jupyter.client.timetable`); what the server itself says of its progress overrides it, as long as it moves.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from qwave_jupyter.client.durations import believed, likeliest_between, usable
from qwave_jupyter.client.timetable import LONGEST, SHORTEST, Timetable, timetable

__all__ = ["LONGEST", "PRIOR_MEDIAN", "SHORTEST", "Schedule"]

#: What is taken for granted when nothing is remembered: "1-30 seconds" (overview page, edition 2026-04).
PRIOR_MEDIAN = 8.0
_PRIOR_RANGE = (0.5, 300.0)
_MEMORIES_FOR_ESTIMATE = 3
#: The longest pause in seconds that the server can ask for.
_LONGEST_HINT = 60.0
#: Many jobs must not ask in step; so much of a delay is left to chance, either way.
_JITTER = 0.02
#: How late after the foretold end to ask, in seconds: reports are whole percents, and the answer itself takes time.
_MARGIN = 0.05
#: A foretold rest above so many seconds is checked on the way: after this part of it where one report alone foretells
#: it, for the count may have begun in a queue of unknown length, and within so many of the timetable's own delays.
_CHECKED_FROM, _CHECKED_AFTER, _CHECKED_WITHIN = 2.5, 0.6, 2.0
_REPORTS_FOR_PACE = 4
_OVERDUE_GROWTH = 1.5
#: Servers tell times in whole seconds (Status page, edition 2026-09), so an account may be so far off, and no further.
_CLOCK_STEP = 1.0


class Schedule:
    """Decides, question by question, how long to wait before asking about one task again.

    Args:
        history: seconds that similar tasks took, newest first.
        prior_median: seconds to expect of a task of which nothing is remembered.
        rng: makes jobs not ask in step.

    Example:
        >>> schedule = Schedule([8.1, 9.4, 7.9, 8.8])
        >>> schedule.estimate()
        (8.1, 8.8)
        >>> 0.5 <= schedule.next_delay(elapsed=0.0) <= 5.0
        True
    """

    def __init__(
        self, history: Sequence[float] = (), prior_median: float | None = None, rng: random.Random | None = None
    ) -> None:
        self._memories = usable(history)
        lowest, highest = _PRIOR_RANGE
        self._prior = min(highest, max(lowest, prior_median or PRIOR_MEDIAN))
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._made: Timetable | None = None
        self._reports: list[tuple[float, float]] = []
        self._overdue = 0
        self._open_at: float | None = None

    def estimate(self) -> tuple[float, float] | None:
        """How long similar tasks usually took, the middle half of them in seconds; None with fewer than three."""
        if len(self._memories) < _MEMORIES_FOR_ESTIMATE:
            return None
        ordered = sorted(self._memories)
        skipped = len(ordered) // 4
        return ordered[skipped], ordered[-1 - skipped]

    def next_delay(self, elapsed: float, progress: float | None = None, hint: float | None = None) -> float:
        """Seconds until the next question, the first one included.

        Args:
            elapsed: seconds since the submit.
            progress: 0 to 1 as the server reports it, or None.
            hint: seconds that the server itself asks for, or None.

        Returns:
            From 0.5 to 5 seconds; longer only where the server asks for it.
        """
        elapsed = self._open_at = max(0.0, elapsed)
        if hint is not None and hint > 0:
            return min(_LONGEST_HINT, max(SHORTEST, hint))
        foretold = self._foretold(elapsed, progress)
        if foretold is not None:
            return min(LONGEST, max(SHORTEST, foretold * (1 + _JITTER / 4 * self._rng.random())))
        delay = self._by_timetable(elapsed) * (1 + _JITTER * (2 * self._rng.random() - 1))
        return min(LONGEST, max(SHORTEST, delay))

    def took(self, elapsed: float, told: float | None = None) -> float:
        """How long a task that was just found ended took, as the next schedules should remember it.

        It ended somewhere between the last two questions. Were the time of the last one remembered, the next schedule
        would ask later, and the one after it later still.

        Args:
            elapsed: seconds since the submit.
            told: seconds by the server's own account, or None.

        Example:
            >>> schedule = Schedule([8.1, 9.4, 7.9, 8.8])
            >>> asked = schedule.next_delay(elapsed=0.0)
            >>> schedule.took(elapsed=5.0) < 5.0
            True
        """
        if self._open_at is None or elapsed <= self._open_at:
            # An answer that the server kept back until the end.
            return elapsed
        if told is not None and self._open_at - _CLOCK_STEP <= told <= elapsed + _CLOCK_STEP:
            return min(elapsed, max(self._open_at, told))
        if self._reports:
            foretold = self._open_at + self._rest(self._open_at)
            if self._open_at <= foretold <= elapsed:
                return foretold
        return likeliest_between(believed(self._memories, self._prior), self._open_at, elapsed)

    def _by_timetable(self, elapsed: float) -> float:
        if self._made is None:
            self._made = timetable(believed(self._memories, self._prior))
        return self._made.next_delay(elapsed)

    def _foretold(self, elapsed: float, progress: float | None) -> float | None:
        if progress is None or progress <= 0:
            return None
        moved = not self._reports or progress > self._reports[-1][1]
        if moved:
            self._reports.append((elapsed, progress))
        rest = self._rest(elapsed)
        if rest <= 0 or progress >= 1:
            return self._after_the_end(elapsed)
        self._overdue = 0
        if not moved:
            # A report that stands still foretells nothing.
            return min(rest + _MARGIN, self._by_timetable(elapsed))
        if rest <= _CHECKED_FROM:
            return rest + _MARGIN
        part = _CHECKED_AFTER if len(self._reports) == 1 else 1.0
        return min(rest * part + _MARGIN, _CHECKED_WITHIN * self._by_timetable(elapsed))

    def _rest(self, elapsed: float) -> float:
        at, done = self._reports[-1]
        since, from_ = (0.0, 0.0) if len(self._reports) == 1 else self._reports[-_REPORTS_FOR_PACE:][0]
        pace = (done - from_) / max(at - since, 1e-6)
        return (1 - done) / max(pace, 1e-6) - (elapsed - at)

    def _after_the_end(self, elapsed: float) -> float:
        # The last percent often takes longer than the others.
        delay = SHORTEST * _OVERDUE_GROWTH**self._overdue
        self._overdue += 1
        return min(delay, max(SHORTEST, self._by_timetable(elapsed)))
