"""Jobs that go on behind the cells: several, listed live, shown again, awaited together; and what they leave behind."""

from __future__ import annotations

import json

import pytest

from tests.notebook.conftest import EVERY_GENERATION, QUICK

pytestmark = [pytest.mark.kernel, EVERY_GENERATION]

#: Threads and widgets of ours that are alive.
COUNT = """
import json, threading, ipywidgets
from ipywidgets.widgets import widget
print(json.dumps([sorted(one.name for one in threading.enumerate() if "qwave" in one.name), len(widget._instances)]))
"""
#: Says so once the main thread waits in ``job.result()``: an interrupt before it belongs to the cell.
ANNOUNCE = """
def announce():
    import sys, threading, time, traceback
    main = threading.main_thread().ident
    while not any(call.name == "result" for call in traceback.extract_stack(sys._current_frames()[main])):
        time.sleep(0.05)
    print("waiting", flush=True)
import threading
threading.Thread(target=announce, daemon=True).start()
"""


def count(kernel):
    return json.loads(kernel.said_by(COUNT)[1])


def drawings(kernel, begins):
    """What changed a card, of the messages from a place on."""
    return [one for one in kernel.said[begins:] if one["msg_type"] in {"comm_msg", "update_display_data"}]


def start(kernel, cell):
    """Run a cell that leaves a job in the background; its message id, when its card names the task."""
    reply, _, sent = kernel.said_by(cell)
    assert reply["status"] == "ok"
    kernel.until(lambda: kernel.shows_task(sent))
    return sent


@pytest.mark.slow
def test_status_lists_jobs_live(kernel, demo):
    demo.hold()
    first = start(kernel, "%%qwave --no-wait -o slow\na slow city")
    second, third = (start(kernel, f"%%qwave --no-wait -o quick{one}\na quick city") for one in (1, 2))
    reply, _, listed = kernel.said_by("%qwave status")
    assert reply["status"] == "ok"
    assert len(kernel.saved[listed]) == 3
    assert sum('<div class="qw-card' in str(state.get("value")) for state in kernel.widgets(listed)) == 3
    task = kernel.said_by("print(slow.task_id)")[1].strip()
    _, _, again = kernel.said_by(f"%qwave status {task[-6:]}")
    kernel.click(again, "Cancel")
    for sent in (first, listed, again):
        kernel.until(lambda sent=sent: "was refunded" in kernel.last(sent))
    demo.finish()
    for sent in (second, third):
        kernel.until(lambda sent=sent: kernel.shows_image(sent))
        assert "1 image in" in kernel.last(sent)
    assert demo.server.get(f"/v1/tasks/{task}")["status"] == "cancelled"


def test_show_follows_a_running_job(kernel, demo):
    demo.hold()
    start(kernel, "%%qwave --no-wait -o job\na city")
    _, _, shown = kernel.said_by("%qwave show")
    assert not kernel.shows_image(shown)
    demo.finish()
    kernel.until(lambda: kernel.shows_image(shown))
    reply, _, later = kernel.said_by("%qwave show")
    assert reply["status"] == "ok"
    assert kernel.shows_image(later)


def test_jobs_can_be_awaited(kernel):
    reply, text, _ = kernel.said_by(
        "jobs = [qwave.submit('a city', seed=n) for n in range(3)]\n"
        "one = await jobs[0]\n"
        "all = await asyncio.gather(*jobs)\n"
        "print(len(one), len(all), sum(job.result()[0].path.exists() for job in qwave.as_completed(jobs)))"
    )
    assert reply["status"] == "ok", text
    # An earlier display may still be filled meanwhile.
    assert text.strip().endswith("1 3 3")


@pytest.mark.parametrize("waits", ["await job", "await asyncio.gather(job, quick)", "job.result()"])
def test_awaited_job_cancelled_by_card(kernel, demo, waits):
    demo.hold()
    shown = start(kernel, "%%qwave --no-wait -o job\na city")
    demo.change(latency=QUICK)
    kernel.run("quick = qwave.submit('a quick city')\nquick.wait(60)")
    # A cell with output of its own: when that has arrived, the kernel is in the cell.
    interrupts = waits == "job.result()" and not kernel.generation.hears_clicks_when_blocked
    says = ANNOUNCE if interrupts else "print('waiting', flush=True)"
    waiting, behind = kernel.queue(f"{says}\n{waits}", "print('behind')")
    kernel.until(lambda: "waiting" in kernel.last(waiting))
    if interrupts:
        kernel.interrupt()
    else:
        kernel.click(shown, "Cancel")
    kernel.wait(waiting)
    assert kernel.replies[waiting]["ename"] in {"Cancelled", "CancelledWhileAwaited"}
    assert "was refunded" in kernel.text(waiting)
    kernel.wait(behind)
    assert "behind" not in kernel.last(behind)
    kernel.until(lambda: "was refunded" in kernel.last(shown))


