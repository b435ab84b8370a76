"""What a notebook keeps of every way in which a wait can end: all of it shows without kernel and scripts."""

from __future__ import annotations

import re
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

from tests.notebook.conftest import OLDEST_AND_NEWEST
from tests.notebook.kernels import NEWEST, SETUP

pytestmark = pytest.mark.kernel

CITY = "%%qwave\na city"


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
    kernel.wait(sent)


def cancelled(kernel, sent):
    kernel.until(lambda: kernel.shows_task(sent))
    kernel.click(sent, "Cancel")
    kernel.wait(sent)


def interrupted(kernel, sent):
    kernel.until(lambda: kernel.shows_task(sent))
    kernel.interrupt()
    kernel.wait(sent)


def in_the_background(kernel, sent):
    kernel.wait(sent)
    kernel.until(lambda: kernel.shows_image(sent))


@pytest.mark.slow_except("finish", "cancel", "sweep")
@OLDEST_AND_NEWEST
@pytest.mark.parametrize(
    ("cell", "switches", "end", "says", "images"),
    [
        (CITY, {}, finished, ["1 image in", ".png", "$0.0"], 1),
        (CITY, {"latency": 3000}, cancelled, ["was refunded"], 0),
        (CITY, {"latency": 3000}, interrupted, ["was refunded"], 0),
        ("%%qwave --timeout 1\na city", {"latency": 3000}, finished, ["The task goes on", "%qwave resume"], 0),
        (CITY, {"fail": "upstream_unavailable:1"}, finished, ["the provider is down", "Nothing was charged"], 0),
        ("%%time\n%%qwave\na city", {}, finished, ["1 image in", ".png"], 1),
        ("%%qwave --no-wait\na city", {}, in_the_background, ["1 image in", ".png", "Job("], 1),
        ("%%qwave --sweep seed=1..2\na city", {}, finished, ["2 of 2"], 1),
        ("%%qwave --resolution 4k --aspect-ratio 1:1\na city", {}, finished, ["16:9", "Nothing was sent"], 0),
    ],
    ids=["finish", "cancel", "interrupt", "timeout", "error", "nested", "background", "sweep", "refused"],
)
def test_saved_cell_has_no_dead_widget(kernel, demo, cell, switches, end, says, images):
    demo.change(**switches)
    (sent,) = kernel.queue(cell)
    end(kernel, sent)
    made = notebook_of(kernel, sent, cell)
    assert not any("widget" in kind for output in made.cells[0].outputs for kind in output.get("data", {}))
    page = shown(made)
    for part in says:
        assert part in page
    assert "widget-subarea" not in page
    assert len(re.findall(r"<img[^>]+data:image/", page)) == images
    assert "press ⏹" not in page
    assert "Queued" not in page


@pytest.mark.slow
def test_executed_notebook_is_complete(demo, tmp_path):
    cells = [
        SETUP,
        "%%qwave --no-wait -o city\na city",
        "%%qwave\na lake",
        "%%qwave --embed html --sweep seed=1..2\na fox",
        "batch = qwave.batch(['a cat', 'a dog'])",
    ]
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(made, timeout=100, resources={"metadata": {"path": str(tmp_path)}})
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    try:
        client.execute(env=NEWEST.environment(demo.server.environment(tmp_path)))
    finally:
        demo.reset()
    page = shown(made)
    assert len(re.findall(r"<img[^>]+data:image/", page)) == 3
    assert re.search(r'<img[^>]+alt="a fox"', page)
    for prompt in ("a city", "a lake", "a fox"):
        assert page.count(f"Prompt: {prompt}") == 1
    assert page.count("2 of 2") == 2
    assert page.count("1 image in") == 2
    assert not any("widget" in kind for one in made.cells for output in one.outputs for kind in output.get("data", {}))
    assert not made.metadata.get("widgets")


@pytest.mark.slow
@pytest.mark.parametrize("options", ["--sweep seed=1,2", "--sweep seed=1,2 --no-wait -o sheet", "--seed 1"])
def test_executed_notebook_ends_where_nothing_was_made(demo, tmp_path, options):
    demo.change(fail="upstream_unavailable:9")
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in (SETUP, f"%%qwave {options}\na city", "print('behind')")]
    client = NotebookClient(made, timeout=100, resources={"metadata": {"path": str(tmp_path)}})
    client.km = client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    try:
        with pytest.raises(CellExecutionError, match="the provider is down"):
            client.execute(env=NEWEST.environment(demo.server.environment(tmp_path)))
    finally:
        demo.reset()
    assert not made.cells[-1].outputs
