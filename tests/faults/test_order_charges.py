"""What a job says of its cost, whatever is answered to its order, its questions and its cancel."""

from __future__ import annotations

import json
import re
import time

import pytest

from qwave_jupyter.budget import Budget
from qwave_jupyter.errors import QwaveError
from qwave_jupyter.jobs.job import resume
from tests.faults.order_server import COST, OrderServer
from tests.faults.order_site import WITH_KEY, order_site
from tests.waiting import PATIENCE

BODY = json.dumps({"error": {"code": "", "message": "no"}}).encode()
FREE = re.compile("nothing was charged|was refunded|went back", re.IGNORECASE)


def failure(job):
    with pytest.raises(QwaveError) as caught:
        job.result(PATIENCE)
    return caught.value


def counted_for(job):
    budget = Budget()
    job.count_in(budget)
    return budget.spent_usd


def until_queued(job):
    ends = time.monotonic() + PATIENCE
    while not job.task_id:
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.fixture
def server():
    with OrderServer(state="queued", june=True) as made:
        yield made


@pytest.fixture
def site(server, tmp_path):
    with order_site(server, tmp_path, WITH_KEY) as made:
        yield made


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 422, 426, 451])
def test_refused_question_says_that_the_task_goes_on(server, site, status):
    server.status_answer = (status, {"error": {"code": "", "message": "no"}})
    error = failure(site.job().start())
    assert not FREE.search(str(error))
    assert "$0.0064 is held for it and may be charged" in str(error)
    assert site.states == ["running"]
    server.status_answer = None
    server.tasks["task-1"]["state"] = "completed"
    (job,) = resume(site.bench)
    assert len(job.result(PATIENCE)) == 1


@pytest.mark.parametrize(
    ("more", "says", "counted"),
    [
        ({"cost": COST, "billing_status": "settled"}, "$0.0064 was charged.", 0.006374),
        ({"cost": 0}, "Nothing was charged.", 0.0),
        ({"billing_status": "settled"}, "so it was charged", 0.006374),
        ({"billing_status": "refunded"}, "it was refunded", 0.0),
        ({}, "didn't say whether it was charged", 0.0),
    ],
)
def test_failed_task_says_what_the_server_says(server, site, more, says, counted):
    server.state = "failed"
    original = server.order

    def order(key):
        name = original(key)
        server.tasks[name]["more"] = more
        return name

    server.order = order
    job = site.job().start()
    assert says in str(failure(job))
    assert counted_for(job) == pytest.approx(counted)


@pytest.mark.parametrize(
    ("answer", "stopped", "says", "counted"),
    [
        ({"refunded": True, "refunded_quota": COST}, "refunded", "$0.0064 was refunded.", 0.0),
        ({"refunded": True}, "refunded", "went back, the server says", 0.0),
        ({"refunded": True, "refunded_quota": 1000}, "cancelled", "Of $0.0064 that was held, $0.0020", 0.004374),
        ({"refunded": False}, "cancelled", "$0.00 was refunded", 0.006374),
        ({"refunded": False, "refunded_quota": 0}, "cancelled", "$0.00 was refunded", 0.006374),
        ({}, "cancelled", "didn't say whether what was held went back", 0.006374),
    ],
)
def test_cancel_says_what_went_back(server, site, answer, stopped, says, counted):
    server.cancel_answer = (200, {"task_id": "task-1", "status": "cancelled", **answer})
    job = site.job().start()
    until_queued(job)
    assert job.cancel().stopped == stopped
    assert says in str(job.error)
    assert counted_for(job) == pytest.approx(counted)
    assert site.states == ["cancelled"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((status, "") for status in (400, 401, 402, 403, 404, 405, 409, 422, 451)),
        *((400, code) for code in ("authentication_error", "quota_not_enough", "task_not_exist", "server_error")),
    ],
)
def test_refused_cancel_says_that_the_task_goes_on(server, site, status, code):
    server.cancel_answer = (status, {"error": {"code": code, "message": "no"}})
    job = site.job().start()
    until_queued(job)
    assert job.cancel().stopped == "unknown"
    assert not FREE.search(str(job.error))
    assert "may be charged" in str(job.error)
    assert "%qwave resume" in str(job.error)
    assert site.states == ["running"]


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("processing", None),
        ("processing", (400, {"error": {"code": "", "message": "no"}})),
        ("completed", (422, {"error": {"code": "late", "message": "no"}})),
        ("queued", (400, {"error": {"code": "task_not_cancellable", "message": "no"}})),
    ],
)
def test_late_cancel_keeps_the_task(server, site, state, answer):
    server.cancel_answer = answer
    server.before_cancel = lambda: server.tasks["task-1"].update(state=state)
    job = site.job().start()
    until_queued(job)
    assert job.cancel().stopped == "kept"
    assert "too late" in str(job.error)
    assert not FREE.search(str(job.error))


