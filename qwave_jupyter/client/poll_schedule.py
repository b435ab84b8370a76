"""Poll times for a task that reports no progress."""

from __future__ import annotations

import math
from functools import lru_cache

from qwave_jupyter.client.duration_model import DurationModel

__all__ = ["MAX_DELAY", "MIN_DELAY", "PollSchedule", "poll_schedule"]

#: Minimum and maximum seconds between two polls; the pages advise 2 to 5 s.
MIN_DELAY, MAX_DELAY = 0.5, 5.0
_MIN_STEP, _MAX_STEP = 0.1, 0.5
_STEPS_TO_MEDIAN = 200
_HORIZON_MEDIANS = 8
_MAX_HORIZON = 900.0


class PollSchedule:
    """The poll delays with the least expected cost: seconds of lag, plus ``poll_cost`` for each poll.

    Polls are densest where the hazard rate (of the tasks still running, the share that ends now) is highest. The delays
    are computed by dynamic programming, backwards from the horizon.

    Args:
        model: the distribution of the duration.
    """

    def __init__(self, model: DurationModel) -> None:
        median = math.exp(sum(component.weight * component.mu for component in model))
        wanted = min(_MAX_STEP, max(_MIN_STEP, median / _STEPS_TO_MEDIAN))
        # The longest delay is a whole number of steps, or none would ever be as long.
        self._step = MAX_DELAY / math.ceil(MAX_DELAY / wanted - 1e-9)
        horizon = min(_MAX_HORIZON, _HORIZON_MEDIANS * median)
        self._delays = _optimal_delays(model, self._step, max(1, math.ceil(horizon / self._step)))

    def next_delay(self, elapsed: float) -> float:
        """Seconds from now to the next poll.

        Args:
            elapsed: seconds since the submit.
        """
        index = round(elapsed / self._step)
        if index >= len(self._delays):
            # Beyond the horizon of the model.
            return MAX_DELAY
        return (index + self._delays[index]) * self._step - elapsed


@lru_cache(maxsize=64)
def poll_schedule(model: DurationModel) -> PollSchedule:
    """The schedule for a model; jobs of a kind share it."""
    return PollSchedule(model)


def _optimal_delays(model: DurationModel, step: float, count: int) -> list[int]:
    shortest, longest = math.ceil(MIN_DELAY / step - 1e-9), math.floor(MAX_DELAY / step + 1e-9)
    ended, poll_cost = [], []
    for index in range(count + longest + 1):
        shares = [component.weight * component.cdf(index * step) for component in model]
        ended.append(sum(shares))
        running = [component.weight - share for component, share in zip(model, shares, strict=True)]
        poll_cost.append(sum(component.poll_cost * part for component, part in zip(model, running, strict=True)))
    # ``waited[i]`` is the lag that all tasks that ended before step i have accumulated by then.
    waited = [0.0]
    for index in range(1, len(ended)):
        waited.append(waited[-1] + (ended[index - 1] + ended[index]) / 2 * step)
    cost = list(waited)
    delays = [longest] * count
    for index in range(count - 1, -1, -1):
        share = ended[index] * step
        best = math.inf
        for delay in range(shortest, longest + 1):
            candidate = cost[index + delay] - share * delay
            if candidate < best:
                best, delays[index] = candidate, delay
        # From here on an entry is ``waited`` plus the cost of the best continuation.
        cost[index] += poll_cost[index] + best - waited[index]
    return delays
