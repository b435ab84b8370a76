"""How long a task may take: what the past says, and what to believe without one.

A duration is taken to be log-normal, which is what many small delays multiplied give; a belief is a mixture of such
lobes, so that a model with a fast and a slow path is one with two humps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["MEMORIES", "Lobe", "believed", "likeliest_between", "usable"]

#: Older memories say less about the service of today.
MEMORIES = 40
_LONGEST = 3600.0
#: How tasks of one kind spread, before any were seen, and how many memories that is worth.
_USUAL_SPREAD = 0.37
_SPREAD_WEIGHT = 16
#: Memories further off than so many deviations are pulled in: one hiccup must not stretch the schedule.
_OUTLIER = 2.5
#: A gap in the logarithms that parts two humps, at least a factor of two, and how many each side needs.
_GAP = 0.7
_LEAST_HUMP = 2
_SLICES = 16


class Lobe(NamedTuple):
    """One log-normal part of a belief.

    Args:
        weight: its share.
        middle: the logarithm of its median in seconds.
        spread: the standard deviation of the logarithm.
        price: what one question is worth in seconds of lag, if the task is of this kind.
    """

    weight: float
    middle: float
    spread: float
    price: float

    def ended_by(self, seconds: float) -> float:
        """The share of its tasks that have ended by then."""
        if seconds <= 0:
            return 0.0
        return math.erfc((self.middle - math.log(seconds)) / (self.spread * math.sqrt(2))) / 2


def usable(history: Sequence[float]) -> list[float]:
    """The memories that count, newest first: real durations, and not too many."""
    return [seconds for seconds in history if 0 < seconds < _LONGEST][:MEMORIES]


def believed(history: Sequence[float], prior_median: float) -> tuple[Lobe, ...]:
    """What to expect of the next task.

    Args:
        history: seconds that similar tasks took, newest first.
        prior_median: seconds to expect where nothing is remembered.

    Example:
        >>> [round(math.exp(lobe.middle)) for lobe in believed([8.0] * 10, 30.0)][:1]
        [8]
    """
    memories = usable(history)
    doubt = min(1.0, 1.2 / (1 + len(memories)) ** 3)
    remembered = _remembered(memories, 1 - doubt) if memories else []
    return (*remembered, *_unremembered(prior_median, doubt))


def likeliest_between(lobes: Sequence[Lobe], since: float, until: float) -> float:
    """The mean duration in seconds of those tasks that end between two moments.

    Args:
        lobes: the belief.
        since: seconds after the submit.
        until: likewise.

    Example:
        >>> round(likeliest_between(believed([8.0] * 10, 8.0), 0.0, 10.0))
        7
    """
    step = (until - since) / _SLICES
    ended = [sum(lobe.weight * lobe.ended_by(since + place * step) for lobe in lobes) for place in range(_SLICES + 1)]
    if ended[-1] - ended[0] < 1e-9:
        return (since + until) / 2
    shares = [(after - before, place) for place, (before, after) in enumerate(pairwise(ended))]
    return since + step * sum(share * (place + 0.5) for share, place in shares) / (ended[-1] - ended[0])


def _unremembered(median: float, weight: float) -> list[Lobe]:
    # A stated median is right, or wrong by a factor of two either way. Weights, spreads and prices minimise the lag in
    # all three cases together, for medians from 3 to 45 s, at no more questions than a loop of 2 s asks.
    middle = math.log(median)
    price = min(1.6, 2.36 * median**-1.139) * (1 - 0.186 * math.exp(-(((middle - 1.79) / 0.8) ** 2)))
    return [
        Lobe(0.375 * weight, middle - 0.63, 0.293, 0.389 * price),
        Lobe(0.337 * weight, middle, 0.391, price),
        Lobe(0.288 * weight, middle + 0.63, 0.467, 1.456 * price),
    ]


def _remembered(memories: Sequence[float], weight: float) -> list[Lobe]:
    logs = sorted(math.log(seconds) for seconds in memories)
    # The question's price makes a schedule over exactly this distribution ask as often as a loop of 2 s would.
    price = min(0.6, 1.152 * math.exp(-0.9574 * sum(logs) / len(logs)))
    return [_rounded(Lobe(weight * len(hump) / len(logs), *_fitted(hump), price=price)) for hump in _humps(logs)]


def _rounded(lobe: Lobe) -> Lobe:
    # Beliefs that differ by a percent share one timetable: working one out costs milliseconds.
    return Lobe(round(lobe.weight, 2), round(lobe.middle, 2), round(lobe.spread, 2), float(f"{lobe.price:.3g}"))


def _humps(logs: Sequence[float]) -> list[Sequence[float]]:
    inner = range(_LEAST_HUMP, len(logs) - _LEAST_HUMP + 1)
    widest = max(inner, key=lambda place: logs[place] - logs[place - 1], default=0)
    if not widest or logs[widest] - logs[widest - 1] < _GAP:
        return [logs]
    return [logs[:widest], logs[widest:]]


def _fitted(logs: Sequence[float]) -> tuple[float, float]:
    centre = _median(logs)
    deviation = max(0.1, 1.4826 * _median(sorted(abs(one - centre) for one in logs)))
    near = [min(centre + _OUTLIER * deviation, max(centre - _OUTLIER * deviation, one)) for one in logs]
    middle = sum(near) / len(near)
    squares = sum((one - middle) ** 2 for one in near) + _SPREAD_WEIGHT * _USUAL_SPREAD**2
    # The last factor is the doubt about the middle itself.
    variance = squares / (_SPREAD_WEIGHT + len(near) - 1) * (1 + 1 / len(near))
    return middle, math.sqrt(variance)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
