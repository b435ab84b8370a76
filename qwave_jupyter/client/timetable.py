"""The times at which to ask, where nothing but the elapsed time is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from qwave_jupyter.client.durations import Lobe

__all__ = ["LONGEST", "SHORTEST", "Timetable", "timetable"]

#: Seconds between two questions at least and at most; the pages advise 2 to 5 s.
SHORTEST, LONGEST = 0.5, 5.0
_FINEST, _COARSEST = 0.1, 0.5
_STEPS_TO_MEDIAN = 200
_HORIZON_MEDIANS = 8
_LONGEST_HORIZON = 900.0


class Timetable:
    """The delays that cost least: seconds of lag, plus each question at its price.

    Asking is densest where the hazard, the share of tasks that end now of those still running, is highest, and sparse
    before anything can have ended and where nothing ends any more. The delays are worked out backwards from the end,
    each knowing what the best continuation costs.

    Args:
        lobes: the belief about the duration.
    """

    def __init__(self, lobes: Sequence[Lobe]) -> None:
        median = math.exp(sum(lobe.weight * lobe.middle for lobe in lobes))
        wanted = min(_COARSEST, max(_FINEST, median / _STEPS_TO_MEDIAN))
        # The longest delay is a whole number of steps, or none would ever be as long.
        self._step = LONGEST / math.ceil(LONGEST / wanted - 1e-9)
        horizon = min(_LONGEST_HORIZON, _HORIZON_MEDIANS * median)
        self._delays = _cheapest(lobes, self._step, max(1, math.ceil(horizon / self._step)))

    def next_delay(self, elapsed: float) -> float:
        """Seconds from now to the next question.

        Args:
            elapsed: seconds since the submit.
        """
        place = round(elapsed / self._step)
        if place >= len(self._delays):
            # Far beyond anything expected the past says nothing any more.
            return LONGEST
        return (place + self._delays[place]) * self._step - elapsed


@lru_cache(maxsize=64)
def timetable(lobes: tuple[Lobe, ...]) -> Timetable:
    """The timetable for a belief; jobs of a kind share it."""
    return Timetable(lobes)


def _cheapest(lobes: Sequence[Lobe], step: float, places: int) -> list[int]:
    least, most = math.ceil(SHORTEST / step - 1e-9), math.floor(LONGEST / step + 1e-9)
    ended, price = [], []
    for place in range(places + most + 1):
        shares = [lobe.weight * lobe.ended_by(place * step) for lobe in lobes]
        ended.append(sum(shares))
        price.append(sum(lobe.price * (lobe.weight - share) for lobe, share in zip(lobes, shares, strict=True)))
    # ``waited`` is the lag piled up by all tasks that ended before a place and wait there for the question.
    waited = [0.0]
    for place in range(1, len(ended)):
        waited.append(waited[-1] + (ended[place - 1] + ended[place]) / 2 * step)
    cost = list(waited)
    delays = [most] * places
    for place in range(places - 1, -1, -1):
        share = ended[place] * step
        best = math.inf
        for delay in range(least, most + 1):
            candidate = cost[place + delay] - share * delay
            if candidate < best:
                best, delays[place] = candidate, delay
        # From here on an entry holds ``waited`` and the cost of the best continuation together.
        cost[place] += price[place] + best - waited[place]
    return delays
