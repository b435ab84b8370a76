"""The budget as an object: what is reserved, held and charged never passes it, in whatever order threads come."""

from __future__ import annotations

import asyncio
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import TooExpensive

WAIT = 20
#: Quota: whole amounts, so that the model of the test adds up exactly.
AMOUNTS = st.integers(min_value=0, max_value=40).map(lambda quota: quota / 500_000)
LIMIT = 100 / 500_000
NOT_AMOUNTS = (math.nan, math.inf, -math.inf, -0.01, True, "1", 10**400, None)


def test_reservation_counts_at_once():
    budget = Budget(1.0)
    reservation = budget.reserve(0.6)
    assert (budget.spent_usd, reservation.usd) == (0.6, 0.6)
    with pytest.raises(TooExpensive, match=r"\$0.6000 of it is spent"):
        budget.reserve(0.5)
    assert budget.spent_usd == 0.6


def test_reservation_becomes_held_charged_refunded():
    budget = Budget(1.0)
    reservation = budget.reserve(0.6)
    assert reservation.settle(held=0.5) is None
    assert budget.spent_usd == 0.5
    assert reservation.settle(charged=0.4) is None
    assert budget.spent_usd == 0.4
    reservation.release()
    assert budget.spent_usd == 0.0


def test_reservation_context_releases_what_was_not_used():
    budget = Budget(1.0)
    with budget.reserve(0.6):
        assert budget.spent_usd == 0.6
    assert budget.spent_usd == 0.0
    with pytest.raises(ZeroDivisionError), budget.reserve(0.6):
        raise ZeroDivisionError
    assert budget.spent_usd == 0.0
    with budget.reserve(0.6) as reservation:
        reservation.settle(held=0.5)
    assert budget.spent_usd == 0.5


def test_amounts_add_up_exactly():
    budget = Budget(0.3)
    for _ in range(3):
        budget.reserve(0.1)
    with pytest.raises(TooExpensive):
        budget.reserve(0.000001)


def test_server_amount_beyond_the_limit_is_told_and_counts():
    budget = Budget(1.0)
    reservation = budget.reserve(0.1)
    assert reservation.settle(held=1.5) == 1.0
    assert budget.spent_usd == 1.5
    with pytest.raises(TooExpensive):
        budget.reserve(0.0)


@pytest.mark.parametrize("odd", NOT_AMOUNTS)
def test_reserve_refuses_what_is_no_amount(odd):
    budget = Budget(1.0)
    with pytest.raises(TooExpensive):
        budget.reserve(odd)
    assert budget.spent_usd == 0.0
    assert Budget(None).reserve(odd).usd == 0.0


@pytest.mark.parametrize("odd", NOT_AMOUNTS)
def test_settle_ignores_what_is_no_amount(odd):
    budget = Budget(1.0)
    reservation = budget.reserve(0.7)
    reservation.settle(held=odd)
    reservation.settle(charged=odd)
    assert budget.spent_usd == 0.7
    with pytest.raises(TooExpensive):
        budget.reserve(0.5)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1.0])
def test_limit_that_is_no_amount_allows_nothing(odd):
    with pytest.raises(TooExpensive):
        Budget(odd).reserve(0.1)


def test_limit_is_read_at_each_reservation():
    limit = [1.0]
    budget = Budget(lambda: limit[0])
    budget.reserve(0.5)
    limit[0] = 0.6
    with pytest.raises(TooExpensive):
        budget.reserve(0.5)
    limit[0] = None
    budget.reserve(5.0)


def test_job_is_counted_once_by_its_name():
    budget = Budget(1.0)
    first = budget.reserve(0.6, name="a job")
    assert budget.reserve(0.6, name="a job") is first
    assert budget.count(0.6, name="a job") is first
    assert budget.spent_usd == 0.6


