"""When to poll a task again.

The durations of similar tasks, or a prior median where there are none, make a model of how long the next one takes: a
mixture of log-normal components, which is what many small multiplied delays give; a model with a fast and a slow path
has two modes. The schedule with the least expected cost is computed from it. Progress that the server reports overrides
the schedule, as long as it advances.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

__all__ = ["MAX_DELAY", "MIN_DELAY", "PollScheduler"]

#: Minimum and maximum seconds between two polls; the pages advise 2 to 5 s.
MIN_DELAY, MAX_DELAY = 0.5, 5.0
#: The median in seconds without history: "1-30 seconds" (overview page, edition 2026-04).
_PRIOR_MEDIAN = 8.0
#: What a prior median that the caller knows better is clipped to.
_PRIOR_RANGE = (0.5, 300.0)
#: An interquartile range of fewer durations says nothing.
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
#: The factor between two delays once a task is later than predicted.
_OVERDUE_GROWTH = 1.5
#: Maximum error in seconds of a reported duration: timestamps are whole seconds (Status page, edition 2026-09).
_TIMESTAMP_ERROR = 1.0
#: Only so many of the latest durations count: older ones say less about the service of today.
_MAX_HISTORY = 40
_MAX_DURATION = 3600.0
#: The sigma of tasks of one kind before any were seen, and how many durations it counts as.
_PRIOR_SIGMA = 0.37
_PRIOR_SIGMA_WEIGHT = 16
#: Durations further off than so many deviations are clipped.
_OUTLIER = 2.5
#: Minimum gap of the logarithms between two modes (a factor of two), and minimum number of durations in each.
_MODE_GAP = 0.7
_MIN_MODE_SIZE = 2
#: Intervals into which a gap between two polls is cut to find the mean duration in it.
_SLICES = 16
#: Minimum and maximum resolution of a schedule in seconds, and how many steps of it lead to the median; finer ones
#: don't lower the lag measurably.
_MIN_STEP, _MAX_STEP = 0.1, 0.5
_STEPS_TO_MEDIAN = 200
#: A schedule reaches so many medians or seconds; beyond, MAX_DELAY is as good as any other delay.
_HORIZON_MEDIANS = 8
_MAX_HORIZON = 900.0


class PollScheduler:
    """Decides how long to wait before each poll of one task."""

    def __init__(
        self, history: Sequence[float] = (), prior_median: float | None = None, rng: random.Random | None = None
    ) -> None:
        self._history = _usable_durations(history)
        lowest, highest = _PRIOR_RANGE
        self._prior = min(highest, max(lowest, prior_median or _PRIOR_MEDIAN))
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._schedule: _PollSchedule | None = None
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
        """Seconds until the next poll, also before the first."""
        elapsed = self._last_poll = max(0.0, elapsed)
        if hint is not None and hint > 0:
            return min(_MAX_HINT, max(MIN_DELAY, hint))
        predicted = self._predicted_delay(elapsed, progress)
        if predicted is not None:
            return min(MAX_DELAY, max(MIN_DELAY, predicted * (1 + _JITTER / 4 * self._rng.random())))
        delay = self._scheduled_delay(elapsed) * (1 + _JITTER * (2 * self._rng.random() - 1))
        return min(MAX_DELAY, max(MIN_DELAY, delay))

    def infer_duration(self, elapsed: float, reported: float | None = None) -> float:
        """The duration of a task that the latest poll found ended, for the history."""
        # It ended somewhere between the last two polls. With the time of the latest one in the history, each schedule
        # would poll later than the one before.
        if self._last_poll is None or elapsed <= self._last_poll:
            # The server held the response until the end.
            return elapsed
        if reported is not None and self._last_poll - _TIMESTAMP_ERROR <= reported <= elapsed + _TIMESTAMP_ERROR:
            return min(elapsed, max(self._last_poll, reported))
        if self._reports:
            predicted = self._last_poll + self._predicted_remaining(self._last_poll)
            if self._last_poll <= predicted <= elapsed:
                return predicted
        return _mean_duration_between(_fit_duration_model(self._history, self._prior), self._last_poll, elapsed)

    def _scheduled_delay(self, elapsed: float) -> float:
        if self._schedule is None:
            self._schedule = _poll_schedule(_fit_duration_model(self._history, self._prior), MIN_DELAY, MAX_DELAY)
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


class _PollSchedule:
    """The poll delays with the least expected cost: seconds of lag, plus ``poll_cost`` for each poll."""

    # Polls are densest where the hazard rate (of the tasks still running, the share that ends now) is highest.

    def __init__(self, model: _DurationModel, min_delay: float, max_delay: float) -> None:
        median = math.exp(sum(component.weight * component.mu for component in model))
        wanted = min(_MAX_STEP, max(_MIN_STEP, median / _STEPS_TO_MEDIAN))
        # The maximum delay is a whole number of steps, or none would ever be as long.
        self._step = max_delay / math.ceil(max_delay / wanted - 1e-9)
        self._max_delay = max_delay
        horizon = min(_MAX_HORIZON, _HORIZON_MEDIANS * median)
        self._delays = _optimal_delays(
            model,
            self._step,
            max(1, math.ceil(horizon / self._step)),
            min_steps=math.ceil(min_delay / self._step - 1e-9),
            max_steps=math.floor(max_delay / self._step + 1e-9),
        )

    def next_delay(self, elapsed: float) -> float:
        """Seconds from so many after the submit to the next poll."""
        index = round(elapsed / self._step)
        if index >= len(self._delays):
            return self._max_delay
        return (index + self._delays[index]) * self._step - elapsed


@lru_cache(maxsize=64)
def _poll_schedule(model: _DurationModel, min_delay: float, max_delay: float) -> _PollSchedule:
    """The schedule for a model; jobs of a kind share it."""
    return _PollSchedule(model, min_delay, max_delay)


def _optimal_delays(model: _DurationModel, step: float, count: int, *, min_steps: int, max_steps: int) -> list[int]:
    """The delay in steps from each step on, by dynamic programming backwards from the horizon."""
    ended, poll_cost = [], []
    for index in range(count + max_steps + 1):
        shares = [component.weight * component.cdf(index * step) for component in model]
        ended.append(sum(shares))
        running = [component.weight - share for component, share in zip(model, shares, strict=True)]
        poll_cost.append(sum(component.poll_cost * part for component, part in zip(model, running, strict=True)))
    # ``waited[i]`` is the lag that all tasks that ended before step i have accumulated by then.
    waited = [0.0]
    for index in range(1, len(ended)):
        waited.append(waited[-1] + (ended[index - 1] + ended[index]) / 2 * step)
    cost = list(waited)
    delays = [max_steps] * count
    for index in range(count - 1, -1, -1):
        share = ended[index] * step
        best = math.inf
        for delay in range(min_steps, max_steps + 1):
            candidate = cost[index + delay] - share * delay
            if candidate < best:
                best, delays[index] = candidate, delay
        # From here on an entry is ``waited`` plus the cost of the best continuation.
        cost[index] += poll_cost[index] + best - waited[index]
    return delays


class _LogNormal(NamedTuple):
    """One component of a duration model; ``poll_cost`` is what one poll of its tasks costs in seconds of lag."""

    weight: float
    mu: float
    sigma: float
    poll_cost: float

    def cdf(self, seconds: float) -> float:
        """The share of its tasks that have ended after so many seconds."""
        if seconds <= 0:
            return 0.0
        return math.erfc((self.mu - math.log(seconds)) / (self.sigma * math.sqrt(2))) / 2


#: A mixture of components; their weights add up to about 1.
_DurationModel = tuple[_LogNormal, ...]


def _usable_durations(history: Sequence[float]) -> list[float]:
    """The plausible durations of a history, newest first, at most _MAX_HISTORY."""
    return [seconds for seconds in history if 0 < seconds < _MAX_DURATION][:_MAX_HISTORY]


def _fit_duration_model(history: Sequence[float], prior_median: float) -> _DurationModel:
    """The distribution of the next task's duration; the prior fades as durations arrive."""
    durations = _usable_durations(history)
    prior_weight = min(1.0, 1.2 / (1 + len(durations)) ** 3)
    history_part = _history_components(durations, 1 - prior_weight) if durations else []
    return (*history_part, *_prior_components(prior_median, prior_weight))


