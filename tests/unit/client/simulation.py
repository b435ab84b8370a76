"""Simulated tasks: the lag and the number of polls of a scheduler, relative to the documented 2 s loop."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from qwave_jupyter.client.polling import PollScheduler

LOOP = 2.0


class Outcome(NamedTuple):
    """Means over all tasks."""

    lag: float
    polls: float

    def against(self, other: Outcome) -> Outcome:
        return Outcome(self.lag / other.lag, self.polls / other.polls)


def log_normal(rng: random.Random, median: float, spread: float = 0.35) -> float:
    return median * math.exp(spread * rng.gauss(0, 1))


def whole_percent(elapsed: float, duration: float) -> float:
    """Progress as the server reports it: true, in whole percents."""
    return math.floor(100 * elapsed / duration) / 100


def simulate_scheduler(
    duration: float, schedule: PollScheduler, progress: Callable[[float, float], float | None] | None = None
) -> tuple[float, int]:
    """Poll one task until it has ended: ``(lag, polls)``."""
    elapsed, polls, seen = 0.0, 0, None
    while True:
        elapsed += schedule.next_delay(elapsed, seen)
        polls += 1
        if elapsed >= duration:
            return elapsed - duration, polls
        seen = progress(elapsed, duration) if progress else None


def simulate_fixed_loop(duration: float, interval: float = LOOP) -> tuple[float, int]:
    """The documented loop on the same task."""
    polls = max(1, math.ceil(duration / interval))
    return polls * interval - duration, polls


def mean(results: Iterable[tuple[float, int]]) -> Outcome:
    rows = list(results)
    return Outcome(sum(lag for lag, _ in rows) / len(rows), sum(polls for _, polls in rows) / len(rows))


def compare_on_random_tasks(
    draw: Callable[[random.Random], float],
    *,
    jobs: int,
    history_size: int = 0,
    histories: int = 100,
    prior_median: float | None = None,
    progress: Callable[[float, float], float | None] | None = None,
    seed: int = 1,
    schedule: Callable[[Sequence[float], float | None, random.Random], PollScheduler] = PollScheduler,
) -> Outcome:
    """Lag and polls relative to the 2 s loop on the same random tasks.

    Args:
        draw: returns one duration.
        jobs: how many tasks.
        history_size: length of the history of each scheduler.
        histories: number of different histories.
        prior_median: prior of the scheduler.
        progress: what the server reports.
        seed: of the random numbers.
        schedule: makes the scheduler.
    """
    rng = random.Random(seed)  # noqa: S311 - simulated tasks
    chance = random.Random(seed + 1)  # noqa: S311 - likewise
    ours, loop = [], []
    past: list[float] = []
    for number in range(jobs):
        if number % max(1, jobs // histories) == 0:
            past = [draw(rng) for _ in range(history_size)]
        duration = draw(rng)
        ours.append(simulate_scheduler(duration, schedule(past, prior_median, chance), progress))
        loop.append(simulate_fixed_loop(duration))
    return mean(ours).against(mean(loop))


def stratified_durations(rng: random.Random, median: float, count: int, spread: float = 0.35) -> list[float]:
    """Log-normal durations by stratified sampling, shuffled."""
    normal = NormalDist()
    found = [median * math.exp(spread * normal.inv_cdf((index + rng.random()) / count)) for index in range(count)]
    rng.shuffle(found)
    return found


def compare_on_quantiles(
    median: float, *, history_size: int = 0, prior_median: float | None = None, histories: int = 300
) -> Outcome:
    """Lag and polls relative to the 2 s loop without progress, each history against every duration.

    Args:
        median: of the log-normal durations, in seconds.
        history_size: length of the history of each scheduler.
        prior_median: prior of the scheduler.
        histories: number of schedulers.
    """
    rng, chance = random.Random(1), random.Random(2)  # noqa: S311 - simulated tasks
    durations = stratified_durations(rng, median, 1000)
    columns = [stratified_durations(rng, median, histories) for _ in range(history_size)]
    ours = []
    for number in range(histories):
        schedule, polled = PollScheduler([column[number] for column in columns], prior_median, chance), [0.0]
        while polled[-1] < max(durations):
            polled.append(polled[-1] + schedule.next_delay(polled[-1]))
        # Without progress the poll times do not depend on the task.
        indexes = ((bisect.bisect_left(polled, duration), duration) for duration in durations)
        ours.append(mean((polled[index] - duration, index) for index, duration in indexes))
    loop = mean(simulate_fixed_loop(duration) for duration in durations)
    lag = sum(one.lag for one in ours) / histories
    return Outcome(lag, sum(one.polls for one in ours) / histories).against(loop)


def compare_with_learning(
    median: float, *, jobs: int, runs: int, progress: Callable[[float, float], float | None] | None = None
) -> Outcome:
    """Lag and polls of the second half of a series of jobs whose history are the durations inferred before."""
    rng = random.Random(3)  # noqa: S311 - simulated tasks
    ours, loop = [], []
    for _ in range(runs):
        past: list[float] = []
        for number, duration in enumerate(stratified_durations(rng, median, jobs)):
            schedule = PollScheduler(past, None, rng)
            lag, polls = simulate_scheduler(duration, schedule, progress)
            past.insert(0, schedule.infer_duration(duration + lag))
            if number >= jobs // 2:
                ours.append((lag, polls))
                loop.append(simulate_fixed_loop(duration))
    return mean(ours).against(mean(loop))