def test_charged_job_counts_once_whatever_is_resumed():
    budget = Budget(1.0)
    budget.reserve(0.6, name="a job").settle(charged=0.5)
    for again in (budget.count(0.6, name="a job"), budget.reserve(0.6, name="a job")):
        assert budget.spent_usd == 0.5
        again.settle(held=0.6)
        assert budget.spent_usd == 0.5
        again.settle(charged=0.4)
        assert budget.spent_usd == 0.4
        again.settle(charged=0.5)
    part = budget.allot(0.3)
    part.count(0.6, name="a job")
    part.close()
    assert budget.spent_usd == 0.5


def test_released_job_counts_again_once_it_goes_on():
    budget = Budget(1.0)
    first = budget.reserve(0.6, name="a job")
    first.release()
    second = budget.reserve(0.7, name="a job")
    assert budget.spent_usd == 0.7
    # A late answer to the first attempt is about the same job.
    first.settle(charged=0.5)
    assert budget.spent_usd == 0.5
    second.settle(charged=0.5)
    assert budget.spent_usd == 0.5
    second.release()
    with pytest.raises(TooExpensive):
        budget.reserve(1.1, name="a job")
    assert budget.count(1.1, name="a job").usd == 1.1
    assert budget.spent_usd == 1.1


def test_released_job_counts_in_the_part_that_goes_on_with_it():
    budget = Budget(1.0)
    part = budget.allot(0.5)
    part.reserve(0.4, name="a job").release()
    part.close()
    other = budget.allot(0.5)
    other.reserve(0.4, name="a job").settle(charged=0.3)
    assert (part.spent_usd, other.spent_usd, budget.spent_usd) == (0.0, 0.3, 0.5)
    other.close()
    assert budget.spent_usd == 0.3


def test_reservation_named_later_counts_once():
    budget = Budget(1.0)
    row = budget.reserve(0.3)
    assert row.assign("a") is row
    assert budget.count(0.5, name="a") is row
    again = budget.reserve(0.2)
    assert again.assign("a") is row
    assert budget.spent_usd == 0.3
    row.settle(charged=0.1)
    assert budget.spent_usd == 0.1


def test_reservation_named_later_goes_on_with_a_released_one():
    budget = Budget(1.0)
    first = budget.reserve(0.3, name="a")
    first.release()
    assert budget.reserve(0.2).assign("a") is first
    assert (budget.spent_usd, first.usd) == (0.2, 0.2)


def test_picked_up_job_counts_and_is_never_refused():
    budget = Budget(1.0)
    budget.count(2.0, name="a job")
    assert budget.spent_usd == 2.0
    with pytest.raises(TooExpensive):
        budget.reserve(0.1)


def test_allotment_is_reserved_as_a_whole_and_given_back_at_its_end():
    budget = Budget(1.0)
    part = budget.allot(0.8)
    assert budget.spent_usd == 0.8
    with pytest.raises(TooExpensive):
        budget.reserve(0.3)
    row = part.reserve(0.4)
    assert budget.spent_usd == 0.8
    row.settle(charged=0.3)
    part.close()
    assert budget.spent_usd == 0.3
    row.release()
    assert budget.spent_usd == 0.0


def test_allotment_has_a_limit_of_its_own():
    budget = Budget(None)
    part = budget.allot(0.8, limit=1.0, refusal="generation.over_sweep_limit")
    assert part.reserve(0.4).settle(held=0.9) is None
    with pytest.raises(TooExpensive, match="sweep"):
        part.reserve(0.4)


def test_allotment_beyond_its_estimate_meets_the_budget():
    budget = Budget(1.0)
    part = budget.allot(0.5)
    assert part.reserve(0.5).settle(held=0.9) is None
    with pytest.raises(TooExpensive):
        part.reserve(0.2)
    assert part.reserve(0.1).settle(held=0.3) == 1.0


def test_threads_that_reserve_together_never_pass_the_limit():
    budget = Budget(2.5 * 0.0064)
    meeting = threading.Barrier(8)
    done = []

    def reserve():
        meeting.wait(WAIT)
        try:
            done.append(budget.reserve(0.0064))
        except TooExpensive:
            done.append(None)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(reserve)
    assert sum(one is not None for one in done) == 2
    assert budget.spent_usd == pytest.approx(2 * 0.0064)


