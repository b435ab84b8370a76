"""When to poll a task again.

The durations of similar tasks make a schedule (:mod:`~qwave_jupyter.client.duration_model`,
:mod:`~qwave_jupyter.client.poll_schedule`); progress that the server reports overrides it, as long as it advances.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from qwave_jupyter.client.duration_model import fit_duration_model, mean_duration_between, usable_durations
from qwave_jupyter.client.poll_schedule import MAX_DELAY, MIN_DELAY, PollSchedule, poll_schedule

__all__ = ["MAX_DELAY", "MIN_DELAY", "PRIOR_MEDIAN", "PollScheduler"]

#: The median in seconds without history: "1-30 seconds" (overview page, edition 2026-04).
PRIOR_MEDIAN = 8.0
_PRIOR_RANGE = (0.5, 300.0)
_MIN_HISTORY_FOR_ESTIMATE = 3
#: Maximum delay in seconds that the server can ask for.
_MAX_HINT = 60.0
#: Random share of a delay, either way, so that many jobs do not poll in step.
_JITTER = 0.02
#: Seconds between the predicted end and the poll: reports are whole percents, and a response takes time.
_MARGIN = 0.05
#: A predicted remaining time above so many seconds is checked early: after this fraction of it where it rests on one
#: report, which may include time in the queue, and within so many scheduled delays.
_RECHECK_ABOVE, _RECHECK_FRACTION, _RECHECK_DELAYS = 2.5, 0.6, 2.0
#: The number of latest reports from which the rate is computed.
_RATE_WINDOW = 4
_OVERDUE_GROWTH = 1.5
#: Maximum error in seconds of a reported duration: timestamps are whole seconds (Status page, edition 2026-09).
_TIMESTAMP_ERROR = 1.0


class PollScheduler:
    """Decides how long to wait before each poll of one task.

    Args:
        history: seconds that similar tasks took, newest first.
        prior_median: median in seconds to assume without history.
        rng: source of the jitter.

    Example:
        >>> schedule = PollScheduler([8.1, 9.4, 7.9, 8.8])
        >>> schedule.estimate()
        (8.1, 8.8)
        >>> 0.5 <= schedule.next_delay(elapsed=0.0) <= 5.0
        True
    """

    def __init__(
        self, history: Sequence[float] = (), prior_median: float | None = None, rng: random.Random | None = None
    ) -> None:
        self._history = usable_durations(history)
        lowest, highest = _PRIOR_RANGE
        self._prior = min(highest, max(lowest, prior_median or PRIOR_MEDIAN))
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._schedule: PollSchedule | None = None
        self._reports: list[tuple[float, float]] = []
        self._overdue = 0
        self._last_poll: float | None = None

    def estimate(self) -> tuple[float, float] | None:
        """The interquartile range of the history in seconds; None with fewer than three durations."""
        if len(self._history) < _MIN_HISTORY_FOR_ESTIMATE:
            return None
        ordered = sorted(self._history)
        skipped = len(ordered) // 4
        return ordered[skipped], ordered[-1 - skipped]

    def next_delay(self, elapsed: float, progress: float | None = None, hint: float | None = None) -> float:
        """Seconds until the next poll, also before the first.

        Args:
            elapsed: seconds since the submit.
            progress: 0 to 1 as the server reports it, or None.
            hint: seconds that the server asks for, or None.

        Returns:
            From 0.5 to 5 seconds; longer only where the server asks for it.
        """
        elapsed = self._last_poll = max(0.0, elapsed)
        if hint is not None and hint > 0:
            return min(_MAX_HINT, max(MIN_DELAY, hint))
        predicted = self._predicted_delay(elapsed, progress)
        if predicted is not None:
            return min(MAX_DELAY, max(MIN_DELAY, predicted * (1 + _JITTER / 4 * self._rng.random())))
        delay = self._scheduled_delay(elapsed) * (1 + _JITTER * (2 * self._rng.random() - 1))
        return min(MAX_DELAY, max(MIN_DELAY, delay))

    def infer_duration(self, elapsed: float, reported: float | None = None) -> float:
        """The duration of a task that the latest poll found ended, for the history.

        It ended somewhere between the last two polls. With the time of the latest one in the history, each schedule
        would poll later than the one before.

        Args:
            elapsed: seconds since the submit.
            reported: the duration in seconds according to the server, or None.

        Example:
            >>> schedule = PollScheduler([8.1, 9.4, 7.9, 8.8])
            >>> delay = schedule.next_delay(elapsed=0.0)
            >>> schedule.infer_duration(elapsed=5.0) < 5.0
            True
        """
        if self._last_poll is None or elapsed <= self._last_poll:
            # The server held the response until the end.
            return elapsed
        if reported is not None and self._last_poll - _TIMESTAMP_ERROR <= reported <= elapsed + _TIMESTAMP_ERROR:
            return min(elapsed, max(self._last_poll, reported))
        if self._reports:
            predicted = self._last_poll + self._predicted_remaining(self._last_poll)
            if self._last_poll <= predicted <= elapsed:
                return predicted
        return mean_duration_between(fit_duration_model(self._history, self._prior), self._last_poll, elapsed)

    def _scheduled_delay(self, elapsed: float) -> float:
        if self._schedule is None:
            self._schedule = poll_schedule(fit_duration_model(self._history, self._prior))
        return self._schedule.next_delay(elapsed)

    def _predicted_delay(self, elapsed: float, progress: float | None) -> float | None:
        if progress is None or progress <= 0:
            return None
        has_advanced = not self._reports or progress > self._reports[-1][1]
        if has_advanced:
            self._reports.append((elapsed, progress))
        remaining = self._predicted_remaining(elapsed)
        if remaining <= 0 or progress >= 1:
            return self._overdue_delay(elapsed)
        self._overdue = 0
        if not has_advanced:
            # Progress that does not advance predicts nothing.
            return min(remaining + _MARGIN, self._scheduled_delay(elapsed))
        if remaining <= _RECHECK_ABOVE:
            return remaining + _MARGIN
        part = _RECHECK_FRACTION if len(self._reports) == 1 else 1.0
        return min(remaining * part + _MARGIN, _RECHECK_DELAYS * self._scheduled_delay(elapsed))

    def _predicted_remaining(self, elapsed: float) -> float:
        at, progress = self._reports[-1]
        since, since_progress = (0.0, 0.0) if len(self._reports) == 1 else self._reports[-_RATE_WINDOW:][0]
        rate = (progress - since_progress) / max(at - since, 1e-6)
        return (1 - progress) / max(rate, 1e-6) - (elapsed - at)

    def _overdue_delay(self, elapsed: float) -> float:
        # The last percent often takes longer than the others.
        delay = MIN_DELAY * _OVERDUE_GROWTH**self._overdue
        self._overdue += 1
        return min(delay, max(MIN_DELAY, self._scheduled_delay(elapsed)))