def _mean_duration_between(model: _DurationModel, since: float, until: float) -> float:
    """The mean duration of those tasks that end between two times, in seconds after the submit."""
    step = (until - since) / _SLICES
    times = [since + index * step for index in range(_SLICES + 1)]
    ended = [sum(component.weight * component.cdf(time) for component in model) for time in times]
    if ended[-1] - ended[0] < 1e-9:
        return (since + until) / 2
    shares = [(after - before, index) for index, (before, after) in enumerate(pairwise(ended))]
    return since + step * sum(share * (index + 0.5) for share, index in shares) / (ended[-1] - ended[0])


def _prior_components(median: float, weight: float) -> list[_LogNormal]:
    # A stated median is right, or wrong by a factor of two either way. The constants minimise the lag over all three
    # cases, for medians from 3 to 45 s, with no more polls than a loop of 2 s.
    mu = math.log(median)
    poll_cost = min(1.6, 2.36 * median**-1.139) * (1 - 0.186 * math.exp(-(((mu - 1.79) / 0.8) ** 2)))
    return [
        _LogNormal(0.375 * weight, mu - 0.63, 0.293, 0.389 * poll_cost),
        _LogNormal(0.337 * weight, mu, 0.391, poll_cost),
        _LogNormal(0.288 * weight, mu + 0.63, 0.467, 1.456 * poll_cost),
    ]


