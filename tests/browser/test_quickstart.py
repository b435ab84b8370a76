"""What a person sees in JupyterLab and Notebook 7: a picture, a Cancel that cancels, a refusal that explains."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.browser.driver import ROOT, SHOTS, NotebookPage, picture_bytes
from tests.notebook.kernels import journal_rows, submitted

pytestmark = pytest.mark.browser

LOAD = "%load_ext qwave_jupyter"
CITY = "%%qwave --aspect-ratio 16:9 --resolution 2k --seed 42 -o city\nA futuristic city at night, neon on wet streets"
BEHIND = "print('the cell behind ran')"


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_a_prompt_becomes_a_picture_and_the_cell_behind_runs(lab, context, quick_server, face):
    server = lab(quick_server)
    name = server.notebook("city.ipynb", LOAD, CITY, BEHIND)
    notebook = NotebookPage(context, server, name, face)
    notebook.run(0, 1, 2)
    notebook.wait(2)
    assert "the cell behind ran" in notebook.text(2)
    assert "1 picture in" in notebook.text(1)
    assert picture_bytes(notebook.outputs(1)).startswith(b"\xff\xd8")
    assert notebook.cell(1).locator("img").count() == 1
    assert notebook.cell(1).locator("button.jupyter-button").count() == 0
    notebook.shot(f"done-light-{face}")
    notebook.theme("Dark")
    notebook.shot(f"done-dark-{face}")
    notebook.theme("Light")
    if os.environ.get("QWAVE_UPDATE_SCREENSHOTS") and face == "lab":
        shutil.copy(SHOTS / "done-light-lab.png", ROOT / "docs" / "quickstart.png")
    notebook.save()
    notebook.close()

    reopened = NotebookPage(context, server, name, face)
    assert "1 picture in" in reopened.text(1)
    assert reopened.cell(1).locator("img").count() == 1
    assert "Error displaying widget" not in reopened.text(1)
    assert all("application/vnd.jupyter.widget-view+json" not in one.get("data", {}) for one in reopened.outputs(1))
    reopened.close()


def test_cancel_while_queued_cancels_on_the_server_and_the_cell_behind_does_not_run(lab, context, slow_server):
    server = lab(slow_server)
    notebook = NotebookPage(context, server, server.notebook("cancel.ipynb", LOAD, CITY, BEHIND))
    notebook.run(0, 1, 2)
    button = notebook.cell(1).locator("button.jupyter-button", has_text="Cancel")
    button.wait_for(timeout=30_000)
    home = server.folder / "home"
    for _ in range(100):
        if submitted(home):
            break
        notebook.page.wait_for_timeout(100)
    notebook.page.wait_for_timeout(1500)
    before = notebook.cell(1).locator(".qw-card").bounding_box()["height"]
    notebook.shot("waiting-light")
    notebook.theme("Dark")
    notebook.shot("waiting-dark")
    notebook.theme("Light")
    button.click()
    notebook.wait(1, 20)
    assert "was refunded" in notebook.text(1)
    assert notebook.cell(1).locator(".qw-card").bounding_box()["height"] == pytest.approx(before, abs=24)
    assert "the cell behind ran" not in notebook.text(2)
    (row,) = journal_rows(home)
    assert slow_server.get(f"/v1/tasks/{row['task_id']}")["status"] == "cancelled"
    notebook.shot("cancelled-light")
    notebook.close()


def test_an_interrupt_says_what_became_of_the_task(lab, context, slow_server):
    server = lab(slow_server)
    notebook = NotebookPage(context, server, server.notebook("interrupt.ipynb", LOAD, CITY))
    notebook.run(0, 1)
    for _ in range(200):
        if submitted(server.folder / "home"):
            break
        notebook.page.wait_for_timeout(100)
    notebook.interrupt()
    notebook.wait(1, 20)
    assert "was refunded" in notebook.text(1)
    notebook.close()


def test_a_refusal_explains_itself_and_the_tables_are_legible(lab, context, quick_server):
    server = lab(quick_server)
    cells = (
        LOAD,
        "%%qwave --resolution 4k --aspect-ratio 1:1 --quality ultra\na poster",
        "%qwave models --action edit --max-price 0.03",
        "%qwave model gpt-image-2",
        "%%qwave -n 4 --aspect-ratio 3:4\na red cat in a garden",
    )
    notebook = NotebookPage(context, server, server.notebook("refusal.ipynb", *cells))
    notebook.run(0, 1)
    notebook.wait(1)
    for part in ("16:9, 9:16, 2:1, 1:2, 21:9 or 9:21", "auto, low, medium or high", "Nothing was sent"):
        assert part in notebook.text(1)
    notebook.run(2, 3, 4)
    notebook.wait(4)
    assert "gpt-image-2" in notebook.text(2)
    assert "--output-format" in notebook.text(3)
    for theme in ("Light", "Dark"):
        notebook.theme(theme)
        for place, what in ((1, "refusal"), (2, "models"), (3, "card"), (4, "sheet")):
            notebook.shot(f"{what}-{theme.lower()}", place)
    notebook.page.set_viewport_size({"width": 640, "height": 900})
    notebook.page.wait_for_timeout(500)
    notebook.shot("refusal-narrow", 1)
    notebook.shot("models-narrow", 2)
    notebook.close()
