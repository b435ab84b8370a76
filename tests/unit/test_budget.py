from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import api
from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.errors import Cancelled, GenerationError, TaskFailed, TooExpensive, UserMistake, WaitTimeout
from qwave_jupyter.jobs.snapshot import Snapshot
from qwave_jupyter.session import default
from tests.waiting import PATIENCE

PRICE = 0.006375


def errors_of(batch):
    return [type(outcome.error) for outcome in batch.results()]


def test_max_cost_refuses_a_row_unsent(ours, server):
    batch = qwave.batch(["a cat", "a dog"], max_cost=PRICE / 2)
    assert errors_of(batch) == [TooExpensive, TooExpensive]
    default().configure(max_cost=PRICE / 2)
    assert errors_of(qwave.batch([api.build("a cat")])) == [TooExpensive]
    assert server.seen == []
    assert errors_of(qwave.batch(["a cat"], max_cost=PRICE)) == [type(None)]


def test_force_keeps_to_max_cost(ours, server):
    with pytest.raises(TooExpensive):
        api.submit("a cat", max_cost=PRICE / 2, force=True)
    plan = default().plan_sweep("a cat", ["seed=1,2"])
    with pytest.raises(TooExpensive):
        default().prepare_sweep(plan, max_cost=PRICE, force=True).start()
    unpriced = replace(api.build("a cat"), estimate_usd=None)
    with pytest.raises(TooExpensive):
        default().start(unpriced, max_cost=1.0)
    assert server.seen == []
    default().start(unpriced, max_cost=1.0, force=True).result(PATIENCE)
    server.held = 600_000
    server.states = ["queued"] * 50
    with pytest.raises(TooExpensive):
        default().start(unpriced, max_cost=1.0, force=True).result(PATIENCE)


def test_budget_counts_concurrent_rows(ours, server):
    default().configure(budget=2.5 * PRICE)
    server.states = ["queued"] * 5 + ["completed"]
    batch = qwave.batch([f"cat {place}" for place in range(8)], concurrency=8)
    assert errors_of(batch).count(TooExpensive) == 6
    assert len(server.tasks) == 2


def test_budget_counts_rows_of_an_executor(ours, server):
    default().configure(budget=2.5 * PRICE)
    gate = threading.Event()
    server.before["status"] = lambda: gate.wait(PATIENCE)
    with ThreadPoolExecutor(8) as executor:
        batch = qwave.batch([f"cat {place}" for place in range(8)], concurrency=8, executor=executor)
        gate.set()
        assert errors_of(batch).count(TooExpensive) == 6


def test_batches_do_not_deadlock(ours, asked):
    meeting = threading.Barrier(2)
    batches = []

    def row():
        meeting.wait(PATIENCE)
        [batch.outcomes for batch in batches]
        return asked()

    batches += [Batch([row], ours), Batch([row], ours)]
    threads = [threading.Thread(target=batch.start, daemon=True) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert all(batch.results()[0].gallery for batch in batches)


def test_batch_row_that_raises_is_an_outcome(ours, asked):
    def broken():
        raise ZeroDivisionError

    batch = Batch([asked("a cat"), broken, asked("a dog")], ours, concurrency=1).start()
    assert errors_of(batch) == [type(None), UserMistake, type(None)]
    assert "row 2" in str(batch.errors[1])


def test_batch_on_a_shut_executor(ours, asked):
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    assert errors_of(Batch([asked(), asked()], ours, executor=executor).start()) == [GenerationError] * 2


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ({"cost_usd": 0.5}, 0.5),
        ({"phase": "timeout", "task_id": "t", "error": WaitTimeout("generation.timeout")}, PRICE),
        ({"phase": "timeout", "task_id": "t", "held_usd": 0.2, "error": WaitTimeout("generation.timeout")}, 0.2),
        ({"phase": "timeout", "error": WaitTimeout("generation.timeout_unsubmitted")}, PRICE),
        ({"phase": "failed", "task_id": "t", "error": TaskFailed("generation.failed", failure="x")}, 0.0),
        ({"phase": "failed", "task_id": "t", "error": TaskFailed("generation.no", failure="no_images")}, PRICE),
        ({"phase": "failed", "error": GenerationError("generation.x")}, 0.0),
        ({"phase": "failed", "error": GenerationError("generation.x", outcome_unknown=True)}, PRICE),
        ({"phase": "cancelled", "stopped": "kept", "error": Cancelled("generation.x")}, PRICE),
        ({"phase": "cancelled", "stopped": "unknown", "error": Cancelled("generation.x")}, PRICE),
        ({"phase": "cancelled", "stopped": "refunded", "held_usd": 0.2, "error": Cancelled("generation.x")}, 0.0),
        ({"phase": "cancelled", "stopped": "unsent", "error": Cancelled("generation.x")}, 0.0),
        ({"phase": "done", "reused": True}, 0.0),
    ],
)
def test_spent_counts_all_but_free_endings(ours, submit, changes, counted):
    job = submit()
    job.result(PATIENCE)
    job._runner.snapshot = Snapshot(job.id, job.request, **changes)
    default().register(job)
    assert default().spent_usd == pytest.approx(counted)


def test_spent_counts_unpriced_rows_as_expected(ours, server):
    server.cost = None
    with ThreadPoolExecutor(1) as executor:
        assert errors_of(qwave.batch(["a cat"], executor=executor)) == [type(None)]
        server.states = ["failed"]
        assert errors_of(qwave.batch(["a dog"], executor=executor)) == [TaskFailed]
    assert default().spent_usd == pytest.approx(PRICE)
