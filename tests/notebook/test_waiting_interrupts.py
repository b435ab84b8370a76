"""The stop button while a cell awaits jobs or a batch: heard at once, cancelled on the server, names bound."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel

BEHIND = "print('the cell behind ran')"


@pytest.fixture(autouse=True)
def queueing(demo):
    """Tasks that stay queued, from a server that answers each order at once."""
    demo.hold(answers_at_once=True)


def interrupt_when_sent(kernel, demo, cell, count, **options):
    """Run a cell, interrupt it once so many tasks are on the server, and return what the server says of them."""
    sent, behind = kernel.queue(cell, BEHIND, **options)
    kernel.until(lambda: sum(bool(row["task_id"]) for row in kernel.new_rows()) == count)
    kernel.interrupt()
    kernel.wait(sent)
    kernel.wait(behind)
    assert kernel.replies[sent]["status"] == "error"
    assert "the cell behind ran" not in kernel.text(behind)
    # Of several awaited jobs the first that is cancelled ends the cell; the cancels of the others are under way then.
    kernel.until(lambda: "queued" not in [demo.task(row)["status"] for row in kernel.new_rows()])
    return sent, [demo.task(row)["status"] for row in kernel.new_rows()]


def said(kernel, code):
    reply, text, _ = kernel.said_by(code)
    assert reply["status"] == "ok", text
    return text.strip()


@pytest.mark.parametrize(
    ("waits", "count"),
    [
        ("await qwave.submit('a city')", 1),
        ("await asyncio.gather(qwave.submit('a city'), qwave.submit('a lake'))", 2),
        ("async with asyncio.timeout(50):\n    await qwave.submit('a city')", 1),
    ],
    ids=["await", "gather", "timeout"],
)
def test_interrupt_of_awaited_jobs(kernel, demo, waits, count):
    sent, states = interrupt_when_sent(kernel, demo, waits, count)
    assert states == ["cancelled"] * count
    assert "refunded" in kernel.text(sent) or "CancelledError" in kernel.replies[sent]["ename"]


@pytest.mark.parametrize(
    "waits",
    [
        "batch.results()",
        "for outcome in batch.as_completed():\n    print(outcome)",
        "await asyncio.sleep(0)\nbatch.results()",
    ],
    ids=["results", "loop", "async cell"],
)
def test_interrupt_stops_awaited_batch(kernel, demo, waits):
    sent, states = interrupt_when_sent(kernel, demo, f"batch = qwave.batch(['a city', 'a lake'])\n{waits}", 2)
    assert states == ["cancelled"] * 2
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert said(kernel, "print(batch.done(), len(batch.outcomes))") == "True 2"


@pytest.mark.parametrize(
    ("ordered", "waits"),
    [
        ("batch = qwave.batch(['a city', 'a lake'])", "batch.results()"),
        ("batch = qwave.batch(['a city', 'a lake'])", "for outcome in batch.as_completed():\n    print(outcome)"),
        ("job = qwave.submit('a city')", "job.result()"),
    ],
    ids=["results", "loop", "job"],
)
def test_interrupt_before_a_wait_in_an_async_cell(kernel, demo, ordered, waits):
    struck = "import signal\nsignal.raise_signal(signal.SIGINT)"
    sent, behind = kernel.queue(f"await asyncio.sleep(0)\n{ordered}\n{struck}\n{waits}", BEHIND)
    kernel.wait(sent)
    kernel.wait(behind)
    assert kernel.replies[sent]["status"] == "error"
    kernel.until(lambda: "queued" not in [demo.task(row)["status"] for row in kernel.new_rows() if row["task_id"]])
    assert {row["state"] for row in kernel.new_rows()} == {"cancelled"}


@pytest.mark.parametrize("before", ["", "await asyncio.sleep(0)\n"], ids=["plain", "async cell"])
def test_interrupt_in_headless_batch(kernel, demo, before):
    cell = f"del batch\n{before}batch = qwave.batch(['a city', 'a lake'])\nmade = batch.gallery()"
    said(kernel, "batch = made = None")
    sent, states = interrupt_when_sent(kernel, demo, cell, 2, stdin=False)
    assert states == ["cancelled"] * 2
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert "stopped" in kernel.replies[sent]["evalue"]
    assert said(kernel, "print(batch.done(), len(batch.outcomes), len(made))") == "True 2 0"


def test_interrupt_while_rows_are_made(kernel, demo):
    rows = "def rows():\n    import time\n    yield 'a city'\n    while True:\n        time.sleep(0.05)\n"
    said(kernel, "batch = None")
    sent, states = interrupt_when_sent(kernel, demo, f"{rows}batch = qwave.batch(rows())", 1)
    assert states == ["cancelled"]
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert said(kernel, "print(batch.done(), len(batch.outcomes))") == "True 1"
