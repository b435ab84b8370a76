"""The protocol without sockets: holds, cancels, money, pace, models, keys and what a restart keeps."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from qwave_jupyter import catalog
from qwave_jupyter.demo.dialects import DIALECTS
from qwave_jupyter.demo.store import Store
from tests.unit.demo.demo_app import BODY, Demo

HELD = 3188


def test_an_answer_is_held_until_the_task_ends():
    demo = Demo()
    answer = demo.submit(prefer="wait=30")
    hold = answer.hold
    assert hold.until - demo.clock.now() == 30
    assert not hold.over()
    demo.clock.advance(20)
    assert hold.over()
    told = json.loads(hold.then().body)
    assert (told["status"], told["cost"], len(told["result"]["images"])) == ("completed", HELD, 1)


def test_a_held_answer_that_comes_too_early_tells_the_state_and_what_is_held():
    demo = Demo(latency=100)
    answer = demo.submit(prefer="respond-async, wait=30")
    demo.clock.advance(30)
    assert not answer.hold.over()
    told = json.loads(answer.hold.then().body)
    assert (told["status"], told["pre_consumed_cost"], "result" in told) == ("processing", HELD, False)


@pytest.mark.parametrize(
    ("header", "seconds"), [("wait=600", 60), ("Wait = 7", 7), ("wait=0", 0), ("handling=lenient", 0)]
)
def test_how_long_an_answer_is_held(header, seconds):
    demo = Demo()
    hold = demo.submit(prefer=header).hold
    assert (hold.until - demo.clock.now() if hold else 0) == seconds


def test_a_cancel_ends_a_held_answer():
    demo = Demo()
    answer = demo.submit(prefer="wait=60")
    task = json.loads(answer.body)["task_id"]
    demo.ask("POST", f"/v1/tasks/{task}/cancel")
    assert answer.hold.over()
    assert json.loads(answer.hold.then().body)["status"] == "cancelled"


def test_a_repeated_submit_is_held_as_well():
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    demo.finish()
    held = demo.submit(idempotency_key="one", prefer="wait=5").hold
    assert held.over()
    assert json.loads(held.then().body)["task_id"] == first


def test_a_cancel_gives_back_what_was_held_and_only_while_queued():
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


def test_the_account_is_told_in_the_documented_shapes():
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


def test_nothing_is_ordered_beyond_the_balance():
    demo = Demo(balance_usd=0.01)
    demo.create_task(idempotency_key="one")
    status, refusal = demo.json("POST", "/v1/tasks", BODY, idempotency_key="two")
    assert (status, refusal["error"]["code"]) == (402, "payment_required")
    assert demo.submit(idempotency_key="one").status == 200
    assert demo.counts()["tasks"] == 1


def test_who_asks_too_often_is_told_how_long_to_wait():
    demo = Demo(rate_limit=3)
    assert [demo.ask("GET", "/v1/models").status for _ in range(4)] == [200, 200, 200, 429]
    answer = demo.ask("GET", "/v1/models")
    assert json.loads(answer.body)["error"]["code"] == "rate_limit_error"
    demo.clock.advance(int(answer.headers["Retry-After"]))
    assert demo.ask("GET", "/v1/models").status == 200
    demo.protocol.change(rate_limit=0.1)
    demo.clock.advance(20)
    assert [demo.ask("GET", "/v1/models").status for _ in range(2)] == [200, 429]
    demo.clock.advance(10)
    assert demo.ask("GET", "/v1/models").status == 200


def test_links_die_when_their_time_is_over():
    demo = Demo(expire_links=60)
    task = demo.create_task()
    demo.clock.advance(30)
    told = demo.json("GET", f"/v1/tasks/{task}")[1]
    assert told["result"]["images"][0]["expires_at"] == pytest.approx(told["completed_at"] + 60, abs=1)
    path = told["result"]["images"][0]["url"][0].removeprefix(demo.protocol.host)
    assert demo.ask("GET", path).status == 200
    demo.clock.advance(60)
    assert demo.ask("GET", path).status == 410
    demo.protocol.change(expire_links=None)
    assert demo.ask("GET", path).status == 200


@pytest.mark.parametrize("edition", ["2026-04", "2026-09"])
def test_the_models_are_listed_with_their_prices(edition):
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


def test_the_edition_decides_the_dialect_unless_one_is_chosen():
    new, old = Demo("2026-09"), Demo("2026-04")
    body = {"model": "gpt-image-2", "prompt": "a cat"}
    task = new.create_task(body)
    assert new.json("GET", f"/v1/tasks/{task}")[1]["progress"] == ""
    assert old.json("GET", f"/v1/tasks/{old.create_task(body)}")[1]["progress"] == 0
    new.protocol.change(dialect="flat")
    assert new.json("GET", f"/v1/tasks/{task}")[1]["progress"] == 0


@pytest.mark.parametrize(
    ("dialect", "queued", "processing", "failed", "completed"),
    [
        ("flat", 0, int, 0, 100),
        ("percent", "", str, "100%", "100%"),
        ("undated", "", str, "", ""),
        ("code-data", None, type(None), None, None),
    ],
)
def test_progress_is_told_as_the_pages_have_it(dialect, queued, processing, failed, completed):
    demo = Demo(dialect=dialect, fail="task_failed:1")
    doomed, good = (demo.submit() and list(demo.protocol.tasks)[-1] for _ in range(2))

    def progress(task):
        told = demo.json("GET", f"/v1/tasks/{task}")[1]
        return told.get("data", told).get("progress")

    assert progress(good) == queued
    demo.clock.advance(6)
    assert isinstance(progress(good), processing)
    demo.finish()
    assert (progress(doomed), progress(good)) == (failed, completed)


def test_the_synchronous_submit_of_the_april_pages():
    demo = Demo(latency=5)
    answer = demo.ask("POST", "/v1/tasks/sync", BODY)
    early = json.loads(answer.body)
    assert early["poll_url"] == f"/v1/tasks/{early['task_id']}"
    demo.finish()
    assert isinstance(json.loads(answer.hold.then().body)["result"]["images"][0]["url"], str)
    assert Demo("2026-09").ask("POST", "/v1/tasks/sync", BODY).status == 404


def test_an_idempotency_key_stands_for_its_task_for_a_day():
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    demo.clock.advance(24 * 3600 - 1)
    assert demo.create_task(idempotency_key="one") == first
    demo.clock.advance(2)
    assert demo.create_task(idempotency_key="one") != first


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_key_orders_once_in_every_dialect(dialect):
    demo = Demo(dialect=dialect)
    for _ in range(3):
        demo.submit(idempotency_key="one")
    assert (demo.counts()["submits"], demo.counts()["tasks"]) == (3, 1)


def test_a_restart_forgets_neither_tasks_nor_keys(tmp_path):
    demo = Demo()
    first = demo.create_task(idempotency_key="one")
    Store(tmp_path, demo.clock).keep(demo.protocol.book.take_changed())
    again = Demo()
    again.protocol.book.remember(Store(tmp_path, again.clock).load())
    assert again.create_task(idempotency_key="one") == first
    again.finish()
    assert again.json("GET", f"/v1/tasks/{first}")[1]["status"] == "completed"
    assert again.counts()["tasks"] == 1


def test_what_is_kept_outlives_neither_the_day_nor_a_torn_file(tmp_path):
    demo = Demo(latency=100)
    ids = [demo.create_task() for _ in range(2)]
    store = Store(tmp_path, demo.clock)
    store.keep(demo.protocol.book.take_changed())
    demo.ask("POST", f"/v1/tasks/{ids[0]}/cancel")
    store.keep(demo.protocol.book.take_changed())
    (torn,) = tmp_path.rglob(f"{ids[1]}.json")
    torn.write_text('{"task_id": "task')
    (kept,) = Store(tmp_path, demo.clock).load()
    assert (kept.task_id, kept.status(demo.clock.now())) == (ids[0], "cancelled")
    demo.clock.advance(24 * 3600)
    assert Store(tmp_path, demo.clock).load() == ()
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_task_of_another_edition_is_still_told_and_its_picture_still_there():
    old, new = Demo("2026-04"), Demo("2026-09")
    old.submit({"model": "gpt-4o-image", "prompt": "a cat", "n": 1})
    (task,) = old.protocol.tasks
    new.protocol.book.remember(old.protocol.tasks.values())
    new.finish()
    (picture,) = new.json("GET", f"/v1/tasks/{task}")[1]["result"]["images"]
    assert new.ask("GET", picture["url"][0].removeprefix(new.protocol.host)).status == 200


def test_two_demos_share_a_folder(tmp_path):
    first, second = Demo(), Demo()
    for demo in (first, second, first):
        demo.create_task()
        Store(tmp_path, demo.clock).keep(demo.protocol.book.take_changed())
    ordered = {*first.protocol.tasks, *second.protocol.tasks}
    assert {task.task_id for task in Store(tmp_path, first.clock).load()} == ordered


def test_every_model_has_its_own_pace_within_the_documented_span():
    def seconds(seed, model):
        demo = Demo(latency=None, seed=seed)
        return demo.protocol.tasks[demo.create_task({"model": model, "prompt": "a cat"})].seconds

    models = [model.id for model in catalog.load("2026-04") if model.family in {"qwen-image", "wan-image", "z-image"}]
    paces = [seconds(1, model) for model in models]
    assert len(set(paces)) == len(models)
    assert paces == [seconds(1, model) for model in models]
    assert paces != [seconds(2, model) for model in models]
    assert all(0.5 < pace < 60 for pace in paces)


def test_slow_is_slower_and_seeded_runs_are_alike():
    runs = []
    for _ in range(2):
        demo = Demo(seed=7)
        runs.append([demo.protocol.tasks[demo.create_task()].seconds for _ in range(3)])
        demo.protocol.change(slow=True)
        slow = demo.protocol.tasks[demo.create_task()].seconds
        assert slow > 2 * max(runs[-1])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe", b"null"])
def test_a_body_that_is_no_object_is_refused(body):
    assert Demo().ask("POST", "/v1/tasks", body).status == 400


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/task", "/v1/dashboard/secret", "/files/x", "/demo/x"])
def test_addresses_that_there_are_not(path):
    assert Demo().json("GET", path)[1]["error"]["code"] == "not_found"


def test_many_at_once_with_one_key_order_once_and_a_fault_strikes_as_often_as_it_was_told_to():
    demo = Demo()
    demo.protocol.break_next(at="submit", how="503", times=5)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: demo.submit(idempotency_key="one"), range(64)))
    assert [answer.status for answer in answers].count(503) == 5
    assert (demo.counts()["submits"], demo.counts()["tasks"]) == (64, 1)


def test_a_pace_is_kept_however_many_ask_at_once():
    demo = Demo(rate_limit=10)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: demo.ask("GET", "/v1/models"), range(64)))
    assert [answer.status for answer in answers].count(200) == 10