@pytest.mark.parametrize("cost", [0, 10 * COST])
def test_cost_of_a_queued_task_is_no_charge(server, site, cost):
    order = server.order

    def order_with_cost(key):
        name = order(key)
        server.tasks[name]["more"] = {"cost": cost}
        return name

    server.order = order_with_cost
    job = site.job().start()
    until_queued(job)
    assert job.cancel().stopped == "refunded"
    assert "$0.0064 was refunded." in str(job.error)
    assert counted_for(job) == 0.0
    assert (site.entries[0].cost_quota, site.entries[0].refunded_quota) == (0, COST)


@pytest.mark.parametrize(
    ("more", "stopped", "says", "counted"),
    [
        ({"cost": 0}, "refunded", "Nothing was charged.", 0.0),
        ({"cost": COST}, "cancelled", "$0.0064 was charged.", 0.006374),
        ({}, "cancelled", "didn't say whether what was held went back", 0.006374),
        ({"cost": 0, "billing_status": "refund_pending"}, "cancelled", "refund is pending", 0.006374),
    ],
)
def test_cancel_of_a_cancelled_task_is_not_too_late(server, site, more, stopped, says, counted):
    job = site.job().start()
    until_queued(job)
    server.before_cancel = lambda: server.tasks["task-1"].update(state="cancelled", more=more)
    assert job.cancel().stopped == stopped
    assert "too late" not in str(job.error)
    assert says in str(job.error)
    assert counted_for(job) == pytest.approx(counted)
    assert site.states == ["cancelled"]


def test_cancel_of_a_failed_task_keeps_nothing(server, site):
    job = site.job().start()
    until_queued(job)
    server.before_cancel = lambda: server.tasks["task-1"].update(state="failed", more={"cost": 0})
    assert job.cancel().stopped == "unknown"
    assert "%qwave resume" in str(job.error)
    assert "kept" not in str(job.error)


@pytest.mark.parametrize("billing", ["settlement_pending", "pricing_pending", "reserved"])
def test_cost_that_is_not_settled_counts_as_held(server, site, billing):
    server.more_when_made = {"cost": 0, "billing_status": billing}
    server.state = "completed"
    job = site.job().start()
    assert len(job.result(PATIENCE)) == 1
    assert job.snapshot.cost_usd is None
    assert counted_for(job) == pytest.approx(0.006374)
    assert site.entries[0].cost_quota is None
    (row,) = site.bench.journal.costs()
    assert (row.held_quota, row.settled_quota) == (COST, 0)


@pytest.mark.parametrize("more", [{"cost": None}, {"cost": "?"}, {"cost": 0, "billing_status": "settlement_pending"}])
def test_known_cost_is_not_lost_where_a_later_answer_names_none(server, site, more):
    server.state, server.broken_files = "completed", True
    failure(site.job().start())
    assert site.entries[0].cost_quota == COST
    server.more_when_made, server.broken_files = more, False
    (job,) = resume(site.bench)
    (image,) = job.result(PATIENCE)
    assert image.cost_usd == job.snapshot.cost_usd == pytest.approx(0.006374)
    assert counted_for(job) == pytest.approx(0.006374)
    assert site.entries[0].cost_quota == COST


@pytest.mark.parametrize(
    ("more", "cost"),
    [({"cost": 1000}, 1000), ({"cost": 0}, 0), ({"cost": None, "billing_status": "refunded"}, 0)],
)
def test_cost_that_a_later_answer_names_replaces_a_known_one(server, site, more, cost):
    server.state, server.broken_files = "completed", True
    failure(site.job().start())
    server.more_when_made, server.broken_files = more, False
    (job,) = resume(site.bench)
    (image,) = job.result(PATIENCE)
    assert image.cost_usd == job.snapshot.cost_usd == pytest.approx(cost / 500_000)
    assert counted_for(job) == pytest.approx(cost / 500_000)
    assert site.entries[0].cost_quota == cost


def test_known_cost_is_not_lost_where_the_task_is_not_listed_any_more(server, site):
    server.state, server.broken_files = "completed", True
    failure(site.job().start())
    server.status_answer, server.broken_files = (404, {}), False
    (job,) = resume(site.bench)
    assert len(job.result(PATIENCE)) == 1
    assert job.snapshot.cost_usd == pytest.approx(0.006374)
    assert site.entries[0].cost_quota == COST


def test_dear_hold_that_is_not_refunded_says_so(server, site):
    server.cancel_answer = (200, {"task_id": "task-1", "status": "cancelled", "refunded": False})
    job = site.job(max_cost=0.001).start()
    error = failure(job)
    assert "Of $0.0064 that was held, $0.00 was refunded" in str(error)
    assert counted_for(job) == pytest.approx(0.006374)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"cost": 0}, "Nothing was charged."),
        ({"cost": COST}, "$0.0064 was charged."),
        ({}, "didn't say whether what was held went back"),
    ],
)
def test_task_cancelled_elsewhere_says_what_the_server_says(server, site, more, says):
    job = site.job().start()
    until_queued(job)
    server.tasks["task-1"].update(state="cancelled", more=more)
    assert job.wait(PATIENCE)
    assert says in str(job.error)
