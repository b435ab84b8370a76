"""When to ask again.

A task's duration is taken to be log-normal, which is what many small delays multiplied give. The time between two
questions follows the hazard of that distribution: rare while nothing can have ended yet, dense where most tasks end,
sparse again in the tail. What the server itself says about progress overrides the past.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

__all__ = ["Schedule"]

#: Seconds between two questions: the pages advise 2 to 5 s and never say how often is too often.
SHORTEST = 0.5
LONGEST = 5.0
#: What is taken for granted when nothing is remembered: "1-30 seconds" (overview page, edition 2026-04).
PRIOR_MEDIAN = 8.0
_PRIOR_SPREAD = 0.75
_LEAST_SPREAD = 0.2
_MEMORIES_NEEDED = 3
#: How dearly a question is paid for in seconds of lag, for a task of one second; dearer for quick tasks than for slow
#: ones, so that each costs about as many questions as a 2 s loop would ask.
_QUESTION_PRICE = 1.4


class Schedule:
    """Decides, question by question, how long to wait before asking about one task again.

    Args:
        durations: seconds that similar tasks took, newest first.
        prior_median: what to expect of a task of which nothing is remembered, in seconds.
        chance: gives a number from 0 to 1, so that many jobs don't ask in step.

    Example:
        >>> schedule = Schedule([8.1, 9.4, 7.9, 8.8])
        >>> schedule.usual()
        (7.9, 9.4)
    """

    def __init__(
        self,
        durations: Sequence[float] = (),
        *,
        prior_median: float = PRIOR_MEDIAN,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._durations = [seconds for seconds in durations if 0 < seconds < 3600]
        self._chance = chance
        self._middle, self._spread = _fitted(self._durations, prior_median)
        self._price = _QUESTION_PRICE / math.exp(self._middle)
        self._seen: list[tuple[float, float]] = []

    def usual(self) -> tuple[float, float] | None:
        """How long similar tasks usually took, ``(shortest, longest)`` of the middle half; None without a past."""
        if len(self._durations) < _MEMORIES_NEEDED:
            return None
        ordered = sorted(self._durations)
        return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]

    def next_delay(self, elapsed: float, progress: float | None = None, hint: float | None = None) -> float:
        """Seconds until the next question.

        Args:
            elapsed: seconds since the submit.
            progress: 0 to 1 as the server reports it, or None.
            hint: seconds that the server itself asks for, or None.
        """
        if hint is not None and hint > 0:
            return min(max(hint, SHORTEST), 30.0)
        remaining = self._remaining(elapsed, progress)
        delay = self._by_hazard(elapsed) if remaining is None else remaining
        jitter = 0.95 + 0.1 * self._chance()
        return min(LONGEST, max(SHORTEST, delay * jitter))

    def _remaining(self, elapsed: float, progress: float | None) -> float | None:
        # Two different reports show a pace; a single one may count from a queue of unknown length.
        if progress is None or not 0 < progress < 1:
            return None
        if not self._seen or progress > self._seen[-1][1]:
            self._seen.append((elapsed, progress))
        if len(self._seen) < 2:
            return self._by_hazard(elapsed) if progress < 0.5 else SHORTEST * 2
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        pace = (last - first) / max(1e-6, last_at - first_at)
        ends_in = (1 - last) / max(pace, 1e-6) - (elapsed - last_at)
        return ends_in + 0.05 if ends_in > 0 else SHORTEST

    def _by_hazard(self, elapsed: float) -> float:
        earliest = math.exp(self._middle - 1.9 * self._spread)
        if elapsed < earliest:
            return earliest - elapsed
        return math.sqrt(2 * self._price / max(self._hazard(elapsed), 1e-3))

    def _hazard(self, elapsed: float) -> float:
        score = (math.log(elapsed) - self._middle) / self._spread
        density = math.exp(-score * score / 2) / (elapsed * self._spread * math.sqrt(2 * math.pi))
        still_running = math.erfc(score / math.sqrt(2)) / 2
        if still_running < 1e-6:
            # Far beyond anything expected the past says nothing any more.
            return 1 / max(elapsed, 1.0)
        return density / still_running


def _fitted(durations: Sequence[float], prior_median: float) -> tuple[float, float]:
    prior = math.log(prior_median)
    if not durations:
        return prior, _PRIOR_SPREAD
    logs = sorted(math.log(seconds) for seconds in durations)
    middle = _median(logs)
    deviation = 1.4826 * _median(sorted(abs(one - middle) for one in logs))
    # A few memories are weighed against the prior as if it had been seen once.
    weight = len(logs) / (len(logs) + 1)
    spread = weight * max(deviation, _LEAST_SPREAD) + (1 - weight) * _PRIOR_SPREAD
    return weight * middle + (1 - weight) * prior, max(spread, _LEAST_SPREAD)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
