"""A batch or a sweep that is interrupted: its rows are counted apart, and its name is bound."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel


@pytest.fixture(autouse=True)
def queueing(demo):
    """Tasks that stay queued, from a server that answers each order at once."""
    demo.hold(answers_at_once=True)


def interrupt(kernel, cell, count, *, shows=False, **options):
    """Interrupt a cell once so many tasks are on the server, and return its error."""
    (sent,) = kernel.queue(cell, **options)
    kernel.until(lambda: sum(bool(row["task_id"]) for row in kernel.new_rows()) == count)
    if shows:
        # An interrupt may come before the card.
        kernel.until(lambda: kernel.saved.get(sent))
    kernel.interrupt()
    kernel.wait(sent)
    return sent, kernel.replies[sent]


def read(kernel, code):
    reply, text, _ = kernel.said_by(f"print({code})")
    assert reply["status"] == "ok", text
    # A card of the cell before may be drawn once more meanwhile.
    return text.strip().splitlines()[-1]


def show(kernel, sent):
    return "".join(str(output.get("data", "")) for output in kernel.saved.get(sent, ()))


@pytest.mark.slow_except("headless]", "headless-newest")
@pytest.mark.parametrize(
    ("cell", "stdin"),
    [
        ("bound = qwave.batch(['a', 'b', 'c'], concurrency=2)", False),
        (
            "try:\n    bound = qwave.batch(['a', 'b', 'c'], concurrency=2)\nexcept BaseException as e:\n    print(e)",
            False,
        ),
        ("bound = qwave.batch(['a', 'b', 'c'], concurrency=2)\nbound.results()", True),
        ("bound = qwave.batch(['a', 'b', 'c'], concurrency=2)\nawait asyncio.sleep(0)\nbound.results()", True),
    ],
    ids=["headless", "headless-caught", "results", "async"],
)
def test_batch_counts_its_rows_and_is_bound(kernel, cell, stdin):
    kernel.run("bound = None")
    sent, reply = interrupt(kernel, cell, 2, shows=True, stdin=stdin)
    assert reply["ename"] == "Cancelled"
    assert "0 rows are done and kept, 2 cancelled, 1 not ordered. Nothing was charged." in reply["evalue"]
    assert read(kernel, "bound") == "Batch(0 of 3 done, 2 stopped, 0 running)"
    kernel.until(lambda: "2 stopped" in show(kernel, sent))
    assert "failed" not in show(kernel, sent)


def test_unbound_batch_is_the_error_s(kernel):
    _, reply = interrupt(kernel, "qwave.batch(['a', 'b'], concurrency=2).results()", 2)
    assert reply["ename"] == "Cancelled"
    assert read(kernel, "__import__('sys').last_value.batch") == "Batch(0 of 2 done, 2 stopped, 0 running)"


@pytest.mark.parametrize("first", ["", "%%time\n"], ids=["awaited", "blocking"])
@pytest.mark.parametrize("stdin", [True, False], ids=["person", "headless"])
def test_sweep_is_bound_to_its_name(kernel, first, stdin):
    kernel.run("grid = None")
    cell = f"{first}%%qwave -m gpt-image-2 --sweep seed=1,2 -o grid\na fox"
    _, reply = interrupt(kernel, cell, 2, stdin=stdin)
    assert reply["ename"] == "Cancelled"
    assert "2 cancelled. Nothing was charged." in reply["evalue"]
    assert read(kernel, "len(grid), len(grid.errors)") == "0 2"
