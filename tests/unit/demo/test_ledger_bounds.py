"""How many tasks the demo holds: unfinished ones are bounded by a refusal, finished ones by what is forgotten."""

from __future__ import annotations

import json

import pytest

from qwave_jupyter.demo import ledger
from tests.unit.demo.demo_app import BODY, Demo

IMAGE = {"model": "gpt-image-2", "prompt": "a cat"}
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "create_task", "arguments": {"model": "gpt-image-2", "input": {"prompt": "a cat"}}},
}


@pytest.fixture
def few(monkeypatch):
    """Small bounds."""
    monkeypatch.setattr(ledger, "MAX_UNFINISHED_TASKS", 3)
    monkeypatch.setattr(ledger, "MAX_FINISHED_TASKS", 4)
    monkeypatch.setattr(ledger, "MAX_TASKS", 10)


def status_of(demo, task_id):
    return demo.json("GET", f"/v1/tasks/{task_id}")[0]


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/tasks", BODY), ("/tasks", BODY), ("/v1/images/generations", IMAGE), ("/v1/tasks/sync", BODY)],
)
def test_unfinished_tasks_are_bounded(few, edition, path, body):
    if (edition, path) == ("2026-09", "/v1/tasks/sync"):
        path = "/v1/tasks/"
    demo = Demo(edition)
    for _ in range(3):
        demo.create_task()
    before = demo.app.ledger.balance(), demo.counts()["tasks"]
    answer = demo.ask("POST", path, body)
    told = json.loads(answer.body)["error"]
    assert (answer.status, told["code"]) == (429, "rate_limit_error")
    assert "3 at most" in told["message"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (demo.app.ledger.balance(), demo.counts()["tasks"]) == before
    demo.finish()
    assert demo.ask("POST", path, body).status == 200


def test_unfinished_tasks_are_bounded_for_tools(few):
    demo = Demo("2026-09")
    for _ in range(3):
        demo.create_task()
    result = demo.json("POST", "/v1/mcp", CALL)[1]["result"]
    assert result["isError"] is True
    assert result["structuredContent"]["error"]["code"] == "rate_limit_error"
    demo.finish()
    assert demo.json("POST", "/v1/mcp", CALL)[1]["result"]["isError"] is False


def test_known_key_is_answered_where_no_more_fit(few):
    demo = Demo()
    first = [demo.create_task(idempotency_key=key) for key in "abc"]
    assert [demo.create_task(idempotency_key=key) for key in "abc"] == first
    assert demo.submit(idempotency_key="d").status == 429


def test_cancelled_task_makes_room(few):
    demo = Demo()
    first = [demo.create_task() for _ in range(3)]
    for task_id in first:
        assert demo.submit().status == 429
        assert demo.json("POST", f"/v1/tasks/{task_id}/cancel", {})[0] == 200
        assert demo.submit().status == 200
    assert demo.counts()["billed"] == 3


def test_refused_submit_uses_no_fault(few):
    demo = Demo()
    for _ in range(3):
        demo.create_task()
    demo.app.change(fail="task_failed:1")
    assert [demo.submit().status for _ in range(3)] == [429] * 3
    assert demo.counts()["faults_left"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {**IMAGE, "prompt": "x" * 1000},
        {**IMAGE, "action": "edit", "image_urls": ["data:image/png;base64," + "A" * 1000]},
        {**IMAGE, "action": "edit", "image_urls": ["https://images.example/" + "a" * 1000]},
    ],
    ids=["prompt", "image", "address"],
)
def test_unfinished_characters_are_bounded(monkeypatch, body):
    monkeypatch.setattr(ledger, "_MAX_UNFINISHED_CHARACTERS", 2500)
    demo = Demo()
    assert [demo.submit(body).status for _ in range(4)] == [200, 200, 200, 429]
    assert "characters" in demo.json("POST", "/v1/tasks", body)[1]["error"]["message"]
    demo.finish()
    assert demo.submit(body).status == 200


def test_oldest_finished_tasks_are_forgotten(few):
    demo = Demo()
    ids = []
    for number in range(25):
        ids.append(demo.create_task(idempotency_key=str(number)))
        demo.finish()
    assert list(demo.app.tasks) == ids[-10:]
    assert [status_of(demo, one) for one in ids] == [404] * 15 + [200] * 10
    assert len(demo.app.ledger._by_key) == 10


def test_forgotten_tasks_stay_paid(few):
    # Three kinds of ends: charged, failed and cancelled.
    demo = Demo()
    for number in range(30):
        if number % 3 == 1:
            demo.app.change(fail="task_failed:1")
        task_id = demo.create_task()
        if number % 3 == 2:
            demo.json("POST", f"/v1/tasks/{task_id}/cancel", {})
        demo.finish()
    counts = demo.counts()
    assert (counts["tasks"], counts["billed"]) == (30, 10)
    used = demo.json("GET", "/v1/dashboard/billing/balance")[1]["total_used_usd"]
    assert used == pytest.approx(counts["billed_quota"] / ledger.QUOTA_PER_USD)
    assert used == pytest.approx(10 * 0.006376, abs=1e-4)


def test_unfinished_tasks_are_never_forgotten(few, monkeypatch):
    monkeypatch.setattr(ledger, "MAX_TASKS", 2)
    demo = Demo(latency=100.0)
    slow = [demo.create_task() for _ in range(2)]
    demo.app.change(latency=1.0)
    for _ in range(10):
        demo.create_task()
        demo.clock.advance(5)
    assert [status_of(demo, one) for one in slow] == [200, 200]


@pytest.mark.parametrize("count", [1001, 5000, 60_000])
def test_faults_are_bounded(count):
    demo = Demo()
    status, told = demo.json("POST", "/demo/faults", [{}] * count)
    assert (status, told["error"]["code"]) == (400, "invalid_request")
    assert str(count) in told["error"]["message"]
    assert demo.app.faults.pending() == ()