#: One spender's turns: what it wants to reserve, and the parts of it that are then held and charged.
TURNS = st.lists(
    st.tuples(AMOUNTS, st.sampled_from([1.0, 0.5, 0.0]), st.sampled_from([1.0, 0.5, 0.0, None])), max_size=6
)


class Stages:
    """The turns of one spender, one stage per step, so that a test decides who goes next."""

    def __init__(self, budget, turns):
        self.budget, self.turns = budget, turns
        self.counted = {}

    def steps(self):
        for number, (wanted, held, charged) in enumerate(self.turns):
            try:
                reservation = self.budget.reserve(wanted)
            except TooExpensive:
                yield
                continue
            self.counted[number] = wanted
            yield
            reservation.settle(held=wanted * held)
            self.counted[number] = wanted * held
            yield
            if charged is None:
                reservation.release()
                self.counted[number] = 0.0
            else:
                reservation.settle(charged=wanted * held * charged)
                self.counted[number] = wanted * held * charged
            yield


#: Which of those who still go takes the next step.
ORDERS = st.lists(st.integers(0, 11), max_size=40)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TURNS, min_size=2, max_size=4), ORDERS, st.sampled_from([0.0, 20 / 500_000, 60 / 500_000]))
def test_any_interleaving_stays_within_the_limit(spenders, order, allotted):
    """The order of the stages is the test's choice; after each the sum is what the model says and within the limit."""
    budget = Budget(LIMIT)
    # The last spender is a batch, which draws from what was reserved for the whole of it.
    part = budget.allot(allotted) if allotted else budget
    stages = [Stages(part if turns is spenders[-1] else budget, turns) for turns in spenders]
    going = [(one, one.steps()) for one in stages]
    order = iter(order)
    while going:
        place = next(order, 0) % len(going)
        if next(going[place][1], StopIteration) is StopIteration:
            going.pop(place)
        of_batch = sum(stages[-1].counted.values())
        others = sum(sum(one.counted.values()) for one in stages[:-1])
        assert budget.spent_usd == pytest.approx(others + max(of_batch, allotted), abs=1e-12)
        assert budget.spent_usd <= LIMIT + 1e-12
    if allotted:
        part.close()
        assert budget.spent_usd == pytest.approx(sum(sum(one.counted.values()) for one in stages), abs=1e-12)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TURNS, TURNS, TURNS, TURNS)
def test_two_threads_a_task_and_a_batch_stay_within_the_limit(first, second, of_task, of_batch):
    """Real threads, with the sum looked at from within every stage."""
    budget = Budget(LIMIT)
    part = budget.allot(20 / 500_000)
    meeting = threading.Barrier(4)
    passed = []

    def walk(stages):
        for _ in stages.steps():
            spent = budget.spent_usd
            if spent > LIMIT + 1e-12:
                passed.append(spent)
            yield

    def thread(stages):
        meeting.wait(WAIT)
        for _ in walk(stages):
            pass

    async def task(stages):
        for _ in walk(stages):
            await asyncio.sleep(0)

    def loop(stages):
        meeting.wait(WAIT)
        asyncio.run(task(stages))

    stages = [Stages(budget, first), Stages(budget, second), Stages(budget, of_task), Stages(part, of_batch)]
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(way, one) for way, one in zip((thread, thread, loop, thread), stages, strict=True)]
        for run in runs:
            run.result(WAIT)
    part.close()
    assert passed == []
    assert budget.spent_usd == pytest.approx(sum(sum(one.counted.values()) for one in stages), abs=1e-12)


def test_settle_after_the_end_counts_no_hold():
    budget = Budget(lambda: 1.0)
    released, charged = budget.reserve(0.2), budget.reserve(0.3)
    released.release()
    charged.settle(charged=0.1)
    for reservation in (released, charged):
        assert reservation.settle(held=0.25) is None
    assert budget.spent_usd == pytest.approx(0.1)
