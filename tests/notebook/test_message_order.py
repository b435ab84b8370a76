"""What arrives while a cell waits keeps its order, and nothing of it is lost."""

from __future__ import annotations

import json

import pytest

from tests.notebook.conftest import EVERY_GENERATION
from tests.notebook.kernels import Kernel

pytestmark = [pytest.mark.kernel, EVERY_GENERATION]

HEARING = (
    "import ipywidgets\n"
    "heard, ran, ticks = [], [], []\n"
    "number = ipywidgets.IntText()\n"
    "number.observe(lambda change: heard.append(change['new']), 'value')\n"
    "async def tick():\n"
    "    while True:\n"
    "        ticks.append(len(ticks))\n"
    "        await asyncio.sleep(0.05)\n"
    "ticking = asyncio.create_task(tick())\n"
    "print(number.comm.comm_id)"
)
#: Says when a message was handled; a widget's own update tells nothing of it where the kernel is blocked.
LAST_ONE = 20


@pytest.mark.slow_except("top")
@pytest.mark.parametrize(
    "cell", ["%%qwave\na city", "%%time\n%%qwave\na city", "qwave.generate('a city')"], ids=["top", "timed", "generate"]
)
def test_messages_and_cells_keep_order(kernel, demo, cell):
    awaited, generation = cell.startswith("%%qwave"), kernel.generation
    comm = kernel.said_by(HEARING)[1].strip()
    demo.hold()
    waiting, *behind = kernel.queue(
        cell, *(f"ran.append(({place}, len(heard), len(ticks)))" for place in range(10)), "ticking.cancel()"
    )
    kernel.until(lambda: kernel.shows_task(waiting))
    for value in range(1, LAST_ONE + 1):
        kernel.send("comm_msg", {"comm_id": comm, "data": {"method": "update", "state": {"value": value}}})
    if awaited or generation.hears_clicks_when_blocked:
        # The kernel repeats what it has heard; so all of it was handled while the cell still waits.
        kernel.until(lambda: kernel.comms[comm].get("value") == LAST_ONE)
    assert waiting not in kernel.replies
    demo.finish()
    kernel.wait(behind[-1])
    assert {kernel.replies[one]["status"] for one in (waiting, *behind)} == {"ok"}
    # What no cell waits for any more is heard at the latest when the kernel is idle.
    kernel.until(lambda: kernel.said_by("print(len(heard))")[1].strip() == str(LAST_ONE))
    ran, heard = json.loads(kernel.said_by("print(json.dumps([ran, heard]))")[1])
    # ipykernel 7 itself may hand them to two threads in turn; where the pump is ours, they come as they were sent.
    assert (heard if generation.nests_loops else sorted(heard)) == list(range(1, LAST_ONE + 1))
    assert [place for place, *_ in ran] == list(range(10))
    if awaited or generation.hears_clicks_when_blocked:
        assert {count for _, count, _ in ran} == {LAST_ONE}
    if awaited or generation.nests_loops:
        # Other tasks of the loop have gone on.
        assert ran[0][2] > 5


def test_button_without_subshells(generation, demo, tmp_path):
    kernel = Kernel(generation, demo.server.environment(tmp_path), tmp_path, subshells=False)
    try:
        demo.hold()
        (cell,) = kernel.queue("%%qwave\na city")
        kernel.until(lambda: kernel.shows_task(cell) and kernel.button(cell, "Cancel"))
        if generation.needs_subshells:
            kernel.until(lambda: "press ⏹ to cancel" in kernel.card(cell))
            button = kernel.comms[kernel.button(cell, "Cancel")]
            assert button["disabled"]
            assert "qw-soon" in button["_dom_classes"]
            kernel.interrupt()
        else:
            kernel.click(cell, "Cancel")
        kernel.wait(cell)
        assert "was refunded" in kernel.last(cell)
    finally:
        kernel.close()
        demo.reset()
