"""The schedule against the documented 2 s loop, on the same made-up tasks."""

from __future__ import annotations

from random import Random

import pytest

from qwave_jupyter.client.polling import LONGEST, SHORTEST, Schedule
from tests.checks import collect_failures
from tests.conftest import TEST_ALL
from tests.unit.client.simulation import compared, expected, followed, learned, log_normal, looped, mean, whole_percent

MEDIANS = (3.0, 8.0, 20.0, 45.0)


def sample(size):
    """So many simulated tasks or histories in ``make test-all``, fewer otherwise."""
    return size if TEST_ALL else size // 5


def drawn(median):
    return lambda rng: log_normal(rng, median)


def chance(seed=1):
    return Random(seed)  # noqa: S311 - jitter, not a secret


def humps(rng):
    return log_normal(rng, 4.0, 0.15) if rng.random() < 0.5 else log_normal(rng, 20.0, 0.15)


def test_schedule_with_true_progress():
    with collect_failures() as check:
        for median in MEDIANS:
            with check("median", median):
                ours = compared(drawn(median), jobs=3000, prior_median=median, progress=whole_percent)
                assert ours.lag <= 0.5
                assert ours.questions <= 1.0


def test_schedule_with_ten_memories():
    with collect_failures() as check:
        for median in MEDIANS:
            with check("median", median):
                ours = expected(median, memories=10, histories=sample(300))
                assert ours.lag <= 0.65
                assert ours.questions <= 1.0


def test_schedule_without_memories():
    with collect_failures() as check:
        for median in MEDIANS:
            for wrong_by, most in ((1.0, 0.9), (0.5, 1.0), (2.0, 1.0)):
                with check("median", median, "prior wrong by", wrong_by):
                    ours = expected(median, prior_median=median * wrong_by, histories=40)
                    assert ours.lag <= most
                    assert ours.questions <= 1.0


def test_schedule_memories_do_not_drift():
    with collect_failures() as check:
        for median in (3.0, 8.0):
            with check("median", median, "without progress"):
                ours = learned(median, jobs=40, runs=12 if TEST_ALL else 2)
                assert ours.lag <= 0.75
                assert ours.questions <= 1.05
            with check("median", median, "with progress"):
                assert learned(median, jobs=40, runs=12 if TEST_ALL else 1, progress=whole_percent).lag <= 0.5


def test_took_of_a_held_answer():
    assert Schedule([8.0]).took(elapsed=7.0) == 7.0


@pytest.mark.parametrize(
    ("told", "remembered"), [(4.5, 4.5), (5.9, 5.0), (2.1, 3.0), (0.0, None), (-3.0, None), (99.0, None)]
)
def test_took_by_the_servers_account(told, remembered):
    schedule = Schedule([4.0] * 10)
    schedule.next_delay(elapsed=3.0)
    took = schedule.took(elapsed=5.0, told=told)
    assert 3.0 < took < 5.0 if remembered is None else took == remembered


def test_schedule_with_two_humps():
    with collect_failures() as check:
        for memories, most in ((0, 1.0), (10, 0.85), (40, 0.75)):
            with check(memories, "memories"):
                ours = compared(humps, jobs=sample(3000), histories=sample(100), memories=memories, prior_median=9.0)
                assert ours.lag <= most
                assert ours.questions <= 1.0


FALSE_PROGRESS = {
    "stuck at 99 %": lambda elapsed, _: 0.99 if elapsed > 1 else 0.0,
    "stuck at 10 %": lambda *_: 0.1,
    "done but not ended": lambda *_: 1.0,
    "late": lambda elapsed, duration: (elapsed / duration) ** 3,
    "early": lambda elapsed, duration: (elapsed / duration) ** 0.4,
    "half of it queued": lambda elapsed, duration: max(0.0, (elapsed / duration - 0.5) * 2),
    "in quarters": lambda elapsed, duration: round(elapsed / duration * 4) / 4.01,
}


def test_schedule_with_false_progress():
    with collect_failures() as check:
        for name, progress in FALSE_PROGRESS.items():
            with check(name):
                ours = compared(drawn(8.0), jobs=sample(3000), histories=sample(100), memories=10, progress=progress)
                assert ours.lag <= 1.0
                assert ours.questions <= 1.6


@pytest.mark.parametrize("history", [(), (0.05,) * 5, (4000.0, -1.0, float("nan")), (1.0, 3000.0) * 5, (600.0,) * 20])
def test_schedule_delays_are_bounded(history):
    for progress in (None, 0.0, 0.5, 1.0):
        schedule = Schedule(history, prior_median=1e9, rng=chance())
        elapsed = 0.0
        for _ in range(300):
            delay = schedule.next_delay(elapsed, progress)
            assert SHORTEST <= delay <= LONGEST
            elapsed += delay


def test_schedule_of_an_overlong_task():
    _, questions = followed(600.0, Schedule([3.0] * 10, rng=chance()))
    assert questions <= looped(600.0)[1] / 2


def test_schedule_obeys_server_hint():
    schedule = Schedule()
    assert schedule.next_delay(3.0, 0.5, 12.0) == 12.0
    assert schedule.next_delay(3.0, None, 0.01) == SHORTEST
    assert schedule.next_delay(3.0, None, 1e9) == 60.0


def test_estimate_needs_three_memories():
    assert Schedule([5.0, 6.0]).estimate() is None
    assert Schedule([5.0, 6.0, 7.0]).estimate() == (5.0, 7.0)
    assert Schedule([5.0, 6.0, 7.0, 8.0, 90.0]).estimate() == (6.0, 8.0)


def test_schedule_has_jitter():
    delays = {Schedule([8.0] * 5, rng=chance(seed)).next_delay(7.0) for seed in range(10)}
    assert len(delays) == 10


def test_simulation_mean():
    assert mean([(1.0, 2), (3.0, 4)]) == (2.0, 3.0)
