"""The protocol without sockets: holds, cancels, billing, rate limit, models, idempotency keys and restarts."""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from qwave_jupyter import catalog
from qwave_jupyter.demo import painter
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.ledger import MAX_FINISHED_TASKS, TaskStore
from tests.unit.demo.demo_app import BODY, Demo

HELD = 3188


def test_hold_until_task_ends():
    demo = Demo()
    answer = demo.submit(prefer="wait=30")
    hold = answer.hold
    assert hold.until - demo.clock.now() == 30
    assert not hold.is_over()
    demo.clock.advance(20)
    assert hold.is_over()
    told = json.loads(hold.make_response().body)
    assert (told["status"], told["cost"], len(told["result"]["images"])) == ("completed", HELD, 1)


def test_hold_timeout_has_state_and_cost():
    demo = Demo(latency=100)
    answer = demo.submit(prefer="respond-async, wait=30")
    demo.clock.advance(30)
    assert not answer.hold.is_over()
    told = json.loads(answer.hold.make_response().body)
    assert (told["status"], told["pre_consumed_cost"], "result" in told) == ("processing", HELD, False)


def test_hold_duration_from_prefer_header():
    seconds = {"wait=600": 60, "Wait = 7": 7, "wait=0": 0, "handling=lenient": 0}
    found = {}
    for header in seconds:
        demo = Demo()
        hold = demo.submit(prefer=header).hold
        found[header] = hold.until - demo.clock.now() if hold else 0
    assert found == seconds


def test_hold_ends_with_cancel():
    demo = Demo()
    answer = demo.submit(prefer="wait=60")
    task = json.loads(answer.body)["task_id"]
    demo.ask("POST", f"/v1/tasks/{task}/cancel")
    assert answer.hold.is_over()
    assert json.loads(answer.hold.make_response().body)["status"] == "cancelled"


def test_hold_of_repeated_submit():
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    demo.finish()
    held = demo.submit(idempotency_key="one", prefer="wait=5").hold
    assert held.is_over()
    assert json.loads(held.make_response().body)["task_id"] == first


def test_cancel_refunds_only_while_queued():
    demo = Demo()
    task = demo.create_task()
    assert demo.json("GET", "/v1/dashboard/billing/balance")[1]["total_used_usd"] == HELD / 500_000
    cancelled = {"task_id": task, "status": "cancelled", "refunded": True, "refunded_quota": HELD}
    assert demo.json("POST", f"/v1/tasks/{task}/cancel") == (200, cancelled)
    assert demo.json("GET", "/v1/dashboard/billing/balance")[1]["total_used_usd"] == 0
    told = demo.json("GET", f"/v1/tasks/{task}")[1]
    assert (told["status"], told["cost"], told["progress"]) == ("cancelled", 0, 0)
    busy = demo.create_task()
    demo.clock.advance(5)
    status, refusal = demo.json("POST", f"/v1/tasks/{busy}/cancel")
    assert (status, refusal["error"]["code"]) == (400, "task_not_cancellable")


def test_billing_endpoints_have_documented_shapes():
    demo = Demo(balance_usd=5)
    demo.create_task()
    demo.finish()
    used = HELD / 500_000
    balance = demo.json("GET", "/v1/dashboard/billing/balance")[1]
    assert balance.keys() == {
        "object",
        "currency",
        "total_granted_usd",
        "total_used_usd",
        "total_available_usd",
        "as_of",
    }
    assert balance["total_available_usd"] == pytest.approx(5 - used)
    assert demo.json("GET", "/v1/dashboard/billing/usage") == (
        200,
        {"object": "list", "total_usage": pytest.approx(used * 100)},
    )
    subscription = demo.json("GET", "/v1/dashboard/billing/subscription")[1]
    assert subscription["object"] == "billing_subscription"
    assert {subscription[name] for name in ("hard_limit_usd", "soft_limit_usd", "system_hard_limit_usd")} == {5}
    refusal = demo.json("GET", "/v1/dashboard/billing/balance", authorization="Bearer wrong")
    assert refusal == (401, {"error": {"message": "Authentication failed", "type": "authentication_error"}})


def test_submit_beyond_balance_is_rejected():
    demo = Demo(balance_usd=0.01)
    demo.create_task(idempotency_key="one")
    status, refusal = demo.json("POST", "/v1/tasks", BODY, idempotency_key="two")
    assert (status, refusal["error"]["code"]) == (402, "payment_required")
    assert demo.submit(idempotency_key="one").status == 200
    assert demo.counts()["tasks"] == 1


def test_rate_limit_says_how_long_to_wait():
    demo = Demo(rate_limit=3)
    assert [demo.ask("GET", "/v1/models").status for _ in range(4)] == [200, 200, 200, 429]
    answer = demo.ask("GET", "/v1/models")
    assert json.loads(answer.body)["error"]["code"] == "rate_limit_error"
    demo.clock.advance(int(answer.headers["Retry-After"]))
    assert demo.ask("GET", "/v1/models").status == 200
    demo.app.change(rate_limit=0.1)
    demo.clock.advance(20)
    assert [demo.ask("GET", "/v1/models").status for _ in range(2)] == [200, 429]
    demo.clock.advance(10)
    assert demo.ask("GET", "/v1/models").status == 200


