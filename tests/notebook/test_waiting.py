"""Every way of waiting in every kernel, ended in every way: outcome, text, the cells behind, what the server says."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.notebook.conftest import EVERY_GENERATION

pytestmark = [pytest.mark.kernel, EVERY_GENERATION]

BEHIND = ("print('behind 1')", "print('behind 2')", "print('behind 3')")
ALL_RAN, NONE_RAN = ["behind 1", "behind 2", "behind 3"], ["", "", ""]


@dataclass(frozen=True)
class Way:
    """One way of waiting, as a person writes it."""

    cell: str
    nested: bool = True
    has_card: bool = True

    def with_timeout(self, seconds):
        line, more = (f"--timeout {seconds}", f", timeout={seconds}") if seconds else ("", "")
        return self.cell.replace("LINE", line).replace("MORE", more)


WAYS = {
    "top": Way("%%qwave LINE\na city", nested=False),
    "timed": Way("%%time\n%%qwave LINE\na city"),
    "function": Way("def make():\n    return get_ipython().run_cell_magic('qwave', 'LINE', 'a city')\nmake()"),
    "generate": Way("qwave.generate('a city'MORE)"),
    "result": Way("qwave.submit('a city'MORE).result()", has_card=False),
    "async": Way("await asyncio.sleep(0)\nqwave.generate('a city'MORE)"),
}
BACKGROUND = Way("%%qwave --no-wait -o job LINE\na city")


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def start(kernel, way, timeout=None):
    cell, *behind = kernel.queue(way.with_timeout(timeout), *BEHIND)
    return cell, behind


def until_sent(kernel, way, cell):
    """Wait until the cell's card names its task; without a card, until the journal does."""
    kernel.until(lambda: kernel.shows_task(cell) if way.has_card else kernel.has_task())


def said_behind(kernel, behind):
    """What the cells behind say, when each of them has run or been aborted."""
    kernel.until(lambda: all(one in kernel.replies and one in kernel.ended for one in behind))
    return [kernel.last(one).strip() for one in behind]


def only_job(kernel, demo):
    """The one job of this test in the journal, and the server's task."""
    (row,) = kernel.new_rows()
    return row, demo.task(row)


def assert_cancelled(kernel, demo, cell, behind):
    reply = kernel.replies[cell]
    assert (reply["status"], reply["ename"]) == ("error", "Cancelled")
    assert "was refunded" in kernel.last(cell)
    assert "was refunded" in reply["evalue"]
    # A card that says so is all; where there is none, one line.
    errors = [output for output in kernel.saved[cell] if output["output_type"] == "error"]
    assert len(errors) == ("qw-card" not in kernel.last(cell))
    assert all(len("\n".join(error["traceback"]).splitlines()) == 1 for error in errors)
    assert said_behind(kernel, behind) == NONE_RAN
    assert {kernel.replies[one]["status"] for one in behind} <= {"aborted", "error"}
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("cancelled", "cancelled", 0)
    # The kernel is as it was.
    assert kernel.run("print('alive')")["status"] == "ok"


def test_wait_finishes(kernel, demo, way):
    cell, behind = start(kernel, way)
    kernel.wait(cell)
    assert kernel.replies[cell]["status"] == "ok"
    shown = [output for output in kernel.saved[cell] if "image/jpeg" in output.get("data", {})]
    assert [output["output_type"] for output in shown] == ["execute_result"]
    assert ("1 image in" in kernel.last(cell)) == way.has_card
    assert said_behind(kernel, behind) == ALL_RAN
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"]) == ("done", "completed")
    assert row["cost_quota"] == task["cost"] == 3188


@pytest.mark.parametrize("way", [way for way in WAYS.values() if way.has_card], ids=[n for n in WAYS if n != "result"])
def test_wait_cancelled_by_its_card(kernel, demo, way):
    demo.hold()
    cell, behind = start(kernel, way)
    until_sent(kernel, way, cell)
    if not way.nested or kernel.generation.nests_loops:
        kernel.click(cell, "Cancel")
    else:
        # A click would not be heard, so the card names the other way.
        assert kernel.button(cell, "Cancel") is None
        assert "press ⏹ to cancel" in kernel.card(cell)
        kernel.interrupt()
    kernel.wait(cell)
    assert_cancelled(kernel, demo, cell, behind)


