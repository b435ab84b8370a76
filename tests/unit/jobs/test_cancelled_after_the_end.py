"""Whoever cancels a job that has ended is told how it ended, and nothing of a cancel that never was."""

from __future__ import annotations

import threading

import pytest

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import AuthenticationFailed, Cancelled, TaskFailed
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job
from tests.waiting import PATIENCE, wait_until

FAILURE = {"code": "task_failed", "message": "[task_failed] no paint left"}


def ended_job(kind, bench, server, submit):
    if kind == "failed":
        server.states, server.failure = ["queued", "failed"], FAILURE
    elif kind == "refused":
        server.faults["submit"] = [[400, {"error": {"message": "no such size"}}]]
    elif kind == "links dead":
        server.images = [410]
    else:
        server.states = ["processing"] * 10_000
    job = submit()
    assert job.wait(PATIENCE)
    return job


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("failed", "no paint left"),
        ("refused", "no such size"),
        ("links dead", "no longer works"),
        ("timeout", "The task goes on"),
    ],
)
def test_cancel_of_an_ended_job_names_its_end(bench, server, submit, kind, reason):
    job = ended_job(kind, bench, server, submit)
    error = job.cancel_and_describe()
    assert isinstance(error, Cancelled)
    assert error.code == "cancelled_ended"
    assert reason in str(error)
    assert str(job.error) in str(error)
    assert "confirm" not in str(error)


def test_cancel_of_a_done_job(submit):
    job = submit()
    job.result(PATIENCE)
    assert job.cancel_and_describe().code == "cancelled_done"


@pytest.mark.parametrize("stopped", ["refunded", "kept", "unknown"])
def test_cancel_twice_says_the_same(server, submit, stopped):
    server.states = ["queued"] * 900 if stopped != "kept" else ["processing"] * 900
    if stopped == "unknown":
        server.cancel_answer = lambda _: (503, {})
    job = submit()
    while not job.task_id:
        pass
    first = job.cancel_and_describe()
    assert first.fields["outcome"] == stopped
    assert str(job.cancel_and_describe()) == str(first)


def test_interrupt_as_the_job_fails(bench, server, submit, monkeypatch):
    """⏹ in the moment in which the failure arrives."""
    job = ended_job("failed", bench, server, submit)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "wait", interrupted)
    with pytest.raises(Cancelled, match="no paint left"):
        job.result()
    monkeypatch.undo()
    with pytest.raises(TaskFailed, match="no paint left"):
        job.result(PATIENCE)


@pytest.mark.parametrize("status", [400, 402, 501])
def test_cancel_while_the_order_is_being_refused(bench, submit, server, status):
    arrived, refused = threading.Event(), threading.Event()
    server.faults["submit"] = [status]
    server.before["submit"] = lambda: (arrived.set(), refused.wait(PATIENCE))
    job = submit()
    assert arrived.wait(PATIENCE)
    job.cancel(wait=False)
    refused.set()
    assert job.wait(PATIENCE)
    assert "The order was refused, so nothing was charged" in str(job.error)
    wait_until(lambda: not bench.journal.lock(job.id).is_held())
    assert bench.journal.find(job.id)[0].state == "refused"
    assert bench.journal.costs() == ()


def test_refund_counts_where_the_job_ends_while_it_is_cancelled(bench, asked, server, monkeypatch):
    server.states = ["queued"]
    asking, cancelling, budget = threading.Event(), threading.Event(), Budget()

    def refuse(*_, **__):
        asking.set()
        cancelling.wait(PATIENCE)
        raise AuthenticationFailed("api.authentication", status=401)

    monkeypatch.setattr(bench.client, "task", refuse)
    job = Job(asked(), bench, limits=Limits(budget))
    server.before["cancel"] = lambda: (cancelling.set(), job.wait(PATIENCE))
    job.start()
    # A job that is not asking for its task yet leaves it at that once it is cancelled.
    assert asking.wait(PATIENCE)
    job.cancel(wait=False)
    assert job.wait(PATIENCE)
    assert isinstance(job.error, AuthenticationFailed)
    wait_until(lambda: budget.spent_usd == 0)
    assert bench.journal.find(job.id)[0].state == "cancelled"
