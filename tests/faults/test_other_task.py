"""Answers about another task than the job's: they neither end, charge nor cancel it, and their images are left."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.errors import QwaveError, WaitTimeout
from qwave_jupyter.jobs.job import resume
from tests.faults.order_server import COST, OrderServer
from tests.faults.order_site import WITH_KEY, order_site
from tests.waiting import PATIENCE

OTHER = "task-of-somebody-else"


@pytest.fixture
def server():
    with OrderServer(state="queued", june=True) as made:
        yield made


@pytest.fixture
def site(server, tmp_path):
    with order_site(server, tmp_path, WITH_KEY, timeout=60.0) as made:
        yield made


def answers_about(server, **more):
    server.status_answer = (200, {"task_id": OTHER, "cost": 100 * COST, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"status": "completed", "result": {"images": [{"url": ["https://cdn.example.com/1.png"]}]}},
        {"status": "failed", "error": {"code": "task_failed", "message": "no"}},
        {"status": "cancelled", "billing_status": "settled"},
    ],
    ids=lambda more: more["status"],
)
def test_status_of_another_task_ends_nothing(server, site, more):
    answers_about(server, **more)
    job = site.job().start()
    with pytest.raises(WaitTimeout) as caught:
        job.result(PATIENCE)
    assert "The task goes on" in str(caught.value)
    assert (job.task_id, job.snapshot.cost_usd, job.gallery) == ("task-1", None, None)
    assert (site.states, site.entries[0].cost_quota) == (["running"], None)
    server.status_answer = None
    server.tasks["task-1"]["state"] = "completed"
    (again,) = resume(site.bench)
    assert len(again.result(PATIENCE)) == 1
    assert site.entries[0].cost_quota == COST


def test_cancel_of_another_task_is_not_believed(server, site):
    server.cancel_answer = (200, {"task_id": OTHER, "status": "cancelled", "refunded": True, "refunded_quota": COST})
    job = site.job(max_cost=0.001).start()
    assert job.wait(PATIENCE)
    assert job.snapshot.stopped not in {"refunded", "cancelled"}
    assert site.states == ["running"]
    assert site.entries[0].refunded_quota is None


def test_order_answered_with_another_orders_task_is_repeated(server, site):
    server.state = "completed"
    assert len(site.job().start().result(PATIENCE)) == 1
    server.answers = [(True, 200, json.dumps({"task_id": "task-1", "status": "completed"}).encode())]
    job = site.job("a dog").start()
    assert len(job.result(PATIENCE)) == 1
    assert job.task_id == "task-2"
    assert server.billed == 2


def test_order_answered_with_another_orders_task_is_unknown_without_key(tmp_path):
    with OrderServer(knows_key=False) as server, order_site(server, tmp_path) as site:
        assert len(site.job().start().result(PATIENCE)) == 1
        server.answers = [(True, 200, json.dumps({"task_id": "task-1", "status": "completed"}).encode())]
        with pytest.raises(QwaveError) as caught:
            site.job("a dog").start().result(PATIENCE)
        assert caught.value.fields["outcome_unknown"]
        assert sorted(site.states) == ["done", "submitting"]
        assert (server.billed, len(server.posts)) == (2, 2)