def test_links_expire_when_configured():
    demo = Demo(expire_links=60)
    task = demo.create_task()
    demo.clock.advance(30)
    told = demo.json("GET", f"/v1/tasks/{task}")[1]
    assert told["result"]["images"][0]["expires_at"] == pytest.approx(told["completed_at"] + 60, abs=1)
    path = told["result"]["images"][0]["url"][0].removeprefix(demo.app.host)
    assert demo.ask("GET", path).status == 200
    demo.clock.advance(60)
    assert demo.ask("GET", path).status == 410
    demo.app.change(expire_links=None)
    assert demo.ask("GET", path).status == 200


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_models_listed_with_prices(edition):
    demo = Demo(edition)
    entries = demo.json("GET", "/v1/models")[1]["data"]
    assert [entry["id"] for entry in entries] == list(catalog.load(edition).ids())
    for entry in entries:
        assert demo.json("GET", f"/v1/models/{entry['id']}") == (200, entry)
        model = catalog.load(edition).model(entry["id"])
        price = entry["price_config"]
        assert price.get("settle_image_by_usage", False) == bool(model.price.rates)
        if model.price.tiers:
            assert set(price["image_prices"]) == {"default" if tier == "*" else tier for tier in model.price.tiers}
    status, refusal = demo.json("GET", "/v1/models/nobody-knows-it")
    assert (status, refusal["error"]["code"]) == (404, "model_not_found")


def test_edition_chooses_default_dialect():
    new, old = Demo("2026-09"), Demo("2026-04")
    body = {"model": "gpt-image-2", "prompt": "a cat"}
    task = new.create_task(body)
    assert new.json("GET", f"/v1/tasks/{task}")[1]["progress"] == ""
    assert old.json("GET", f"/v1/tasks/{old.create_task(body)}")[1]["progress"] == 0
    new.app.change(dialect="flat")
    assert new.json("GET", f"/v1/tasks/{task}")[1]["progress"] == 0


PROGRESS = [
    ("flat", 0, int, 0, 100),
    ("percent", "", str, "100%", "100%"),
    ("undated", "", str, "", ""),
    ("code-data", None, type(None), None, None),
]


def test_progress_format_by_dialect():
    for dialect, queued, processing, failed, completed in PROGRESS:
        demo = Demo(dialect=dialect, fail="task_failed:1")
        doomed, good = (demo.submit() and list(demo.app.tasks)[-1] for _ in range(2))

        def progress(task, demo=demo):
            body = demo.json("GET", f"/v1/tasks/{task}")[1]
            return body.get("data", body).get("progress")

        assert progress(good) == queued, dialect
        demo.clock.advance(6)
        assert isinstance(progress(good), processing), dialect
        demo.finish()
        assert (progress(doomed), progress(good)) == (failed, completed), dialect


def test_synchronous_submit_in_april_only():
    demo = Demo(latency=5)
    answer = demo.ask("POST", "/v1/tasks/sync", BODY)
    early = json.loads(answer.body)
    assert early["poll_url"] == f"/v1/tasks/{early['task_id']}"
    demo.finish()
    assert isinstance(json.loads(answer.hold.make_response().body)["result"]["images"][0]["url"], str)
    assert Demo("2026-09").ask("POST", "/v1/tasks/sync", BODY).status == 404


def test_idempotency_key_lasts_a_day():
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    demo.clock.advance(24 * 3600 - 1)
    assert demo.create_task(idempotency_key="one") == first
    demo.clock.advance(2)
    assert demo.create_task(idempotency_key="one") != first


def test_idempotency_key_in_every_dialect():
    counts = {}
    for dialect in sorted(DIALECTS):
        demo = Demo(dialect=dialect)
        for _ in range(3):
            demo.submit(idempotency_key="one")
        counts[dialect] = (demo.counts()["submits"], demo.counts()["tasks"])
    assert counts == dict.fromkeys(DIALECTS, (3, 1))


def test_restart_keeps_tasks_and_keys(tmp_path):
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    TaskStore(tmp_path, demo.clock).save(demo.app.ledger.pop_changed())
    again = Demo()
    again.app.ledger.load(TaskStore(tmp_path, again.clock).load())
    assert again.create_task(idempotency_key="one") == first
    again.finish()
    assert again.json("GET", f"/v1/tasks/{first}")[1]["status"] == "completed"
    assert again.counts()["tasks"] == 1


