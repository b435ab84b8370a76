"""The distribution of task durations: a mixture of log-normal components, fitted to history and a prior.

A log-normal is what many small multiplied delays give; a model with a fast and a slow path has two modes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = [
    "MAX_HISTORY",
    "DurationModel",
    "LogNormalComponent",
    "fit_duration_model",
    "mean_duration_between",
    "usable_durations",
]

#: Older durations say less about the service of today.
MAX_HISTORY = 40
_MAX_DURATION = 3600.0
#: The sigma of tasks of one kind before any were seen, and how many durations it counts as.
_PRIOR_SIGMA = 0.37
_PRIOR_SIGMA_WEIGHT = 16
#: Durations further off than so many deviations are clipped.
_OUTLIER = 2.5
#: Minimum gap of the logarithms between two modes (a factor of two), and minimum number of durations in each.
_MODE_GAP = 0.7
_MIN_MODE_SIZE = 2
_SLICES = 16


class LogNormalComponent(NamedTuple):
    """One log-normal component of a duration model.

    Args:
        weight: its share of all tasks.
        mu: the logarithm of its median in seconds.
        sigma: the standard deviation of the logarithm.
        poll_cost: what one poll costs in seconds of lag, for a task of this component.
    """

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
DurationModel = tuple[LogNormalComponent, ...]


def usable_durations(history: Sequence[float]) -> list[float]:
    """The plausible durations of a history, newest first, at most MAX_HISTORY."""
    return [seconds for seconds in history if 0 < seconds < _MAX_DURATION][:MAX_HISTORY]


def fit_duration_model(history: Sequence[float], prior_median: float) -> DurationModel:
    """Fit the distribution of the next task's duration.

    Args:
        history: seconds that similar tasks took, newest first.
        prior_median: median in seconds to assume without history.

    Example:
        >>> [round(math.exp(component.mu)) for component in fit_duration_model([8.0] * 10, 30.0)][:1]
        [8]
    """
    durations = usable_durations(history)
    prior_weight = min(1.0, 1.2 / (1 + len(durations)) ** 3)
    history_part = _history_components(durations, 1 - prior_weight) if durations else []
    return (*history_part, *_prior_components(prior_median, prior_weight))


def mean_duration_between(model: DurationModel, since: float, until: float) -> float:
    """The mean duration in seconds of those tasks that end between two times.

    Args:
        model: the distribution.
        since: seconds after the submit.
        until: likewise.

    Example:
        >>> round(mean_duration_between(fit_duration_model([8.0] * 10, 8.0), 0.0, 10.0))
        7
    """
    step = (until - since) / _SLICES
    times = [since + index * step for index in range(_SLICES + 1)]
    ended = [sum(component.weight * component.cdf(time) for component in model) for time in times]
    if ended[-1] - ended[0] < 1e-9:
        return (since + until) / 2
    shares = [(after - before, index) for index, (before, after) in enumerate(pairwise(ended))]
    return since + step * sum(share * (index + 0.5) for share, index in shares) / (ended[-1] - ended[0])


def _prior_components(median: float, weight: float) -> list[LogNormalComponent]:
    # A stated median is right, or wrong by a factor of two either way. The constants minimise the lag over all three
    # cases, for medians from 3 to 45 s, with no more polls than a loop of 2 s.
    mu = math.log(median)
    poll_cost = min(1.6, 2.36 * median**-1.139) * (1 - 0.186 * math.exp(-(((mu - 1.79) / 0.8) ** 2)))
    return [
        LogNormalComponent(0.375 * weight, mu - 0.63, 0.293, 0.389 * poll_cost),
        LogNormalComponent(0.337 * weight, mu, 0.391, poll_cost),
        LogNormalComponent(0.288 * weight, mu + 0.63, 0.467, 1.456 * poll_cost),
    ]


def _history_components(durations: Sequence[float], weight: float) -> list[LogNormalComponent]:
    logs = sorted(math.log(seconds) for seconds in durations)
    # With this cost a schedule for exactly this distribution polls as often as a loop of 2 s.
    poll_cost = min(0.6, 1.152 * math.exp(-0.9574 * sum(logs) / len(logs)))
    components = (
        LogNormalComponent(weight * len(mode) / len(logs), *_fit_log_normal(mode), poll_cost)
        for mode in _split_modes(logs)
    )
    return [_round_component(component) for component in components]


def _round_component(component: LogNormalComponent) -> LogNormalComponent:
    # Models that differ by a percent share one cached schedule: computing one takes milliseconds.
    weight, mu, sigma, poll_cost = component
    return LogNormalComponent(round(weight, 2), round(mu, 2), round(sigma, 2), float(f"{poll_cost:.3g}"))


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