READERS = {
    "thread": "await asyncio.gather(asyncio.to_thread(job.result))",
    "task": "async def read():\n    return job.result()\nawait asyncio.create_task(read())",
    "generate": "gone = asyncio.create_task(asyncio.to_thread(qwave.generate, 'a lake'))\n"
    "while default().jobs[0] is job:\n    await asyncio.sleep(0.05)\ndefault().jobs[0].cancel()\nawait gone",
}


@pytest.mark.parametrize("cell", READERS.values(), ids=READERS)
def test_cancelled_job_that_is_read_leaves_the_kernel(kernel, demo, cell):
    demo.hold()
    kernel.run("import asyncio\nfrom qwave_jupyter.session import default\njob = qwave.submit('a city')\njob.cancel()")
    (sent,) = kernel.queue(cell)
    kernel.wait(sent)
    assert kernel.replies[sent]["ename"] == "CancelledWhileAwaited"
    assert kernel.said_by("print('alive', job.status)")[1].strip() == "alive cancelled"


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["%%qwave\na city", "%%time\n%%qwave\na city"], ids=["top", "nested"])
def test_job_sends_little_and_leaves_nothing(kernel, demo, cell):
    kernel.run(cell)
    kernel.until(lambda: not count(kernel)[0])
    before = count(kernel)
    demo.hold()
    begins = len(kernel.said)
    (sent,) = kernel.queue(cell)
    kernel.until(lambda: len(drawings(kernel, begins)) > 8)
    demo.finish()
    kernel.wait(sent)
    assert kernel.replies[sent]["status"] == "ok"
    live = {"comm_open", "comm_msg", "comm_close", "display_data", "update_display_data"}
    spoken = [message for message in kernel.said[begins:] if message["msg_type"] in live]
    drawn = drawings(kernel, begins)
    # Twice a second at most; what opens and closes the card comes on top.
    seconds = (drawn[-1]["header"]["date"] - drawn[0]["header"]["date"]).total_seconds()
    assert len(drawn) <= 2 * seconds + 8
    assert len(spoken) <= len(drawn) + 32
    assert sum(len(json.dumps(message["content"])) for message in spoken) < 30_000 + 2_000 * len(drawn)
    kernel.until(lambda: count(kernel) == before)
    assert not any("widget-view" in kind for output in kernel.saved[sent] for kind in output.get("data", {}))


def test_batch_is_shown_live(kernel):
    before = count(kernel)
    _, _, sent = kernel.said_by("batch = qwave.batch(['a city', 'a lake'])")
    kernel.until(lambda: "2 of 2" in kernel.last(sent))
    assert kernel.said_by("print(len(batch.results()))")[1].strip() == "2"
    kernel.until(lambda: count(kernel)[1] == before[1])


@pytest.mark.slow
def test_batch_cancelled_from_status(kernel, demo):
    before = count(kernel)
    demo.hold(answers_at_once=True)
    _, _, sent = kernel.said_by("batch = qwave.batch(['a city', 'a lake'])")
    kernel.until(lambda: sum(bool(row["task_id"]) for row in kernel.new_rows()) == 2)
    _, _, listed = kernel.said_by("%qwave status")
    kernel.click(listed, "Cancel")
    kernel.until(lambda: "2 stopped" in kernel.last(sent) and "2 stopped" in kernel.last(listed))
    assert kernel.said_by("print(len(batch.errors))")[1].strip() == "2"
    kernel.until(lambda: count(kernel)[1] == before[1])


def test_status_lists_ended_jobs(kernel, demo):
    assert kernel.run("%%qwave\na city")["status"] == "ok"
    demo.change(fail="upstream_unavailable:1")
    assert kernel.run("%%qwave -o bad\na city")["ename"] == "TaskFailed"
    reply, _, listed = kernel.said_by("%qwave status")
    assert reply["status"] == "ok"
    assert len(kernel.saved[listed]) == 1
    assert "Nothing was charged" in kernel.last(listed)
    assert "1 image in" in kernel.last(listed)
    reply, _, shown = kernel.said_by("%qwave show")
    assert reply["status"] == "ok"
    assert "Nothing was charged" in kernel.last(shown)


def test_error_raised_again_says_why(kernel, demo):
    demo.change(fail="upstream_unavailable:1")
    kernel.run("job = qwave.submit('a city')")
    _, _, first = kernel.said_by("from qwave_jupyter.session import default\ndefault().present(job)")
    _, _, second = kernel.said_by("job.result()")
    # The card has said it; below it stands only where.
    assert "the provider is down" not in "".join(kernel.saved[first][-1]["traceback"])
    assert "the provider is down" in "".join(kernel.saved[second][-1]["traceback"])
