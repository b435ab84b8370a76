"""What is said about the money of a job that was completed before, when the server can't be asked about it any more."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs import records
from qwave_jupyter.jobs.costs import Limits
from qwave_jupyter.jobs.job import Job, resume
from qwave_jupyter.jobs.snapshot import CancelOutcome
from tests.image_factory import plain
from tests.waiting import PATIENCE, wait_until

COLOURS = [plain(colour=colour) for colour in ("red", "green", "blue")]

#: Answers that say nothing of the task: another key's, no such address, no right, a wrong key, a refused question.
SILENT = [None, 404, 403, 401, 400]


def leave_open(bench, asked, **changes):
    """What a kernel left behind that died while it fetched the images."""
    entry = records.new_entry(asked(), "killed", bench)
    bench.journal.begin(replace(entry, task_id="task-9", submitted=entry.created, **changes))


def message_of(bench):
    (job,) = resume(bench)
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    return str(caught.value), caught.value.fields["charge"].is_charged


@pytest.mark.parametrize("status", SILENT)
def test_charge_that_is_known_is_told(bench, asked, server, status):
    leave_open(bench, asked, state="completed", held_quota=3188, cost_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "$0.0064 was charged" in text
    assert "may be charged" not in text
    assert charged is True


@pytest.mark.parametrize("status", SILENT)
def test_completed_without_a_cost_was_made(bench, asked, server, status):
    leave_open(bench, asked, state="completed", held_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "goes on" not in text
    assert charged is True


@pytest.mark.parametrize("status", SILENT)
def test_running_task_may_be_charged(bench, asked, server, status):
    leave_open(bench, asked, state="running", held_quota=3188)
    server.faults["status"] = [status] * 9 if status else []
    text, charged = message_of(bench)
    assert "$0.0064 is held for it and may be charged" in text
    assert charged is None


def test_what_the_server_says_now_counts(bench, asked, server):
    leave_open(bench, asked, state="completed", held_quota=3188, cost_quota=3188)
    server.tasks["task-9"] = {"states": ["failed"], "made": False, "body": {}}
    text, charged = message_of(bench)
    assert "Nothing was charged" in text
    assert charged is False


def leave_partial(submit, server):
    """A job of three images of which the second couldn't be fetched."""
    server.states, server.images = ["completed"], [COLOURS[0], 404, COLOURS[2]]
    job = submit(n=3)
    assert len(job.result(PATIENCE)) == 2
    server.images = list(COLOURS)


def resume_counted(bench):
    budget = Budget(1.0)
    (job,) = resume(bench, Limits(budget))
    assert job.wait(PATIENCE)
    return job, budget


@pytest.mark.parametrize(
    "says",
    [
        {"status": "failed", "billing_status": "refunded"},
        {"status": "failed", "billing_status": "Refunded"},
        {"status": "cancelled", "billing_status": "refunded"},
    ],
)
def test_refund_after_a_named_cost_is_told(submit, server, bench, says):
    leave_partial(submit, server)
    server.faults["status"] = [[200, {"task_id": "task-1", **says}]] * 99
    job, budget = resume_counted(bench)
    assert "The server says that it was refunded." in str(job.error)
    assert "$" not in str(job.error)
    assert (job.snapshot.cost_usd, budget.spent_usd) == (0.0, 0.0)
    (entry,), (row,) = bench.journal._entries("ORDER BY created"), bench.journal.costs()
    assert (entry.state, entry.cost_quota, row.settled_quota, row.held_quota) == (says["status"], 0, 0, 0)


@pytest.mark.parametrize(
    "says",
    [
        {"status": "failed"},
        {"status": "failed", "billing_status": "refund_pending"},
        {"status": "cancelled", "billing_status": "settled"},
    ],
)
def test_named_cost_stands_until_a_refund(submit, server, bench, says):
    leave_partial(submit, server)
    server.faults["status"] = [[200, {"task_id": "task-1", **says}]] * 99
    job, budget = resume_counted(bench)
    assert len(job.result(PATIENCE)) == 3
    assert job.snapshot.cost_usd == budget.spent_usd == pytest.approx(0.006374)


@pytest.mark.parametrize("fault", [None, 404, 503])
def test_cancel_of_a_resumed_completed_job_keeps_its_images(submit, server, bench, fault):
    leave_partial(submit, server)
    arrived, go_on = threading.Event(), threading.Event()

    def wait():
        arrived.set()
        go_on.wait(PATIENCE)

    server.before["status"] = wait
    server.faults["status"] = [fault] * 9 if fault else []
    budget = Budget(1.0)
    (job,) = resume(bench, Limits(budget))
    assert arrived.wait(PATIENCE)
    error = job.cancel_and_describe()
    go_on.set()
    assert error.fields["outcome"] == CancelOutcome.KEPT
    assert "$0.0064 was charged" in str(error)
    assert "cancel" not in server.seen
    assert job.snapshot.cost_usd == budget.spent_usd == pytest.approx(0.006374)
    assert job._runner.left.wait(PATIENCE)
    server.before, server.faults = {}, {}
    (again,) = resume(bench)
    assert len(again.result(PATIENCE)) == 3


@pytest.fixture
def cost_pending(bench, asked, server):
    """A finished job whose cost the server hadn't settled yet; what the server says of it may be changed."""
    said = {"billing_status": "settlement_pending"}
    true = server._status

    def status(request, path):
        code, answer = true(request, path)
        return code, {**answer, **said}

    server._status = status
    server.images = COLOURS[:2]
    budget = Budget()
    assert Job(asked(n=2), bench, limits=Limits(budget)).start().result(PATIENCE).cost_usd is None
    assert bench.journal.costs()[0].held_quota == server.held
    return said, budget


def settled(bench):
    (costs,) = bench.journal.costs()
    return costs.settled_quota, costs.held_quota


@pytest.mark.parametrize("cost", [2500, 0])
def test_cost_that_was_pending_is_asked_for_at_resume(bench, server, cost_pending, cost):
    said, budget = cost_pending
    said.update(billing_status="settled" if cost else "refunded", cost=cost)
    assert resume(bench, Limits(budget)) == ()
    wait_until(lambda: settled(bench) == (cost, 0))
    wait_until(lambda: budget.spent_usd == pytest.approx(cost / 500_000))
    assert records.history(bench).cost_usd == pytest.approx(cost / 500_000)
    asked = len(server.seen)
    assert resume(bench, Limits(budget)) == ()
    assert (len(server.seen), server.billed) == (asked, 1)


@pytest.mark.parametrize("answer", [404, 401, None])
def test_cost_that_is_still_pending_stays_held(bench, server, cost_pending, answer):
    server.faults["status"] = [answer] if answer else []
    asked = len(server.seen)
    assert resume(bench) == ()
    wait_until(lambda: len(server.seen) > asked)
    assert settled(bench) == (0, server.held)


def test_cost_that_was_never_named_is_not_asked_for(bench, submit, server):
    server.held = server.cost = None
    submit().result(PATIENCE)
    asked = len(server.seen)
    assert resume(bench) == ()
    assert len(server.seen) == asked
