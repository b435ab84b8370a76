"""Schedules against made-up tasks: how late the end is noticed, and how often was asked."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from qwave_jupyter.client.polling import Schedule

LOOP = 2.0


class Outcome(NamedTuple):
    """Means over all tasks."""

    lag: float
    questions: float

    def against(self, other: Outcome) -> Outcome:
        return Outcome(self.lag / other.lag, self.questions / other.questions)


def log_normal(rng: random.Random, median: float, spread: float = 0.35) -> float:
    return median * math.exp(spread * rng.gauss(0, 1))


def whole_percent(elapsed: float, duration: float) -> float:
    """Progress as the server reports it: true, in whole percents."""
    return math.floor(100 * elapsed / duration) / 100


def followed(
    duration: float, schedule: Schedule, progress: Callable[[float, float], float | None] | None = None
) -> tuple[float, int]:
    """One task from submit to the question that finds it ended: ``(lag, questions)``."""
    elapsed, questions, seen = 0.0, 0, None
    while True:
        elapsed += schedule.next_delay(elapsed, seen)
        questions += 1
        if elapsed >= duration:
            return elapsed - duration, questions
        seen = progress(elapsed, duration) if progress else None


def looped(duration: float, interval: float = LOOP) -> tuple[float, int]:
    """The documented loop on the same task."""
    questions = max(1, math.ceil(duration / interval))
    return questions * interval - duration, questions


def mean(results: Iterable[tuple[float, int]]) -> Outcome:
    rows = list(results)
    return Outcome(sum(lag for lag, _ in rows) / len(rows), sum(asked for _, asked in rows) / len(rows))


def compared(
    draw: Callable[[random.Random], float],
    *,
    jobs: int,
    memories: int = 0,
    histories: int = 100,
    prior_median: float | None = None,
    progress: Callable[[float, float], float | None] | None = None,
    seed: int = 1,
    schedule: Callable[[Sequence[float], float | None, random.Random], Schedule] = Schedule,
) -> Outcome:
    """Our schedule as ratios of the 2 s loop on the same tasks.

    Args:
        draw: one duration.
        jobs: how many tasks.
        memories: how many earlier durations each schedule is given.
        histories: how many times these are drawn anew.
        prior_median: what the schedule expects.
        progress: what the server reports.
        seed: makes it repeatable.
        schedule: what is compared.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up tasks
    chance = random.Random(seed + 1)  # noqa: S311 - likewise
    ours, loop = [], []
    past: list[float] = []
    for number in range(jobs):
        if number % max(1, jobs // histories) == 0:
            past = [draw(rng) for _ in range(memories)]
        duration = draw(rng)
        ours.append(followed(duration, schedule(past, prior_median, chance), progress))
        loop.append(looped(duration))
    return mean(ours).against(mean(loop))


def evenly(rng: random.Random, median: float, count: int, spread: float = 0.35) -> list[float]:
    """Log-normal durations, one from each equally likely slice, shuffled: a mean without luck."""
    normal = NormalDist()
    found = [median * math.exp(spread * normal.inv_cdf((place + rng.random()) / count)) for place in range(count)]
    rng.shuffle(found)
    return found


def expected(median: float, *, memories: int = 0, prior_median: float | None = None, histories: int = 300) -> Outcome:
    """Our schedule as ratios of the 2 s loop where the server tells no progress: each history against every duration.

    Args:
        median: of the log-normal durations, in seconds.
        memories: how many earlier durations each schedule is given.
        prior_median: what it expects.
        histories: how many schedules.
    """
    rng, chance = random.Random(1), random.Random(2)  # noqa: S311 - made-up tasks
    durations = evenly(rng, median, 1000)
    columns = [evenly(rng, median, histories) for _ in range(memories)]
    ours = []
    for number in range(histories):
        schedule, asked = Schedule([column[number] for column in columns], prior_median, chance), [0.0]
        while asked[-1] < max(durations):
            asked.append(asked[-1] + schedule.next_delay(asked[-1]))
        # What is asked doesn't depend on the task where the server tells nothing.
        places = ((bisect.bisect_left(asked, duration), duration) for duration in durations)
        ours.append(mean((asked[place] - duration, place) for place, duration in places))
    loop = mean(looped(duration) for duration in durations)
    lag = sum(one.lag for one in ours) / histories
    return Outcome(lag, sum(one.questions for one in ours) / histories).against(loop)


def learned(
    median: float, *, jobs: int, runs: int, progress: Callable[[float, float], float | None] | None = None
) -> Outcome:
    """Job after job, each fed with what those before it remember of their own tasks; the second half counts."""
    rng = random.Random(3)  # noqa: S311 - made-up tasks
    ours, loop = [], []
    for _ in range(runs):
        past: list[float] = []
        for number, duration in enumerate(evenly(rng, median, jobs)):
            schedule = Schedule(past, None, rng)
            lag, questions = followed(duration, schedule, progress)
            past.insert(0, schedule.took(duration + lag))
            if number >= jobs // 2:
                ours.append((lag, questions))
                loop.append(looped(duration))
    return mean(ours).against(mean(loop))
