"""The two things that everybody does in JupyterLab: run a cell, and generate from the panel."""

from __future__ import annotations

import pytest

from tests.browser.driver import expect, preview_bytes

pytestmark = pytest.mark.browser

LOAD = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"


def test_cell_shows_card_then_image(open_notebook, demo, demo_clock, workspace):
    demo.change(latency=600)
    notebook = open_notebook(LOAD, "%%qwave -r 16:9\na lighthouse", "print('the next cell ran')")
    notebook.run(0, 1, 2)
    notebook.expect_submitted(1)
    notebook.expect_cancel_button(1)
    notebook.screenshot("smoke-waiting")
    demo_clock.skip(3600)
    notebook.wait(1, 2)
    notebook.expect_text(1, "1 image in")
    expect(notebook.cell(1).locator("img")).to_be_visible()
    assert preview_bytes(notebook.outputs(1)).startswith(b"\xff\xd8")
    notebook.expect_text(2, "the next cell ran")
    assert workspace.statuses() == ["completed"]
    notebook.screenshot("smoke-done")


@pytest.mark.slow
def test_panel_generates_image(open_notebook, workspace):
    notebook = open_notebook(LOAD, "qwave.panel('a lighthouse')")
    notebook.run(0, 1)
    panel = notebook.cell(1).locator(".qwp-panel")
    expect(panel.locator(".qwp-line").first).to_contain_text("Ready")
    panel.get_by_role("button", name="Generate", exact=True).click()
    expect(panel.locator(".qwp-run .qwp-images img")).to_be_visible()
    assert workspace.statuses() == ["completed"]
    notebook.screenshot("smoke-panel")
