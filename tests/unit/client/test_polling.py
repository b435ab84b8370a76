"""PollScheduler compared with the documented 2 s loop on simulated tasks."""

from __future__ import annotations

from random import Random

import pytest

from qwave_jupyter.client.polling import MAX_DELAY, MIN_DELAY, PollScheduler
from tests.checks import collect_failures
from tests.conftest import TEST_ALL
from tests.unit.client.simulation import (
    compare_on_quantiles,
    compare_on_random_tasks,
    compare_with_learning,
    log_normal,
    mean,
    simulate_fixed_loop,
    simulate_scheduler,
    whole_percent,
)

MEDIANS = (3.0, 8.0, 20.0, 45.0)


def sample(size):
    """So many simulated tasks or histories in ``make test-all``, fewer otherwise."""
    return size if TEST_ALL else size // 5


def log_normal_with_median(median):
    return lambda rng: log_normal(rng, median)


def chance(seed=1):
    return Random(seed)  # noqa: S311 - jitter, not a secret


def two_modes(rng):
    return log_normal(rng, 4.0, 0.15) if rng.random() < 0.5 else log_normal(rng, 20.0, 0.15)


def test_scheduler_with_true_progress():
    with collect_failures() as check:
        for median in MEDIANS:
            with check("median", median):
                ours = compare_on_random_tasks(
                    log_normal_with_median(median), jobs=3000, prior_median=median, progress=whole_percent
                )
                assert ours.lag <= 0.5
                assert ours.polls <= 1.0


@pytest.mark.slow
def test_scheduler_with_history_of_ten():
    with collect_failures() as check:
        for median in MEDIANS:
            with check("median", median):
                ours = compare_on_quantiles(median, history_size=10, histories=sample(300))
                assert ours.lag <= 0.65
                assert ours.polls <= 1.0


def test_scheduler_without_history():
    with collect_failures() as check:
        for median in MEDIANS:
            for wrong_by, most in ((1.0, 0.9), (0.5, 1.0), (2.0, 1.0)):
                with check("median", median, "prior wrong by", wrong_by):
                    ours = compare_on_quantiles(median, prior_median=median * wrong_by, histories=40)
                    assert ours.lag <= most
                    assert ours.polls <= 1.0


@pytest.mark.slow
def test_scheduler_history_does_not_drift():
    with collect_failures() as check:
        for median in (3.0, 8.0):
            with check("median", median, "without progress"):
                ours = compare_with_learning(median, jobs=40, runs=12 if TEST_ALL else 2)
                assert ours.lag <= 0.75
                assert ours.polls <= 1.05
            with check("median", median, "with progress"):
                assert (
                    compare_with_learning(median, jobs=40, runs=12 if TEST_ALL else 1, progress=whole_percent).lag
                    <= 0.5
                )


def test_infer_duration_of_held_response():
    assert PollScheduler([8.0]).infer_duration(elapsed=7.0) == 7.0


@pytest.mark.parametrize(
    ("reported", "expected"), [(4.5, 4.5), (5.9, 5.0), (2.1, 3.0), (0.0, None), (-3.0, None), (99.0, None)]
)
def test_infer_duration_from_timestamps(reported, expected):
    schedule = PollScheduler([4.0] * 10)
    schedule.next_delay(elapsed=3.0)
    duration = schedule.infer_duration(elapsed=5.0, reported=reported)
    assert 3.0 < duration < 5.0 if expected is None else duration == expected


@pytest.mark.slow
def test_scheduler_with_two_modes():
    with collect_failures() as check:
        for history_size, most in ((0, 1.0), (10, 0.85), (40, 0.75)):
            with check(history_size, "durations in the history"):
                ours = compare_on_random_tasks(
                    two_modes, jobs=sample(3000), histories=sample(100), history_size=history_size, prior_median=9.0
                )
                assert ours.lag <= most
                assert ours.polls <= 1.0


FALSE_PROGRESS = {
    "stuck at 99 %": lambda elapsed, _: 0.99 if elapsed > 1 else 0.0,
    "stuck at 10 %": lambda *_: 0.1,
    "done but not ended": lambda *_: 1.0,
    "late": lambda elapsed, duration: (elapsed / duration) ** 3,
    "early": lambda elapsed, duration: (elapsed / duration) ** 0.4,
    "half of it queued": lambda elapsed, duration: max(0.0, (elapsed / duration - 0.5) * 2),
    "in quarters": lambda elapsed, duration: round(elapsed / duration * 4) / 4.01,
}


def test_scheduler_with_false_progress():
    with collect_failures() as check:
        for name, progress in FALSE_PROGRESS.items():
            with check(name):
                ours = compare_on_random_tasks(
                    log_normal_with_median(8.0),
                    jobs=sample(3000),
                    histories=sample(100),
                    history_size=10,
                    progress=progress,
                )
                assert ours.lag <= 1.0
                assert ours.polls <= 1.6


@pytest.mark.parametrize("history", [(), (0.05,) * 5, (4000.0, -1.0, float("nan")), (1.0, 3000.0) * 5, (600.0,) * 20])
def test_scheduler_delays_are_bounded(history):
    for progress in (None, 0.0, 0.5, 1.0):
        schedule = PollScheduler(history, prior_median=1e9, rng=chance())
        elapsed = 0.0
        for _ in range(300):
            delay = schedule.next_delay(elapsed, progress)
            assert MIN_DELAY <= delay <= MAX_DELAY
            elapsed += delay


def test_scheduler_of_an_overlong_task():
    _, polls = simulate_scheduler(600.0, PollScheduler([3.0] * 10, rng=chance()))
    assert polls <= simulate_fixed_loop(600.0)[1] / 2


def test_scheduler_obeys_server_hint():
    schedule = PollScheduler()
    assert schedule.next_delay(3.0, 0.5, 12.0) == 12.0
    assert schedule.next_delay(3.0, None, 0.01) == MIN_DELAY
    assert schedule.next_delay(3.0, None, 1e9) == 60.0


def test_estimate_needs_three_durations():
    assert PollScheduler([5.0, 6.0]).estimate() is None
    assert PollScheduler([5.0, 6.0, 7.0]).estimate() == (5.0, 7.0)
    assert PollScheduler([5.0, 6.0, 7.0, 8.0, 90.0]).estimate() == (6.0, 8.0)


def test_scheduler_has_jitter():
    delays = {PollScheduler([8.0] * 5, rng=chance(seed)).next_delay(7.0) for seed in range(10)}
    assert len(delays) == 10


def test_simulation_mean():
    assert mean([(1.0, 2), (3.0, 4)]) == (2.0, 3.0)
