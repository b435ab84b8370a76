"""Waiting as a person sees it, with real clicks: finish, Cancel, interrupt, a reload in between; calm and in place."""

from __future__ import annotations

import pytest

from qwave_jupyter.demo.server import DemoServer
from tests.browser.driver import NotebookPage, picture_bytes
from tests.conftest import Server
from tests.notebook.kernels import journal_rows, submitted

pytestmark = pytest.mark.browser

LOAD = "%load_ext qwave_jupyter\nimport qwave_jupyter as qwave"
CITY = "%%qwave --aspect-ratio 16:9\na city"
BEHIND = "print('the cell behind ran')"
#: Everything that a card's cell showed, as it happened: heights, buttons, bars.
WATCH = """place => {
  const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[place];
  const seen = window.seen = { heights: [], bar: false, top: [], button: 0 };
  const look = () => {
    const card = cell.querySelector('.qw-card');
    // While a theme is changed nothing is shown at all.
    if (card && card.offsetParent) {
      const box = card.getBoundingClientRect();
      seen.heights.push(Math.round(box.height));
      seen.top.push(Math.round(box.top - cell.getBoundingClientRect().top));
      seen.bar = seen.bar || !!cell.querySelector('.qw-bar');
      const button = cell.querySelector('.qw-cancel');
      if (button) seen.button = Math.max(seen.button, parseFloat(getComputedStyle(button).opacity));
    }
    seen.next = requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def demo():
    server = DemoServer(latency=3, key="demo-browser", seed=3).start()
    yield server
    server.stop()


@pytest.fixture(params=["lab", "notebook"])
def face(request):
    return request.param


@pytest.fixture
def opened(lab, context, demo, face):
    """A notebook over the demo, in either face, with the given cells."""
    pages = []
    server = lab(Server(demo.url, demo.key))

    def start(*cells):
        notebook = NotebookPage(context, server, server.notebook("waiting.ipynb", *cells), face)
        notebook.home = server.folder / "home"
        notebook.server = server
        pages.append(notebook)
        return notebook

    yield start
    for notebook in pages:
        notebook.close()


def is_sent(notebook, known=0):
    for _ in range(200):
        if len(journal_rows(notebook.home)) > known and submitted(notebook.home):
            return
        notebook.page.wait_for_timeout(50)
    raise AssertionError(journal_rows(notebook.home))


def steady(values):
    """How far values are apart."""
    return max(values) - min(values)


def test_finish_cancel_and_interrupt_with_real_clicks_and_nothing_jumps(opened, demo, face):
    notebook = opened(LOAD, CITY, BEHIND, CITY, BEHIND, CITY, BEHIND)
    page = notebook.page
    demo.change(latency=7)
    notebook.run(0)
    notebook.wait(0)
    page.evaluate(WATCH, 1)
    notebook.run(1, 2)
    is_sent(notebook)
    page.wait_for_timeout(4000)
    notebook.shot(f"waiting-{face}", 1)
    notebook.theme("Dark")
    notebook.shot(f"waiting-dark-{face}", 1)
    notebook.theme("Light")
    notebook.wait(2)
    assert "the cell behind ran" in notebook.text(2)
    assert "1 picture in" in notebook.text(1)
    seen = page.evaluate("() => { cancelAnimationFrame(window.seen.next); return window.seen }")
    assert seen["bar"]
    assert seen["button"] == 1
    assert steady(seen["heights"]) <= 2, sorted(set(seen["heights"]))
    assert steady(seen["top"]) <= 4, sorted(set(seen["top"]))
    notebook.shot(f"finished-{face}", 1)

    demo.change(latency=60)
    page.evaluate(WATCH, 3)
    notebook.run(3, 4)
    is_sent(notebook, 1)
    notebook.cell(3).locator("button.qw-cancel").focus()
    page.wait_for_timeout(1500)
    page.keyboard.press("Enter")
    notebook.wait(3, 20)
    assert "was refunded" in notebook.text(3)
    assert "the cell behind ran" not in notebook.text(4)
    seen = page.evaluate("() => { cancelAnimationFrame(window.seen.next); return window.seen }")
    assert steady(seen["heights"]) <= 2, sorted(set(seen["heights"]))
    notebook.shot(f"cancelled-{face}", 3)

    notebook.run(5, 6)
    is_sent(notebook, 2)
    page.wait_for_timeout(500)
    notebook.interrupt()
    notebook.wait(5, 20)
    assert "was refunded" in notebook.text(5)
    assert "the cell behind ran" not in notebook.text(6)
    states = [Server(demo.url, demo.key).get(f"/v1/tasks/{row['task_id']}") for row in journal_rows(notebook.home)]
    assert [one["status"] for one in states] == ["completed", "cancelled", "cancelled"]
    assert [bool(one["cost"]) for one in states] == [True, False, False]


def test_after_a_reload_show_draws_the_job_again(opened, demo, face):
    notebook = opened(LOAD, "%%qwave --no-wait -o job\na city", "%qwave show", "%qwave status")
    page = notebook.page
    demo.change(latency=12)
    notebook.run(0, 1)
    is_sent(notebook)
    page.wait_for_timeout(500)
    notebook.save()
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    notebook.run(2)
    notebook.wait(2)
    notebook.cell(2).locator("button.qw-cancel").wait_for(timeout=20_000)
    notebook.cell(2).locator("img").wait_for(timeout=40_000)
    assert "1 picture in" in notebook.text(2)
    assert picture_bytes(notebook.outputs(2)).startswith(b"\xff\xd8")
    notebook.shot(f"shown-again-{face}", 2)


def test_what_is_quick_never_flashes(opened, demo, face):
    notebook = opened(LOAD, CITY, "%%qwave --aspect-ratio 16:9 --reuse\na city", "qwave.generate('a quick city')")
    demo.change(latency=0.1)
    notebook.run(0, 1)
    notebook.wait(1)
    notebook.page.evaluate(WATCH, 2)
    notebook.run(2)
    notebook.wait(2)
    seen = notebook.page.evaluate("() => { cancelAnimationFrame(window.seen.next); return window.seen }")
    assert "nothing paid" in notebook.text(2)
    assert not seen["bar"]
    assert seen["button"] < 0.1
    assert steady(seen["heights"]) <= 2
    notebook.run(3)
    notebook.page.wait_for_timeout(400)
    assert notebook.cell(3).locator("button.qw-cancel").count() == 0
    notebook.wait(3)


def test_several_in_the_background_each_with_its_own_cancel(opened, demo, face):
    cells = [f"%%qwave --no-wait -r {ratio}\na city" for ratio in ("16:9", "1:1", "9:16")]
    notebook = opened(LOAD, *cells, "%qwave status")
    demo.change(latency=40)
    notebook.run(0, 1, 2, 3)
    notebook.wait(3)
    is_sent(notebook, 2)
    notebook.run(4)
    notebook.wait(4)
    buttons = notebook.cell(4).locator("button.qw-cancel")
    buttons.nth(2).wait_for(timeout=20_000)
    notebook.page.wait_for_timeout(1500)
    notebook.shot(f"status-{face}", 4)
    live = notebook.cell(4).locator("[role=status]")
    assert live.count() == 3
    assert live.first.get_attribute("aria-live") == "polite"
    buttons.nth(1).click()
    notebook.cell(2).locator("text=was refunded").wait_for(timeout=15_000)
    notebook.cell(4).locator("text=was refunded").wait_for(timeout=15_000)
    assert notebook.cell(4).locator("button.qw-cancel").count() == 2
    # The id is selected by one click, and is what the verbs take.
    chosen = notebook.cell(4).locator(".qw-id").first
    chosen.click()
    selected = notebook.page.evaluate("() => window.getSelection().toString()")
    rows = journal_rows(notebook.home)
    assert any(row["task_id"].endswith(selected.strip()) for row in rows)
    assert len(selected.strip()) == 6
    for place in (0, 0):
        notebook.cell(4).locator("button.qw-cancel").nth(place).click()
        notebook.page.wait_for_timeout(1500)
    notebook.shot(f"status-ended-{face}", 4)
