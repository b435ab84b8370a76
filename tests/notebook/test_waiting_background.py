"""Jobs that go on behind the cells: several, listed live, drawn again, awaited together; and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from qwave_jupyter.demo.server import DemoServer
from tests.conftest import Server, serve
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows, submitted

pytestmark = pytest.mark.kernel

COUNT = """
import json, threading, ipywidgets
from ipywidgets.widgets import widget
print(json.dumps([sorted(one.name for one in threading.enumerate() if "qwave" in one.name), len(widget._instances)]))
"""


@pytest.fixture(scope="module")
def demo():
    server = DemoServer(latency=0.4, key="demo-background", seed=3).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request, demo, tmp_path_factory):
    home = tmp_path_factory.mktemp("background")
    started = Kernel(request.param, Server(demo.url, demo.key).environment(home), home)
    started.version, started.home = request.param, home
    started.run("%load_ext qwave_jupyter\nimport qwave_jupyter as qwave, asyncio")
    yield started
    started.close()


def said(kernel, cell):
    (sent,) = kernel.queue(cell)
    kernel.wait(sent)
    return kernel.replies[sent], kernel.text(sent), sent


def shows_picture(kernel, sent):
    return any("image/jpeg" in output.get("data", {}) for output in kernel.saved[sent])


def count(kernel):
    _, text, _ = said(kernel, COUNT)
    return json.loads(text)


def test_several_at_once_are_listed_live_cancelled_singly_and_drawn_where_they_began(kernel, demo):
    demo.change(latency=60)
    first = said(kernel, "%%qwave --no-wait -o slow\na slow city")[2]
    kernel.until(lambda: submitted(kernel.home))
    demo.change(latency=2)
    second, third = (said(kernel, f"%%qwave --no-wait -o quick{one}\na quick city")[2] for one in (1, 2))
    kernel.buttons.clear()
    reply, _, listed = said(kernel, "%qwave status")
    assert reply["status"] == "ok"
    cards = [state["value"] for state in kernel.comms.values() if "qw-card" in str(state.get("value"))]
    assert len(kernel.saved[listed]) == 3
    assert len(cards) >= 4
    _, task, _ = said(kernel, "print(slow.task_id)")
    _, _, again = said(kernel, f"%qwave status {task.strip()[-6:]}")
    kernel.click("Cancel")
    kernel.until(lambda: "was refunded" in kernel.last(first), 15)
    kernel.until(lambda: "was refunded" in kernel.last(again) and "was refunded" in kernel.last(listed), 15)
    for sent in (second, third):
        kernel.until(lambda sent=sent: shows_picture(kernel, sent), 30)
        assert "1 picture in" in kernel.last(sent)
    assert Server(demo.url, demo.key).get(f"/v1/tasks/{task.strip()}")["status"] == "cancelled"


def test_show_draws_a_running_job_again_and_ends_with_its_picture(kernel, demo):
    demo.change(latency=2)
    said(kernel, "%%qwave --no-wait -o job\na city")
    _, _, shown = said(kernel, "%qwave show")
    kernel.until(lambda: shows_picture(kernel, shown), 30)
    reply, _, later = said(kernel, "%qwave show")
    assert reply["status"] == "ok"
    assert shows_picture(kernel, later)


def test_jobs_can_be_awaited_gathered_and_taken_as_they_come(kernel, demo):
    demo.change(latency=0.3)
    reply, text, _ = said(
        kernel,
        "jobs = [qwave.submit('a city', seed=n) for n in range(3)]\n"
        "one = await jobs[0]\n"
        "all = await asyncio.gather(*jobs)\n"
        "print(len(one), len(all), sum(job.result()[0].path.exists() for job in qwave.as_completed(jobs)))",
    )
    assert reply["status"] == "ok", text
    # An earlier display may still be filled meanwhile.
    assert text.strip().endswith("1 3 3")


@pytest.mark.parametrize("waits", ["await job", "await asyncio.gather(job, quick)", "job.result()"])
def test_a_job_that_is_waited_for_in_another_cell_can_be_cancelled_where_it_is_shown(kernel, demo, waits):
    demo.change(latency=60)
    known = len(journal_rows(kernel.home))
    kernel.buttons.clear()
    _, _, shown = said(kernel, "%%qwave --no-wait -o job\na city")
    kernel.until(lambda: len(journal_rows(kernel.home)) > known and submitted(kernel.home))
    demo.change(latency=0.3)
    said(kernel, "quick = qwave.submit('a quick city')")
    before = kernel.replies.copy()
    waiting, behind = kernel.queue(waits, "print('behind')")
    kernel.until(lambda: any(one[0] == "busy" for one in kernel.outputs.get(waiting, [])), 20)
    time.sleep(1)
    assert waiting not in {*kernel.replies} - {*before}
    if waits == "job.result()" and kernel.version == "7.4.0":
        # A blocked kernel of this generation hears no click; ⏹ it does.
        kernel.interrupt()
    else:
        kernel.click("Cancel")
    kernel.wait(waiting, 20)
    assert kernel.replies[waiting]["ename"] in {"Cancelled", "CancelledWhileAwaited"}
    assert "was refunded" in kernel.text(waiting)
    kernel.until(lambda: behind in kernel.replies)
    assert "behind" not in kernel.last(behind)
    kernel.until(lambda: "was refunded" in kernel.last(shown))


@pytest.mark.parametrize(("cell", "ends"), [("%%qwave\na city", "ok"), ("%%time\n%%qwave\na city", "ok")])
def test_a_ten_second_job_says_little_and_leaves_nothing_behind(kernel, demo, cell, ends):
    demo.change(latency=0.2)
    said(kernel, cell)
    before = count(kernel)
    demo.change(latency=10)
    kernel.said.clear()
    reply, _, sent = said(kernel, cell)
    assert reply["status"] == ends
    live = {"comm_open", "comm_msg", "comm_close", "display_data", "update_display_data"}
    spoken = [message for message in kernel.said if message["msg_type"] in live]
    weight = sum(len(json.dumps(message["content"])) for message in spoken)
    assert len(spoken) < 60
    assert weight < 60_000
    assert len(spoken) > 8
    time.sleep(1)
    assert count(kernel) == before
    assert not any("widget-view" in kind for output in kernel.saved[sent] for kind in output.get("data", {}))


def test_a_batch_is_shown_live_can_be_cancelled_from_the_list_and_ends_as_a_card(kernel, demo):
    demo.change(latency=0.3)
    before = count(kernel)
    _, _, sent = said(kernel, "batch = qwave.batch(['a city', 'a lake'])")
    kernel.until(lambda: "2 of 2" in kernel.last(sent), 30)
    _, text, _ = said(kernel, "print(len(batch.results()))")
    assert text.strip() == "2"
    demo.change(latency=60)
    kernel.buttons.clear()
    _, _, sent = said(kernel, "batch = qwave.batch(['a city', 'a lake'])")
    kernel.buttons.clear()
    _, _, listed = said(kernel, "%qwave status")
    kernel.until(lambda: "Cancel" in kernel.buttons)
    kernel.click("Cancel")
    kernel.until(lambda: "2 failed" in kernel.last(sent) and "2 failed" in kernel.last(listed), 20)
    assert said(kernel, "print(len(batch.errors))")[1].strip() == "2"
    assert count(kernel)[1] == before[1]


def test_what_has_ended_is_listed_in_one_output_and_looked_at_without_a_new_error(kernel, demo):
    demo.change(latency=0.2)
    said(kernel, "%%qwave\na city")
    demo.change(fail="upstream_unavailable:1")
    assert said(kernel, "%%qwave -o bad\na city")[0]["ename"] == "TaskFailed"
    reply, _, listed = said(kernel, "%qwave status")
    assert reply["status"] == "ok"
    assert len(kernel.saved[listed]) == 1
    assert "Nothing was charged" in kernel.last(listed)
    assert "1 picture in" in kernel.last(listed)
    reply, _, shown = said(kernel, "%qwave show")
    assert reply["status"] == "ok"
    assert "Nothing was charged" in kernel.last(shown)


def test_an_error_that_is_raised_again_is_told_again(kernel, demo):
    demo.change(latency=0.2, fail="upstream_unavailable:1")
    said(kernel, "job = qwave.submit('a city')")
    _, _, first = said(kernel, "qwave.verbs.present(job)")
    _, _, second = said(kernel, "job.result()")
    traces = ["".join(kernel.saved[sent][-1]["traceback"]) for sent in (first, second)]
    assert traces[0] == "✕ TaskFailed"
    assert "the provider is down" in traces[1]


def test_a_silent_server_keeps_nobody_longer_than_three_seconds(tmp_path):
    for server in serve("--latency", "60"):
        kernel = Kernel(VERSIONS[-1], server.environment(tmp_path), tmp_path)
        try:
            kernel.run("%load_ext qwave_jupyter")
            (cell,) = kernel.queue("%%qwave\na city")
            kernel.until(lambda: submitted(tmp_path))
            os.kill(server.pid, signal.SIGSTOP)
            began = time.monotonic()
            kernel.interrupt()
            kernel.wait(cell, 15)
            took = time.monotonic() - began
        finally:
            os.kill(server.pid, signal.SIGCONT)
            kernel.close()
        assert took < 5
        assert kernel.replies[cell]["ename"] == "Cancelled"
        assert "didn't say whether" in kernel.last(cell)
        assert "%qwave resume" in kernel.last(cell)
        assert journal_rows(tmp_path)[-1]["state"] == "running"


@pytest.mark.parametrize("cell", ["%%qwave --no-wait\na city", "%%qwave\na city", "%%time\n%%qwave\na city"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_kernel_with_a_running_job_shuts_down_at_once(slow_server, tmp_path, version, cell):
    kernel = Kernel(version, slow_server.environment(tmp_path), tmp_path)
    try:
        kernel.run("%load_ext qwave_jupyter")
        kernel.queue(cell)
        kernel.until(lambda: submitted(tmp_path))
        began = time.monotonic()
        kernel.client.shutdown()
        while kernel.manager.is_alive():
            assert time.monotonic() - began < 5
            time.sleep(0.05)
    finally:
        kernel.close()
    assert journal_rows(tmp_path)[-1]["state"] == "running"
