"""A fault of this package in the middle of a job: what was sent stays counted, and what it costs isn't denied."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from qwave_jupyter.batches.batch import Batch
from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import DownloadFailed, GenerationError, TaskFailed, TooExpensive, WaitTimeout
from qwave_jupyter.jobs import runner
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job
from tests.waiting import PATIENCE

PRICE = 0.006375
FAULTS = [MemoryError(), ValueError("bad"), RecursionError("deep")]


def run(bench, asked, budget):
    job = Job(asked(), bench, limits=Limits(budget)).reserve().start()
    with pytest.raises(GenerationError):
        job.result(PATIENCE)
    return job


def failing(fault):
    def fail(*_, **__):
        raise fault

    return fail


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_while_the_answer_is_read(bench, asked, server, monkeypatch, fault):
    monkeypatch.setattr("qwave_jupyter.client.tasks.read_submission", failing(fault))
    budget = Budget(1.0)
    job = run(bench, asked, budget)
    assert len(server.tasks) == 1
    assert budget.spent_usd == pytest.approx(PRICE)
    assert job.error.fields["outcome_unknown"] is True
    assert "Whether it was charged is unknown: $0.0064 is at stake." in str(job.error)
    assert bench.journal.find(job.id)[0].state == "submitting"


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_while_the_task_runs(bench, asked, server, monkeypatch, fault):
    monkeypatch.setattr(runner, "PollScheduler", failing(fault))
    budget = Budget(1.0)
    job = run(bench, asked, budget)
    assert budget.spent_usd == pytest.approx(server.held / 500_000)
    assert "may be charged" in str(job.error)
    assert not job.error.fields.get("outcome_unknown")


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_after_the_end(bench, asked, server, monkeypatch, fault):
    monkeypatch.setattr("qwave_jupyter.jobs.runner.ResultDownloader", failing(fault))
    budget = Budget(1.0)
    job = run(bench, asked, budget)
    assert budget.spent_usd == pytest.approx(server.cost / 500_000)
    assert "$0.0064 was charged." in str(job.error)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_before_the_order(bench, asked, server, monkeypatch, fault):
    monkeypatch.setattr(runner, "find_slug", failing(fault))
    budget = Budget(1.0)
    job = run(bench, asked, budget)
    assert server.seen == []
    assert budget.spent_usd == 0.0
    assert "nothing was charged" in str(job.error)


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (GenerationError("generation.worker_failed", reason="x", outcome_unknown=True), False),
        (WaitTimeout("generation.timeout", seconds=1.0, job_id="", task_id="t"), False),
        (DownloadFailed("generation.cannot_save", folder="/x", reason="full", link="–", task_id=""), False),
        (TaskFailed("generation.failed", message="no", failure="task_failed", task_id="t"), True),
        (TaskFailed("generation.no_images", failure="no_images", task_id="t"), False),
        (TooExpensive("generation.price_unknown", model="m", ceiling_words="$1"), True),
    ],
)
def test_row_of_a_worker_counts_what_it_may_cost(bench, asked, error, free):
    class Executor:
        def submit(self, *_):
            future = Future()
            future.set_result((None, error, None))
            return future

    budget = Budget(1.0)
    (outcome,) = Batch([asked()], bench, executor=Executor(), limits=Limits(budget)).start().results()
    assert outcome.error is error
    assert budget.spent_usd == pytest.approx(0.0 if free else PRICE)


@pytest.mark.parametrize("moment", ["submit", "work"])
@pytest.mark.parametrize("fault", [BrokenProcessPool("killed"), RuntimeError("shut down"), OSError("gone")])
def test_row_of_a_dead_worker(bench, asked, fault, moment):
    class Executor:
        def submit(self, *_):
            if moment == "submit":
                raise fault
            future = Future()
            future.set_exception(fault)
            return future

    budget = Budget(1.0)
    (outcome,) = Batch([asked()], bench, executor=Executor(), limits=Limits(budget)).start().results()
    assert str(fault) in str(outcome.error)
    assert ("before anything was sent" in str(outcome.error)) is (moment == "submit")
    # Nobody knows what a worker had ordered when it died.
    assert budget.spent_usd == pytest.approx(0.0 if moment == "submit" else PRICE)
