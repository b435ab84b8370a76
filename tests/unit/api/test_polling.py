"""The schedule against the documented 2 s loop, on the same made-up tasks."""

from __future__ import annotations

from random import Random

import pytest

from qwave_jupyter.api.polling import LONGEST, SHORTEST, Schedule
from tests.unit.api.simulation import compared, expected, followed, learned, log_normal, looped, mean, whole_percent

MEDIANS = (3.0, 8.0, 20.0, 45.0)
JOBS = 3000


def drawn(median):
    return lambda rng: log_normal(rng, median)


def chance(seed=1):
    return Random(seed)  # noqa: S311 - jitter, not a secret


def humps(rng):
    return log_normal(rng, 4.0, 0.15) if rng.random() < 0.5 else log_normal(rng, 20.0, 0.15)


@pytest.mark.parametrize("median", MEDIANS)
def test_true_progress_halves_the_lag(median):
    ours = compared(drawn(median), jobs=JOBS, prior_median=median, progress=whole_percent)
    assert ours.lag <= 0.5
    assert ours.questions <= 1.0


@pytest.mark.parametrize("median", MEDIANS)
def test_ten_memories_without_progress(median):
    ours = expected(median, memories=10)
    assert ours.lag <= 0.65
    assert ours.questions <= 1.0


@pytest.mark.parametrize("median", MEDIANS)
def test_nothing_remembered(median):
    ours = expected(median, prior_median=median, histories=40)
    assert ours.lag <= 0.9
    assert ours.questions <= 1.0


@pytest.mark.parametrize("wrong_by", [0.5, 2.0])
@pytest.mark.parametrize("median", MEDIANS)
def test_a_prior_that_is_wrong_by_a_factor_of_two(median, wrong_by):
    ours = expected(median, prior_median=median * wrong_by, histories=40)
    assert ours.lag <= 1.0
    assert ours.questions <= 1.0


@pytest.mark.parametrize("median", [3.0, 8.0])
def test_what_is_remembered_does_not_drift_with_the_questions(median):
    ours = learned(median, jobs=40)
    assert ours.lag <= 0.75
    assert ours.questions <= 1.05
    told = learned(median, jobs=40, progress=whole_percent)
    assert told.lag <= 0.5


def test_a_held_answer_is_remembered_as_it_came():
    assert Schedule([8.0]).took(elapsed=7.0) == 7.0


@pytest.mark.parametrize(
    ("told", "remembered"), [(4.5, 4.5), (5.9, 5.0), (2.1, 3.0), (0.0, None), (-3.0, None), (99.0, None)]
)
def test_the_servers_own_account_counts_as_far_as_it_can_be_true(told, remembered):
    schedule = Schedule([4.0] * 10)
    schedule.next_delay(elapsed=3.0)
    took = schedule.took(elapsed=5.0, told=told)
    assert 3.0 < took < 5.0 if remembered is None else took == remembered


@pytest.mark.parametrize(("memories", "most"), [(0, 1.0), (10, 0.85), (40, 0.75)])
def test_durations_with_two_humps(memories, most):
    ours = compared(humps, jobs=JOBS, memories=memories, prior_median=9.0)
    assert ours.lag <= most
    assert ours.questions <= 1.0


@pytest.mark.parametrize(
    "progress",
    [
        pytest.param(lambda elapsed, _: 0.99 if elapsed > 1 else 0.0, id="stuck at 99 %"),
        pytest.param(lambda *_: 0.1, id="stuck at 10 %"),
        pytest.param(lambda *_: 1.0, id="done but not ended"),
        pytest.param(lambda elapsed, duration: (elapsed / duration) ** 3, id="late"),
        pytest.param(lambda elapsed, duration: (elapsed / duration) ** 0.4, id="early"),
        pytest.param(lambda elapsed, duration: max(0.0, (elapsed / duration - 0.5) * 2), id="half of it queued"),
        pytest.param(lambda elapsed, duration: round(elapsed / duration * 4) / 4.01, id="in quarters"),
    ],
)
def test_progress_that_lies_does_little_harm(progress):
    ours = compared(drawn(8.0), jobs=JOBS, memories=10, progress=progress)
    assert ours.lag <= 1.0
    assert ours.questions <= 1.6


@pytest.mark.parametrize("history", [(), (0.05,) * 5, (4000.0, -1.0, float("nan")), (1.0, 3000.0) * 5, (600.0,) * 20])
@pytest.mark.parametrize("progress", [None, 0.0, 0.5, 1.0])
def test_delays_keep_within_their_bounds_whatever_is_remembered(history, progress):
    schedule = Schedule(history, prior_median=1e9, rng=chance())
    elapsed = 0.0
    for _ in range(300):
        delay = schedule.next_delay(elapsed, progress)
        assert SHORTEST <= delay <= LONGEST
        elapsed += delay


def test_a_task_far_beyond_anything_expected_is_asked_about_seldom():
    _, questions = followed(600.0, Schedule([3.0] * 10, rng=chance()))
    assert questions <= looped(600.0)[1] / 2


def test_what_the_server_asks_for_is_obeyed():
    schedule = Schedule()
    assert schedule.next_delay(3.0, 0.5, 12.0) == 12.0
    assert schedule.next_delay(3.0, None, 0.01) == SHORTEST
    assert schedule.next_delay(3.0, None, 1e9) == 60.0


def test_the_usual_time_needs_three_memories():
    assert Schedule([5.0, 6.0]).estimate() is None
    assert Schedule([5.0, 6.0, 7.0]).estimate() == (5.0, 7.0)
    assert Schedule([5.0, 6.0, 7.0, 8.0, 90.0]).estimate() == (6.0, 8.0)


def test_jobs_do_not_ask_in_step():
    delays = {Schedule([8.0] * 5, rng=chance(seed)).next_delay(7.0) for seed in range(10)}
    assert len(delays) == 10


def test_a_simulated_mean_is_what_it_says():
    assert mean([(1.0, 2), (3.0, 4)]) == (2.0, 3.0)
