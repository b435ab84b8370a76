"""Limits hold for what the server holds or charges, for every way of ordering, and for all of them together."""

from __future__ import annotations

import asyncio
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.errors import DownloadFailed, QwaveError, TooExpensive, WaitTimeout
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.session import default
from tests.fake_session import replace_default
from tests.image_factory import plain

WAIT = 20
PRICE = 0.006375
HELD = 50_000  # 0.10 USD


def meet_before_ordering(monkeypatch, bench, count):
    """Let so many callers look at the budget at the same moment: each waits for all others when it needs the client."""
    meeting = threading.Barrier(count)

    def workbench():
        meeting.wait(WAIT)
        return bench

    monkeypatch.setattr(default(), "_given", workbench)


def refused(calls):
    """How many calls end as too expensive; nothing else may go wrong."""
    count = 0
    for call in calls:
        try:
            call()
        except TooExpensive:
            count += 1
    return count


def test_eight_threads_stay_within_one_budget(ours, server, monkeypatch):
    default().configure(budget=2.5 * PRICE)
    meet_before_ordering(monkeypatch, ours, 8)
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(qwave.generate, f"cat {place}") for place in range(8)]
        assert refused([run.result for run in runs]) == 6
    assert len(server.tasks) == 2
    assert default().spent_usd <= 2.5 * PRICE


def test_threads_a_task_and_a_batch_stay_within_one_budget(ours, server, monkeypatch):
    default().configure(budget=4.5 * PRICE)
    meet_before_ordering(monkeypatch, ours, 4)
    most = []
    server.before["submit"] = lambda: most.append(default().spent_usd)

    async def task():
        return await qwave.submit("a task's cat")

    def batch():
        batch = qwave.batch([f"row {place}" for place in range(4)], concurrency=4)
        return [outcome.error for outcome in batch.results()]

    with ThreadPoolExecutor(4) as pool:
        rows = pool.submit(batch)
        runs = [pool.submit(qwave.generate, f"cat {place}") for place in range(2)]
        runs.append(pool.submit(lambda: asyncio.run(task())))
        errors = [error for error in rows.result(WAIT) if error is not None]
        assert all(isinstance(error, TooExpensive) for error in errors)
        assert len(errors) + refused([run.result for run in runs]) == 3
    assert len(server.tasks) == 4
    assert max(most) <= 4.5 * PRICE


def test_budget_holds_for_what_the_server_holds(ours, server):
    default().configure(budget=10 * PRICE)
    server.held, server.states = HELD, ["queued"] * 9
    with pytest.raises(TooExpensive, match=r"\$0\.10"):
        qwave.generate("a cat")
    assert server.tasks["task-1"]["states"] == ["cancelled"]
    assert default().spent_usd == 0.0


def test_budget_holds_after_what_could_not_be_cancelled(ours, server):
    default().configure(budget=10 * PRICE)
    server.held, server.cost, server.states = HELD, HELD, ["processing", "completed"]
    job = qwave.submit("a cat")
    assert job.result(WAIT)
    assert "too late" in str(job.snapshot.notices[-1])
    assert default().spent_usd == 0.1
    with pytest.raises(TooExpensive):
        qwave.generate("a dog")
    assert len(server.tasks) == 1


@pytest.mark.parametrize("states", [["completed"], ["processing", "completed"]], ids=["held answer", "under way"])
def test_batch_orders_no_further_rows_once_one_is_too_dear(ours, server, states):
    server.held, server.cost, server.states = HELD, HELD, states
    batch = qwave.batch([f"cat {place}" for place in range(5)], max_cost=0.05, concurrency=1)
    outcomes = batch.results()
    assert len(server.tasks) == 1
    assert outcomes[0].gallery
    assert "too late" in str(outcomes[0].job.snapshot.notices[-1])
    assert [type(outcome.error) for outcome in outcomes[1:]] == [TooExpensive] * 4
    assert "row 1" in str(outcomes[1].error)


