"""Whoever cancels a job that has ended is told how it ended, and nothing of a cancel that never was."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import Cancelled, TaskFailed
from qwave_jupyter.jobs.job import Job
from tests.waiting import PATIENCE

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
