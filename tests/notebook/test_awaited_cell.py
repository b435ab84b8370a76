"""The whole path through the awaited cell, in kernels of both generations."""

from __future__ import annotations

import pytest

from tests.notebook.kernels import VERSIONS, Kernel, journal_rows, submitted

pytestmark = pytest.mark.kernel

LOAD = "%load_ext qwave_jupyter"
BEHIND = "print('the cell behind ran')"


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def start(version, tmp_path):
    kernels = []

    def started(server):
        kernel = Kernel(version, server.environment(tmp_path), tmp_path)
        kernels.append(kernel)
        assert kernel.run(LOAD)["status"] == "ok"
        return kernel

    yield started
    for kernel in kernels:
        kernel.close()


def test_a_success_is_the_cells_value_and_lets_the_cells_behind_run(start, quick_server, tmp_path):
    kernel = start(quick_server)
    cell, named, behind = kernel.queue(
        "%%qwave --seed 7 -o city\na city at night", "print(city[0].path.exists(), _ is city)", BEHIND
    )
    kernel.wait(behind)
    assert kernel.replies[cell]["status"] == "ok"
    result = next(content for kind, content in kernel.outputs[cell] if kind == "execute_result")
    assert "image/jpeg" in result["data"]
    assert "True True" in kernel.text(named)
    assert "the cell behind ran" in kernel.text(behind)
    (row,) = journal_rows(tmp_path)
    assert row["state"] == "done"
    assert row["cost_quota"] == 3188


def test_cancel_while_queued_cancels_on_the_server_and_the_cell_behind_does_not_run(start, slow_server, tmp_path):
    kernel = start(slow_server)
    cell, behind = kernel.queue("%%qwave\na city", BEHIND)
    kernel.until(lambda: "Cancel" in kernel.buttons and submitted(tmp_path))
    kernel.click("Cancel")
    kernel.wait(cell, 20)
    assert kernel.replies[cell]["status"] == "error"
    assert "was refunded" in kernel.text(cell)
    kernel.until(lambda: behind in kernel.replies)
    assert kernel.replies[behind]["status"] in {"aborted", "error"}
    assert "the cell behind ran" not in kernel.text(behind)
    (row,) = journal_rows(tmp_path)
    task = slow_server.get(f"/v1/tasks/{row['task_id']}")
    assert (task["status"], task["cost"], row["state"]) == ("cancelled", 0, "cancelled")


def test_an_interrupt_cancels_on_the_server_and_says_so_in_one_line(start, slow_server, tmp_path):
    kernel = start(slow_server)
    cell, behind = kernel.queue("%%qwave\na city", BEHIND)
    kernel.until(lambda: submitted(tmp_path))
    kernel.interrupt()
    kernel.wait(cell, 20)
    error = next(content for kind, content in kernel.outputs[cell] if kind == "error")
    assert error["ename"] == "Cancelled"
    assert len("".join(error["traceback"]).splitlines()) == 1
    assert "was refunded" in error["evalue"]
    kernel.until(lambda: behind in kernel.replies)
    assert "the cell behind ran" not in kernel.text(behind)
    (row,) = journal_rows(tmp_path)
    assert slow_server.get(f"/v1/tasks/{row['task_id']}")["status"] == "cancelled"


def test_an_interrupt_cancels_a_nested_cell(start, slow_server, tmp_path):
    kernel = start(slow_server)
    (cell,) = kernel.queue("%%time\nget_ipython().run_cell_magic('qwave', '', 'a city')")
    kernel.until(lambda: submitted(tmp_path))
    kernel.interrupt()
    kernel.wait(cell, 20)
    assert "was refunded" in kernel.text(cell)
    assert "press ⏹ to cancel" in kernel.text(cell) or kernel.kinds(cell)


def test_a_timeout_stops_the_waiting_and_not_the_task(start, slow_server, tmp_path):
    kernel = start(slow_server)
    reply = kernel.run("%%qwave --timeout 1\na city", 30)
    assert reply["ename"] == "WaitTimeout"
    assert "%qwave resume" in reply["evalue"]
    (row,) = journal_rows(tmp_path)
    assert row["state"] == "running"
    assert slow_server.get(f"/v1/tasks/{row['task_id']}")["status"] in {"queued", "processing"}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%qwave --resolution 4k --aspect-ratio 1:1\nx", ["16:9", "9:16", "2:1", "1:2", "21:9", "9:21"]),
        ("%%qwave -m gpt-4o-image -n 3\nx", ["1, 2 or 4"]),
        ("%%qwave -m qwen-image-2.0\n" + "x" * 801, ["800", "801"]),
        (
            "%%qwave -m seedream-4.5 -n 6 " + " ".join(f"-i https://x.example/{n}.png" for n in range(10)) + "\nx",
            ["images (10)", "n (6)", "15"],
        ),
        ("%%qwave -m gpt-image-1-official --resolution 1k\nx", ["no option resolution", "aspect_ratio"]),
        ("%%qwave -m gpt-image-3\nx", ["gpt-image-2"]),
        ("%%qwave --qualty high\nx", ["quality"]),
        ("%%qwave\na {{wether}} day", ["wether", "weather"]),
        ("%%qwave\n \n", ["prompt is empty"]),
        ("%%qwave --timeout 0\nx", ["--timeout", "above 0"]),
    ],
)
def test_what_is_refused_says_what_is_allowed_and_sends_nothing(quiet_kernel, cell, says):
    kernel, home = quiet_kernel
    before = len(journal_rows(home))
    reply = kernel.run(cell)
    assert reply["status"] == "error"
    for part in says:
        assert part in reply["evalue"]
    assert "\n" not in reply["evalue"]
    assert len(reply["traceback"]) == 1
    assert len(journal_rows(home)) == before


@pytest.fixture(scope="module")
def quiet_kernel(quick_server, tmp_path_factory):
    home = tmp_path_factory.mktemp("refusals")
    kernel = Kernel(VERSIONS[-1], quick_server.environment(home), home)
    kernel.run(LOAD)
    kernel.run("weather = 'sunny'")
    yield kernel, home
    kernel.close()


def test_loading_imports_nothing_heavy(quiet_kernel):
    kernel, _ = quiet_kernel
    code = (
        "import subprocess, sys\n"
        "code = 'import sys, IPython; ip = IPython.InteractiveShell.instance(); before = set(sys.modules);"
        'ip.run_line_magic("load_ext", "qwave_jupyter");'
        'print(sorted({"requests", "PIL", "ipywidgets"} & (set(sys.modules) - before)))\'\n'
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True))"
    )
    (cell,) = kernel.queue(code)
    kernel.wait(cell)
    assert "stdout='[]\\n'" in kernel.text(cell)


def test_a_dry_run_shows_the_body_and_sends_nothing(quiet_kernel):
    kernel, _ = quiet_kernel
    (cell,) = kernel.queue("%%qwave -m seedream-5.0 --size 16:9 --web-search --no-watermark --dry-run\na cat")
    kernel.wait(cell)
    text = kernel.text(cell)
    for part in ('"size": "16:9"', '"extra": {', '"type": "web_search"', '"watermark": false', "nothing was"):
        assert part in text
    assert '"action"' not in text
