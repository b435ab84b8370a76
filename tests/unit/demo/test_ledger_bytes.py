"""What many tasks leave in memory, in bytes that are held."""

from __future__ import annotations

import json

import pytest

from tests.unit.demo.demo_app import Demo

TASKS = 1500
EDIT = {"model": "gpt-image-2", "action": "edit", "prompt": "a cat"}


def held_bytes(demo):
    tasks = demo.app.tasks.values()
    keys = "".join(demo.app.ledger._by_key)
    return sum(len(json.dumps(task.values)) + len(task.key) for task in tasks) + len(keys)


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        {"model": "gpt-image-2", "prompt": "x" * 30_000},
        {**EDIT, "image_urls": ["data:image/png;base64," + "A" * 100_000]},
        {**EDIT, "image_urls": ["https://images.example/" + "a" * 30_000]},
    ],
    ids=["prompt", "image", "address"],
)
def test_thousands_of_tasks_hold_bounded_bytes(body):
    demo = Demo(latency=1.0, balance_usd=1e6)
    largest = 0
    for number in range(TASKS):
        demo.create_task(body, idempotency_key=f"{number}{'k' * 10_000}")
        demo.app.ledger.pop_changed()
        demo.clock.advance(10)
        if number % 500 == 499:
            largest = max(largest, held_bytes(demo))
    assert len(demo.app.tasks) == TASKS
    assert largest < 64_000_000 + TASKS * 2_000


def test_long_key_orders_once():
    demo = Demo()
    keys = ["k" * length for length in (1, 200, 201, 60_000)]
    first = [demo.create_task(idempotency_key=key) for key in keys]
    assert [demo.create_task(idempotency_key=key) for key in keys] == first
    assert len({*first}) == 4
    assert max(len(task.key) for task in demo.app.tasks.values()) <= 200