def test_batch_looks_at_the_charge_where_nothing_was_held(ours, server):
    server.held, server.cost, server.states = None, HELD, ["queued", "completed"]
    batch = qwave.batch([f"cat {place}" for place in range(3)], max_cost=0.05, concurrency=1)
    outcomes = batch.results()
    assert len(server.tasks) == 1
    assert "$0.10" in str(outcomes[0].job.snapshot.notices[-1])
    assert [type(outcome.error) for outcome in outcomes[1:]] == [TooExpensive] * 2


def test_batch_asks_a_generator_for_no_further_rows(ours, server):
    server.held, server.cost, server.states = HELD, HELD, ["completed"]
    asked = []

    def rows():
        while True:
            asked.append(1)
            yield f"cat {len(asked)}"

    batch = qwave.batch(rows(), max_cost=0.05, concurrency=1)
    with pytest.raises(TooExpensive, match="row 1"):
        batch.results()
    assert len(server.tasks) == 1
    assert len(asked) <= 2
    assert [bool(outcome.gallery) for outcome in batch.outcomes] == [True]


def test_sweep_limit_holds_for_all_its_requests_together(ours, server):
    quota = 3188
    server.held = server.cost = 2 * quota
    server.states = ["processing", "completed"]
    plan = default().plan_sweep("a cat", ["seed=1..3"])
    run = default().prepare_sweep(plan, max_cost=3.1 * PRICE, concurrency=1).start()
    run.result()
    outcomes = run.batch.outcomes
    assert len(server.tasks) == 2
    assert "too late" in str(outcomes[1].job.snapshot.notices[-1])
    assert isinstance(outcomes[2].error, TooExpensive)


def test_sweep_is_reserved_as_a_whole_until_it_ends(ours, server):
    default().configure(budget=4.5 * PRICE)
    gate = threading.Event()
    server.before["submit"] = lambda: gate.wait(WAIT)
    run = default().prepare_sweep(default().plan_sweep("a cat", ["seed=1..4"]), concurrency=1).start()
    with pytest.raises(TooExpensive):
        qwave.submit("a dog")
    server.failure, server.states = None, ["queued", "failed"]
    gate.set()
    run.result()
    assert default().spent_usd == 0.0
    server.states = ["completed"]
    assert qwave.generate("a dog")


def left_open(bench, server, monkeypatch, *, states, prompt="a cat"):
    """A job that another process gave up waiting for."""
    server.states = ["queued"] * 900
    job = Job(api.build(prompt), replace(bench, timeout=30)).start()
    with pytest.raises(WaitTimeout):
        job.result(WAIT)
    server.tasks[job.task_id]["states"] = states
    replace_default(monkeypatch, default().context())


def test_resumed_job_counts(ours, server, monkeypatch):
    left_open(ours, server, monkeypatch, states=["processing", "completed"])
    default().configure(budget=1.5 * PRICE)
    (job,) = qwave.resume()
    assert job.result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)
    with pytest.raises(TooExpensive):
        qwave.submit("a dog")


def test_resumed_job_of_this_process_counts_once(ours, server):
    server.states = ["queued"] * 900
    with pytest.raises(WaitTimeout):
        default().start(api.build("a cat"), timeout=30).result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)
    server.tasks["task-1"]["states"] = ["completed"]
    (job,) = qwave.resume()
    assert default().spent_usd == pytest.approx(3187 / 500_000)
    assert job.result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)


@pytest.mark.parametrize("times", [1, 3])
def test_order_that_cannot_be_resumed_counts_on(ours, server, times):
    server.faults["submit"] = [503] * 90
    with pytest.raises(QwaveError) as caught:
        default().start(api.build("a cat")).result(WAIT)
    assert caught.value.fields["outcome_unknown"]
    assert default().spent_usd == pytest.approx(PRICE)
    folder = default().context().save_dir
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    for _ in range(times):
        (job,) = qwave.resume()
        assert job.error.code == "resume_folder"
        assert default().spent_usd == pytest.approx(PRICE)
    folder.unlink()
    server.faults.clear()
    (job,) = qwave.resume()
    assert job.result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)


