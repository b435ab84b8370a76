"""Every way of waiting in every kernel, ended in every way: outcome, text, the cells behind, what the server says."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from qwave_jupyter.demo.server import DemoServer
from tests.conftest import Server
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows

pytestmark = pytest.mark.kernel

BEHIND = ("print('behind 1')", "print('behind 2')", "print('behind 3')")


@dataclass(frozen=True)
class Way:
    """One way of waiting, as a person writes it."""

    cell: str
    nested: bool = True

    def written(self, *, timeout=None):
        line = f"--timeout {timeout}" if timeout else ""
        more = f", timeout={timeout}" if timeout else ""
        return self.cell.replace("LINE", line).replace("MORE", more)


WAYS = {
    "top": Way("%%qwave LINE\na city", nested=False),
    "timed": Way("%%time\n%%qwave LINE\na city"),
    "function": Way("def make():\n    return get_ipython().run_cell_magic('qwave', 'LINE', 'a city')\nmake()"),
    "generate": Way("qwave.generate('a city'MORE)"),
    "result": Way("qwave.submit('a city'MORE).result()"),
    "in an async cell": Way("import asyncio\nawait asyncio.sleep(0)\nqwave.generate('a city'MORE)"),
}


@pytest.fixture(scope="module")
def demo():
    server = DemoServer(latency=0.4, key="demo-matrix", seed=3).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request, demo, tmp_path_factory):
    home = tmp_path_factory.mktemp(f"matrix-{request.param}")
    started = Kernel(request.param, Server(demo.url, demo.key).environment(home), home)
    started.version, started.home = request.param, home
    assert started.run("%load_ext qwave_jupyter\nimport qwave_jupyter as qwave")["status"] == "ok"
    yield started
    started.close()


@pytest.fixture(autouse=True)
def fresh(kernel, demo):
    """Every test begins with a server that is quick and well."""
    demo.change(latency=0.4, fail=None)
    kernel.buttons.clear()
    kernel.known = len(journal_rows(kernel.home))


def task_of(kernel, demo):
    """What the server says of the newest job."""
    row = journal_rows(kernel.home)[-1]
    return row, Server(demo.url, demo.key).get(f"/v1/tasks/{row['task_id']}")


def is_sent(kernel):
    rows = journal_rows(kernel.home)
    return len(rows) > kernel.known and bool(rows[-1]["task_id"])


def hears_clicks(kernel, way):
    return not way.nested or kernel.version.startswith("6.")


def queued(kernel, way, **options):
    cell, *behind = kernel.queue(way.written(**options), *BEHIND)
    return cell, behind


def ran(kernel, behind):
    kernel.until(lambda: all(one in kernel.replies for one in behind), 20)
    for one in behind:
        if kernel.replies[one]["status"] == "ok":
            kernel.wait(one)
    return [kernel.last(one).strip() for one in behind]


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def test_a_finish_shows_the_picture_and_all_cells_behind_run_in_order(kernel, demo, way):
    cell, behind = queued(kernel, way)
    kernel.wait(cell)
    assert kernel.replies[cell]["status"] == "ok"
    shown = [output for output in kernel.saved[cell] if "image/jpeg" in output.get("data", {})]
    assert len(shown) == 1
    if "submit" not in way.cell:
        assert "1 picture in" in kernel.last(cell)
    assert ran(kernel, behind) == ["behind 1", "behind 2", "behind 3"]
    row, task = task_of(kernel, demo)
    assert (row["state"], task["status"]) == ("done", "completed")
    assert row["cost_quota"] == task["cost"] > 0


# job.result() displays nothing that could be clicked.
@pytest.mark.parametrize(
    "way", [way for name, way in WAYS.items() if name != "result"], ids=[name for name in WAYS if name != "result"]
)
def test_cancel_where_a_button_is_shown_refunds_and_stops_the_cells_behind(kernel, demo, way):
    demo.change(latency=60)
    cell, behind = queued(kernel, way)
    kernel.until(lambda: is_sent(kernel))
    if hears_clicks(kernel, way):
        kernel.until(lambda: "Cancel" in kernel.buttons)
        kernel.click("Cancel")
    else:
        assert "Cancel" not in kernel.buttons
        assert "press ⏹ to cancel" in kernel.last(cell)
        kernel.interrupt()
    kernel.wait(cell, 15)
    assert_cancelled(kernel, demo, cell, behind)


def test_an_interrupt_refunds_and_stops_the_cells_behind(kernel, demo, way):
    demo.change(latency=60)
    cell, behind = queued(kernel, way)
    kernel.until(lambda: is_sent(kernel))
    began = time.monotonic()
    kernel.interrupt()
    kernel.wait(cell, 15)
    assert time.monotonic() - began < 10
    assert_cancelled(kernel, demo, cell, behind)


def assert_cancelled(kernel, demo, cell, behind):
    reply = kernel.replies[cell]
    assert (reply["status"], reply["ename"]) == ("error", "Cancelled")
    assert "was refunded" in kernel.last(cell)
    (error,) = [output for output in kernel.saved[cell] if output["output_type"] == "error"]
    assert len("\n".join(error["traceback"]).splitlines()) == 1
    assert ran(kernel, behind) == ["", "", ""]
    row, task = task_of(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("cancelled", "cancelled", 0)
    # The kernel is as it was.
    assert kernel.run("print('alive')")["status"] == "ok"


def test_a_timeout_stops_the_waiting_but_not_the_task_and_says_how_to_go_on(kernel, demo, way):
    demo.change(latency=60)
    cell, behind = queued(kernel, way, timeout=1)
    kernel.wait(cell, 20)
    assert kernel.replies[cell]["ename"] == "WaitTimeout"
    assert "%qwave resume" in kernel.last(cell)
    assert ran(kernel, behind) == ["", "", ""]
    row, task = task_of(kernel, demo)
    assert row["state"] == "running"
    assert task["status"] in {"queued", "processing"}


def test_a_failed_task_says_why_and_that_nothing_was_charged(kernel, demo, way):
    demo.change(fail="upstream_unavailable:1")
    cell, behind = queued(kernel, way)
    kernel.wait(cell, 20)
    assert kernel.replies[cell]["ename"] == "TaskFailed"
    assert "Nothing was charged" in kernel.last(cell)
    assert ran(kernel, behind) == ["", "", ""]
    row, task = task_of(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("failed", "failed", 0)


BACKGROUND = "%%qwave --no-wait -o job LINE\na city"


def test_a_background_job_shows_its_picture_in_its_own_output_after_the_cells_behind_ran(kernel, demo):
    cell, behind = queued(kernel, Way(BACKGROUND))
    kernel.wait(cell)
    assert "Job(" in kernel.last(cell)
    assert ran(kernel, behind) == ["behind 1", "behind 2", "behind 3"]
    kernel.until(lambda: any("image/jpeg" in output.get("data", {}) for output in kernel.saved[cell]), 20)
    assert "1 picture in" in kernel.last(cell)
    row, task = task_of(kernel, demo)
    assert (row["state"], task["status"]) == ("done", "completed")


def test_a_background_job_is_cancelled_by_its_button(kernel, demo):
    demo.change(latency=60)
    cell, behind = queued(kernel, Way(BACKGROUND))
    assert ran(kernel, behind) == ["behind 1", "behind 2", "behind 3"]
    kernel.until(lambda: "Cancel" in kernel.buttons and is_sent(kernel))
    kernel.click("Cancel")
    kernel.until(lambda: "was refunded" in kernel.last(cell), 15)
    row, task = task_of(kernel, demo)
    assert (row["state"], task["status"], task["cost"]) == ("cancelled", "cancelled", 0)
    assert kernel.run("job.result()")["ename"] == "Cancelled"


def test_an_interrupt_leaves_a_background_job_alone(kernel, demo):
    demo.change(latency=3)
    cell, behind = queued(kernel, Way(BACKGROUND))
    kernel.until(lambda: is_sent(kernel))
    ran(kernel, behind)
    kernel.interrupt()
    kernel.until(lambda: "1 picture in" in kernel.last(cell), 20)
    assert task_of(kernel, demo)[1]["status"] == "completed"


def test_a_background_job_that_times_out_or_fails_says_so_where_it_is_shown(kernel, demo):
    demo.change(latency=60)
    cell, _ = queued(kernel, Way(BACKGROUND), timeout=1)
    kernel.until(lambda: "%qwave resume" in kernel.last(cell), 20)
    assert task_of(kernel, demo)[1]["status"] in {"queued", "processing"}
    demo.change(latency=0.4, fail="upstream_unavailable:1")
    cell, _ = queued(kernel, Way(BACKGROUND))
    kernel.until(lambda: "Nothing was charged" in kernel.last(cell), 20)
    assert kernel.run("job.result()")["ename"] == "TaskFailed"
