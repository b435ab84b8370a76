"""What a notebook keeps of every way in which a wait can end: all of it shows without a kernel and without a script."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from qwave_jupyter.demo.server import DemoServer
from tests.conftest import Server
from tests.notebook.kernels import VERSIONS, Kernel, journal_rows, python_with

pytestmark = pytest.mark.kernel

CITY = "%%qwave\na city"


@pytest.fixture(scope="module")
def demo():
    server = DemoServer(latency=0.3, key="demo-saved", seed=3).start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=(VERSIONS[0], VERSIONS[-1]))
def kernel(request, demo, tmp_path_factory):
    home = tmp_path_factory.mktemp("saved")
    started = Kernel(request.param, Server(demo.url, demo.key).environment(home), home)
    started.home = home
    started.run("%load_ext qwave_jupyter")
    yield started
    started.close()


def notebook_of(kernel, sent, cell):
    """The notebook that a frontend would save now, checked against its schema."""
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell, outputs=kernel.saved[sent], execution_count=1)]
    nbformat.validate(made)
    return made


def shown(notebook):
    """What its HTML shows a reader who has neither kernel nor script."""
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(notebook)
    body = page[page.index("<body") :]
    return re.sub(r"<script.*?</script>", "", body, flags=re.DOTALL)


def finished(kernel, sent):
    kernel.wait(sent, 20)


def cancelled(kernel, sent):
    kernel.until(lambda: "Cancel" in kernel.buttons and open_jobs(kernel))
    kernel.click("Cancel")
    kernel.wait(sent, 20)


def interrupted(kernel, sent):
    kernel.until(lambda: open_jobs(kernel))
    kernel.interrupt()
    kernel.wait(sent, 20)


def in_the_background(kernel, sent):
    kernel.wait(sent, 20)
    kernel.until(lambda: any("image/jpeg" in output.get("data", {}) for output in kernel.saved[sent]), 20)


def open_jobs(kernel):
    rows = journal_rows(kernel.home)
    return len(rows) > kernel.known and rows[-1]["task_id"]


@pytest.mark.parametrize(
    ("cell", "switches", "end", "says", "pictures"),
    [
        (CITY, {}, finished, ["1 picture in", ".png", "$0.0"], 1),
        (CITY, {"latency": 60}, cancelled, ["was refunded"], 0),
        (CITY, {"latency": 60}, interrupted, ["was refunded"], 0),
        ("%%qwave --timeout 1\na city", {"latency": 60}, finished, ["The task goes on", "%qwave resume"], 0),
        (CITY, {"fail": "upstream_unavailable:1"}, finished, ["the provider is down", "Nothing was charged"], 0),
        ("%%time\n%%qwave\na city", {}, finished, ["1 picture in", ".png"], 1),
        ("%%qwave --no-wait\na city", {}, in_the_background, ["1 picture in", ".png", "Job("], 1),
        ("%%qwave --sweep seed=1..2\na city", {}, finished, ["2 of 2"], 1),
        ("%%qwave --resolution 4k --aspect-ratio 1:1\na city", {}, finished, ["16:9", "Nothing was sent"], 0),
    ],
    ids=["finish", "cancel", "interrupt", "timeout", "error", "nested", "background", "sweep", "refused"],
)
def test_a_saved_notebook_shows_it_all_and_no_dead_widget(kernel, demo, cell, switches, end, says, pictures):
    demo.change(**{"latency": 0.3, "fail": None, **switches})
    kernel.known = len(journal_rows(kernel.home))
    kernel.buttons.clear()
    (sent,) = kernel.queue(cell)
    end(kernel, sent)
    made = notebook_of(kernel, sent, cell)
    assert not any("widget" in kind for output in made.cells[0].outputs for kind in output.get("data", {}))
    page = shown(made)
    for part in says:
        assert part in page
    assert "widget-subarea" not in page
    assert len(re.findall(r"<img[^>]+data:image/", page)) == pictures
    assert "press ⏹" not in page
    assert "Queued" not in page


def test_without_a_person_every_cell_ends_before_the_file_is_written(demo, tmp_path, monkeypatch):
    demo.change(latency=1, fail=None)
    environment = Server(demo.url, demo.key).environment(tmp_path)
    cells = [
        "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave",
        "%%qwave --no-wait -o city\na city",
        "%%qwave\na lake",
        "batch = qwave.batch(['a cat', 'a dog'])",
    ]
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(made, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = python_with(VERSIONS[-1])
    client.execute(env=environment)
    page = shown(made)
    assert len(re.findall(r"<img[^>]+data:image/", page)) == 2
    assert "2 of 2" in page
    assert page.count("1 picture in") == 2
    assert not any("widget" in kind for one in made.cells for output in one.outputs for kind in output.get("data", {}))
    assert not made.metadata.get("widgets")
