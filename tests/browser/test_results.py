"""What comes of a sweep, a comparison and the tables, as a person sees it: light, dark, narrow, and as a saved page."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.browser.driver import SHOTS, NotebookPage, picture_bytes

pytestmark = pytest.mark.browser

LOAD = "%load_ext qwave_jupyter"
SWEEP = (
    '%%qwave --sweep what=cat,robot,lighthouse,"two birds" --sweep seed=1..4 --aspect-ratio 4:3 -o grid\n'
    "A {{what}} by the sea at dusk"
)
AFTER = "(night,) = grid.best(0, 0).edit('the same in deep night, with stars')\ngrid.best(0, 0).compare(night)"
TABLES = ["%qwave cost", "%qwave models --action inpaint", "%qwave model gpt-image-2", "%qwave history lighthouse"]


def test_a_sweep_fills_its_sheet_and_all_of_it_lasts(lab, context, quick_server):
    server = lab(quick_server)
    name = server.notebook("sweep.ipynb", LOAD, SWEEP, AFTER, *TABLES)
    notebook = NotebookPage(context, server, name)
    notebook.run(0, 1)
    notebook.page.wait_for_timeout(5000)
    notebook.shot("sweep-filling")
    notebook.wait(1, timeout=120)
    assert "16 of 16" in notebook.text(1)
    assert picture_bytes(notebook.outputs(1))[:2] in {b"\xff\xd8", b"\x89P"}
    assert notebook.cell(1).locator("button.jupyter-button").count() == 0
    notebook.shot("sweep-light")
    notebook.theme("Dark")
    notebook.shot("sweep-dark")
    notebook.theme("Light")
    for place in range(2, 2 + 1 + len(TABLES)):
        notebook.run(place)
        notebook.wait(place)
        assert "Traceback" not in notebook.text(place)
    assert notebook.cell(2).locator("img").count() == 2
    for place, what in ((2, "compare"), (3, "cost"), (4, "models"), (5, "model"), (6, "history")):
        notebook.cell(place).scroll_into_view_if_needed()
        notebook.shot(f"{what}-light")
    notebook.theme("Dark")
    notebook.cell(2).scroll_into_view_if_needed()
    notebook.shot("compare-dark")
    notebook.cell(5).scroll_into_view_if_needed()
    notebook.shot("model-dark")
    notebook.save()
    notebook.close()

    path = server.folder / name
    page = path.with_suffix(".html")
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", str(path)], check=True, capture_output=True, timeout=120
    )
    content = page.read_text("utf-8")
    # What nbconvert's own page loads for formulas and old widgets isn't ours.
    ours = "".join(re.findall(r'<div class="jp-OutputArea.*?(?=<div class="jp-Cell |</main>)', content, re.DOTALL))
    assert "16 of 16" in ours
    assert "widget-view" not in ours
    saved = context.new_page()
    saved.goto(page.as_uri(), wait_until="domcontentloaded")
    saved.set_viewport_size({"width": 1000, "height": 900})
    saved.locator("text=16 of 16").first.scroll_into_view_if_needed()
    saved.screenshot(path=str(SHOTS / "sweep-nbconvert.png"))
    saved.close()