def test_wait_interrupted(kernel, demo, way):
    demo.hold()
    cell, behind = start(kernel, way)
    until_sent(kernel, way, cell)
    kernel.interrupt()
    kernel.wait(cell)
    assert_cancelled(kernel, demo, cell, behind)


def test_wait_times_out(kernel, demo, way):
    demo.hold()
    cell, behind = start(kernel, way, timeout=1)
    kernel.wait(cell)
    assert kernel.replies[cell]["ename"] == "WaitTimeout"
    assert "%qwave resume" in kernel.replies[cell]["evalue"]
    assert "%qwave resume" in kernel.last(cell)
    assert said_behind(kernel, behind) == NONE_RAN
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"]) == ("running", "queued")


def test_wait_for_a_failing_task(kernel, demo, way):
    demo.change(fail="upstream_unavailable:1")
    cell, behind = start(kernel, way)
    kernel.wait(cell)
    assert kernel.replies[cell]["ename"] == "TaskFailed"
    assert "Nothing was charged" in kernel.last(cell)
    assert said_behind(kernel, behind) == NONE_RAN
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("failed", "failed", 0)


def test_cell_value_is_the_gallery(kernel):
    cell, named = kernel.queue("%%qwave --seed 7 -o city\na city at night", "print(city[0].path.exists(), _ is city)")
    kernel.wait(named)
    assert kernel.replies[cell]["status"] == "ok"
    assert kernel.text(named).strip() == "True True"


def test_background_shows_its_image(kernel, demo):
    demo.hold()
    cell, behind = start(kernel, BACKGROUND)
    kernel.wait(cell)
    assert "Job(" in kernel.last(cell)
    assert said_behind(kernel, behind) == ALL_RAN
    kernel.until(lambda: kernel.shows_task(cell))
    assert not kernel.shows_image(cell)
    demo.finish()
    kernel.until(lambda: kernel.shows_image(cell) and "1 image in" in kernel.last(cell))
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"]) == ("done", "completed")


def test_background_cancelled_by_button(kernel, demo):
    demo.hold()
    cell, behind = start(kernel, BACKGROUND)
    assert said_behind(kernel, behind) == ALL_RAN
    until_sent(kernel, BACKGROUND, cell)
    kernel.click(cell, "Cancel")
    kernel.until(lambda: "was refunded" in kernel.last(cell))
    row, task = only_job(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("cancelled", "cancelled", 0)
    assert kernel.run("job.result()")["ename"] == "Cancelled"


def test_background_survives_interrupt(kernel, demo):
    demo.hold()
    cell, behind = start(kernel, BACKGROUND)
    said_behind(kernel, behind)
    until_sent(kernel, BACKGROUND, cell)
    # In slices: a signal that arrives just before a sleep begins is only heard when it ends.
    sleeping = "import time\nprint('started', flush=True)\nfor _ in range(6000):\n    time.sleep(0.1)"
    (busy,) = kernel.queue(sleeping)
    kernel.until(lambda: "started" in kernel.last(busy))
    kernel.interrupt()
    kernel.wait(busy)
    assert kernel.replies[busy]["ename"] == "KeyboardInterrupt"
    demo.finish()
    kernel.until(lambda: "1 image in" in kernel.last(cell))
    assert only_job(kernel, demo)[1]["status"] == "completed"


def test_background_times_out(kernel, demo):
    demo.hold()
    cell, _ = start(kernel, BACKGROUND, timeout=1)
    kernel.until(lambda: "%qwave resume" in kernel.last(cell))
    assert only_job(kernel, demo)[1]["status"] == "queued"


def test_background_fails(kernel, demo):
    demo.change(fail="upstream_unavailable:1")
    cell, _ = start(kernel, BACKGROUND)
    kernel.until(lambda: "Nothing was charged" in kernel.last(cell))
    assert kernel.run("job.result()")["ename"] == "TaskFailed"
