"""A prompt becomes an image, Cancel cancels, a refusal explains itself, in JupyterLab and Notebook 7."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.browser.driver import ROOT, SCREENSHOTS, expect, preview_bytes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD = "%load_ext qwave_jupyter"
CITY = "%%qwave --aspect-ratio 16:9 --resolution 2k --seed 42 -o city\nA futuristic city at night, neon on wet streets"
NEXT = "print('the next cell ran')"


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_image_survives_saving(open_notebook, workspace, face):
    notebook = open_notebook(LOAD, CITY, NEXT, name="city.ipynb", face=face)
    notebook.run(0, 1, 2)
    notebook.wait(1, 2)
    notebook.expect_text(2, "the next cell ran")
    notebook.expect_text(1, "1 image in")
    assert preview_bytes(notebook.outputs(1)).startswith(b"\xff\xd8")
    expect(notebook.cell(1).locator("img")).to_have_count(1)
    expect(notebook.cell(1).locator("button.jupyter-button")).to_have_count(0)
    notebook.expect_theme("Light")
    notebook.screenshot(f"done-light-{face}")
    notebook.set_theme("Dark")
    notebook.screenshot(f"done-dark-{face}")
    notebook.set_theme("Light")
    if os.environ.get("QWAVE_UPDATE_SCREENSHOTS") and face == "lab":
        shutil.copy(SCREENSHOTS / "done-light-lab.png", ROOT / "docs" / "quickstart.png")
    notebook.save()
    notebook.page.close()
    workspace.jupyter.stop_kernels()

    reopened = open_notebook(name="city.ipynb", face=face)
    reopened.expect_text(1, "1 image in")
    expect(reopened.cell(1).locator("img")).to_be_visible()
    expect(reopened.cell(1).locator("img")).to_have_count(1)
    assert "Error displaying widget" not in reopened.text(1)
    assert all("application/vnd.jupyter.widget-view+json" not in one.get("data", {}) for one in reopened.outputs(1))


def test_cancel_refunds_and_skips_next(open_notebook, workspace, demo):
    demo.change(latency=600)
    notebook = open_notebook(LOAD, CITY, NEXT)
    notebook.run(0, 1, 2)
    notebook.expect_submitted(1)
    button = notebook.expect_cancel_button(1)
    expect(button).to_have_text("Cancel")
    before = notebook.card_height(1)
    notebook.expect_theme("Light")
    notebook.screenshot("waiting-light")
    notebook.set_theme("Dark")
    notebook.screenshot("waiting-dark")
    notebook.set_theme("Light")
    button.click()
    notebook.wait(1)
    notebook.expect_text(1, "was refunded")
    assert notebook.card_height(1) == pytest.approx(before, abs=24)
    notebook.expect_skipped(2)
    assert workspace.statuses() == ["cancelled"]
    notebook.screenshot("cancelled-light")


def test_refusal_and_tables_are_legible(open_notebook):
    notebook = open_notebook(
        LOAD,
        "%%qwave --resolution 4k --aspect-ratio 1:1 --quality ultra\na poster",
        "%qwave models --action edit --max-price 0.03",
        "%qwave model gpt-image-2",
        "%%qwave -n 4 --aspect-ratio 3:4\na red cat in a garden",
    )
    notebook.run(0, 1)
    notebook.wait(1)
    notebook.expect_text(1, "16:9, 9:16, 2:1, 1:2, 21:9 or 9:21", "auto, low, medium or high", "Nothing was sent")
    notebook.run(2, 3, 4)
    notebook.wait(2, 3, 4)
    notebook.expect_text(2, "gpt-image-2")
    notebook.expect_text(3, "--output-format")
    notebook.expect_text(4, "4 images in")
    for theme in ("Light", "Dark"):
        notebook.set_theme(theme)
        for place, what in ((1, "refusal"), (2, "models"), (3, "card"), (4, "sheet")):
            notebook.screenshot(f"{what}-{theme.lower()}", place)
    notebook.page.set_viewport_size({"width": 640, "height": 900})
    notebook.screenshot("refusal-narrow", 1)
    notebook.screenshot("models-narrow", 2)
