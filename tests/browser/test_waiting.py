"""Waiting in JupyterLab and Notebook 7: finish, Cancel, interrupt, a reload in between; nothing moves on the screen."""

from __future__ import annotations

import pytest

from tests.browser.driver import expect, preview_bytes
from tests.notebook.kernels import journal_rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"
CITY = "%%qwave --aspect-ratio 16:9\na city"
NEXT = "print('the next cell ran')"
#: So long a task waits for the test to end it.
HELD = 600
#: Records all that the card of a cell showed, frame by frame: heights, buttons, bars.
WATCH = """place => {
  const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[place];
  const seen = window.seen = { heights: [], bar: false, top: [], opacity: 0, buttons: 0 };
  const look = () => {
    const card = cell.querySelector('.qw-card');
    const button = cell.querySelector('.qw-cancel');
    if (button) seen.buttons += 1;
    // While a theme is changed nothing is shown at all.
    if (card && card.offsetParent) {
      const box = card.getBoundingClientRect();
      seen.heights.push(Math.round(box.height));
      seen.top.push(Math.round(box.top - cell.getBoundingClientRect().top));
      seen.bar = seen.bar || !!cell.querySelector('.qw-bar');
      if (button) seen.opacity = Math.max(seen.opacity, parseFloat(getComputedStyle(button).opacity));
    }
    seen.next = requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(params=["lab", "notebook"])
def face(request):
    return request.param


def watch(notebook, place):
    notebook.page.evaluate(WATCH, place)


def stop_watching(notebook):
    return notebook.page.evaluate("() => { cancelAnimationFrame(window.seen.next); return window.seen }")


def spread(values):
    """How far values are apart."""
    return max(values) - min(values)


def test_card_is_steady_until_finished(open_notebook, workspace, demo, demo_clock, face):
    demo.change(latency=HELD)
    notebook = open_notebook(LOAD, CITY, NEXT, face=face)
    notebook.run(0)
    notebook.wait(0)
    watch(notebook, 1)
    notebook.run(1, 2)
    notebook.expect_submitted(1)
    notebook.expect_cancel_button(1)
    # Past the queue, so that there is progress to show.
    demo_clock.skip(HELD / 2)
    expect(notebook.cell(1).locator(".qw-bar")).to_be_visible()
    notebook.screenshot(f"waiting-{face}", 1)
    notebook.set_theme("Dark")
    notebook.screenshot(f"waiting-dark-{face}", 1)
    notebook.set_theme("Light")
    demo_clock.skip(10 * HELD)
    notebook.wait(1, 2)
    notebook.expect_text(1, "1 image in")
    notebook.expect_text(2, "the next cell ran")
    seen = stop_watching(notebook)
    assert seen["bar"]
    assert seen["opacity"] == 1
    assert spread(seen["heights"]) <= 2, sorted(set(seen["heights"]))
    assert spread(seen["top"]) <= 4, sorted(set(seen["top"]))
    notebook.screenshot(f"finished-{face}", 1)
    assert workspace.statuses() == ["completed"]


def test_cancel_and_interrupt_refund(open_notebook, workspace, demo, face):
    demo.change(latency=HELD)
    notebook = open_notebook(LOAD, CITY, NEXT, CITY, NEXT, face=face)
    notebook.run(0)
    notebook.wait(0)
    watch(notebook, 1)
    notebook.run(1, 2)
    notebook.expect_submitted(1)
    notebook.expect_cancel_button(1).focus()
    notebook.page.keyboard.press("Enter")
    notebook.wait(1)
    notebook.expect_text(1, "was refunded")
    notebook.expect_skipped(2)
    seen = stop_watching(notebook)
    assert spread(seen["heights"]) <= 2, sorted(set(seen["heights"]))
    notebook.screenshot(f"cancelled-{face}", 1)

    notebook.run(3, 4)
    notebook.expect_submitted(3)
    notebook.interrupt()
    notebook.wait(3)
    notebook.expect_text(3, "was refunded")
    notebook.expect_skipped(4)
    tasks = [workspace.api.get(f"/v1/tasks/{row['task_id']}") for row in journal_rows(workspace.home)]
    assert [(one["status"], bool(one["cost"])) for one in tasks] == [("cancelled", False)] * 2


def test_show_draws_job_after_reload(open_notebook, demo, demo_clock, face):
    demo.change(latency=HELD)
    notebook = open_notebook(LOAD, "%%qwave --no-wait -o job\na city", "%qwave show", face=face)
    notebook.run(0, 1)
    notebook.wait(1)
    notebook.expect_submitted(1)
    notebook.save()
    notebook.reload()
    notebook.run(2)
    notebook.wait(2)
    notebook.expect_cancel_button(2)
    demo_clock.skip(10 * HELD)
    expect(notebook.cell(2).locator("img")).to_be_visible()
    notebook.expect_text(2, "1 image in")
    assert preview_bytes(notebook.outputs(2)).startswith(b"\xff\xd8")
    notebook.screenshot(f"shown-again-{face}", 2)


def test_reuse_shows_no_bar_or_button(open_notebook, face):
    # However slow the machine is, a reused result counts as quick.
    calm = "from qwave_jupyter.views import job_card\njob_card.PROGRESS_DELAY = 60"
    notebook = open_notebook(LOAD, CITY, calm, "%%qwave --aspect-ratio 16:9 --reuse\na city", face=face)
    notebook.run(0, 1, 2)
    notebook.wait(2)
    watch(notebook, 3)
    notebook.run(3)
    notebook.wait(3)
    notebook.expect_text(3, "nothing paid")
    seen = stop_watching(notebook)
    assert not seen["bar"]
    assert seen["opacity"] < 0.1
    assert spread(seen["heights"]) <= 2


def test_blocking_call_shows_no_button(open_notebook, face):
    notebook = open_notebook(LOAD, "qwave.generate('a quick city')", face=face)
    notebook.run(0)
    notebook.wait(0)
    watch(notebook, 1)
    notebook.run(1)
    notebook.wait(1)
    expect(notebook.cell(1).locator("img")).to_be_visible()
    assert stop_watching(notebook)["buttons"] == 0


def test_background_jobs_cancel_each(open_notebook, workspace, demo, face):
    demo.change(latency=HELD)
    cells = [f"%%qwave --no-wait -r {ratio}\na city" for ratio in ("16:9", "1:1", "9:16")]
    notebook = open_notebook(LOAD, *cells, "%qwave status", face=face)
    notebook.run(0, 1, 2, 3)
    notebook.wait(1, 2, 3)
    for place in (1, 2, 3):
        notebook.expect_submitted(place)
    notebook.run(4)
    notebook.wait(4)
    buttons = notebook.cell(4).locator("button.qw-cancel")
    expect(buttons).to_have_count(3)
    for place in range(3):
        expect(buttons.nth(place)).to_have_css("opacity", "1")
    notebook.screenshot(f"status-{face}", 4)
    live = notebook.cell(4).locator("[role=status]")
    expect(live).to_have_count(3)
    expect(live.first).to_have_attribute("aria-live", "polite")
    buttons.nth(1).click()
    notebook.expect_text(2, "was refunded")
    notebook.expect_text(4, "was refunded")
    expect(buttons).to_have_count(2)

    # The id is selected by one click, and is what commands take. The card of an ended job isn't drawn anew meanwhile.
    notebook.cell(2).locator(".qw-id").click()
    selected = notebook.page.evaluate("() => window.getSelection().toString()").strip()
    assert len(selected) == 6
    assert journal_rows(workspace.home)[1]["task_id"].endswith(selected)
    for left in (1, 0):
        buttons.first.click()
        expect(buttons).to_have_count(left)
    notebook.screenshot(f"status-ended-{face}", 4)
    assert workspace.statuses() == ["cancelled"] * 3
