"""What arrives while a cell waits keeps its order, and nothing of it is lost."""

from __future__ import annotations

import json

import pytest

from tests.notebook.kernels import VERSIONS, Kernel, journal_rows, submitted

pytestmark = pytest.mark.kernel

HEARING = (
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
#: By the loop in the loop, and by the subshell; on 7.4 a nested wait hears nothing until it has ended.
HEARS_NESTED = ("6.31.0", "7.3.0")


@pytest.fixture(scope="module", params=VERSIONS)
def kernel(request, quick_server, tmp_path_factory):
    home = tmp_path_factory.mktemp("order")
    started = Kernel(request.param, quick_server.environment(home), home)
    started.version, started.home = request.param, home
    started.run("%load_ext qwave_jupyter\nimport asyncio, json, ipywidgets, qwave_jupyter as qwave")
    yield started
    started.close()


@pytest.mark.parametrize("cell", ["%%qwave\na city", "%%time\n%%qwave\na city", "qwave.generate('a city')"])
def test_ten_queued_cells_and_twenty_widget_messages_keep_their_order(kernel, cell):
    (hearing,) = kernel.queue(HEARING)
    kernel.wait(hearing)
    comm = kernel.text(hearing).strip()
    known = len(journal_rows(kernel.home))
    waiting, *behind = kernel.queue(
        cell,
        *(f"ran.append(({place}, len(heard), len(ticks)))" for place in range(10)),
        "ticking.cancel(); await asyncio.sleep(0.5); print(json.dumps([ran, heard]))",
    )
    kernel.until(lambda: len(journal_rows(kernel.home)) > known)
    for value in range(1, 21):
        kernel.send("comm_msg", {"comm_id": comm, "data": {"method": "update", "state": {"value": value}}})
    kernel.wait(behind[-1])
    assert {kernel.replies[one]["status"] for one in (waiting, *behind)} == {"ok"}
    if kernel.version.startswith("7"):
        # What no cell waits for any more is heard at the latest when the kernel is idle.
        kernel.wait(kernel.queue("pass")[0])
    (told,) = kernel.queue("print(json.dumps([ran, heard]))")
    kernel.wait(told)
    ran, heard = json.loads(kernel.text(told))
    # 7.4 itself may hand them to two threads in turn; where the pump is ours, they come as they were sent.
    assert (heard if kernel.version == "6.31.0" else sorted(heard)) == list(range(1, 21))
    assert [place for place, *_ in ran] == list(range(10))
    if cell.startswith("%%qwave") or kernel.version in HEARS_NESTED:
        assert {count for _, count, _ in ran} == {20}
    if cell.startswith("%%qwave") or kernel.version == "6.31.0":
        assert ran[0][2] > 5


@pytest.mark.parametrize("version", VERSIONS)
def test_a_frontend_without_subshells_is_shown_no_button_that_nobody_hears(version, slow_server, tmp_path):
    kernel = Kernel(version, slow_server.environment(tmp_path), tmp_path, subshells=False)
    try:
        kernel.run("%load_ext qwave_jupyter")
        (cell,) = kernel.queue("%%qwave\na city")
        kernel.until(lambda: submitted(tmp_path) and "Cancel" in kernel.buttons)
        button = kernel.comms[kernel.buttons["Cancel"]]
        if version == "7.3.0":
            kernel.until(lambda: button["disabled"])
            assert "qw-soon" in button["_dom_classes"]
            kernel.until(lambda: any("press ⏹ to cancel" in str(one.get("value")) for one in kernel.comms.values()))
            kernel.interrupt()
        else:
            kernel.until(lambda: "qw-soon" not in button["_dom_classes"])
            kernel.click("Cancel")
        kernel.wait(cell, 15)
        assert "was refunded" in kernel.last(cell)
    finally:
        kernel.close()