@pytest.mark.parametrize("times", [1, 3])
def test_resumed_job_that_was_charged_counts_once(ours, server, times):
    server.images = [503]
    with pytest.raises(DownloadFailed):
        default().start(api.build("a cat")).result(WAIT)
    for _ in range(times):
        assert default().spent_usd == pytest.approx(3187 / 500_000)
        (job,) = qwave.resume()
        with pytest.raises(DownloadFailed):
            job.result(WAIT)
    server.images = [plain()]
    (job,) = qwave.resume()
    assert job.result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)


def test_resumed_job_counts_what_it_was_charged(ours, server, monkeypatch):
    server.held, server.images = HELD, [503]
    with pytest.raises(DownloadFailed):
        default().start(api.build("a cat")).result(WAIT)
    replace_default(monkeypatch, default().context())
    server.cost = None
    (job,) = qwave.resume()
    with pytest.raises(DownloadFailed):
        job.result(WAIT)
    assert default().spent_usd == pytest.approx(3187 / 500_000)


def test_resumed_job_that_is_too_dear_is_cancelled_while_queued(ours, server, monkeypatch):
    server.held = HELD
    left_open(ours, server, monkeypatch, states=["queued"] * 9)
    default().configure(max_cost=0.05)
    (job,) = qwave.resume()
    with pytest.raises(TooExpensive):
        job.result(WAIT)
    assert server.tasks["task-1"]["states"] == ["cancelled"]
    assert default().spent_usd == 0.0


def test_resumed_job_that_is_too_dear_is_fetched_once_it_is_made(ours, server, monkeypatch):
    server.held = server.cost = HELD
    left_open(ours, server, monkeypatch, states=["completed"])
    default().configure(max_cost=0.05, budget=0.05)
    (job,) = qwave.resume()
    assert job.result(WAIT)
    assert "$0.05" in str(job.snapshot.notices[-1])


def test_batch_limits_and_counts_rows_that_it_picks_up(ours, server, monkeypatch):
    server.held = HELD
    left_open(ours, server, monkeypatch, states=["queued"] * 9)
    (outcome,) = qwave.batch(["a cat"], max_cost=0.05).results()
    assert isinstance(outcome.error, TooExpensive)
    assert len(server.tasks) == 1
    left_open(ours, server, monkeypatch, states=["completed"], prompt="a dog")
    (outcome,) = qwave.batch(["a dog"], max_cost=0.2).results()
    assert outcome.gallery
    assert default().spent_usd == pytest.approx(3187 / 500_000)
    assert len(server.tasks) == 2


def test_rows_of_an_executor_count_from_the_moment_they_are_handed_over(ours, server):
    default().configure(budget=2.5 * PRICE)
    gate = threading.Event()
    server.before["submit"] = lambda: gate.wait(WAIT)
    with ThreadPoolExecutor(8) as executor:
        batch = qwave.batch([f"cat {place}" for place in range(2)], executor=executor)
        with pytest.raises(TooExpensive):
            qwave.submit("a dog")
        gate.set()
        batch.results()
    assert default().spent_usd == pytest.approx(2 * 3187 / 500_000)


def test_order_that_breaks_before_it_is_sent_gives_its_place_back(ours, monkeypatch):
    default().configure(budget=1.5 * PRICE)

    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(Job, "start", broken)
    with pytest.raises(MemoryError):
        qwave.submit("a cat")
    assert default().spent_usd == 0.0


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -50_000])
def test_odd_costs_of_the_server_count_as_expected_and_are_said(ours, server, odd):
    default().configure(budget=1.5 * PRICE)
    server.held = server.cost = odd
    job = qwave.submit("a cat", max_cost=1.0)
    assert job.result(WAIT)
    assert any("no amount" in str(notice) for notice in job.snapshot.notices)
    assert default().spent_usd == pytest.approx(PRICE)
    with pytest.raises(TooExpensive):
        qwave.submit("a dog")
