"""The kernels of these tests: the generation that they claim to be, and what puts them right after a test."""

from __future__ import annotations

from importlib import metadata

import pytest

from tests.conftest import scope_of
from tests.notebook.conftest import EVERY_GENERATION, QUICK

pytestmark = [pytest.mark.kernel, EVERY_GENERATION]

#: In slices: a signal that arrives just before a sleep begins is only heard when it ends. Its output tells that the
#: kernel is in the cell: an interrupt between "busy" and the first line makes ipykernel 6 forget the reply.
SLEEPS = "import time\nprint('sleeping', flush=True)\nfor _ in range(6000):\n    time.sleep(0.1)"
IGNORES_INTERRUPTS = """
import time
while True:
    try:
        print('ignores interrupts', flush=True)
        while True:
            time.sleep(0.1)
    except KeyboardInterrupt:
        pass
"""


def test_generation_has_its_own_scope(request, generation):
    file = request.node.nodeid.partition("::")[0]
    assert scope_of(request.node.nodeid) == f"{file}::{generation.name}"
    assert scope_of(f"{file}::test_without_generation[some-7]") == file


def test_kernel_has_its_generation(kernel, generation):
    _, text, _ = kernel.said_by("import ipykernel, qwave_jupyter\nprint(ipykernel.__version__, qwave_jupyter.__file__)")
    version, file = text.split(maxsplit=1)
    assert version == (generation.version or metadata.version("ipykernel"))
    assert version.startswith(generation.name) or tuple(map(int, version.split(".")[:2])) >= (7, 4)
    assert file.strip() == __import__("qwave_jupyter").__file__


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", [SLEEPS, "%%qwave\na city", "qwave.generate('a city')"], ids=["sleep", "awaited", "blocking"]
)
def test_settle_ends_running_cells(kernel, demo, cell):
    restarts = kernel.restarts
    demo.hold()
    first, *behind = kernel.queue(cell, SLEEPS, SLEEPS)
    kernel.until(lambda: kernel.shows_task(first) or "sleeping" in kernel.last(first))
    kernel.settle()
    assert not kernel.unfinished()
    assert kernel.restarts == restarts
    asks = "from qwave_jupyter.session import default\nprint(default().has_active_jobs())"
    assert kernel.said_by(asks)[1].strip() == "False"
    for row in kernel.new_rows():
        assert (row["state"], demo.task(row)["status"]) == ("cancelled", "cancelled")
    assert {kernel.replies[one]["status"] for one in (first, *behind)} <= {"error", "aborted"}


@pytest.mark.slow
def test_settle_cancels_background_jobs(kernel, demo):
    restarts = kernel.restarts
    demo.hold(answers_at_once=True)
    kernel.run("%%qwave --no-wait -o job\na city")
    kernel.run("batch = qwave.batch(['a city', 'a lake'])")
    kernel.until(lambda: sum(bool(row["task_id"]) for row in kernel.new_rows()) == 3)
    kernel.settle()
    assert kernel.restarts == restarts
    assert kernel.said_by("print(job.done(), batch.done())")[1].strip() == "True True"
    assert [row["state"] for row in kernel.new_rows()] == ["cancelled"] * 3


@pytest.mark.slow
def test_settle_restarts_a_stuck_kernel(kernel):
    restarts = kernel.restarts
    (stuck,) = kernel.queue(IGNORES_INTERRUPTS)
    kernel.until(lambda: "ignores interrupts" in kernel.last(stuck))
    kernel.settle()
    assert kernel.restarts == restarts + 1
    assert kernel.said_by("%%qwave --dry-run\na city")[0]["status"] == "ok"


def test_settle_restores_the_extension(kernel):
    restarts = kernel.restarts
    kernel.run("%unload_ext qwave_jupyter")
    kernel.settle()
    assert kernel.restarts == restarts + 1
    assert kernel.run("%%qwave --dry-run\na city")["status"] == "ok"


def test_reset_makes_the_server_quick(kernel, demo):
    demo.hold()
    kernel.run("%%qwave --no-wait\na city")
    kernel.until(kernel.has_task)
    demo.change(fail="upstream_unavailable", reset=100)
    demo.reset()
    assert demo.task(kernel.new_rows()[-1])["status"] == "completed"
    assert demo.server.get("/demo/switches")["latency"] == QUICK
    assert demo.server.get("/demo/faults")["faults"] == []
