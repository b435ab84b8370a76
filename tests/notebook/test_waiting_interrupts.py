"""The stop button while a cell awaits jobs or a batch: heard at once, cancelled on the server, names bound."""

from __future__ import annotations

import pytest

from tests.conftest import serve
from tests.notebook.kernels import NEWEST, Kernel, journal_rows

pytestmark = pytest.mark.kernel

#: Seconds that guard against hanging; the tasks themselves stay queued.
HANG = 30
BEHIND = "print('the cell behind ran')"


@pytest.fixture(scope="module")
def queueing_server():
    """Tasks that stay queued, from a server that answers each order at once."""
    yield from serve("--latency", "600", "--dialect", "string-url")


@pytest.fixture(scope="module")
def kernel(queueing_server, tmp_path_factory):
    home = tmp_path_factory.mktemp("interrupts")
    started = Kernel(NEWEST, queueing_server.environment(home), home)
    started.server = queueing_server
    yield started
    started.close()


def interrupt_when_sent(kernel, cell, count, **options):
    """Run a cell, interrupt it once so many tasks are on the server, and return what the server says of them."""
    known = len(journal_rows(kernel.home))
    sent, behind = kernel.queue(cell, BEHIND, **options)
    kernel.until(lambda: sum(bool(row["task_id"]) for row in journal_rows(kernel.home)[known:]) == count, HANG)
    kernel.interrupt()
    kernel.wait(sent, HANG)
    kernel.until(lambda: behind in kernel.replies, HANG)
    assert kernel.replies[sent]["status"] == "error"
    assert "the cell behind ran" not in kernel.text(behind)
    rows = journal_rows(kernel.home)[known:]
    return sent, [kernel.server.get(f"/v1/tasks/{row['task_id']}")["status"] for row in rows]


def said(kernel, code):
    (sent,) = kernel.queue(code)
    kernel.wait(sent, HANG)
    assert kernel.replies[sent]["status"] == "ok", kernel.text(sent)
    return kernel.text(sent).strip()


@pytest.mark.parametrize(
    ("waits", "count"),
    [
        ("await qwave.submit('a city')", 1),
        ("await asyncio.gather(qwave.submit('a city'), qwave.submit('a lake'))", 2),
        ("async with asyncio.timeout(50):\n    await qwave.submit('a city')", 1),
    ],
    ids=["await", "gather", "timeout"],
)
def test_interrupt_of_awaited_jobs_is_heard(kernel, waits, count):
    sent, states = interrupt_when_sent(kernel, waits, count)
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
def test_interrupt_of_a_wait_for_a_batch_stops_it(kernel, waits):
    sent, states = interrupt_when_sent(kernel, f"batch = qwave.batch(['a city', 'a lake'])\n{waits}", 2)
    assert states == ["cancelled"] * 2
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert said(kernel, "print(batch.done(), len(batch.outcomes))") == "True 2"


@pytest.mark.parametrize("before", ["", "await asyncio.sleep(0)\n"], ids=["plain", "async cell"])
def test_interrupt_inside_batch_without_a_person_binds_the_name(kernel, before):
    cell = f"del batch\n{before}batch = qwave.batch(['a city', 'a lake'])\nmade = batch.gallery()"
    said(kernel, "batch = made = None")
    sent, states = interrupt_when_sent(kernel, cell, 2, stdin=False)
    assert states == ["cancelled"] * 2
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert "stopped" in kernel.replies[sent]["evalue"]
    assert said(kernel, "print(batch.done(), len(batch.outcomes), len(made))") == "True 2 0"


def test_interrupt_while_rows_are_made_binds_the_name(kernel):
    rows = "def rows():\n    import time\n    yield 'a city'\n    while True:\n        time.sleep(0.05)\n"
    said(kernel, "batch = None")
    sent, states = interrupt_when_sent(kernel, f"{rows}batch = qwave.batch(rows())", 1)
    assert states == ["cancelled"]
    assert kernel.replies[sent]["ename"] == "Cancelled"
    assert said(kernel, "print(batch.done(), len(batch.outcomes))") == "True 1"
