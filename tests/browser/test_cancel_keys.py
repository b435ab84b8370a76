"""Keys pressed on Cancel beside a job's card stay there, in every cell that shows one; those on the card don't."""

from __future__ import annotations

import pytest

from tests.browser.driver import _CURRENT, expect
from tests.browser.test_keys import KEYS, NotebookGuard

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"
CELLS = ("%%qwave --no-wait\na city", "%qwave status", "batch = qwave.batch(['a pier', 'a barn'])", "%%qwave\na lake")
#: Enter and the space bar press the button.
STILL = [key for key in KEYS if "Enter" not in key]
HELD = 600


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_keys_stay_on_cancel(open_notebook, demo, demo_clock, face):
    demo.change(latency=HELD)
    notebook = open_notebook(LOAD, *CELLS, "print('below')", face=face)
    notebook.run(0, 1, 2, 3)
    notebook.wait(1, 2, 3)
    notebook.run(4)
    for place in (1, 2, 3, 4):
        button = notebook.expect_cancel_button(place)
        expect(button).to_be_enabled()
        guard = NotebookGuard(notebook)
        guard.press(button, STILL)
        expect(button).to_be_visible()
    # It still is a button.
    notebook.cell(4).locator("button.qw-cancel").press("Enter")
    notebook.expect_text(4, "was refunded")
    notebook.cell(2).locator("button.qw-cancel").press("Space")
    notebook.expect_text(1, "was refunded")
    demo_clock.skip(3600)
    # A click on a card is one on the cell, whose keys are the notebook's.
    notebook.cell(1).locator(".qw-card").click()
    notebook.page.keyboard.press("Escape")
    notebook.page.keyboard.press("m")
    notebook.page.wait_for_function(f"() => {_CURRENT}.content.widgets[1].model.type === 'markdown'")


def test_card_without_our_script(open_notebook, context, demo):
    context.route("**/labextensions/anywidget/**", lambda route: route.abort())
    demo.change(latency=HELD)
    notebook = open_notebook(LOAD, "%%qwave\na city")
    notebook.run(0, 1)
    button = notebook.expect_cancel_button(1)
    shown = notebook.text(1)
    assert "Error" not in shown
    assert "odule" not in shown
    notebook.screenshot("cancel-without-script", 1)
    button.click()
    notebook.expect_text(1, "was refunded")