def test_store_drops_expired_and_torn_files(tmp_path):
    demo = Demo(latency=100)
    ids = [demo.create_task() for _ in range(2)]
    store = TaskStore(tmp_path, demo.clock)
    store.save(demo.app.ledger.pop_changed())
    demo.ask("POST", f"/v1/tasks/{ids[0]}/cancel")
    store.save(demo.app.ledger.pop_changed())
    (torn,) = tmp_path.rglob(f"{ids[1]}.json")
    torn.write_text('{"task_id": "task')
    (kept,) = TaskStore(tmp_path, demo.clock).load()
    assert (kept.task_id, kept.status(demo.clock.now())) == (ids[0], "cancelled")
    demo.clock.advance(24 * 3600)
    assert TaskStore(tmp_path, demo.clock).load() == ()
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_task_of_another_edition_is_served():
    old, new = Demo("2026-04"), Demo("2026-09")
    old.submit({"model": "gpt-4o-image", "prompt": "a cat", "n": 1})
    (task,) = old.app.tasks
    new.app.ledger.load(old.app.tasks.values())
    new.finish()
    (image,) = new.json("GET", f"/v1/tasks/{task}")[1]["result"]["images"]
    assert new.ask("GET", image["url"][0].removeprefix(new.app.host)).status == 200


def test_store_shared_by_two_demos(tmp_path):
    first, second = Demo(), Demo()
    for demo in (first, second, first):
        demo.create_task()
        TaskStore(tmp_path, demo.clock).save(demo.app.ledger.pop_changed())
    ordered = {*first.app.tasks, *second.app.tasks}
    assert {task.task_id for task in TaskStore(tmp_path, first.clock).load()} == ordered


def test_latency_differs_by_model_and_seed():
    def seconds(seed, model):
        demo = Demo(latency=None, seed=seed)
        return demo.app.tasks[demo.create_task({"model": model, "prompt": "a cat"})].seconds

    models = [model.id for model in catalog.load("2026-04") if model.family in {"qwen-image", "wan-image", "z-image"}]
    paces = [seconds(1, model) for model in models]
    assert len(set(paces)) == len(models)
    assert paces == [seconds(1, model) for model in models]
    assert paces != [seconds(2, model) for model in models]
    assert all(0.5 < pace < 60 for pace in paces)


def test_latency_slow_switch_and_seed():
    runs = []
    for _ in range(2):
        demo = Demo(seed=7)
        runs.append([demo.app.tasks[demo.create_task()].seconds for _ in range(3)])
        demo.app.change(slow=True)
        slow = demo.app.tasks[demo.create_task()].seconds
        assert slow > 2 * max(runs[-1])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3


def test_submit_body_must_be_an_object():
    bodies = [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe", b"null"]
    assert [body[:20] for body in bodies if Demo().ask("POST", "/v1/tasks", body).status != 400] == []


def test_unknown_path_is_not_found():
    paths = ["/", "/v1", "/v1/", "/v1/task", "/v1/dashboard/secret", "/files/x", "/demo/x"]
    codes = {path: Demo().json("GET", path)[1]["error"]["code"] for path in paths}
    assert codes == dict.fromkeys(paths, "not_found")


def test_concurrent_submits_with_one_key():
    demo = Demo()
    demo.app.inject_fault(at="submit", how="503", times=5)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: demo.submit(idempotency_key="one"), range(64)))
    assert [answer.status for answer in answers].count(503) == 5
    assert (demo.counts()["submits"], demo.counts()["tasks"]) == (64, 1)


def test_concurrent_requests_and_rate_limit():
    demo = Demo(rate_limit=10)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: demo.ask("GET", "/v1/models"), range(64)))
    assert [answer.status for answer in answers].count(200) == 10


def kept_bytes(demo):
    references = [image for task in demo.app.tasks.values() for image in task.values.get("images") or ()]
    return sum(map(len, references)) + sum(map(len, demo.app._cache.values()))


@pytest.mark.slow
def test_finished_tasks_keep_bounded_bytes(monkeypatch):
    monkeypatch.setattr(painter, "paint", lambda _: b"x" * 1_000_000)
    demo = Demo(latency=1.0, balance_usd=100_000)
    buffer = io.BytesIO()
    Image.effect_noise((96, 96), 90).save(buffer, "PNG")
    reference = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    body = {"model": "gpt-image-2", "action": "edit", "prompt": "a cat", "image_urls": [reference]}
    ids = []
    for _ in range(MAX_FINISHED_TASKS + 200):
        ids.append(demo.create_task(body))
        demo.clock.advance(10)
        assert demo.ask("GET", f"/files/{ids[-1]}/0.png").status == 200
    demo.create_task(body)
    assert kept_bytes(demo) <= 64_000_000 + (MAX_FINISHED_TASKS + 1) * len(reference)
    statuses = [demo.ask("GET", f"/files/{task}/0.png").status for task in ids]
    assert statuses == [410] * 200 + [200] * MAX_FINISHED_TASKS
    old = demo.json("GET", f"/v1/tasks/{ids[0]}")[1]
    assert (old["status"], len(old["result"]["images"])) == ("completed", 1)


@pytest.mark.slow
def test_queued_tasks_never_expire():
    demo = Demo(latency=1e9, balance_usd=100_000)
    ids = [demo.create_task() for _ in range(MAX_FINISHED_TASKS + 10)]
    assert not any(map(demo.app.ledger.is_expired, ids))
