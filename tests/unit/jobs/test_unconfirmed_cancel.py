"""A cancel that got no answer is neither too late nor somebody else's."""

from __future__ import annotations

import pytest

from qwave_jupyter.errors import Cancelled, TooExpensive
from qwave_jupyter.jobs.job import resume
from tests.waiting import PATIENCE, wait_until

ANSWERS = {
    "503": (503, {"error": {"message": "busy"}}),
    "nonsense": (200, {"hello": "world"}),
    "500": (500, {}),
}


@pytest.fixture(params=ANSWERS)
def lost_answer(request, server):
    """The server cancels, and says nothing of it."""
    server.held = 100_000
    server.states = ["queued"] * 900

    def answer(task):
        task["states"] = ["cancelled"]
        return ANSWERS[request.param]

    server.cancel_answer = answer
    return answer


def test_cancel_for_the_limit_that_worked(bench, submit, lost_answer):
    job = submit(max_cost=0.1)
    with pytest.raises(TooExpensive, match=r"reserved \$0\.20.* for this, above .*so it was cancelled") as caught:
        job.result(PATIENCE)
    assert "Nothing was charged" in str(caught.value)
    assert bench.journal.find(job.id)[0].state == "cancelled"
    notices = " ".join(map(str, job.snapshot.notices))
    assert "too late" not in notices
    assert "asked to cancel" in notices


@pytest.mark.parametrize("answer", ANSWERS)
def test_cancel_for_the_limit_that_did_not_work(submit, server, answer):
    server.held = 100_000
    server.states = ["queued", "queued", "processing", "completed"]
    server.cancel_answer = lambda _: ANSWERS[answer]
    job = submit(max_cost=0.1)
    assert job.result(PATIENCE)
    notices = " ".join(map(str, job.snapshot.notices))
    assert "didn't say whether it did" in notices
    assert "too late" not in notices


def test_cancel_for_the_limit_that_is_too_late(submit, server):
    server.held = 100_000
    server.states = ["processing", "completed"]
    job = submit(max_cost=0.1)
    assert job.result(PATIENCE)
    assert "too late to cancel" in " ".join(map(str, job.snapshot.notices))


def test_cancel_that_resume_finds_done(bench, submit, lost_answer):
    first = submit()
    wait_until(lambda: first.task_id)
    assert first.cancel().stopped == "unknown"
    wait_until(bench.journal.abandoned_jobs)
    (job,) = resume(bench)
    with pytest.raises(Cancelled, match="asked to be from here"):
        job.result(PATIENCE)


def test_cancel_by_somebody_else(submit, server):
    server.states = ["queued", "cancelled"]
    with pytest.raises(Cancelled, match="not from here"):
        submit().result(PATIENCE)
