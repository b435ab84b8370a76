"""The results of a sweep, a comparison and the tables: light, dark, and as a saved page."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.browser.driver import SCREENSHOTS, expect, preview_bytes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD = "%load_ext qwave_jupyter"
SWEEP = (
    '%%qwave --sweep what=cat,robot,lighthouse,"two birds" --sweep seed=1..4 --aspect-ratio 4:3 -o grid\n'
    "A {{what}} by the sea at dusk"
)
EDIT = "(night,) = grid.best(0, 0).edit('the same in deep night, with stars')\ngrid.best(0, 0).compare(night)"
TABLES = ["%qwave cost", "%qwave models --action inpaint", "%qwave model gpt-image-2", "%qwave history lighthouse"]


def test_sweep_sheet_fills_and_is_saved(open_notebook, workspace, context):
    notebook = open_notebook(LOAD, SWEEP, EDIT, *TABLES)
    notebook.run(0, 1)
    notebook.expect_text(1, re.compile(r"[1-9]\d* of 16"))
    notebook.screenshot("sweep-filling")
    notebook.wait(1)
    notebook.expect_text(1, "16 of 16")
    assert preview_bytes(notebook.outputs(1))[:2] in {b"\xff\xd8", b"\x89P"}
    expect(notebook.cell(1).locator("button.jupyter-button")).to_have_count(0)
    notebook.screenshot("sweep-light")
    notebook.set_theme("Dark")
    notebook.screenshot("sweep-dark")
    notebook.set_theme("Light")
    places = range(2, 3 + len(TABLES))
    notebook.run(*places)
    notebook.wait(*places)
    for place in places:
        expect(notebook.output(place)).not_to_be_empty()
        assert "Traceback" not in notebook.text(place)
    expect(notebook.cell(2).locator("img")).to_have_count(2)
    for place, what in ((2, "compare"), (3, "cost"), (4, "models"), (5, "model"), (6, "history")):
        notebook.cell(place).scroll_into_view_if_needed()
        notebook.screenshot(f"{what}-light")
    notebook.set_theme("Dark")
    notebook.cell(2).scroll_into_view_if_needed()
    notebook.screenshot("compare-dark")
    notebook.cell(5).scroll_into_view_if_needed()
    notebook.screenshot("model-dark")
    notebook.save()

    path = workspace.folder / "test.ipynb"
    page = path.with_suffix(".html")
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(path)], check=True, capture_output=True)
    content = page.read_text("utf-8")
    # What nbconvert's own page loads for formulas and old widgets isn't ours.
    ours = "".join(re.findall(r'<div class="jp-OutputArea.*?(?=<div class="jp-Cell |</main>)', content, re.DOTALL))
    assert "16 of 16" in ours
    assert "widget-view" not in ours
    saved = context.new_page()
    saved.goto(page.as_uri(), wait_until="domcontentloaded")
    saved.set_viewport_size({"width": 1000, "height": 900})
    saved.locator("text=16 of 16").first.scroll_into_view_if_needed()
    saved.screenshot(path=str(SCREENSHOTS / "sweep-nbconvert.png"))