def _history_components(durations: Sequence[float], weight: float) -> list[_LogNormal]:
    logs = sorted(math.log(seconds) for seconds in durations)
    # With this cost a schedule for exactly this distribution polls as often as a loop of 2 s.
    poll_cost = min(0.6, 1.152 * math.exp(-0.9574 * sum(logs) / len(logs)))
    components = (
        _LogNormal(weight * len(mode) / len(logs), *_fit_log_normal(mode), poll_cost) for mode in _split_modes(logs)
    )
    return [_round_component(component) for component in components]


def _round_component(component: _LogNormal) -> _LogNormal:
    # Models that differ by a percent share one cached schedule: computing one takes milliseconds.
    weight, mu, sigma, poll_cost = component
    return _LogNormal(round(weight, 2), round(mu, 2), round(sigma, 2), float(f"{poll_cost:.3g}"))


def _split_modes(logs: Sequence[float]) -> list[Sequence[float]]:
    inner = range(_MIN_MODE_SIZE, len(logs) - _MIN_MODE_SIZE + 1)
    widest = max(inner, key=lambda index: logs[index] - logs[index - 1], default=0)
    if not widest or logs[widest] - logs[widest - 1] < _MODE_GAP:
        return [logs]
    return [logs[:widest], logs[widest:]]


def _fit_log_normal(logs: Sequence[float]) -> tuple[float, float]:
    centre = _median(logs)
    deviation = max(0.1, 1.4826 * _median(sorted(abs(one - centre) for one in logs)))
    near = [min(centre + _OUTLIER * deviation, max(centre - _OUTLIER * deviation, one)) for one in logs]
    mu = sum(near) / len(near)
    squares = sum((one - mu) ** 2 for one in near) + _PRIOR_SIGMA_WEIGHT * _PRIOR_SIGMA**2
    # The last factor is the uncertainty of mu itself.
    variance = squares / (_PRIOR_SIGMA_WEIGHT + len(near) - 1) * (1 + 1 / len(near))
    return mu, math.sqrt(variance)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
